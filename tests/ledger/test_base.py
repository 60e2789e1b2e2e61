from __future__ import annotations

import pytest

from paymentoptions_async import ReferenceConflictError, ReferenceInUseError
from paymentoptions_async.ledger.base import Claim, Record, claim_rule, finish_rule
from paymentoptions_async.models.outcome import Outcome, Refusal, State

DEFINITE = [State.PAID, State.PARTIAL, State.CHALLENGED, State.DECLINED, State.UNKNOWN]


def record(state: State, *, lease_ends: float = 100.0, attempts: int = 1) -> Record:
    refusal = Refusal.NOT_SENT if state is State.REFUSED else None
    return Record("ref", b"print", 1, lease_ends, Outcome(state=state, attempts=attempts, refusal=refusal))


def ask(stored: Record | None, fingerprint: bytes = b"print", now: float = 50.0) -> Record | Outcome:
    return claim_rule(stored, "ref", fingerprint, now=now, lease=30.0)


def test_a_new_reference_may_be_sent() -> None:
    claimed = ask(None)
    assert isinstance(claimed, Record)
    assert (claimed.token, claimed.lease_ends, claimed.outcome.state) == (1, 80.0, State.SENDING)
    assert claimed.outcome.attempts == 0


@pytest.mark.parametrize("state", DEFINITE)
def test_what_is_known_is_told_and_nothing_may_be_sent(state: State) -> None:
    assert ask(record(state)) == record(state).outcome


@pytest.mark.parametrize("state", [*DEFINITE, State.SENDING])
def test_other_content_is_a_conflict(state: State) -> None:
    with pytest.raises(ReferenceConflictError) as caught:
        ask(record(state), b"other")
    assert caught.value.merchant_txn_ref == "ref"


@pytest.mark.parametrize("fingerprint", [b"print", b"other"])
def test_what_was_refused_may_be_sent_again_mended_or_not(fingerprint: bytes) -> None:
    claimed = ask(record(State.REFUSED, attempts=3), fingerprint)
    assert isinstance(claimed, Record)
    assert (claimed.token, claimed.fingerprint, claimed.outcome.attempts) == (2, fingerprint, 3)


def test_a_running_lease_keeps_others_out_until_it_ends() -> None:
    with pytest.raises(ReferenceInUseError) as caught:
        ask(record(State.SENDING), now=99.9)
    assert caught.value.lease_ends is not None
    assert caught.value.lease_ends.timestamp() == 100.0


def test_a_lease_that_has_run_out_is_unknown_and_never_sent_again() -> None:
    outcome = ask(record(State.SENDING), now=100.0)
    assert isinstance(outcome, Outcome)
    assert outcome.state is State.UNKNOWN


def test_only_the_last_token_finishes() -> None:
    stored = record(State.SENDING)._replace(token=2)
    paid = Outcome(state=State.PAID)
    assert finish_rule(stored, Claim("ref", 1, 0), paid) is stored
    assert finish_rule(stored, Claim("ref", 2, 0), paid).outcome is paid


@pytest.mark.parametrize("state", [*DEFINITE, State.REFUSED])
def test_what_is_finished_is_not_finished_again(state: State) -> None:
    stored = record(state)
    assert finish_rule(stored, Claim("ref", 1, 0), Outcome(state=State.PAID)) is stored
