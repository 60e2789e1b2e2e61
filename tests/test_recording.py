"""The recorder, with a ledger that does what a test tells it to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from paymentoptions_async import LedgerError, MemoryLedger, recording
from paymentoptions_async.ledger import Claim, Intent, Mark, Record
from paymentoptions_async.logs import Log
from paymentoptions_async.models.outcome import Outcome, Refusal, State
from paymentoptions_async.recording import Recorder

from .test_charging import eventually

PRINT: Final = b"print"
PAID: Final = Outcome(state=State.PAID, answer=b'{"transaction_details":{"id":"t-1"}}')
REFUSED: Final = Outcome(state=State.REFUSED, refusal=Refusal.RATE_LIMITED)


class _Scripted(MemoryLedger):
    """Notes what it is told, and fails, hangs or contradicts as it is told.

    Attributes:
        told: Reference and state of every `finish`, in order.
        is_away: Whether it fails.
        refuses: References that it will never take.
        says: What `finish` returns.
        opened: Set as long as it does not hang.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, State]] = []
        self.is_away = False
        self.refuses: set[str] = set()
        self.says = True
        self.opened = asyncio.Event()
        self.opened.set()

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        self.told.append((claim.merchant_txn_ref, outcome.state))
        await self.opened.wait()
        if self.is_away or claim.merchant_txn_ref in self.refuses:
            raise LedgerError("away")
        return self.says

    @property
    def references(self) -> list[str]:
        return [reference for reference, _ in self.told]


class _Sleeper:
    """Notes the pauses. With `rounds` it stops after so many, until it is given more."""

    def __init__(self, rounds: int = 1_000_000) -> None:
        self.pauses: list[float] = []
        self._rounds = asyncio.Semaphore(rounds)

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._rounds.acquire()
        await asyncio.sleep(0)

    def give(self, rounds: int) -> None:
        for _ in range(rounds):
            self._rounds.release()


def recorder_of(
    ledger: MemoryLedger, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, random: float = 1.0
) -> Recorder:
    return Recorder(ledger, Log("warning"), sleep=sleep, random=lambda: random)


def claim(reference: str = "ref", token: str = "t") -> Claim:
    return Claim(reference, token)


def events(lines: list[Any]) -> list[str]:
    return [line["event"].removeprefix("ledger.") for line in lines]


# --- written at once --------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_is_written_at_once_is_not_owed_and_not_told() -> None:
    ledger = _Scripted()
    recorder = recorder_of(ledger)
    with capture_logs() as lines:
        assert await recorder.record(claim(), PAID, PRINT) == PAID
    assert (ledger.told, lines, recorder.owed("ref")) == ([("ref", State.PAID)], [], None)
    await recorder.close()
    assert len(ledger.told) == 1


@pytest.mark.parametrize("state", [State.PAID, State.PARTIAL, State.DECLINED, State.UNKNOWN, State.CHALLENGED])
@pytest.mark.asyncio
async def test_a_payment_that_the_record_does_not_say_is_an_error_line(state: State) -> None:
    ledger = _Scripted()
    ledger.says = False
    with capture_logs() as lines:
        assert await recorder_of(ledger).record(claim(), PAID._replace(state=state), PRINT) is None
    sent = state is not State.DECLINED
    assert [(line["event"], line["log_level"]) for line in lines] == [("ledger.contradicted", "error")] * sent
    for line in lines:
        assert (line["merchant_txn_ref"], line["state"], line["transaction_id"]) == ("ref", state, "t-1")


# --- owed -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_could_not_be_written_is_owed_told_once_and_written_later() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper(rounds=3)
    recorder = recorder_of(ledger, sleeper)
    with capture_logs() as lines:
        assert await recorder.record(claim(), PAID, PRINT) is None
        owed = recorder.owed("ref")
        assert owed is not None
        assert (owed.claim, owed.outcome, owed.fingerprint) == (claim(), PAID, PRINT)
        await eventually(lambda: len(ledger.told) == 4)
        assert events(lines) == ["not_recorded"]
        ledger.is_away = False
        sleeper.give(1)
        await eventually(lambda: recorder.owed("ref") is None)
    first, last = lines
    assert (first["event"], first["log_level"], first["fault"]) == ("ledger.not_recorded", "error", "LedgerError")
    assert (last["event"], last["log_level"]) == ("ledger.recorded_late", "warning")
    for line in lines:
        assert (line["merchant_txn_ref"], line["state"], line["transaction_id"]) == ("ref", State.PAID, "t-1")
    assert ledger.references == ["ref"] * 5


