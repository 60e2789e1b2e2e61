"""Who may do what in which state. Plain functions over a record: every store asks them, none has its own.

::

    (nothing) ── claim ──> sending ── finish ──> paid | partial | declined | challenged | unknown
                              ^  │                                              │          │
                              │  ├── finish ──> refused ── claim ──> sending    │          │
                              │  └── the lease runs out ──> unknown             │          │
                              │                                │                │          │
                              └──── claim ── not charged <── resolve ───────────┴──────────┘
                                          paid | declined <──┘
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import orjson

from ..errors import InvalidRequestError, Problem, ReferenceConflictError, ReferenceInUseError
from ..models import lenient
from ..models.outcome import Outcome, State
from .base import Claim, Event, Intent, Mark, Record
from .resolution import Resolution

__all__ = [
    "PRUNABLE",
    "UNSETTLED",
    "age_rule",
    "as_seen",
    "claim_rule",
    "finish_rule",
    "is_prunable",
    "is_unsettled",
    "resolve_rule",
    "stands",
]

UNSETTLED: Final = (State.SENDING, State.UNKNOWN, State.CHALLENGED)
"""States that are not the end."""

PRUNABLE: Final = (State.PAID, State.PARTIAL, State.DECLINED, State.REFUSED)
"""States that may be forgotten."""

_MOVED: Final = (State.PAID, State.PARTIAL)
_OF_THE_GATEWAY: Final = (State.PAID, State.PARTIAL, State.DECLINED, State.CHALLENGED)
_GATEWAY: Final = "the gateway"
_DIED: Final = "the process that was charging it ended without a word"
_EARLY: Final = "told by the gateway while it was being charged"

# No charge may take longer than a day (`Timeouts`), so a lease that ends later comes of a clock that was wrong.
_LONGEST_LEASE: Final = 90_000.0


def claim_rule(record: Record | None, intent: Intent, *, token: str, now: float, lease: float) -> Record | Outcome:
    """Who may send: the new record to be stored, or the outcome to be told instead.

    Args:
        record: What is stored, or `None`.
        intent: What is to be charged.
        token: Of this claim.
        now: Seconds of the wall clock (UTC).
        lease: Seconds.

    Raises:
        ReferenceConflictError: The reference stands for other content.
        ReferenceInUseError: Somebody else holds the right now.
    """
    if record is None:
        return Record(_stored(intent), token, now + lease, now, now, Outcome(state=State.SENDING, attempts=0))
    if record.token == token and record.outcome.state is State.SENDING:
        return record
    attempts = record.outcome.attempts
    if record.outcome.state is State.REFUSED and record.mark is not Mark.CONTRADICTED:
        # Nothing was charged, and mending the request may be what is being tried.
        return record._replace(
            intent=_stored(intent),
            token=token,
            lease_ends=now + lease,
            changed=now,
            outcome=Outcome(state=State.SENDING, attempts=attempts),
            mark=None,
        )
    if record.intent.fingerprint not in (intent.fingerprint, *intent.former_fingerprints):
        raise ReferenceConflictError(
            "this merchant_txn_ref stands for another charge, or the ledger_secret was changed and the one before it"
            " is not among former_ledger_secrets",
            merchant_txn_ref=intent.merchant_txn_ref,
        )
    seen = as_seen(record, now)
    if seen.outcome.state is State.SENDING:
        raise _in_use(record)
    return seen.outcome._replace(contradicted=True) if record.mark is Mark.CONTRADICTED else seen.outcome


def _stored(intent: Intent) -> Intent:
    return intent._replace(former_fingerprints=()) if intent.former_fingerprints else intent


def _in_use(record: Record) -> ReferenceInUseError:
    return ReferenceInUseError(
        "this merchant_txn_ref is being charged by another client",
        merchant_txn_ref=record.merchant_txn_ref,
        lease_ends=datetime.fromtimestamp(record.lease_ends, UTC),
    )


def as_seen(record: Record, now: float) -> Record:
    """The record as it is to be told: what is being sent for longer than its lease is unknown.

    It is not stored so, since its holder may only have been slow, and may still finish with its token. Likewise unknown
    is what is contradicted and not known as paid: whoever acted on it could have the payer pay twice.
    """
    state = record.outcome.state
    if record.mark is Mark.CONTRADICTED and state not in (*_MOVED, State.SENDING, State.UNKNOWN):
        evidence = (*record.outcome.evidence, *(event.what for event in record.history[-1:]))
        return record._replace(outcome=record.outcome._replace(state=State.UNKNOWN, refusal=None, evidence=evidence))
    if state is not State.SENDING or now < record.lease_ends <= now + _LONGEST_LEASE:
        return record
    return record._replace(outcome=record.outcome._replace(state=State.UNKNOWN, evidence=(_DIED,)))


def finish_rule(record: Record | None, claim: Claim, outcome: Outcome, *, now: float) -> Record | None:
    """The record after the end of a claim; the same one where it changes nothing.

    Args:
        record: What is stored, or `None`.
        claim: The right that is used up.
        outcome: What became of it.
        now: Seconds of the wall clock (UTC).
    """
    if record is None:
        return _made_anew(claim, outcome, now)
    if record.token != claim.token:
        return _superseded(record, outcome, now)
    outcome = outcome._replace(attempts=max(record.outcome.attempts, outcome.attempts))
    if record.outcome.state is State.SENDING:
        return record._replace(outcome=_with_id(outcome, record.outcome), changed=now)
    # Where the holder was neither given up nor forestalled, it is its own word, told once more.
    return _late(record, outcome, now) if _unheard(record.outcome) else record


def _unheard(outcome: Outcome) -> tuple[str, ...]:
    """What shows that the holder's own word about what is settled has not come yet."""
    return tuple(seen for seen in outcome.evidence if seen in (_DIED, _EARLY))


