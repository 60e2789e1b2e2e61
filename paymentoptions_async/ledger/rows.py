"""Records as rows, for the stores that speak SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from ..models.codes import Reason
from ..models.outcome import Outcome, Refusal, State
from .base import Event, Intent, Mark, Record

__all__ = ["COLUMNS", "detail_of", "from_row", "to_row"]

COLUMNS: Final = (
    "merchant_txn_ref", "fingerprint", "operation", "amount", "currency", "card", "token", "lease_ends", "created",
    "changed", "state", "attempts", "detail", "answer", "mark", "history", "subject",
)  # fmt: skip
"""In the order of `to_row`. The first is the key."""

# Members of an outcome that have columns of their own.
_APART: Final = frozenset({"state", "attempts", "answer"})
_DETAILS: Final = [
    (place, name, Outcome._field_defaults[name]) for place, name in enumerate(Outcome._fields) if name not in _APART
]


def to_row(record: Record) -> tuple[Any, ...]:
    """The values of the columns."""
    outcome = record.outcome
    return (
        *record.intent[:6],
        record.token,
        record.lease_ends,
        record.created,
        record.changed,
        outcome.state.value,
        outcome.attempts,
        detail_of(outcome),
        outcome.answer,
        record.mark.value if record.mark else None,
        orjson.dumps([list(event) for event in record.history]).decode() if record.history else None,
        record.intent.subject,
    )


def detail_of(outcome: Outcome) -> str | None:
    """What an outcome says besides state, attempts and answer."""
    if outcome.state is State.SENDING:
        return None
    told = {name: value for place, name, default in _DETAILS if (value := outcome[place]) != default}
    return orjson.dumps(told).decode()


def from_row(row: Sequence[Any]) -> Record:
    """The record that was written so."""
    fingerprint, operation, amount, currency, card, token, lease_ends, created, changed = row[1:10]
    state, attempts, detail, answer, mark, history, subject = row[10:]
    return Record(
        Intent(row[0], bytes(fingerprint), operation, amount, currency, card, subject=subject),
        token,
        lease_ends,
        created,
        changed,
        _outcome(State(state), attempts, detail, answer),
        Mark(mark) if mark else None,
        tuple(Event(*event) for event in orjson.loads(history)) if history else (),
    )


def _outcome(state: State, attempts: int, detail: str | None, answer: bytes | None) -> Outcome:
    told: dict[str, Any] = orjson.loads(detail) if detail else {}
    if "evidence" in told:
        told["evidence"] = tuple(told["evidence"])
    if "reason" in told:
        told["reason"] = Reason(told["reason"])
    if "refusal" in told:
        told["refusal"] = Refusal(told["refusal"])
    return Outcome(state=state, attempts=attempts, answer=bytes(answer) if answer is not None else None, **told)
