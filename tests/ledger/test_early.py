"""What webhooks bring: the gateway's word before the answer to a charge, or after it, and ids that they have named."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import InvalidRequestError, Mark, ReferenceInUseError
from paymentoptions_async.ledger import Claim, Event, Record, Resolution
from paymentoptions_async.ledger.rules import as_seen, stands
from paymentoptions_async.models.outcome import Outcome, State

from .cases import ENDS, ended, status, word
from .test_rules import DIED, EARLIER, LEASE_ENDS, NOW, ask, finish, record, resolve, right

EARLY: Final = "told by the gateway while it was being charged"
SETTLED: Final = (State.PAID, State.PARTIAL, State.DECLINED)
OPEN: Final = (State.SENDING, State.UNKNOWN, State.CHALLENGED)


def named(transaction_id: str = "t1", token: str = "mine") -> Resolution:
    return Resolution.named(transaction_id, token)


# --- the gateway's word while it is being charged ---


@pytest.mark.parametrize(("now", "evidence"), [(NOW, EARLY), (LEASE_ENDS, DIED)])
@pytest.mark.parametrize("told", SETTLED)
def test_it_settles_what_is_being_charged(told: State, now: float, evidence: str) -> None:
    stored = record(ended(State.SENDING, attempts=2))
    after = resolve(stored, status(ended(told, "t1")), now=now)
    assert after == stored._replace(
        outcome=ended(told, "t1", attempts=2, evidence=(evidence, f"seen: {told}")),
        changed=now,
        history=(EARLIER, Event(now, f"resolved as {told}", "the gateway", "status", told)),
    )


def test_a_persons_word_does_not() -> None:
    for said in (State.PAID, State.DECLINED, State.REFUSED):
        with pytest.raises(ReferenceInUseError):
            resolve(record(), word(said, "t1"))


@pytest.mark.parametrize("told", SETTLED)
def test_it_is_told_to_who_asks_for_the_right(told: State) -> None:
    early = resolve(record(), status(ended(told, "t1")))
    assert ask(early) == early.outcome
    with pytest.raises(InvalidRequestError):
        resolve(early, word(State.REFUSED))


# What the gateway has told early, what the holder's own answer says then, and what that is to it.
THEN: Final = [
    (State.PAID, ended(State.PAID, "t1", attempts=3), "confirmed"),
    (State.PAID, ended(State.PAID, "t2"), "contradicted"),
    (State.PAID, ended(State.PARTIAL, "t1"), "contradicted"),
    (State.PAID, ended(State.DECLINED, "t1"), "contradicted"),
    (State.PAID, ended(State.DECLINED), "contradicted"),
    (State.PAID, ended(State.CHALLENGED), "nothing"),
    (State.PAID, ended(State.CHALLENGED, "t1"), "nothing"),
    (State.PAID, ended(State.CHALLENGED, "t2"), "contradicted"),
    (State.PAID, ended(State.UNKNOWN), "nothing"),
    (State.PAID, ended(State.UNKNOWN, "t1"), "nothing"),
    (State.PAID, ended(State.REFUSED), "nothing"),
    (State.PARTIAL, ended(State.PARTIAL, "t1"), "confirmed"),
    (State.PARTIAL, ended(State.PAID, "t1"), "contradicted"),
    (State.PARTIAL, ended(State.UNKNOWN), "nothing"),
    (State.DECLINED, ended(State.DECLINED, "t1"), "confirmed"),
    (State.DECLINED, ended(State.PAID, "t1"), "contradicted"),
    (State.DECLINED, ended(State.PAID, "t2"), "contradicted"),
    (State.DECLINED, ended(State.CHALLENGED), "nothing"),
    (State.DECLINED, ended(State.UNKNOWN), "nothing"),
    (State.DECLINED, ended(State.REFUSED), "nothing"),
]


@pytest.mark.parametrize("heard_at", [NOW, LEASE_ENDS])
@pytest.mark.parametrize(("early", "answer", "is_then"), THEN)
def test_the_holders_answer_confirms_it_or_contradicts_it_or_says_less(
    early: State, answer: Outcome, is_then: str, heard_at: float
) -> None:
    settled = resolve(record(), status(ended(early, "t1")), now=heard_at)
    after = finish(settled, answer, now=heard_at + 1)
    if is_then == "nothing":
        assert after is settled
        assert not stands(after, Claim("ref", "mine"), answer)
        return
    assert after.outcome == answer
    assert after.mark is (Mark.CONTRADICTED if is_then == "contradicted" else None)
    assert after.history[:-1] == settled.history
    assert (after.history[-1].by, after.history[-1].state) == ("the gateway", answer.state)
    assert stands(after, Claim("ref", "mine"), answer) is (is_then == "confirmed")


def test_what_it_told_as_paid_is_not_said_to_be_unpaid_by_a_person_who_settles_the_contradiction() -> None:
    contradicted = finish(resolve(record(), status(ended(State.PAID, "t1"))), ended(State.DECLINED))
    assert as_seen(contradicted, NOW).outcome.state is State.UNKNOWN
    with pytest.raises(InvalidRequestError, match="told as paid"):
        resolve(contradicted, word(State.REFUSED))
    assert resolve(contradicted, word(State.PAID, "t1")).mark is Mark.RESOLVED


def test_it_does_not_take_another_claims_contradiction_away() -> None:
    contradicted = finish(record(), ended(State.PAID, "t0"), token="old")
    assert resolve(contradicted, status(ended(State.PAID, "t1"))).mark is Mark.CONTRADICTED


def test_the_holder_is_heard_even_where_persons_and_webhooks_have_settled_it_in_turn() -> None:
    stored = resolve(record(), word(State.REFUSED), now=LEASE_ENDS)
    stored = resolve(stored, status(ended(State.PAID, "t1")))
    stored = resolve(stored, word(State.PAID, "t1"))
    assert stored.mark is Mark.RESOLVED
    after = finish(stored, ended(State.PAID, "t2"))
    assert (after.mark, after.outcome.transaction_id) == (Mark.CONTRADICTED, "t2")


# --- its word about what is settled ---

# What is stored, what the gateway's status says, and what is stored then: the state, and its mark.
AFTER: Final = [
    (ended(State.PAID, "t1"), ended(State.PAID, "t1"), None),
    (ended(State.PAID, "t1"), ended(State.PAID, "t2"), Mark.CONTRADICTED),
    (ended(State.PAID, "t1"), ended(State.PARTIAL, "t1"), Mark.CONTRADICTED),
    (ended(State.PAID, "t1"), ended(State.DECLINED, "t2"), Mark.CONTRADICTED),
    (ended(State.PARTIAL, "t1"), ended(State.PAID, "t2"), Mark.CONTRADICTED),
    (ended(State.DECLINED), ended(State.DECLINED, "t1"), None),
    (ended(State.DECLINED, "t1"), ended(State.PAID, "t1"), Mark.CONTRADICTED),
    (ended(State.DECLINED, "t1"), ended(State.PAID, "t2"), Mark.CONTRADICTED),
    (ended(State.REFUSED), ended(State.PAID, "t1"), Mark.CONTRADICTED),
    (ended(State.CHALLENGED), ended(State.PAID, "t1"), None),
    (ended(State.CHALLENGED), ended(State.DECLINED, "t1"), None),
    (ended(State.CHALLENGED, "t1"), ended(State.PAID, "t2"), None),
    (ended(State.UNKNOWN, "t1"), ended(State.PARTIAL, "t1"), None),
]


@pytest.mark.parametrize(("stored", "told", "mark"), AFTER)
def test_what_is_open_is_settled_and_what_it_settled_otherwise_is_a_contradiction(
    stored: Outcome, told: Outcome, mark: Mark | None
) -> None:
    after = resolve(record(stored), status(told))
    assert (after.outcome.state, after.outcome.transaction_id, after.mark) == (told.state, told.transaction_id, mark)
    assert all(event.state is not None for event in after.history[1:])


def test_a_decline_of_what_was_refused_leaves_the_reference_free() -> None:
    refused = record(State.REFUSED)
    assert resolve(refused, status(ended(State.DECLINED, "t1"))) is refused
    assert right(refused)
    # A person's word is another matter: whoever looked has not seen this transaction.
    resolved = resolve(record(State.UNKNOWN), word(State.REFUSED))
    assert resolve(resolved, status(ended(State.DECLINED, "t1"))).mark is Mark.CONTRADICTED


def test_a_second_payment_is_told_once_however_often_both_are_delivered() -> None:
    stored = record(ended(State.PAID, "t1"))
    for _ in range(3):
        for transaction_id in ("t2", "t1"):
            stored = resolve(stored, status(ended(State.PAID, transaction_id)))
            assert stored.mark is Mark.CONTRADICTED
    assert len(stored.history) <= 3


def test_what_a_person_has_settled_is_not_contradicted_again_by_the_same_delivery_but_by_another_payment() -> None:
    contradicted = resolve(record(ended(State.PAID, "t1")), status(ended(State.PAID, "t2")))
    settled = resolve(contradicted, word(State.PAID, "t1"))
    assert settled.mark is Mark.RESOLVED
    assert resolve(settled, status(ended(State.PAID, "t2"))) is settled
    assert resolve(settled, status(ended(State.PAID, "t3"))).mark is Mark.CONTRADICTED


def test_what_has_no_id_is_told_anew_of_every_claim() -> None:
    stored = record(State.UNKNOWN)
    for number in range(2):
        stored = resolve(stored, word(State.REFUSED))
        claimed = right(stored, token=f"claim {number}")
        stored = resolve(claimed, word(State.REFUSED), now=LEASE_ENDS)
        stored = finish(stored, ended(State.UNKNOWN), token=f"claim {number}")
        assert stored.mark is Mark.CONTRADICTED, "a contradiction is hidden behind an older one"


@pytest.mark.parametrize("stored", [ended(State.PAID, "t1", attempts=5), ended(State.DECLINED, attempts=5)])
def test_attempts_never_fall_by_its_word(stored: Outcome) -> None:
    assert resolve(record(stored), status(ended(State.PAID, "t2"))).outcome.attempts == 5


# --- an id that a webhook has named ---


@pytest.mark.parametrize("mark", [None, Mark.CONTRADICTED])
@pytest.mark.parametrize("state", OPEN)
def test_it_is_noted_of_what_is_open_and_nothing_else_is_changed(state: State, mark: Mark | None) -> None:
    stored = record(state, mark)
    after = resolve(stored, named())
    assert (after.outcome.transaction_id, after.outcome.named_id) == (None, "t1")
    assert after == stored._replace(outcome=stored.outcome._replace(answer=after.outcome.answer), changed=NOW)


@pytest.mark.parametrize("stored", [*(ended(state, "t1") for state in ENDS), *map(ended, (*SETTLED, State.REFUSED))])
def test_it_is_not_added_to_what_is_settled_nor_to_what_has_an_id(stored: Outcome) -> None:
    kept = record(stored)
    assert resolve(kept, named("t2")) is kept


@pytest.mark.parametrize("state", OPEN)
def test_the_latest_one_counts(state: State) -> None:
    noted = resolve(record(state), named("bogus"))
    again = resolve(noted, named("t1"), now=NOW + 1)
    assert (again.outcome.named_id, again.changed) == ("t1", NOW + 1)
    assert resolve(again, named("t1"), now=NOW + 2) is again


@pytest.mark.parametrize("state", list(State))
def test_one_of_an_earlier_claim_changes_nothing_and_contradicts_nothing(state: State) -> None:
    stored = record(state)
    assert resolve(stored, named(token="old")) is stored


@pytest.mark.parametrize("own", [None, "t2"])
@pytest.mark.parametrize("state", ENDS)
def test_it_is_kept_when_the_holder_finishes_with_what_is_open_and_has_no_id_of_its_own(
    state: State, own: str | None
) -> None:
    outcome = ended(state, own)
    after = finish(resolve(record(), named("t1")), outcome)
    if own is not None or state not in OPEN:
        assert after.outcome == outcome
    else:
        assert (after.outcome.transaction_id, after.outcome.named_id) == (None, "t1")
        assert after.outcome._replace(answer=None) == outcome
    assert finish(after, outcome, now=NOW + 1) is after


def test_it_stands_beside_what_the_gateway_has_answered() -> None:
    answer = orjson.dumps({"redirect_url": "https://bank.example/", "transaction_details": {"ref": 7}})
    challenged = Outcome(state=State.CHALLENGED, answer=answer)
    for after in (
        finish(resolve(record(), named()), challenged),
        resolve(finish(record(), challenged), named()),
    ):
        assert orjson.loads(after.outcome.answer or b"") == {
            "redirect_url": "https://bank.example/",
            "transaction_details": {"ref": 7, "id": "t1"},
            "named_by": "a webhook",
        }


def test_it_outlives_the_holder() -> None:
    seen = as_seen(resolve(record(), named()), LEASE_ENDS).outcome
    assert (seen.state, seen.evidence, seen.named_id) == (State.UNKNOWN, (DIED,), "t1")
    assert ask(resolve(record(), named()), now=LEASE_ENDS) == seen


def test_a_person_does_not_say_that_it_was_paid_without_having_seen_the_id() -> None:
    noted = resolve(record(State.UNKNOWN), named())
    with pytest.raises(InvalidRequestError, match="without a transaction_id"):
        resolve(noted, word(State.PAID))
    for seen in ("t1", "t2"):
        outcome = resolve(noted, word(State.PAID, seen)).outcome
        assert (outcome.transaction_id, outcome.named_id) == (seen, None)


def test_the_gateways_word_takes_its_place() -> None:
    noted = resolve(record(State.UNKNOWN), named("bogus"))
    outcome = resolve(noted, status(ended(State.PAID, "t1"))).outcome
    assert (outcome.transaction_id, outcome.named_id) == ("t1", None)


def test_of_what_was_refused_it_is_gone() -> None:
    refused = finish(resolve(record(), named()), ended(State.REFUSED))
    assert refused.outcome.named_id is None
    assert right(refused).outcome == Outcome(state=State.SENDING, attempts=1)
    # Nor is it taken over by the next claim where a person said that nothing was charged.
    resolved = resolve(resolve(record(State.UNKNOWN), named()), word(State.REFUSED))
    assert right(resolved).outcome.named_id is None


# --- any order ---

answers = st.sampled_from([
    ended(State.UNKNOWN), ended(State.UNKNOWN, "t1"), ended(State.CHALLENGED), ended(State.CHALLENGED, "t1"), None,
])  # fmt: skip
deeds = st.lists(st.tuples(st.sampled_from(["note", "word", "answer"]), st.sampled_from([NOW, LEASE_ENDS])), max_size=9)


@given(st.sampled_from(SETTLED), answers, deeds)
def test_an_honest_gateway_is_believed_whatever_comes_first_and_however_often(
    truth: State, answer: Outcome | None, deeds: list[tuple[str, float]]
) -> None:
    told = ended(truth, "t1")
    stored = record()
    does: dict[str, Any] = {
        "note": lambda now: resolve(stored, named(), now=now),
        "word": lambda now: resolve(stored, status(told), now=now),
        "answer": lambda now: finish(stored, answer or told, now=now),
    }
    for deed, now in [*sorted(deeds, key=lambda deed: deed[1]), ("word", LEASE_ENDS)]:
        before, stored = stored, does[deed](now)
        assert stored.history[: len(before.history)] == before.history
    assert (stored.outcome.state, stored.outcome.transaction_id, stored.mark) == (truth, "t1", None)
    assert len(stored.history) <= 3


words = st.builds(ended, st.sampled_from(SETTLED), st.sampled_from(["t1", "t2"]))
told_of = words.map(status) | st.sampled_from(["t1", "t2"]).map(named)
kept = st.builds(
    record,
    st.builds(ended, st.sampled_from(list(State)), st.sampled_from([None, "t1"]), attempts=st.integers(0, 9)),
    st.sampled_from([None, *Mark]),
)


@given(kept, told_of, st.sampled_from(["mine", "old"]), st.sampled_from([NOW, LEASE_ENDS]))
def test_to_deliver_again_changes_nothing_and_no_delivery_rewrites_the_past(
    stored: Record, told: Resolution, token: str, now: float
) -> None:
    told = told._replace(token=token)
    once = resolve(stored, told, now=now)
    assert resolve(once, told, now=now + 1) is once
    assert (once.intent, once.token, once.lease_ends, once.created) == stored[:4]
    assert once.history[: len(stored.history)] == stored.history
    assert once.outcome.attempts >= stored.outcome.attempts
    if stored.mark is Mark.CONTRADICTED:
        assert once.mark is Mark.CONTRADICTED