def _with_id(outcome: Outcome, noted: Outcome) -> Outcome:
    """The outcome with the transaction id that a webhook has named last, where it is open and has none of its own."""
    if outcome.state not in UNSETTLED or noted.named_id is None or outcome.transaction_id is not None:
        return outcome
    own, note = (lenient.part(orjson.loads(told.answer)) if told.answer else {} for told in (outcome, noted))
    details = {**lenient.part(own.get("transaction_details")), **note["transaction_details"]}
    return outcome._replace(answer=orjson.dumps({**own, **note, "transaction_details": details}))


def _made_anew(claim: Claim, outcome: Outcome, now: float) -> Record | None:
    """The record is gone: pruned after a person had resolved it, or lost with a store that was put back."""
    if claim.intent is None:
        return None
    if outcome.state is State.REFUSED:
        # Given back before it was given: it was cancelled, and a server may carry it out yet. Then it finds this.
        return None if outcome.attempts else Record(_stored(claim.intent), claim.token, now, now, now, outcome)
    event = Event(now, "made anew", "this library", "the record was gone when the gateway's answer came")
    return Record(_stored(claim.intent), claim.token, now, now, now, outcome, None, (event,))


def stands(record: Record, claim: Claim, outcome: Outcome) -> bool:
    """Whether a record says what became of a claim, and nothing contradicts it."""
    says_so = record.token == claim.token and record.outcome.state is outcome.state
    return says_so and record.mark is not Mark.CONTRADICTED


def _late(record: Record, outcome: Outcome, now: float) -> Record:
    """It was settled otherwise meanwhile. The gateway's own word counts for more than anybody's about it."""
    resolved = record.outcome
    outcome = outcome._replace(attempts=max(resolved.attempts, outcome.attempts))
    if outcome == resolved or not _says_more(record, outcome):
        return record
    if outcome.state is resolved.state and resolved.transaction_id in (None, outcome.transaction_id):
        event = Event(now, f"confirmed as {outcome.state}", _GATEWAY, "its answer came later", outcome.state)
        # Another claim's contradiction is not settled by that.
        mark = record.mark if record.mark is Mark.CONTRADICTED else None
        return record._replace(outcome=outcome, mark=mark, changed=now, history=(*record.history, event))
    told = f"resolved as {_named(resolved)}, but the gateway's answer came later and says {_named(outcome)}"
    if outcome.transaction_id is not None and any(event.what == told for event in record.history):
        # A webhook that is delivered again and again.
        return record
    return _contradicted(record._replace(outcome=outcome), told, outcome, now)


def _says_more(record: Record, outcome: Outcome) -> bool:
    """Whether a late answer adds anything to what the record says already."""
    resolved = record.outcome
    if outcome.state is State.UNKNOWN:
        return resolved.state is State.REFUSED
    is_the_gateways = record.mark is None
    if is_the_gateways and outcome.state is State.CHALLENGED:
        # The answer to the charge itself, and older than how the payer ended it.
        return outcome.transaction_id not in (None, resolved.transaction_id)
    if is_the_gateways and resolved.state is State.REFUSED:
        # A decline of what was refused: either way nothing moved, and the caller was told that it may mend it.
        return outcome.state is not State.DECLINED
    if outcome.state is State.DECLINED is resolved.state:
        # Of another transaction: that one was declined as well, and nothing has moved.
        return resolved.transaction_id in (None, outcome.transaction_id)
    return outcome.state in _OF_THE_GATEWAY


def _named(outcome: Outcome) -> str:
    return f"{outcome.state} (transaction {outcome.transaction_id})" if outcome.transaction_id else outcome.state


def _superseded(record: Record, outcome: Outcome, now: float) -> Record:
    if outcome.state not in (*_MOVED, State.CHALLENGED, State.UNKNOWN):
        return record
    told = f"an earlier claim, given up and charged anew since, ended {_named(outcome)} all the same"
    if any(event.what == told for event in record.history):
        return record
    return _contradicted(record, told, outcome, now)


def _contradicted(record: Record, told: str, outcome: Outcome, now: float) -> Record:
    event = Event(now, told, _GATEWAY, "; ".join(outcome.evidence), outcome.state)
    return record._replace(mark=Mark.CONTRADICTED, changed=now, history=(*record.history, event))