@pytest.mark.asyncio
async def test_what_is_written_later_is_not_written_in_the_context_of_a_call() -> None:
    call: ContextVar[str] = ContextVar("call", default="none")
    seen: list[str] = []

    class Looking(_Scripted):
        async def finish(self, claim: Claim, outcome: Outcome) -> bool:
            seen.append(call.get())
            return await super().finish(claim, outcome)

    ledger = Looking()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper())
    call.set("one")
    await recorder.record(claim(), PAID, PRINT)
    ledger.is_away = False
    await eventually(lambda: recorder.owed("ref") is None)
    assert (seen[0], seen[-1]) == ("one", "none")


@pytest.mark.asyncio
async def test_what_was_refused_is_owed_too_but_is_not_told_instead_of_a_new_try() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper(rounds=1))
    assert await recorder.record(claim(), REFUSED, PRINT) is None
    assert recorder.owed("ref") is None
    await eventually(lambda: len(ledger.told) == 2)
    await recorder.close()


@pytest.mark.asyncio
async def test_a_newer_claim_of_a_reference_takes_the_place_of_what_was_owed() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper(rounds=0)
    recorder = recorder_of(ledger, sleeper)
    await recorder.record(claim(token="first"), REFUSED, PRINT)
    await recorder.record(claim(token="second"), PAID, PRINT)
    owed = recorder.owed("ref")
    assert owed is not None
    assert owed.claim.token == "second"
    ledger.is_away = False
    sleeper.give(1)
    await eventually(lambda: recorder.owed("ref") is None)
    assert ledger.told[-1] == ("ref", State.PAID)


@pytest.mark.parametrize(("random", "share"), [(1.0, 1.0), (0.0, 0.5), (0.5, 0.75)])
@pytest.mark.asyncio
async def test_the_pauses_double_up_to_five_seconds_with_chance_in_half_of_them(random: float, share: float) -> None:
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper()
    recorder = recorder_of(ledger, sleeper, random)
    await recorder.record(claim(), PAID, PRINT)
    await eventually(lambda: len(sleeper.pauses) >= 9)
    await recorder.close()
    pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert sleeper.pauses[:9] == pytest.approx([pause * share for pause in pauses])


