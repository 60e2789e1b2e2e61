"""Records as rows, for the stores that speak SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from ..errors import LedgerError
from ..models import lenient
from ..models.codes import Reason
from ..models.outcome import Outcome, Refusal, State
from ..redaction import shown_text
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

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "evidence": (tuple,), "status": (int,), "reason": (Reason,), "response_code": (int,), "gateway_code": (str,),
    "refusal": (Refusal,), "retry_after": (int, float), "lost": (bool,), "contradicted": (bool,),
}  # fmt: skip
_LATEST: Final = 1e11
"""Seconds of the wall clock that a calendar has a date for."""


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
    """The record that was written so.

    Raises:
        LedgerError: It is damaged, or was written by a later release.
    """
    try:
        record = _record(row)
        _check(record)
    except (ValueError, TypeError, KeyError):
        shown = shown_text(str(row[0]), 128)
        raise LedgerError(f"the record {shown!r} is damaged, or was written by a later release") from None
    return record


def _record(row: Sequence[Any]) -> Record:
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


def _check(record: Record) -> None:
    """See that nothing in it fails later, in the middle of a charge.

    Raises:
        ValueError: Something would.
        TypeError: Likewise.
        KeyError: It has a detail that is not known.
    """
    amount, outcome = record.intent.amount, record.outcome
    sound = (
        (not amount or lenient.decimal(amount) is not None)
        and all(map(_is_time, (record.lease_ends, record.created, record.changed)))
        and all(_is_time(event.at) and all(_is(text, str) for text in event[1:]) for event in record.history)
        and all(_is(outcome[place], *_KINDS[name]) for place, name, _ in _DETAILS)
        and all(isinstance(seen, str) for seen in outcome.evidence)
        and (not outcome.answer or isinstance(orjson.loads(outcome.answer), dict))
    )
    if not sound:
        raise ValueError("not as it was written")


def _is(value: object, *kinds: type) -> bool:
    return value is None or type(value) in kinds


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= _LATEST  # type: ignore[arg-type]  # a number


def _outcome(state: State, attempts: int, detail: str | None, answer: bytes | None) -> Outcome:
    told: dict[str, Any] = orjson.loads(detail) if detail else {}
    if "evidence" in told:
        told["evidence"] = tuple(told["evidence"]) if isinstance(told["evidence"], list) else told["evidence"]
    if "reason" in told:
        told["reason"] = Reason(told["reason"])
    if "refusal" in told:
        told["refusal"] = Refusal(told["refusal"])
    return Outcome(state=state, attempts=attempts, answer=bytes(answer) if answer is not None else None, **told)
