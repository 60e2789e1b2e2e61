"""What every ledger promises, whatever it stores its records in. A store of your own passes this as well."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import orjson
import pytest
import pytest_asyncio

from paymentoptions_async import (
    ConfigurationError,
    InvalidRequestError,
    Mark,
    PostgresLedger,
    ReferenceConflictError,
    ReferenceInUseError,
    Resolution,
    SqliteLedger,
)
from paymentoptions_async.ledger import Claim, Ledger, Record
from paymentoptions_async.models.codes import Reason
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from . import stores
from .cases import ENDS, GIVEN_BACK, ended, given, intent, status, word
from .stores import Store

T = TypeVar("T")

DURABLE = ["sqlite", "postgres"]
LEASE = 30.0
DIED = "the process that was charging it ended without a word"
DEFINITE = [state for state in ENDS if state is not State.REFUSED]
on_durable_stores = pytest.mark.parametrize("store", DURABLE, indirect=True)

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=["memory", *DURABLE])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store."""
    match request.param:
        case "memory":
            return stores.memory()
        case "sqlite":
            return stores.sqlite(tmp_path / "charges.db")
        case _:
            return stores.postgres(request.getfixturevalue("postgres_dsn"))


@pytest_asyncio.fixture
async def ledger(store: Store) -> AsyncIterator[Ledger]:
    """A ledger on it."""
    async with store.open() as ledger:
        yield ledger


@pytest_asyncio.fixture
async def other(store: Store) -> AsyncIterator[Ledger]:
    """Another one on the same store: of another process, so to speak. A store in memory has only one."""
    async with store.open() as ledger:
        yield ledger


async def claim(ledger: Ledger, reference: str = "ref", token: str = "mine") -> Claim:
    return given(await ledger.claim(intent(reference), token=token, lease=LEASE))


async def found(ledger: Ledger, reference: str = "ref") -> Record:
    record = await ledger.find(reference)
    assert record is not None
    return record


async def charge(ledger: Ledger, reference: str, outcome: Outcome) -> Claim:
    right = await claim(ledger, reference, f"token of {reference}")
    assert await ledger.finish(right, outcome)
    return right


async def all_of(ledger: Ledger, *, unsettled: bool = False) -> list[str]:
    return [record.merchant_txn_ref async for record in ledger.records(unsettled=unsettled)]


async def each(items: Iterable[T], work: Callable[[T], Awaitable[object]]) -> None:
    """Forty at a time."""
    coming = iter(items)

    async def worker() -> None:
        for item in coming:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(worker())


# --- claim and finish ---


async def test_a_claim_is_given_once_and_what_became_of_it_is_told_from_then_on(ledger: Ledger) -> None:
    right = await claim(ledger)
    assert right == Claim("ref", "mine", 0)
    with pytest.raises(ReferenceInUseError):
        await ledger.claim(intent(), token="other", lease=LEASE)
    paid = ended(State.PAID, "t1")
    assert await ledger.finish(right, paid)
    assert await ledger.claim(intent(), token="other", lease=LEASE) == paid


# What a charge came to, what the gateway says about it later, and what is told then.
CONTRADICTIONS = [
    (ended(State.PAID, "t1"), ended(State.PAID, "t2"), State.PAID),
    (ended(State.PAID, "t1"), ended(State.PARTIAL, "t2"), State.PARTIAL),
    (ended(State.DECLINED, "t1"), ended(State.PAID, "t1"), State.PAID),
    (ended(State.PAID, "t1"), ended(State.DECLINED, "t2"), State.UNKNOWN),
]


@pytest.mark.parametrize(("first", "then", "told"), CONTRADICTIONS)
async def test_whoever_asks_after_a_contradiction_is_told_of_it_until_a_person_has_settled_it(
    ledger: Ledger, other: Ledger, first: Outcome, then: Outcome, told: State
) -> None:
    right = await charge(ledger, "ref", first)
    before = await ledger.claim(intent(), token="other", lease=LEASE)
    assert isinstance(before, Outcome)
    assert not before.contradicted
    await ledger.resolve("ref", status(then, right.token))
    for asked in (ledger, other):
        outcome = await asked.claim(intent(), token="other", lease=LEASE)
        assert isinstance(outcome, Outcome)
        assert (outcome.state, outcome.contradicted) == (told, True)
    await other.resolve("ref", word(State.PAID, "t1"))
    settled = await ledger.claim(intent(), token="other", lease=LEASE)
    assert isinstance(settled, Outcome)
    assert (settled.state, settled.contradicted) == (State.PAID, False)


