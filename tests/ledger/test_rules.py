"""Who may do what in which state, without any store."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import InvalidRequestError, Mark, ReferenceConflictError, ReferenceInUseError
from paymentoptions_async.ledger import Claim, Event, Intent, Record, Resolution
from paymentoptions_async.ledger.rules import (
    as_seen,
    claim_rule,
    finish_rule,
    is_prunable,
    is_unsettled,
    resolve_rule,
    stands,
)
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from .cases import ENDS, GIVEN_BACK, MOVED, ended, intent, status, word

CREATED, CHANGED, NOW, LEASE_ENDS = 100.0, 200.0, 1000.0, 1500.0
STATES = list(State)
DEFINITE = [state for state in ENDS if state is not State.REFUSED]
UNSENT = [State.DECLINED, State.REFUSED]
SENT = [state for state in ENDS if state not in UNSENT]
EARLIER = Event(150.0, "something", "somebody", "for a reason")
DIED = "the process that was charging it ended without a word"


def record(
    state: State | Outcome = State.SENDING, mark: Mark | None = None, *, at: Intent | None = None, **changes: Any
) -> Record:
    """What is stored: claimed with the token `mine`, in that state."""
    outcome = state if isinstance(state, Outcome) else ended(state)
    if outcome.state is State.SENDING:
        outcome = Outcome(state=State.SENDING, attempts=outcome.attempts)
    stored = Record(at or intent(), "mine", LEASE_ENDS, CREATED, CHANGED, outcome, mark, (EARLIER,))
    return stored._replace(**changes)


def ask(
    stored: Record | None, asked: Intent | None = None, *, token: str = "new", now: float = NOW
) -> Record | Outcome:
    return claim_rule(stored, asked or intent(), token=token, now=now, lease=30.0)


def right(stored: Record | None, asked: Intent | None = None, *, token: str = "new", now: float = NOW) -> Record:
    answer = ask(stored, asked, token=token, now=now)
    assert isinstance(answer, Record), f"no right was given, but {answer}"
    return answer


def finish(stored: Record, outcome: Outcome, *, token: str = "mine", now: float = NOW) -> Record:
    after = finish_rule(stored, Claim("ref", token), outcome, now=now)
    assert after is not None
    return after


def resolve(stored: Record, resolution: Resolution, *, now: float = NOW) -> Record:
    return resolve_rule(stored, "ref", resolution, now=now)


# --- claim ---


def test_a_new_reference_may_be_sent_and_nothing_is_known_of_it_but_that() -> None:
    assert right(None) == Record(intent(), "new", NOW + 30, NOW, NOW, Outcome(state=State.SENDING, attempts=0))


@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("state", DEFINITE)
def test_what_is_known_is_told_and_nothing_may_be_sent(state: State, mark: Mark | None) -> None:
    stored = record(state, mark)
    told = ask(stored)
    assert isinstance(told, Outcome)
    if mark is Mark.CONTRADICTED and state not in MOVED:
        assert told.state is State.UNKNOWN
    else:
        assert told._replace(contradicted=False) == stored.outcome
    assert told.contradicted is (mark is Mark.CONTRADICTED)


@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("now", [NOW, LEASE_ENDS])
@pytest.mark.parametrize("state", [*DEFINITE, State.SENDING])
def test_other_content_is_a_conflict(state: State, now: float, mark: Mark | None) -> None:
    with pytest.raises(ReferenceConflictError) as caught:
        ask(record(state, mark), intent("ref", b"other"), now=now)
    assert caught.value.merchant_txn_ref == "ref"


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("asked", [intent(), intent("ref", b"other")._replace(amount="5")])
def test_what_was_refused_may_be_sent_again_mended_or_not(asked: Intent, refusal: Refusal) -> None:
    stored = record(ended(State.REFUSED, attempts=3, refusal=refusal))
    assert right(stored, asked) == Record(
        asked, "new", NOW + 30, CREATED, NOW, Outcome(state=State.SENDING, attempts=3), None, (EARLIER,)
    )


def test_what_was_found_not_charged_is_sent_with_its_history_and_no_mark() -> None:
    claimed = right(record(State.REFUSED, Mark.RESOLVED))
    assert (claimed.mark, claimed.history) == (None, (EARLIER,))


def test_what_was_refused_is_not_sent_again_where_an_earlier_claim_turned_out_to_be_paid() -> None:
    stored = record(State.REFUSED, Mark.CONTRADICTED)
    told = ask(stored)
    assert isinstance(told, Outcome)
    assert (told.state, told.refusal) == (State.UNKNOWN, None)
    with pytest.raises(ReferenceConflictError):
        ask(stored, intent("ref", b"other"))
    assert right(resolve(stored, word(State.REFUSED)))


def test_a_running_lease_keeps_others_out_until_it_ends() -> None:
    with pytest.raises(ReferenceInUseError) as caught:
        ask(record(), now=LEASE_ENDS - 0.001)
    assert caught.value.merchant_txn_ref == "ref"
    assert caught.value.lease_ends is not None
    assert caught.value.lease_ends.timestamp() == LEASE_ENDS


def test_a_lease_that_has_run_out_is_unknown_and_never_sent_again() -> None:
    assert ask(record(), now=LEASE_ENDS) == Outcome(state=State.UNKNOWN, evidence=(DIED,))


@pytest.mark.parametrize("now", [NOW, LEASE_ENDS])
def test_a_claim_that_is_asked_for_again_with_its_token_is_given_again(now: float) -> None:
    stored = record()
    assert right(stored, token="mine", now=now) is stored


@pytest.mark.parametrize("state", DEFINITE)
def test_a_token_that_was_used_up_gives_no_second_right(state: State) -> None:
    assert ask(record(state), token="mine") == record(state).outcome


@pytest.mark.parametrize(
    ("asked", "is_known"),
    [
        (intent("ref", b"new", b"old", b"older"), True),
        (intent("ref", b"new", b"older", b"old"), True),
        (intent("ref", b"new", b"older"), False),
        (intent("ref", b"new"), False),
    ],
)
@pytest.mark.parametrize("state", [State.SENDING, *DEFINITE])
def test_content_is_known_by_the_keys_that_were_in_use_before(state: State, asked: Intent, is_known: bool) -> None:
    stored = record(state, at=intent("ref", b"old"))
    if is_known:
        assert isinstance(ask(stored, asked, now=LEASE_ENDS), Outcome)
    else:
        with pytest.raises(ReferenceConflictError):
            ask(stored, asked, now=LEASE_ENDS)


@pytest.mark.parametrize("stored", [None, record(State.REFUSED)])
def test_fingerprints_by_former_keys_are_compared_and_not_stored(stored: Record | None) -> None:
    assert right(stored, intent("ref", b"new", b"old")).intent == intent("ref", b"new")


# --- what is seen ---


@pytest.mark.parametrize("mark", [None, *Mark])
def test_a_lease_that_has_run_out_is_seen_as_unknown_and_all_else_stays(mark: Mark | None) -> None:
    stored = record(ended(State.SENDING, attempts=2), mark)
    unknown = Outcome(state=State.UNKNOWN, attempts=2, evidence=(DIED,))
    assert as_seen(stored, LEASE_ENDS) == stored._replace(outcome=unknown)
    assert as_seen(stored, LEASE_ENDS - 0.001) is stored


@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("state", ENDS)
def test_what_is_finished_is_seen_as_it_is_however_old(state: State, mark: Mark | None) -> None:
    stored = record(state, mark)
    if mark is Mark.CONTRADICTED and state not in MOVED:
        # Whoever acted on it could have the payer pay twice.
        assert as_seen(stored, LEASE_ENDS).outcome.state is State.UNKNOWN
    else:
        assert as_seen(stored, LEASE_ENDS) is stored


# --- finish ---


def test_what_was_never_claimed_is_not_finished() -> None:
    assert finish_rule(None, Claim("ref", "mine"), ended(State.PAID), now=NOW) is None


@pytest.mark.parametrize("now", [NOW, LEASE_ENDS + 1])
@pytest.mark.parametrize("mark", [None, Mark.CONTRADICTED])
@pytest.mark.parametrize("state", ENDS)
def test_the_holder_finishes_even_if_it_was_slow(state: State, mark: Mark | None, now: float) -> None:
    stored, outcome = record(State.SENDING, mark), ended(state, "t1")
    assert finish(stored, outcome, now=now) == stored._replace(outcome=outcome, changed=now)


@pytest.mark.parametrize(("earlier", "told", "known"), [(3, 5, 5), (3, 3, 3), (3, 0, 3)])
@pytest.mark.parametrize("is_resolved", [False, True])
def test_attempts_never_fall(earlier: int, told: int, known: int, is_resolved: bool) -> None:
    stored = record(ended(State.SENDING, attempts=earlier))
    if is_resolved:
        stored = resolve(stored, word(State.DECLINED), now=LEASE_ENDS)
    assert finish(stored, ended(State.PAID, "t1", attempts=told)).outcome.attempts == known


def test_a_right_that_was_not_used_leaves_the_way_free() -> None:
    assert right(finish(right(None), GIVEN_BACK, token="new"), token="next").outcome.attempts == 0


@pytest.mark.parametrize("told", ENDS)
@pytest.mark.parametrize("state", ENDS)
def test_what_is_finished_is_not_finished_again(state: State, told: State) -> None:
    stored = record(state)
    assert finish(stored, ended(told, "t2")) is stored


@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("told", UNSENT)
@pytest.mark.parametrize("state", STATES)
def test_a_superseded_claim_that_moved_nothing_changes_nothing(state: State, told: State, mark: Mark | None) -> None:
    stored = record(state, mark)
    assert finish(stored, ended(told, "t1"), token="old") is stored


@pytest.mark.parametrize("mark", [None, *Mark])
@pytest.mark.parametrize("told", SENT)
@pytest.mark.parametrize("state", STATES)
def test_a_superseded_claim_that_may_have_moved_money_is_a_contradiction(
    state: State, told: State, mark: Mark | None
) -> None:
    stored = record(state, mark)
    event = Event(
        NOW,
        f"an earlier claim, given up and charged anew since, ended {told} (transaction t1) all the same",
        "the gateway",
        f"seen: {told}",
        told,
    )
    assert finish(stored, ended(told, "t1"), token="old") == stored._replace(
        mark=Mark.CONTRADICTED, changed=NOW, history=(EARLIER, event)
    )


def test_a_superseded_claim_is_told_once_even_if_a_person_has_settled_it_since() -> None:
    contradicted = finish(record(State.PAID), ended(State.PAID, "t1"), token="old")
    assert finish(contradicted, ended(State.PAID, "t1"), token="old") is contradicted
    settled = resolve(contradicted, word(State.PAID, "t1"))
    assert finish(settled, ended(State.PAID, "t1"), token="old") is settled


def test_each_superseded_payment_is_told() -> None:
    stored = finish(record(State.PAID), ended(State.PAID, "t1"), token="old")
    stored = finish(stored, ended(State.PAID, "t2"), token="older")
    assert [event.what.count("t1") for event in stored.history] == [0, 1, 0]
    assert [event.what.count("t2") for event in stored.history] == [0, 0, 1]


# What a person said, what the gateway's own answer says later, and whether that is the same.
LATE = [
    (word(State.PAID, "t1"), ended(State.PAID, "t1"), True),
    (word(State.PAID, "t1"), ended(State.PAID, "t2"), False),
    (word(State.PAID, "t1"), ended(State.PARTIAL, "t1"), False),
    (word(State.PAID, "t1"), ended(State.DECLINED, "t1"), False),
    (word(State.DECLINED), ended(State.DECLINED), True),
    (word(State.DECLINED), ended(State.DECLINED, "t1"), True),
    (word(State.DECLINED), ended(State.PAID, "t1"), False),
    (word(State.DECLINED), ended(State.PARTIAL, "t1"), False),
    (word(State.REFUSED), ended(State.PAID, "t1"), False),
    (word(State.REFUSED), ended(State.PARTIAL, "t1"), False),
    (word(State.REFUSED), ended(State.DECLINED, "t1"), False),
    # The payer may be on the way to pay, or the request may have left after somebody had looked.
    (word(State.PAID, "t1"), ended(State.CHALLENGED), False),
    (word(State.DECLINED), ended(State.CHALLENGED), False),
    (word(State.REFUSED), ended(State.CHALLENGED), False),
    (word(State.REFUSED), ended(State.UNKNOWN), False),
]


@pytest.mark.parametrize(("said", "answer", "is_confirmed"), LATE)
def test_the_gateways_late_answer_counts_and_confirms_or_contradicts_a_person(
    said: Resolution, answer: Outcome, is_confirmed: bool
) -> None:
    resolved = resolve(record(), said, now=LEASE_ENDS)
    after = finish(resolved, answer, now=LEASE_ENDS + 1)
    assert after.outcome == answer
    assert after.mark is (None if is_confirmed else Mark.CONTRADICTED)
    assert after.changed == LEASE_ENDS + 1
    assert after.history[:-1] == resolved.history
    event = after.history[-1]
    assert event.by == "the gateway"
    if is_confirmed:
        assert event.what == f"confirmed as {answer.state}"
    else:
        assert event.what.startswith(f"resolved as {said.outcome.state}")
        assert f"says {answer.state}" in event.what
        assert event.reason == f"seen: {answer.state}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        *((said, State.REFUSED) for said in (word(State.PAID, "t1"), word(State.DECLINED), word(State.REFUSED))),
        *((said, State.UNKNOWN) for said in (word(State.PAID, "t1"), word(State.DECLINED))),
    ],
)
def test_a_late_answer_that_settles_nothing_changes_nothing(said: Resolution, told: State) -> None:
    resolved = resolve(record(), said, now=LEASE_ENDS)
    assert finish(resolved, ended(told, "t2")) is resolved


def test_a_decline_of_another_transaction_contradicts_no_decline() -> None:
    # A repeat that the gateway has refused bears an id of its own, beside that of the attempt before it.
    declined = resolve(record(ended(State.UNKNOWN, "of the repeat")), word(State.DECLINED))
    assert resolve(declined, status(ended(State.DECLINED, "of the charge"))) is declined
    paid = resolve(declined, status(ended(State.PAID, "of the charge")))
    assert paid.mark is Mark.CONTRADICTED


def test_what_the_gateway_has_confirmed_is_its_own_word_from_then_on() -> None:
    confirmed = finish(resolve(record(), word(State.PAID, "t1"), now=LEASE_ENDS), ended(State.PAID, "t1"))
    with pytest.raises(InvalidRequestError):
        resolve(confirmed, word(State.DECLINED))


def test_a_confirmation_does_not_take_another_contradiction_away() -> None:
    stored = resolve(record(State.UNKNOWN), word(State.PAID, "t1"))
    stored = finish(stored, ended(State.PAID, "t0"), token="old")
    assert finish(stored, ended(State.PAID, "t1")).mark is Mark.CONTRADICTED


def test_a_contradiction_stays_whatever_the_holder_tells() -> None:
    contradicted = finish(record(), ended(State.PAID, "t0"), token="old")
    for state in ENDS:
        assert finish(contradicted, ended(state, "t1")).mark is Mark.CONTRADICTED


marks = st.sampled_from([None, *Mark])
outcomes = st.builds(
    ended, st.sampled_from(ENDS), st.sampled_from([None, "t1", "t2"]), attempts=st.integers(min_value=0, max_value=9)
)
records = st.builds(record, outcomes | st.builds(ended, st.just(State.SENDING)), marks)


@given(records, outcomes, st.sampled_from(["mine", "old"]))
def test_to_finish_again_changes_nothing(stored: Record, outcome: Outcome, token: str) -> None:
    once = finish(stored, outcome, token=token)
    assert finish(once, outcome, token=token, now=NOW + 1) is once


@given(records, outcomes, st.sampled_from(["mine", "old"]))
def test_no_finish_rewrites_what_was_charged_who_may_finish_or_what_went_before(
    stored: Record, outcome: Outcome, token: str
) -> None:
    after = finish(stored, outcome, token=token)
    assert (after.intent, after.token, after.lease_ends, after.created) == stored[:4]
    assert after.history[: len(stored.history)] == stored.history
    assert after.outcome.attempts >= stored.outcome.attempts


@pytest.mark.parametrize(
    ("token", "state", "told", "is_so"),
    [
        ("mine", State.PAID, State.PAID, True),
        ("mine", State.REFUSED, State.REFUSED, True),
        ("mine", State.DECLINED, State.PAID, False),
        ("mine", State.UNKNOWN, State.PAID, False),
        ("old", State.PAID, State.PAID, False),
    ],
)
def test_a_record_stands_for_a_claim_if_it_is_its_own_and_says_the_same(
    token: str, state: State, told: State, is_so: bool
) -> None:
    assert stands(record(state), Claim("ref", token), ended(told)) is is_so


# --- resolve ---

WORDS = [State.PAID, State.DECLINED, State.REFUSED]


def test_what_is_not_known_cannot_be_resolved() -> None:
    with pytest.raises(InvalidRequestError, match="no record") as caught:
        resolve_rule(None, "ref", word(State.DECLINED), now=NOW)
    assert caught.value.merchant_txn_ref == "ref"
    assert caught.value.problems[0].path == "merchant_txn_ref"


@pytest.mark.parametrize("mark", [None, Mark.CONTRADICTED])
@pytest.mark.parametrize("said", WORDS)
def test_what_is_being_charged_is_not_resolved_before_its_lease_ends(said: State, mark: Mark | None) -> None:
    stored = record(State.SENDING, mark)
    with pytest.raises(ReferenceInUseError):
        resolve(stored, word(said, "t1"), now=LEASE_ENDS - 0.001)
    assert resolve(stored, word(said, "t1"), now=LEASE_ENDS).outcome.state is said


@pytest.mark.parametrize("said", WORDS)
@pytest.mark.parametrize("state", [State.UNKNOWN, State.CHALLENGED])
def test_what_is_open_is_settled_by_a_persons_word(state: State, said: State) -> None:
    stored = record(ended(state, attempts=4))
    resolution = word(said, "t1" if said is State.PAID else None)
    assert resolve(stored, resolution) == stored._replace(
        outcome=resolution.outcome._replace(
            attempts=4, evidence=(f"seen: {state}", f"{said} by the word of Kim: looked it up")
        ),
        mark=Mark.RESOLVED,
        changed=NOW,
        history=(EARLIER, Event(NOW, f"resolved as {said}", "Kim", "looked it up")),
    )


@pytest.mark.parametrize("said", WORDS)
@pytest.mark.parametrize("state", [State.PAID, State.PARTIAL, State.DECLINED, State.REFUSED])
def test_a_persons_word_does_not_outweigh_the_gateways(state: State, said: State) -> None:
    stored = record(ended(state, "t1"))
    if said is state:
        assert resolve(stored, word(said, "t1")) is stored
    else:
        with pytest.raises(InvalidRequestError, match=f"settled as {state}"):
            resolve(stored, word(said, "t1"))


def test_nor_does_a_person_give_a_payment_another_transaction() -> None:
    with pytest.raises(InvalidRequestError):
        resolve(record(ended(State.PAID, "t1")), word(State.PAID, "t2"))


@pytest.mark.parametrize("mark", Mark)
@pytest.mark.parametrize("said", WORDS)
@pytest.mark.parametrize("state", [state for state in ENDS if state is not State.PARTIAL])
def test_a_word_can_be_put_right_and_a_contradiction_settled(state: State, said: State, mark: Mark) -> None:
    stored = record(ended(state, "t1"), mark)
    if mark is Mark.CONTRADICTED and state is State.PAID and said is not State.PAID:
        with pytest.raises(InvalidRequestError, match="told as paid"):
            resolve(stored, word(said, "t1"))
        return
    after = resolve(stored, word(said, "t1"))
    if mark is Mark.RESOLVED and said is state:
        assert after is stored
    else:
        assert (after.outcome.state, after.mark, after.changed) == (said, Mark.RESOLVED, NOW)
        gateways = state if mark is Mark.CONTRADICTED and state is State.PAID else None
        assert after.history == (EARLIER, Event(NOW, f"resolved as {said}", "Kim", "looked it up", gateways))


def test_what_a_holder_tells_again_is_no_late_answer() -> None:
    told = ended(State.UNKNOWN, "t1")
    resolved = resolve(finish(record(), told), word(State.REFUSED))
    assert finish(resolved, told) is resolved


@pytest.mark.parametrize("said", WORDS)
def test_to_say_again_what_was_said_changes_nothing_whoever_says_it(said: State) -> None:
    once = resolve(record(State.UNKNOWN), word(said, "t1"))
    assert resolve(once, word(said, "t1", by="Sam"), now=NOW + 1) is once
    if said is State.PAID:
        assert resolve(once, word(said), now=NOW + 1) is once
        assert resolve(once, word(said, "t2"), now=NOW + 1).outcome.transaction_id == "t2"


def test_a_payment_is_known_by_its_transaction_which_the_unclear_answer_may_have_told() -> None:
    for state in (State.UNKNOWN, State.CHALLENGED):
        with pytest.raises(InvalidRequestError, match="transaction_id"):
            resolve(record(state), word(State.PAID))
        stored = record(ended(state, "t1"))
        assert resolve(stored, word(State.PAID)).outcome.answer == stored.outcome.answer
        assert resolve(stored, word(State.PAID, "t2")).outcome.transaction_id == "t2"


def test_the_gateways_status_settles_with_its_own_answer() -> None:
    told = ended(State.PARTIAL, "t1", status=200, attempts=1)
    after = resolve(record(ended(State.UNKNOWN, attempts=3)), status(told))
    assert after.outcome == told._replace(attempts=3, evidence=("seen: unknown", "seen: partial"))
    assert after.mark is None
    with pytest.raises(InvalidRequestError):
        resolve(after, word(State.REFUSED))


@pytest.mark.parametrize("said", [State.DECLINED, State.REFUSED])
@pytest.mark.parametrize("told", MOVED)
def test_nobody_says_of_what_the_gateway_told_as_paid_that_it_was_not(told: State, said: State) -> None:
    contradicted = finish(record(State.DECLINED), ended(told, "t1"), token="old")
    with pytest.raises(InvalidRequestError, match="told as paid"):
        resolve(contradicted, word(said))
    assert resolve(contradicted, word(State.PAID, "t1")).mark is Mark.RESOLVED


def test_a_status_that_comes_after_the_charge_was_made_anew_is_a_contradiction() -> None:
    anew = record(State.PAID, token="another")
    after = resolve(anew, status(ended(State.PAID, "t1")))
    assert (after.mark, after.outcome) == (Mark.CONTRADICTED, anew.outcome)
    assert after.history[-1].state is State.PAID
    assert resolve(anew, status(ended(State.DECLINED, "t1"))) is anew


def test_a_status_that_comes_after_a_persons_word_counts_for_more() -> None:
    stored = resolve(record(ended(State.UNKNOWN)), word(State.REFUSED))
    after = resolve(stored, status(ended(State.PAID, "t1")))
    assert (after.outcome.state, after.mark) == (State.PAID, Mark.CONTRADICTED)
    assert resolve(after, status(ended(State.PAID, "t1"))).outcome.state is State.PAID


@pytest.mark.parametrize("told", [State.PAID, State.PARTIAL, State.DECLINED])
@pytest.mark.parametrize("state", [State.UNKNOWN, State.DECLINED, State.CHALLENGED])
def test_a_status_of_one_claim_does_not_settle_that_another_was_sent_as_well(state: State, told: State) -> None:
    contradicted = finish(record(ended(state, "t2")), ended(State.PAID, "t1"), token="old")
    after = resolve(contradicted, status(ended(told, "t2")))
    assert after.mark is Mark.CONTRADICTED
    assert as_seen(after, NOW).outcome.state is (State.UNKNOWN if told is State.DECLINED else told)


@pytest.mark.parametrize("state", SENT)
def test_a_record_that_is_gone_is_made_anew_of_what_its_holder_tells(state: State) -> None:
    claim = Claim("ref", "mine", 0, intent("ref", b"new", b"old"))
    made = finish_rule(None, claim, ended(state, "t1"), now=NOW)
    assert made is not None
    assert (made.intent, made.token, made.outcome) == (intent("ref", b"new"), "mine", ended(state, "t1"))
    assert [event.what for event in made.history] == ["made anew"]
    assert stands(made, claim, ended(state, "t1"))


def test_a_lease_of_a_clock_that_was_wrong_has_run_out() -> None:
    stored = record(lease_ends=NOW + 90_001)
    assert as_seen(stored, NOW).outcome.state is State.UNKNOWN
    assert as_seen(record(lease_ends=NOW + 90_000), NOW).outcome.state is State.SENDING


@given(records, st.sampled_from(WORDS), st.sampled_from([NOW, LEASE_ENDS]))
def test_no_word_rewrites_what_was_charged_who_may_finish_or_what_went_before(
    stored: Record, said: State, now: float
) -> None:
    try:
        after = resolve(stored, word(said, "t1"), now=now)
    except (InvalidRequestError, ReferenceInUseError):
        return
    assert (after.intent, after.token, after.lease_ends, after.created) == stored[:4]
    assert after.history[: len(stored.history)] == stored.history
    assert after.outcome.attempts >= stored.outcome.attempts


# --- what is to be looked at, and what may be forgotten ---


@pytest.mark.parametrize("state", STATES)
def test_what_is_open_or_contradicted_is_to_be_looked_at_and_all_else_is_forgotten_in_time(state: State) -> None:
    is_open = state in (State.SENDING, State.UNKNOWN, State.CHALLENGED)
    for mark in (None, Mark.RESOLVED):
        stored = record(state, mark)
        assert is_unsettled(stored) is is_open
        assert is_prunable(stored, before=CHANGED + 0.001) is not is_open
        assert not is_prunable(stored, before=CHANGED)
    contradicted = record(state, Mark.CONTRADICTED)
    assert is_unsettled(contradicted)
    assert not is_prunable(contradicted, before=NOW)
