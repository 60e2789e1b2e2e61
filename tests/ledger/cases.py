"""Short ways to make what ledgers deal in."""

from __future__ import annotations

from typing import Any, Final

import orjson

from paymentoptions_async import Resolution
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.models.outcome import Outcome, Refusal, State

PRINT: Final = b"print"
ENDS: Final = tuple(state for state in State if state is not State.SENDING)
"""How a claim can end."""

MOVED: Final = (State.PAID, State.PARTIAL)
GIVEN_BACK: Final = Outcome(state=State.REFUSED, attempts=0, refusal=Refusal.NOT_SENT, evidence=("never sent",))
"""What is told of a right that was not used."""


def intent(reference: str = "ref", fingerprint: bytes = PRINT, *former: bytes) -> Intent:
    """What is to be charged."""
    return Intent(reference, fingerprint, "payment", "1000", "JPY", "520000******1005", former)


def ended(state: State, transaction_id: str | None = None, **changes: Any) -> Outcome:
    """What became of a charge, told by an answer where there is a transaction id."""
    answer = orjson.dumps({"transaction_details": {"id": transaction_id}}) if transaction_id else None
    refusal = Refusal.NOT_SENT if state is State.REFUSED else None
    outcome = Outcome(state=state, answer=answer, refusal=refusal, evidence=(f"seen: {state}",))
    return outcome._replace(**changes)


def given(answer: Claim | Outcome) -> Claim:
    """The right, where there must be one."""
    assert isinstance(answer, Claim)
    return answer


def word(state: State, transaction_id: str | None = None, *, by: str = "Kim") -> Resolution:
    """A person's word: paid, declined, or not charged (`REFUSED`)."""
    match state:
        case State.PAID:
            return Resolution.paid(by=by, reason="looked it up", transaction_id=transaction_id)
        case State.DECLINED:
            return Resolution.declined(by=by, reason="looked it up")
        case _:
            assert state is State.REFUSED
            return Resolution.not_charged(by=by, reason="looked it up")


def status(told: Outcome, token: str = "mine") -> Resolution:
    """The gateway's own word, of the claim with that token."""
    return Resolution(told, "the gateway", "status", token)