async def test_of_fifty_who_claim_at_once_through_two_ledgers_one_may_send(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    for reference in ("first", "ref", "zuletzt – ü"):
        asked = [
            (ledger if number % 2 else other).claim(intent(reference), token=f"token {number}", lease=LEASE)
            for number in range(50)
        ]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        rights = [answer for answer in answers if isinstance(answer, Claim)]
        assert len(rights) == 1
        others = [answer for answer in answers if isinstance(answer, ReferenceInUseError)]
        assert len(others) == 49
        assert {error.lease_ends.timestamp() for error in others if error.lease_ends} == {store.clock.now + LEASE}
        assert (await found(ledger, reference)).token == rights[0].token


async def test_of_fifty_who_claim_what_was_refused_one_may_send(ledger: Ledger, other: Ledger) -> None:
    await charge(ledger, "ref", ended(State.REFUSED))
    asked = [
        (ledger if number % 2 else other).claim(intent(), token=f"token {number}", lease=LEASE) for number in range(50)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, ReferenceInUseError) for answer in answers) == 49


async def test_a_claim_that_is_asked_for_again_with_its_token_is_given_again(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    right = await claim(ledger)
    before = await found(ledger)
    store.clock.now += 1
    assert await claim(other) == right
    assert await found(ledger) == before
    await ledger.finish(right, ended(State.REFUSED, attempts=2))
    assert await claim(ledger, token="next") == await claim(other, token="next") == Claim("ref", "next", 2)


@pytest.mark.parametrize("state", ENDS)
async def test_an_outcome_is_told_to_everybody_who_asks_and_only_what_was_refused_is_sent_again(
    store: Store, ledger: Ledger, other: Ledger, state: State
) -> None:
    outcome = ended(state, "t1")
    await charge(ledger, "ref", outcome)
    assert (await found(other)).outcome == outcome
    answer = await other.claim(intent(), token="next", lease=LEASE)
    assert answer == (Claim("ref", "next", 1) if state is State.REFUSED else outcome)


@pytest.mark.parametrize("state", [None, *DEFINITE])
async def test_other_content_is_a_conflict_while_it_is_charged_and_ever_after(
    store: Store, ledger: Ledger, state: State | None
) -> None:
    right = await claim(ledger)
    if state is not None:
        await ledger.finish(right, ended(state))
    before = await found(ledger)
    for passed in (0, LEASE, 10 * LEASE):
        store.clock.now += passed
        with pytest.raises(ReferenceConflictError):
            await ledger.claim(intent("ref", b"other"), token="other", lease=LEASE)
    assert (await found(ledger))._replace(outcome=before.outcome) == before


async def test_what_was_refused_may_be_mended(ledger: Ledger) -> None:
    await charge(ledger, "ref", ended(State.REFUSED))
    mended = intent("ref", b"other")._replace(amount="999", card=None)
    given(await ledger.claim(mended, token="next", lease=LEASE))
    assert (await found(ledger)).intent == mended


async def test_a_lease_that_has_run_out_is_unknown_to_everybody_and_is_never_sent_again(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    await claim(ledger)
    store.clock.now += LEASE
    for asked in (ledger, other):
        unknown = await asked.claim(intent(), token="next", lease=LEASE)
        assert unknown == Outcome(state=State.UNKNOWN, attempts=0, evidence=(DIED,))
        assert (await found(asked)).outcome == unknown
        assert [record.outcome async for record in asked.records(unsettled=True)] == [unknown]


async def test_its_holder_may_have_been_slow_and_still_finishes(store: Store, ledger: Ledger, other: Ledger) -> None:
    right = await claim(ledger)
    store.clock.now += 2 * LEASE
    assert (await found(other)).outcome.state is State.UNKNOWN
    assert await ledger.finish(right, ended(State.PAID, "t1"))
    assert (await found(other)).outcome.state is State.PAID


async def test_a_clock_that_goes_back_gives_no_second_right(store: Store, ledger: Ledger) -> None:
    await claim(ledger)
    store.clock.now -= 10 * LEASE
    with pytest.raises(ReferenceInUseError):
        await ledger.claim(intent(), token="next", lease=LEASE)


async def test_attempts_are_counted_across_claims_and_never_fall(ledger: Ledger) -> None:
    counted = []
    for number, told in enumerate((2, 5, 1, 0, 6)):
        right = await claim(ledger, token=f"token {number}")
        counted.append(right.attempts)
        await ledger.finish(right, ended(State.REFUSED, attempts=told))
    assert [*counted, (await found(ledger)).outcome.attempts] == [0, 2, 5, 5, 5, 6]


async def test_to_finish_again_changes_nothing(store: Store, ledger: Ledger, other: Ledger) -> None:
    right = await claim(ledger)
    for state in (State.PAID, State.PAID, State.DECLINED, State.REFUSED):
        assert await ledger.finish(right, ended(state, "t1")) is (state is State.PAID)
        store.clock.now += 1
    record = await found(other)
    assert record.outcome == ended(State.PAID, "t1")
    assert (record.created, record.changed, record.mark, record.history) == (store.clock.now - 4,) * 2 + (None, ())


async def test_what_was_never_claimed_is_not_finished(ledger: Ledger) -> None:
    assert not await ledger.finish(Claim("ref", "mine"), ended(State.PAID, "t1"))
    assert await ledger.find("ref") is None


async def test_a_right_given_back_before_it_was_given_is_not_given_later(ledger: Ledger, other: Ledger) -> None:
    # The order in which a server may carry out a claim that was cancelled, and what was told after it.
    assert await ledger.finish(Claim("ref", "mine", intent=intent()), GIVEN_BACK)
    record = await found(other)
    assert (record.outcome, record.mark, record.history) == (GIVEN_BACK, None, ())
    assert await other.claim(intent(), token="next", lease=LEASE) == Claim("ref", "next")


@pytest.mark.parametrize("state", ENDS)
async def test_another_token_finishes_nothing(ledger: Ledger, other: Ledger, state: State) -> None:
    right = await claim(ledger)
    assert not await other.finish(Claim("ref", "somebody else's"), ended(state, "t2"))
    assert (await found(ledger)).outcome.state is State.SENDING
    was_sent = state not in (State.DECLINED, State.REFUSED)
    # It is written all the same, but it is not the whole truth.
    assert await ledger.finish(right, ended(State.DECLINED)) is not was_sent
    assert (await found(ledger)).mark is (Mark.CONTRADICTED if was_sent else None)


async def test_a_right_that_was_given_back_leaves_the_reference_free(ledger: Ledger) -> None:
    assert await ledger.finish(await claim(ledger), GIVEN_BACK)
    assert await claim(ledger, token="next") == Claim("ref", "next", 0)


@pytest.mark.parametrize("ticks", [*range(8), 16, 32, 64, 128, 256, 512])
async def test_a_claim_that_was_cancelled_at_any_moment_can_be_given_back(
    ledger: Ledger, other: Ledger, ticks: int
) -> None:
    await ledger.find("ref")  # it is open
    claiming = asyncio.create_task(ledger.claim(intent(), token="cancelled", lease=LEASE))
    for _ in range(ticks):
        await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.wait([claiming])
    await ledger.finish(Claim("ref", "cancelled"), GIVEN_BACK)
    assert await claim(other, token="next") == Claim("ref", "next", 0)


async def test_a_claim_that_was_not_given_gives_back_nothing_of_anybody_elses(ledger: Ledger) -> None:
    right = await claim(ledger)
    assert not await ledger.finish(Claim("ref", "not given"), GIVEN_BACK)
    with pytest.raises(ReferenceInUseError):
        await ledger.claim(intent(), token="next", lease=LEASE)
    assert await ledger.finish(right, ended(State.PAID, "t1"))


async def test_content_is_known_by_keys_that_were_in_use_before(ledger: Ledger) -> None:
    paid = ended(State.PAID, "t1")
    await ledger.finish(given(await ledger.claim(intent("ref", b"old"), token="mine", lease=LEASE)), paid)
    assert await ledger.claim(intent("ref", b"new", b"old"), token="next", lease=LEASE) == paid
    assert (await found(ledger)).intent == intent("ref", b"old")
    with pytest.raises(ReferenceConflictError):
        await ledger.claim(intent("ref", b"new", b"older"), token="next", lease=LEASE)
    given(await ledger.claim(intent("other", b"new", b"old"), token="mine", lease=LEASE))
    assert (await found(ledger, "other")).intent == intent("other", b"new")


# --- what is told ---

# What answers and evidence may hold: whatever JSON came, and any text.
TOLD = [
    Outcome(state=State.UNKNOWN, answer=b"", evidence=()),
    Outcome(
        state=State.UNKNOWN,
        answer=orjson.dumps({"a": "".join(map(chr, range(256)))}),
        evidence=("", 'it\'s "quoted" \\ %s ? $1 :x {}', "\x00\n"),
    ),
    Outcome(state=State.DECLINED, answer='{"a": "é – 金 🂡"}'.encode(), evidence=("é – 金 🂡", "a", "a")),
    Outcome(State.PAID, ("x" * 10_000,), 3, b'{"a":"%b"}' % (b"x" * 100_000), 201, Reason.APPROVED, 0, "INFO0000"),
    Outcome(State.REFUSED, ("told",), 9, None, 429, None, None, None, Refusal.RATE_LIMITED, 0.1 + 0.2),
    Outcome(State.UNKNOWN, ("lost",), 2, None, 504, Reason.UNCLEAR, 68, "Err3008", None, None, lost=True),
]


@pytest.mark.parametrize("outcome", TOLD)
async def test_an_outcome_comes_back_byte_for_byte(ledger: Ledger, other: Ledger, outcome: Outcome) -> None:
    await charge(ledger, "ref", outcome)
    assert repr((await found(other)).outcome) == repr(outcome)
    if outcome.state is not State.REFUSED:
        assert repr(await other.claim(intent(), token="next", lease=LEASE)) == repr(outcome)


async def test_a_record_tells_what_was_charged_and_when(store: Store, ledger: Ledger, other: Ledger) -> None:
    began = store.clock.now = 1_700_000_000.123456
    right = await claim(ledger)
    assert await found(other) == Record(
        intent(), "mine", began + LEASE, began, began, Outcome(state=State.SENDING, attempts=0)
    )
    store.clock.now += 0.25
    await ledger.finish(right, ended(State.PAID, "t1"))
    assert await found(other) == Record(
        intent(), "mine", began + LEASE, began, began + 0.25, ended(State.PAID, "t1"), None, ()
    )
    assert await other.find("another") is None


REFERENCES = [
    "Z",
    "a",
    "ab",
    "a b",
    "a'b",
    'a"b',
    "a%b",
    "a_b",
    "a\\b",
    "ä",
    "z",
    "é",
    "ß",
    "Ω",
    "я",
    "金",
    "\uffff",
    "🂡",
]


async def test_records_come_in_the_order_of_their_references_in_any_script(ledger: Ledger) -> None:
    await each(REFERENCES, lambda reference: charge(ledger, reference, ended(State.PAID, "t1")))
    assert await all_of(ledger) == sorted(REFERENCES)
    for reference in REFERENCES:
        assert (await found(ledger, reference)).merchant_txn_ref == reference


@pytest.mark.parametrize("limit", [1, 4, 5, 100])
async def test_pages_begin_after_a_reference_and_hold_no_more_than_was_asked_for(ledger: Ledger, limit: int) -> None:
    await each(REFERENCES, lambda reference: claim(ledger, reference))
    for after in ("", "a", "aa", "b", "ß", "🂡"):
        page = await ledger.page(after=after, limit=limit, unsettled=False)
        coming = [reference for reference in sorted(REFERENCES) if reference > after]
        assert [record.merchant_txn_ref for record in page] == coming[:limit]


async def test_all_of_many_records_are_told_each_once_and_the_unsettled_apart(store: Store, ledger: Ledger) -> None:
    ends = [*ENDS, None]
    many = {f"{'äbΩ金'[number % 4]}-{number}": ends[number % len(ends)] for number in range(1_250)}

    async def begin(reference: str) -> None:
        right = await claim(ledger, reference)
        if (state := many[reference]) is not None:
            await ledger.finish(right, ended(state))

    await each(many, begin)
    contradicted = [reference for reference, state in many.items() if state is State.PAID][::7]
    await each(contradicted, lambda reference: ledger.finish(Claim(reference, "old"), ended(State.PAID, "t0")))
    is_open = (None, State.UNKNOWN, State.CHALLENGED)
    unsettled = sorted([*(reference for reference, state in many.items() if state in is_open), *contradicted])
    assert await all_of(ledger) == sorted(many)
    assert await all_of(ledger, unsettled=True) == unsettled
    store.clock.now += LEASE
    assert await all_of(ledger, unsettled=True) == unsettled


# --- resolve ---


@pytest.mark.parametrize("said", [State.PAID, State.DECLINED, State.REFUSED])
@pytest.mark.parametrize("before", [State.UNKNOWN, State.CHALLENGED, None])
async def test_what_is_open_is_settled_by_a_persons_word(
    store: Store, ledger: Ledger, other: Ledger, before: State | None, said: State
) -> None:
    right = await claim(ledger)
    if before is not None:
        await ledger.finish(right, ended(before, "t1", attempts=2))
    store.clock.now += LEASE
    resolved = await other.resolve("ref", word(said, "t1"))
    assert (resolved.outcome.state, resolved.mark, resolved.changed) == (said, Mark.RESOLVED, store.clock.now)
    assert [(event.at, event.by, event.reason) for event in resolved.history] == [
        (store.clock.now, "Kim", "looked it up")
    ]
    assert await found(ledger) == resolved
    answer = await ledger.claim(intent(), token="next", lease=LEASE)
    assert answer == (Claim("ref", "next", resolved.outcome.attempts) if said is State.REFUSED else resolved.outcome)


async def test_a_word_can_be_said_twice_and_be_put_right_until_the_gateway_has_spoken(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    right = await claim(ledger)
    store.clock.now += LEASE
    once = await ledger.resolve("ref", word(State.DECLINED))
    store.clock.now += 1
    assert await other.resolve("ref", word(State.DECLINED, by="Sam")) == once
    await other.resolve("ref", word(State.PAID, "t1"))
    assert await ledger.finish(right, ended(State.PAID, "t1"))
    assert (await found(other)).mark is None
    with pytest.raises(InvalidRequestError, match="settled as paid"):
        await ledger.resolve("ref", word(State.REFUSED))
    assert [event.what for event in (await found(other)).history] == [
        "resolved as declined", "resolved as paid", "confirmed as paid",
    ]  # fmt: skip


async def test_nothing_is_resolved_that_is_not_there_or_is_being_charged(ledger: Ledger) -> None:
    with pytest.raises(InvalidRequestError, match="no record"):
        await ledger.resolve("ref", word(State.DECLINED))
    assert await ledger.find("ref") is None
    await claim(ledger)
    with pytest.raises(ReferenceInUseError):
        await ledger.resolve("ref", word(State.DECLINED))
    assert (await found(ledger)).outcome.state is State.SENDING


async def test_the_gateways_late_answer_contradicts_a_person_until_somebody_settles_it(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    right = await claim(ledger)
    store.clock.now += LEASE
    await other.resolve("ref", word(State.DECLINED))
    await ledger.finish(right, ended(State.PAID, "t1"))
    record = await found(other)
    assert (record.outcome, record.mark) == (ended(State.PAID, "t1", attempts=1), Mark.CONTRADICTED)
    assert await all_of(other, unsettled=True) == ["ref"]
    told = record.outcome._replace(contradicted=True)
    assert await other.claim(intent(), token="next", lease=LEASE) == told
    await other.resolve("ref", word(State.PAID, "t1"))
    assert await all_of(ledger, unsettled=True) == []


async def test_what_was_charged_anew_and_was_paid_all_the_same_is_sent_no_third_time(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    frozen = await claim(ledger)
    store.clock.now += LEASE
    await other.resolve("ref", word(State.REFUSED))
    second = await claim(other, token="second")
    assert not await ledger.finish(frozen, ended(State.PAID, "t1"))
    assert not await other.finish(second, ended(State.REFUSED))
    record = await found(other)
    assert (record.outcome.state, record.mark) == (State.UNKNOWN, Mark.CONTRADICTED)
    assert "transaction t1" in record.history[-1].what
    told = record.outcome._replace(contradicted=True)
    assert await ledger.claim(intent(), token="third", lease=LEASE) == told
    assert await all_of(ledger, unsettled=True) == ["ref"]


# --- what webhooks bring ---


@pytest.mark.parametrize("told", [State.PAID, State.PARTIAL, State.DECLINED])
async def test_the_gateway_settles_what_is_being_charged_and_everybody_is_told(
    store: Store, ledger: Ledger, other: Ledger, told: State
) -> None:
    right = await claim(ledger)
    store.clock.now += 1
    settled = await other.resolve("ref", status(ended(told, "t1")))
    assert (settled.outcome.state, settled.mark, settled.changed) == (told, None, store.clock.now)
    assert await found(ledger) == settled
    assert await ledger.claim(intent(), token="next", lease=LEASE) == settled.outcome
    assert await other.resolve("ref", status(ended(told, "t1"))) == settled
    # Its holder's answer was lost.
    assert not await ledger.finish(right, ended(State.UNKNOWN))
    assert await found(other) == settled
    assert await ledger.finish(right, ended(told, "t1"))
    assert [event.what for event in (await found(other)).history] == [f"resolved as {told}", f"confirmed as {told}"]


async def test_an_answer_that_contradicts_the_gateways_early_word_is_seen(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    right = await claim(ledger)
    await other.resolve("ref", status(ended(State.PAID, "t1")))
    assert not await ledger.finish(right, ended(State.DECLINED, "t1"))
    record = await found(other)
    assert (record.outcome.state, record.mark) == (State.UNKNOWN, Mark.CONTRADICTED)
    assert await all_of(other, unsettled=True) == ["ref"]


@pytest.mark.parametrize("state", [State.UNKNOWN, State.CHALLENGED])
async def test_an_id_that_a_webhook_has_named_is_there_after_the_answer(
    store: Store, ledger: Ledger, other: Ledger, state: State
) -> None:
    right = await claim(ledger)
    await other.resolve("ref", Resolution.named("bogus", "mine"))
    noted = await other.resolve("ref", Resolution.named("t1", "mine"))
    assert (noted.outcome.state, noted.outcome.named_id) == (State.SENDING, "t1")
    assert await ledger.resolve("ref", Resolution.named("t1", "mine")) == noted
    assert await ledger.finish(right, ended(state))
    record = await found(other)
    assert (record.outcome.state, record.outcome.transaction_id, record.outcome.named_id) == (state, None, "t1")
    assert (await ledger.resolve("ref", status(ended(State.PAID, "t1")))).outcome.state is State.PAID
    assert (await other.resolve("ref", Resolution.named("t2", "mine"))).outcome.transaction_id == "t1"


async def test_it_is_there_after_the_crash_of_the_holder_and_gone_with_a_claim_that_was_refused(
    store: Store, ledger: Ledger, other: Ledger
) -> None:
    for reference in ("crashed", "refused"):
        await claim(ledger, reference)
        await other.resolve(reference, Resolution.named("t1", "mine"))
    assert await ledger.finish(Claim("refused", "mine"), ended(State.REFUSED))
    await claim(ledger, "refused", "next")
    assert await other.resolve("refused", Resolution.named("t1", "mine")) == await found(ledger, "refused")
    assert (await found(other, "refused")).outcome == Outcome(state=State.SENDING, attempts=1)
    store.clock.now += LEASE
    crashed = (await found(other, "crashed")).outcome
    assert (crashed.state, crashed.named_id, crashed.evidence) == (State.UNKNOWN, "t1", (DIED,))


@pytest.mark.parametrize("answer", [ended(State.PAID, "t1"), ended(State.UNKNOWN), ended(State.CHALLENGED)])
async def test_webhooks_that_come_in_the_very_moment_of_the_answer_lose_nothing_and_contradict_nothing(
    ledger: Ledger, other: Ledger, answer: Outcome
) -> None:
    async def race(reference: str) -> None:
        right = await claim(ledger, reference)
        note, word = Resolution.named("t1", "mine"), status(ended(State.PAID, "t1"))
        await asyncio.gather(ledger.finish(right, answer), other.resolve(reference, note))
        outcome = (await found(other, reference)).outcome
        assert "t1" in (outcome.transaction_id, outcome.named_id)
        again = await claim(ledger, f"{reference} again")
        await asyncio.gather(
            other.resolve(again.merchant_txn_ref, word), ledger.finish(again, answer), other.resolve(reference, word)
        )
        for record in (await found(ledger, reference), await found(ledger, again.merchant_txn_ref)):
            assert (record.outcome.state, record.outcome.transaction_id, record.mark) == (State.PAID, "t1", None)

    await asyncio.gather(*(race(f"{number}") for number in range(20)))


async def test_what_it_was_done_to_is_kept(ledger: Ledger, other: Ledger) -> None:
    refund = intent()._replace(operation="refund", subject="ab8444e7")
    given(await ledger.claim(refund, token="mine", lease=LEASE))
    assert (await found(other)).intent == refund
    await ledger.finish(Claim("ref", "mine"), ended(State.REFUSED))
    given(await ledger.claim(refund._replace(subject="another"), token="next", lease=LEASE))
    assert (await found(other)).intent.subject == "another"


# --- prune ---


async def test_what_is_settled_and_old_is_forgotten_and_can_be_charged_anew(store: Store, ledger: Ledger) -> None:
    settled = (State.PAID, State.PARTIAL, State.DECLINED, State.REFUSED)
    for state in settled:
        await charge(ledger, state, ended(state, "t1"))
    store.clock.now += 100
    await charge(ledger, "young", ended(State.PAID, "t1"))
    assert await ledger.prune(older_than=100) == 0
    store.clock.now += 0.5
    assert await ledger.prune(older_than=100) == len(settled)
    assert await all_of(ledger) == ["young"]
    assert await claim(ledger, State.PAID, "next") == Claim(State.PAID, "next", 0)


async def test_what_is_open_or_contradicted_is_never_forgotten(store: Store, ledger: Ledger, other: Ledger) -> None:
    await charge(ledger, "unknown", ended(State.UNKNOWN))
    await charge(ledger, "challenged", ended(State.CHALLENGED))
    await charge(ledger, "contradicted", ended(State.PAID, "t1"))
    await ledger.finish(Claim("contradicted", "old"), ended(State.PAID, "t2"))
    await charge(ledger, "contradicted and refused", ended(State.REFUSED))
    await ledger.finish(Claim("contradicted and refused", "old"), ended(State.PAID, "t2"))
    await claim(ledger, "died")
    store.clock.now += 1e9
    given(await ledger.claim(intent("sending"), token="mine", lease=LEASE))
    store.clock.now += 1
    everything = await all_of(ledger)
    assert await other.prune(older_than=0) == 0
    assert await all_of(other) == everything
    assert len(everything) == 6


async def test_time_is_counted_from_the_last_change(store: Store, ledger: Ledger) -> None:
    right = await claim(ledger)
    store.clock.now += 100
    await ledger.finish(right, ended(State.UNKNOWN))
    store.clock.now += 100
    await ledger.resolve("ref", word(State.DECLINED))
    store.clock.now += 50
    assert await ledger.prune(older_than=60) == 0
    assert await ledger.prune(older_than=40) == 1


async def test_of_many_records_all_that_may_be_are_forgotten(store: Store, ledger: Ledger) -> None:
    many = [f"{'äbΩ金'[number % 4]}-{number}" for number in range(2_600)]
    unknown = many[::13]

    async def begin(reference: str) -> None:
        right = await claim(ledger, reference)
        await ledger.finish(right, ended(State.UNKNOWN if reference in unknown else State.PAID))

    await each(many, begin)
    store.clock.now += 10
    young = ["!", "b", "🂡"]
    for reference in young:
        await charge(ledger, reference, ended(State.PAID))
    assert await ledger.prune(older_than=5) == len(many) - len(unknown)
    assert await all_of(ledger) == sorted([*unknown, *young])
    assert await ledger.prune(older_than=5) == 0


# --- close, and open again ---

CALLS: dict[str, Callable[[Ledger], Awaitable[object]]] = {
    "claim": lambda ledger: ledger.claim(intent(), token="mine", lease=LEASE),
    "finish": lambda ledger: ledger.finish(Claim("ref", "mine"), ended(State.PAID)),
    "find": lambda ledger: ledger.find("ref"),
    "resolve": lambda ledger: ledger.resolve("ref", word(State.DECLINED)),
    "page": lambda ledger: ledger.page(after="", limit=1, unsettled=False),
    "records": all_of,
    "prune": lambda ledger: ledger.prune(older_than=0),
}


@on_durable_stores
@pytest.mark.parametrize("is_used", [True, False])
async def test_a_ledger_is_closed_once_and_for_all(store: Store, is_used: bool) -> None:
    ledger = store.open()
    if is_used:
        await claim(ledger)
    await asyncio.gather(ledger.close(), ledger.close())
    await ledger.close()
    for call in CALLS.values():
        with pytest.raises(ConfigurationError, match="closed"):
            await call(ledger)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
async def test_memory_stays_as_long_as_its_object(store: Store) -> None:
    async with store.open() as ledger:
        await charge(ledger, "ref", ended(State.PAID))
    await ledger.close()
    assert (await found(ledger)).outcome == ended(State.PAID)
    await claim(ledger, "other")


@on_durable_stores
async def test_what_was_handed_over_is_written_before_it_is_closed(store: Store) -> None:
    async with store.open() as ledger:
        await asyncio.gather(*(claim(ledger, f"{number}") for number in range(20)))
    async with store.open() as ledger:
        assert len(await all_of(ledger)) == 20


@on_durable_stores
async def test_one_that_is_opened_again_knows_everything(store: Store) -> None:
    async with store.open() as ledger:
        rights = {state: await claim(ledger, state) for state in State}
        for state in ENDS:
            await ledger.finish(rights[state], ended(state, "t1", attempts=2))
        await ledger.resolve(State.UNKNOWN, word(State.PAID))
        await ledger.finish(Claim(State.DECLINED, "old"), ended(State.PAID, "t0"))
        before = [record async for record in ledger.records()]
    async with store.open() as ledger:
        assert [record async for record in ledger.records()] == before
        assert await claim(ledger, State.REFUSED, "next") == Claim(State.REFUSED, "next", 2)
        with pytest.raises(ReferenceInUseError):
            await ledger.claim(intent(State.SENDING), token="next", lease=LEASE)
        assert await ledger.finish(rights[State.SENDING], ended(State.PAID, "t1"))


@on_durable_stores
async def test_one_that_is_dropped_open_warns(store: Store) -> None:
    ledger = store.open()
    await claim(ledger)
    # The tasks of a pool that is gone may never end, and then neither does the event loop.
    pool = ledger._pool if isinstance(ledger, PostgresLedger) else None
    with pytest.warns(ResourceWarning, match="Ledger.* was not closed"):
        del ledger
        gc.collect()
    if pool is not None:
        await pool.close()


async def test_one_that_was_closed_or_never_used_is_dropped_without_a_word(store: Store) -> None:
    ledger = store.open()
    async with store.open() as closed:
        await claim(closed)
    del ledger, closed
    gc.collect()


async def test_a_sqlite_ledger_outlives_its_event_loop(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "charges.db")

    async def begin() -> None:
        await charge(ledger, "ref", ended(State.PAID, "t1"))

    async def go_on() -> None:
        async with ledger:
            assert (await found(ledger)).outcome == ended(State.PAID, "t1")
            await claim(ledger, "other")

    await asyncio.to_thread(asyncio.run, begin())
    await asyncio.to_thread(asyncio.run, go_on())


async def test_a_postgres_ledger_says_that_it_belongs_to_its_event_loop(postgres_dsn: str) -> None:
    async with PostgresLedger(postgres_dsn) as ledger:
        await claim(ledger)
        for call in CALLS.values():
            with pytest.raises(ConfigurationError, match="event loop"):
                await asyncio.to_thread(asyncio.run, _result(call(ledger)))


async def _result(call: Awaitable[object]) -> None:
    await call


async def test_some_references_are_looked_up_at_once_and_those_that_are_none_are_left_out(ledger: Ledger) -> None:
    for reference in ("a", "b", "c"):
        await ledger.claim(intent(reference), token=f"of {reference}", lease=60)
    found = await ledger.find_all(["a", "c", "none"])
    assert {reference: record.token for reference, record in found.items()} == {"a": "of a", "c": "of c"}
    assert await ledger.find_all([]) == {}