@pytest.mark.asyncio
async def test_after_an_outage_the_pauses_begin_anew() -> None:
    ledger = _Scripted()
    sleeper = _Sleeper()
    recorder = recorder_of(ledger, sleeper)
    for _ in range(2):
        sleeper.pauses.clear()
        ledger.is_away = True
        await recorder.record(claim(), PAID, PRINT)
        await eventually(lambda: len(sleeper.pauses) >= 4)
        ledger.is_away = False
        await eventually(lambda: recorder.owed("ref") is None)
        assert sleeper.pauses[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_while_it_is_away_one_asks_whether_it_is_back_and_then_all_are_written_once() -> None:
    references = [f"ref-{number}" for number in range(10)]
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper(rounds=0)
    recorder = recorder_of(ledger, sleeper)
    with capture_logs() as lines:
        for reference in references:
            await recorder.record(claim(reference), PAID, PRINT)
        await asyncio.sleep(0)
        assert len(sleeper.pauses) == 1, "one task for all of them"
        ledger.told.clear()
        for rounds in range(1, 4):
            sleeper.give(1)
            await eventually(lambda rounds=rounds: len(sleeper.pauses) == rounds + 1)  # type: ignore[misc]
            assert len(ledger.told) == rounds
        ledger.told.clear()
        ledger.is_away = False
        sleeper.give(1)
        await eventually(lambda: not recorder._owed)
        await asyncio.sleep(0.01)
    # In order, but for those that have asked.
    assert ledger.references == [*references[3:], *references[:3]]
    assert events(lines) == ["not_recorded"] * 10 + ["recorded_late"] * 10
    assert len(sleeper.pauses) == 4


@pytest.mark.asyncio
async def test_one_that_is_never_taken_does_not_keep_the_others_from_being_written() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper(rounds=0)
    recorder = recorder_of(ledger, sleeper)
    for reference in ("bad", "good", "too"):
        await recorder.record(claim(reference), PAID, PRINT)
    ledger.is_away = False
    ledger.refuses = {"bad"}
    sleeper.give(2)
    await eventually(lambda: list(recorder._owed) == ["bad"])
    with capture_logs() as lines:
        await recorder.close()
    assert [(line["event"], line["merchant_txn_ref"]) for line in lines] == [("ledger.never_recorded", "bad")]


@pytest.mark.asyncio
async def test_what_is_written_late_may_be_contradicted_too() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        await recorder.record(claim(), PAID, PRINT)
        ledger.is_away, ledger.says = False, False
        await eventually(lambda: recorder.owed("ref") is None)
    assert events(lines) == ["not_recorded", "recorded_late", "contradicted"]


@pytest.mark.asyncio
async def test_whatever_a_store_raises_the_outcome_stays_known() -> None:
    class Odd(_Scripted):
        async def finish(self, claim: Claim, outcome: Outcome) -> bool:
            if self.is_away:
                raise RuntimeError("a bug")
            return await super().finish(claim, outcome)

    ledger = Odd()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        assert await recorder.record(claim(), PAID, PRINT) is None
        ledger.is_away = False
        await eventually(lambda: recorder.owed("ref") is None)
    assert lines[0]["fault"] == "RuntimeError"


@pytest.mark.asyncio
async def test_one_that_hangs_is_waited_for_a_while_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PATIENCE", 0.05)
    ledger = _Scripted()
    ledger.opened.clear()
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        begin = time.monotonic()
        assert await recorder.record(claim(), PAID, PRINT) is None
        assert 0.04 < time.monotonic() - begin < 1
        assert recorder.owed("ref") is not None
        ledger.opened.set()
        await eventually(lambda: recorder.owed("ref") is None)
    assert events(lines) == ["not_recorded", "recorded_late"]
    assert lines[0]["fault"] == "TimeoutError"


# --- told by a webhook meanwhile --------------------------------------------------------------------------

EARLY: Final = PAID._replace(evidence=("told by the gateway",))


class _Forestalled(_Scripted):
    """One whose record somebody else has settled: `finish` writes nothing, and `find` tells this.

    Attributes:
        knows: The record.
        is_blind: Whether it cannot be read.
    """

    def __init__(self, outcome: Outcome = EARLY, token: str = "t", mark: Mark | None = None) -> None:
        super().__init__()
        self.says = False
        self.knows = Record(Intent("ref", PRINT), token, 9.0, 0.0, 0.0, outcome, mark)
        self.is_blind = False

    async def find(self, merchant_txn_ref: str) -> Record | None:
        if self.is_blind:
            raise LedgerError("away")
        return self.knows


LESS: Final = (State.UNKNOWN, State.CHALLENGED, State.REFUSED)


@pytest.mark.parametrize("told", [State.PAID, State.PARTIAL, State.DECLINED])
@pytest.mark.parametrize("state", LESS)
@pytest.mark.asyncio
async def test_where_the_answer_settles_nothing_what_a_webhook_has_settled_is_told(state: State, told: State) -> None:
    early = EARLY._replace(state=told)
    with capture_logs() as lines:
        assert await recorder_of(_Forestalled(early)).record(claim(), Outcome(state=state), PRINT) is early
    assert lines == []


@pytest.mark.parametrize(
    "ledger",
    [
        _Forestalled(token="another's"),
        _Forestalled(mark=Mark.RESOLVED),
        _Forestalled(mark=Mark.CONTRADICTED),
        _Forestalled(Outcome(state=State.UNKNOWN)),
        _Forestalled(Outcome(state=State.CHALLENGED)),
        _Forestalled(Outcome(state=State.SENDING)),
    ],
)
@pytest.mark.asyncio
async def test_nothing_else_than_the_gateways_word_about_this_claim_is_told_in_its_place(ledger: _Forestalled) -> None:
    with capture_logs() as lines:
        assert await recorder_of(ledger).record(claim(), Outcome(state=State.UNKNOWN), PRINT) is None
        assert await recorder_of(ledger).record(claim(), REFUSED, PRINT) is REFUSED
    assert events(lines) == ["contradicted"]


@pytest.mark.parametrize("state", [State.PAID, State.PARTIAL, State.DECLINED])
@pytest.mark.asyncio
async def test_what_the_answer_itself_settles_is_never_told_otherwise(state: State) -> None:
    answer = PAID._replace(state=state, answer=b'{"transaction_details":{"id":"t-2"}}')
    assert await recorder_of(_Forestalled()).record(claim(), answer, PRINT) is None


@pytest.mark.asyncio
async def test_a_decline_of_what_a_webhook_has_told_as_paid_is_told_as_the_doubt_that_it_is() -> None:
    doubt = Outcome(state=State.UNKNOWN, evidence=("declined", "paid"))
    declined = Outcome(state=State.DECLINED)
    contradicted = _Forestalled(doubt, mark=Mark.CONTRADICTED)
    assert await recorder_of(contradicted).record(claim(), declined, PRINT) is doubt
    anothers = _Forestalled(doubt, token="another's", mark=Mark.CONTRADICTED)
    assert await recorder_of(anothers).record(claim(), declined, PRINT) is None
    assert await recorder_of(contradicted).record(claim(), PAID, PRINT) is None


@pytest.mark.asyncio
async def test_a_ledger_that_cannot_be_read_then_leaves_it_unknown() -> None:
    ledger = _Forestalled()
    ledger.is_blind = True
    assert await recorder_of(ledger).record(claim(), Outcome(state=State.UNKNOWN), PRINT) is None


@pytest.mark.asyncio
async def test_what_is_written_late_and_settled_by_then_is_no_contradiction() -> None:
    ledger = _Forestalled()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        assert await recorder.record(claim(), Outcome(state=State.UNKNOWN), PRINT) is None
        ledger.is_away = False
        await eventually(lambda: recorder.owed("ref") is None and not recorder._tasks and len(lines) == 2)
    assert events(lines) == ["not_recorded", "recorded_late"]


# --- cancelled --------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_cancel_waits_until_it_is_written_and_nothing_is_told_of_it() -> None:
    ledger = _Scripted()
    ledger.opened.clear()
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        call = asyncio.create_task(recorder.record(claim(), PAID, PRINT))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.sleep(0.01)
        assert not call.done()
        assert recorder.owed("ref") is not None
        ledger.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (recorder.owed("ref"), lines) == (None, [])


@pytest.mark.asyncio
async def test_a_second_cancel_does_not_wait_and_it_is_written_all_the_same() -> None:
    ledger = _Scripted()
    ledger.opened.clear()
    recorder = recorder_of(ledger, _Sleeper())
    call = asyncio.create_task(recorder.record(claim(), PAID, PRINT))
    for _ in range(2):
        await asyncio.sleep(0.01)
        call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert recorder.owed("ref") is not None
    ledger.opened.set()
    await eventually(lambda: recorder.owed("ref") is None)


@pytest.mark.asyncio
async def test_what_two_write_at_once_is_told_once() -> None:
    """A cancelled call's task hangs, and the retry comes to the same."""
    ledger = _Scripted()
    ledger.is_away = True
    sleeper = _Sleeper(rounds=0)
    recorder = recorder_of(ledger, sleeper)
    with capture_logs() as lines:
        await recorder.record(claim("first"), PAID, PRINT)
        ledger.is_away, ledger.says = False, False
        ledger.opened.clear()
        call = asyncio.create_task(recorder.record(claim("second"), PAID, PRINT))
        for _ in range(2):
            await asyncio.sleep(0.01)
            call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        sleeper.give(1)
        await asyncio.sleep(0.01)
        ledger.opened.set()
        await eventually(lambda: not recorder._owed and not recorder._tasks)
    told = sorted((line["event"].removeprefix("ledger."), line["merchant_txn_ref"]) for line in lines)
    assert told == [
        ("contradicted", "first"),
        ("contradicted", "second"),
        ("not_recorded", "first"),
        ("recorded_late", "first"),
    ]
    assert ledger.references.count("second") == 3


# --- given back -------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_right_that_was_not_used_is_given_back_as_never_sent() -> None:
    seen: list[tuple[Claim, Outcome]] = []

    class Noting(_Scripted):
        async def finish(self, claim: Claim, outcome: Outcome) -> bool:
            seen.append((claim, outcome))
            return True

    recorder = recorder_of(Noting())
    await recorder.release(claim())
    ((given, outcome),) = seen
    assert given == claim()
    assert (outcome.state, outcome.refusal, outcome.attempts) == (State.REFUSED, Refusal.NOT_SENT, 0)
    assert recorder.owed("ref") is None


@pytest.mark.asyncio
async def test_a_right_that_cannot_be_given_back_is_left_to_its_lease_with_a_warning() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper())
    with capture_logs() as lines:
        await recorder.release(claim())
        await recorder.close()
    assert [(line["event"], line["log_level"]) for line in lines] == [("ledger.not_released", "warning")]
    assert lines[0]["merchant_txn_ref"] == "ref"
    assert ledger.told == [("ref", State.REFUSED)]


