"""What came of a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from ..ledger.base import Record
from ..models.transaction_status import TransactionStatus

__all__ = ["Effect", "WebhookEvent"]


class Effect(StrEnum):
    """What a delivery has changed.

    Attributes:
        SETTLED: The ledger has learned from it how the charge ended. Of deliveries that come to several processes in
            one moment, more than one may be told so.
        REPEATED: The ledger knew it already.
        OTHER_OPERATION: It is about something that was done later under the same reference, such as a refund or a
            further cycle of a subscription. It is confirmed, and nothing is written down.
        NO_RECORD: It is confirmed, but the ledger knows no such reference. Somebody should look why.
    """

    SETTLED = "settled"
    REPEATED = "repeated"
    OTHER_OPERATION = "other_operation"
    NO_RECORD = "no_record"


@attrs.frozen(kw_only=True)
class WebhookEvent:
    """A delivery that was believed, since the gateway has confirmed it.

    Attributes:
        merchant_txn_ref: The reference that it is about.
        transaction_id: The gateway's id of the transaction.
        effect: What it has changed.
        record: What the ledger knows of the reference now; `None` with `NO_RECORD`. `payments.wait(ref, timeout=0)`
            gives it as a payment.
        status: What the gateway answered when it was asked about it; told with `OTHER_OPERATION` and `NO_RECORD`, where
            no record tells it.
        raw: The payload as it came, card number masked. It is not confirmed word by word: go by the record.
    """

    merchant_txn_ref: str
    transaction_id: str
    effect: Effect
    record: Record | None
    status: TransactionStatus | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
