"""What the gateway says of a transaction when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from .codes import Reason
from .outcome import State

if TYPE_CHECKING:
    from .answer import Answer

__all__ = ["TransactionStatus"]


@attrs.frozen(kw_only=True)
class TransactionStatus:
    """The answer to a status query (samples/transaction_status.response.200.json).

    Attributes:
        transaction_id: The id that was asked for.
        state: What it means for the money: `PAID` (the operation was carried out), `PARTIAL`, `DECLINED`, or `UNKNOWN`
            where the answer leaves it open.
        merchant_txn_ref: The reference of the charge, where the answer tells it.
        amount: As answered.
        currency: ISO 4217 code, as answered.
        transaction_type: As answered, such as `CAPTURE`. The vendor's pages contradict each other about it: do not
            decide by it.
        response_code: The acquirer's code.
        reason: Its class.
        description: The gateway's own words.
        timestamp: When, by the gateway's clock.
        raw: The whole answer as it came, card number masked.
    """

    transaction_id: str
    state: State
    merchant_txn_ref: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    transaction_type: str | None = None
    response_code: int | None = None
    reason: Reason | None = None
    description: str | None = None
    timestamp: datetime | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)

    @property
    def answer(self) -> Answer:
        """`raw`, typed member by member. Built at each call."""
        from .wire import read_answer

        return read_answer(self.raw)