@pytest.mark.asyncio
async def test_giving_back_is_waited_for_shortly_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_RELEASE_PATIENCE", 0.05)
    ledger = _Scripted()
    ledger.opened.clear()
    recorder = recorder_of(ledger)
    begin = time.monotonic()
    await recorder.release(claim())
    assert time.monotonic() - begin < 1
    closing = asyncio.create_task(recorder.close())
    await asyncio.sleep(0.01)
    assert not closing.done(), "it waits for what is under way"
    ledger.opened.set()
    await closing
    assert ledger.told == [("ref", State.REFUSED)]


# --- closed -----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_closing_tries_all_of_them_once_more() -> None:
    ledger = _Scripted()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper(rounds=0))
    for reference in ("one", "two"):
        await recorder.record(claim(reference), PAID, PRINT)
    ledger.is_away = False
    ledger.told.clear()
    with capture_logs() as lines:
        await recorder.close()
    assert sorted(ledger.references) == ["one", "two"]
    assert events(lines) == ["recorded_late", "recorded_late"]


@pytest.mark.asyncio
async def test_closing_while_it_is_away_tells_each_that_is_lost_once_and_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    ledger = _Scripted()
    ledger.is_away = True
    recorder = recorder_of(ledger, _Sleeper(rounds=2))
    for reference in ("one", "two"):
        await recorder.record(claim(reference), PAID, PRINT)
    with capture_logs() as lines:
        await recorder.close()
        await recorder.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert sorted((line["event"], line["merchant_txn_ref"]) for line in lines) == [
        ("ledger.never_recorded", "one"),
        ("ledger.never_recorded", "two"),
    ]
    assert {line["log_level"] for line in lines} == {"error"}
    assert {line["transaction_id"] for line in lines} == {"t-1"}


@pytest.mark.asyncio
async def test_closing_ends_in_time_though_it_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PATIENCE", 0.05)
    ledger = _Scripted()
    ledger.opened.clear()
    recorder = recorder_of(ledger, _Sleeper(rounds=1))
    with capture_logs() as lines:
        await recorder.record(claim(), PAID, PRINT)
        begin = time.monotonic()
        await recorder.close()
        assert time.monotonic() - begin < 1
        assert events(lines) == ["not_recorded", "never_recorded"]
        # It was too pessimistic: the truth is told as well.
        ledger.opened.set()
        await eventually(lambda: not recorder._tasks)
        assert events(lines) == ["not_recorded", "never_recorded", "recorded_late"]


@pytest.mark.asyncio
async def test_what_comes_after_the_close_is_written_or_lost_at_once() -> None:
    ledger = _Scripted()
    sleeper = _Sleeper()
    recorder = recorder_of(ledger, sleeper)
    await recorder.close()
    with capture_logs() as lines:
        assert await recorder.record(claim("one"), PAID, PRINT) == PAID
        ledger.is_away = True
        assert await recorder.record(claim("two"), PAID, PRINT) is None
    assert events(lines) == ["not_recorded", "never_recorded"]
    assert not sleeper.pauses