def resolve_rule(record: Record | None, merchant_txn_ref: str, resolution: Resolution, *, now: float) -> Record:
    """The record after somebody has told how it ended.

    Args:
        record: What is stored, or `None`.
        merchant_txn_ref: The reference.
        resolution: How it ended, and who says so.
        now: Seconds of the wall clock (UTC).

    Raises:
        InvalidRequestError: There is no such record, or the gateway itself has settled it otherwise.
        ReferenceInUseError: It is being charged now.
    """
    if record is None:
        raise _unresolvable("no record of this reference", merchant_txn_ref)
    if resolution.outcome.state is State.UNKNOWN:
        return _noted(record, resolution, now)
    if resolution.token is not None and resolution.token != record.token:
        return _superseded(record, resolution.outcome, now)
    seen = as_seen(record, now)
    if seen.outcome.state is State.SENDING:
        if resolution.token is None:
            raise _in_use(record)
        seen = seen._replace(outcome=seen.outcome._replace(evidence=(_EARLY,)))
    if _says_so_already(record, resolution):
        return record
    if resolution.token is None:
        _refuse_against_the_gateway(record, seen.outcome.state, resolution.outcome.state)
    elif seen.outcome.state not in UNSETTLED:
        told = resolution.outcome
        return _late(record, told._replace(evidence=(*_unheard(record.outcome), *told.evidence)), now)
    return _resolved(record, seen.outcome, resolution, now)


def _noted(record: Record, resolution: Resolution, now: float) -> Record:
    """It stays open, and can be asked for by its id from now on. What nobody has confirmed contradicts nothing."""
    if resolution.token != record.token:
        return record
    outcome = _with_id(record.outcome, resolution.outcome)
    return record if outcome == record.outcome else record._replace(outcome=outcome, changed=now)


def _resolved(record: Record, seen: Outcome, resolution: Resolution, now: float) -> Record:
    told = resolution.outcome
    outcome = told._replace(
        attempts=max(seen.attempts, told.attempts),
        evidence=(*seen.evidence, *told.evidence),
        answer=told.answer or seen.answer,
    )
    if outcome.state is State.PAID and outcome.transaction_id is None:
        raise _unresolvable("paid without a transaction_id", record.merchant_txn_ref)
    by_gateway = resolution.token is not None
    gateways = told.state if by_gateway else record.outcome.state if _is_paid_by_the_gateway(record) else None
    event = Event(now, f"resolved as {told.state}", resolution.by, resolution.reason, gateways)
    mark: Mark | None = Mark.RESOLVED
    if by_gateway:
        # About this claim. That another one was sent as well is not settled by it.
        mark = Mark.CONTRADICTED if record.mark is Mark.CONTRADICTED else None
    return record._replace(outcome=outcome, changed=now, mark=mark, history=(*record.history, event))


def _refuse_against_the_gateway(record: Record, seen: State, told: State) -> None:
    if seen not in UNSETTLED and record.mark is None:
        raise _unresolvable(f"what the gateway itself has settled as {seen}", record.merchant_txn_ref)
    if told not in _MOVED and _is_paid_by_the_gateway(record):
        raise _unresolvable("what the gateway has told as paid: it cannot be said not to be", record.merchant_txn_ref)


def _is_paid_by_the_gateway(record: Record) -> bool:
    """Whether the gateway itself has ever told a payment under this reference."""
    is_its_word = record.outcome.state in _MOVED and record.mark is not Mark.RESOLVED
    return is_its_word or any(event.state in _MOVED for event in record.history)


def _says_so_already(record: Record, resolution: Resolution) -> bool:
    told, known = resolution.outcome, record.outcome
    if told.state is not known.state or told.transaction_id not in (None, known.transaction_id):
        return False
    # Which of two words is true is for a person to say.
    return resolution.token is not None or record.mark is not Mark.CONTRADICTED


def _unresolvable(why: str, merchant_txn_ref: str) -> InvalidRequestError:
    problem = Problem("merchant_txn_ref", why)
    return InvalidRequestError(f"cannot be resolved: {why}", merchant_txn_ref=merchant_txn_ref, problems=(problem,))


def is_unsettled(record: Record) -> bool:
    """Whether somebody has to look at it, or may have to."""
    return record.outcome.state in UNSETTLED or record.mark is Mark.CONTRADICTED


def is_prunable(record: Record, *, before: float) -> bool:
    """Whether it may be forgotten.

    Args:
        record: What is stored.
        before: Seconds of the wall clock (UTC): what has changed since then is kept.
    """
    return record.outcome.state in PRUNABLE and record.mark is not Mark.CONTRADICTED and record.changed < before


def age_rule(older_than: float) -> None:
    """Refuse to forget what is still to come.

    Raises:
        InvalidRequestError: It is less than 0.
    """
    if not older_than >= 0:
        problem = Problem("older_than", "seconds, not less than 0")
        raise InvalidRequestError(f"nothing was pruned: {problem}", problems=(problem,))
