"""`GET /transaction/status/{transactionId}`: find, settle, answer. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .answers import Answer, refusal
from .contract import Refusal, check_credentials
from .envelopes import status_envelope
from .gateway import Call, Gateway, Operation

if TYPE_CHECKING:
    from .state import Transaction

__all__ = ["STATUS", "UNKNOWN_TRANSACTION", "told_transaction"]

UNKNOWN_TRANSACTION: Final = Refusal(404, "transactionId: not known here")


def told_transaction(gateway: Gateway, transaction_id: str) -> Transaction | None:
    """The transaction of an id that the merchant can know: one that is undecided was perhaps not told yet."""
    transaction = gateway.books.transaction(transaction_id)
    if transaction is None or not transaction.decision.challenge:
        return transaction
    told = transaction.page is None and gateway.switches.challenge_tells_id
    return transaction if told else None


def _status(gateway: Gateway, call: Call) -> Answer:
    switches = gateway.switches
    if why := check_credentials(call.headers):
        return refusal(why, switches.error_body)
    transaction = told_transaction(gateway, call.path["transaction_id"])
    if transaction is None:
        return refusal(UNKNOWN_TRANSACTION, switches.error_body)
    return status_envelope(transaction, switches)


STATUS: Final = Operation(_status)
