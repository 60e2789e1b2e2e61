"""A delivery, read: nothing of it is believed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..delivery import reference_of
from ..errors import WebhookRefusedError
from ..inquiring import is_id
from ..ledger.base import Mark, Record
from ..models import lenient
from ..models.outcome import State
from ..verdict import masked, read_object

__all__ = ["LONGEST", "Delivery", "is_known", "read_delivery"]

LONGEST: Final = 1 << 16
"""Bytes. The published payload has under two thousand."""

_MOVED: Final = (State.PAID, State.PARTIAL)


class Delivery(NamedTuple):
    """What a payload names.

    Attributes:
        merchant_txn_ref: The reference.
        transaction_id: The gateway's id.
        payload: The whole of it, masked.
    """

    merchant_txn_ref: str
    transaction_id: str
    payload: dict[str, Any]

    @property
    def says_success(self) -> bool:
        """What it claims."""
        return self.payload.get("success") is True


def read_delivery(body: bytes, fits: Callable[[str], bool]) -> Delivery | WebhookRefusedError:
    """Read a payload, in every shape that the vendor has shown.

    A refusal comes back as a value, since an error's frames would show the body.

    Args:
        body: The bytes.
        fits: Tells whether the token that it came with is that of a reference. Whoever has none gets no more work done
            than this.
    """
    if len(body) > LONGEST:
        return WebhookRefusedError(f"a webhook of more than {LONGEST} bytes", status=413)
    payload = read_object(body)
    if payload is None:
        return WebhookRefusedError("a webhook that is no JSON object", status=400)
    reference = reference_of(payload)
    transaction_id = lenient.identity(lenient.part(payload.get("transaction_details")).get("id"))
    if reference is None or transaction_id is None or not is_id(transaction_id):
        return WebhookRefusedError("a webhook without merchant_txn_ref or transaction id", status=400)
    if not fits(reference):
        return WebhookRefusedError("a webhook whose token is not that of its merchant_txn_ref", status=403)
    return Delivery(reference, transaction_id, masked(payload))


def is_known(delivery: Delivery, record: Record) -> bool:
    """Whether the ledger says already what a delivery claims."""
    outcome = record.outcome
    if record.mark is Mark.CONTRADICTED or outcome.transaction_id != delivery.transaction_id:
        return False
    return outcome.state in (_MOVED if delivery.says_success else (State.DECLINED,))
