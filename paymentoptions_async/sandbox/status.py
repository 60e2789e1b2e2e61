"""`GET /transaction/status/{transactionId}`: find, settle, answer. No I/O."""

from __future__ import annotations

from typing import Final

import attrs

from .answers import Answer, refusal, status_envelope
from .contract import Refusal, check_credentials
from .gateway import Call, Gateway, Operation
from .rules import settled

__all__ = ["STATUS"]


def _status(gateway: Gateway, call: Call) -> Answer:
    switches = gateway.switches
    if why := check_credentials(call.headers):
        return refusal(why, switches.error_body)
    transaction = gateway.books.by_id(call.path["transaction_id"])
    if transaction is None:
        return refusal(Refusal(404, "transactionId: not known here"), switches.error_body)
    decision = settled(transaction.decision, unclear_charges=switches.unclear_charges)
    return status_envelope(attrs.evolve(transaction, decision=decision), echo_card=switches.echo_card)


STATUS: Final = Operation(_status, counted=False)
