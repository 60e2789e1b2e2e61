"""A delivery, read: nothing of it is believed here."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ..delivery import reference_of
from ..errors import WebhookRefusedError
from ..inquiring import is_id
from ..ledger.base import Mark, Record
from ..models import lenient
from ..models.outcome import State
from ..models.payment import Authorization
from ..operations import SUBSCRIBE, operation_of
from ..reconciling import tells_a_later_step
from ..verdict import read_masked

__all__ = ["LONGEST", "Delivery", "is_about_another_operation", "is_known", "read_delivery"]

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


def read_delivery(body: bytes) -> Delivery:
    """Read a payload, in every shape that the vendor has shown.

    Raises:
        WebhookRefusedError: It is too large, no JSON object, or does not say what it is about.
    """
    if len(body) > LONGEST:
        raise WebhookRefusedError(f"a webhook of more than {LONGEST} bytes", status=413)
    payload = read_masked(body)
    if payload is None:
        raise WebhookRefusedError("a webhook that is no JSON object", status=400)
    reference = reference_of(payload)
    transaction_id = lenient.identity(lenient.part(payload.get("transaction_details")).get("id"))
    if reference is None or transaction_id is None or not is_id(transaction_id):
        raise WebhookRefusedError("a webhook without merchant_txn_ref or transaction id", status=400)
    return Delivery(reference, transaction_id, payload)


def is_known(delivery: Delivery, record: Record) -> bool:
    """Whether the ledger says already what a delivery claims."""
    outcome = record.outcome
    if record.mark is Mark.CONTRADICTED or outcome.transaction_id != delivery.transaction_id:
        return False
    return outcome.state in (_MOVED if delivery.says_success else (State.DECLINED,))


def is_about_another_operation(delivery: Delivery, record: Record) -> bool:
    """Whether it is about something that was done later under the reference of a charge."""
    if tells_a_later_step(delivery.payload):
        return True
    if record.outcome.state not in _MOVED or record.outcome.transaction_id == delivery.transaction_id:
        return False
    # A second payment under a purchase's reference is no later step: it is a contradiction, and must be seen.
    operation = operation_of(record.intent.operation)
    has_later_steps = operation is SUBSCRIBE or operation.result is Authorization
    return has_later_steps or not delivery.says_success
