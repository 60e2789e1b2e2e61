"""A cancel and a deadline at every moment of a purchase, over every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pytest
from structlog.testing import capture_logs

from paymentoptions_async import (
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    PostgresLedger,
    SqliteLedger,
    Timeouts,
    recording,
)
from paymentoptions_async.ledger import Claim, Intent, Ledger
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.sandbox import Sandbox

from ..helpers import FAST, request, sandbox_client
from ..test_charging import eventually

SECRET: Final = "the-ledger's-own-secret"

How = Literal["at once", "when it is done", "twice"]
HOW: Final[tuple[How, ...]] = ("at once", "when it is done", "twice")


class Interrupted:
    """Awaits a purchase, and has its task cancelled where it waits for the nth time.

    Attributes:
        times: How often it has waited.
    """

    def __init__(self, work: Awaitable[Any], point: int, how: How) -> None:
        self._work = work
        self._point = point
        self._how = how
        self.times = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner: Any = self._work.__await__()
        step: Callable[[], Any] = partial(next, inner)
        while True:
            try:
                waiting = step()
            except StopIteration as end:
                return end.value
            self.times += 1
            if self.times == self._point or (self._how == "twice" and self.times == self._point + 1):
                self._cancel(waiting)
            try:
                yield waiting
            except BaseException as error:  # noqa: BLE001  # it goes on its way
                step = partial(inner.throw, error)
            else:
                step = partial(next, inner)

    def _cancel(self, waiting: asyncio.Future[Any] | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._how == "when it is done" and waiting is not None:
            # What it has waited for has happened, and it is not told.
            waiting.add_done_callback(lambda _: task.cancel())
        else:
            asyncio.get_running_loop().call_soon(task.cancel)


def task_of(work: Interrupted) -> asyncio.Task[Any]:
    async def call() -> Any:
        return await work

    return asyncio.create_task(call())


class Store(NamedTuple):
    """Where records are kept."""

    open: Callable[[], Ledger]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        ledger = MemoryLedger()
        return Store(lambda: ledger)
    if request.param == "sqlite":
        return Store(lambda: SqliteLedger(tmp_path / "charges.db"))
    dsn = request.getfixturevalue("postgres_dsn")
    return Store(lambda: PostgresLedger(dsn))


@asynccontextmanager
async def charging(ledger: Ledger, **options: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    """A sandbox and a client of it with a ledger."""
    async with sandbox_client(client={"ledger": ledger}, settings={"ledger_secret": SECRET}, **options) as both:
        yield both


async def settled(client: PaymentOptions) -> None:
    """Wait until the ledger has been told everything."""
    recorder = client._shared.recorder
    await eventually(lambda: not recorder._tasks and not recorder._owed)


async def hold_against_books(store: Store, gateway: Sandbox, references: list[str]) -> set[State | None]:
    """What the ledger says of each, as another process sees it; it must be true, and not be left in the air."""
    # Whatever is still under way at the gateway arrives.
    await asyncio.sleep(0.05)
    states: set[State | None] = set()
    async with store.open() as ledger:
        for reference in references:
            record = await ledger.find(reference)
            state = record.outcome.state if record is not None else None
            charges = gateway.charges(reference)
            match state:
                case None | State.REFUSED:
                    assert charges == 0, f"{reference}: charged, and free"
                case State.PAID:
                    assert charges == 1, f"{reference}: paid, and charged {charges} times"
                case State.UNKNOWN:
                    assert charges <= 1
                case _:
                    pytest.fail(f"{reference} is left as {state}, charged {charges} times")
            states.add(state)
    return states


async def charge_again(client: PaymentOptions, gateway: Sandbox, references: list[str]) -> None:
    for reference in references:
        try:
            assert isinstance(await client.payments.purchase(request(reference)), Payment)
            assert gateway.charges(reference) == 1
        except OutcomeUnknownError:
            assert gateway.charges(reference) <= 1


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.asyncio
async def test_cancelled_wherever_it_waits_the_ledger_and_the_books_agree(
    store: Store, how: How, is_connected: bool
) -> None:
    references = []
    async with store.open() as ledger, Sandbox(latency=0.001) as gateway:
        settings = gateway.settings(ledger_secret=SECRET, timeouts=FAST, log_level="critical")
        for point in count(1):
            async with PaymentOptions(settings, ledger=ledger) as client:
                if is_connected:
                    await client.payments.purchase(request(f"before-{point}"))
                references.append(f"ref-{point}")
                purchase = Interrupted(client.payments.purchase(request(references[-1])), point, how)
                ended = (await asyncio.gather(task_of(purchase), return_exceptions=True))[0]
                await settled(client)
            if purchase.times < point:
                assert isinstance(ended, Payment)
                break
            # One that comes in the last moment may be too late; it is not lost all the same, but the caller's.
            assert isinstance(ended, asyncio.CancelledError | Payment)
        # The claim, the answer, the outcome; where the ledger is a dictionary only the answer is waited for.
        assert point > (1 if isinstance(ledger, MemoryLedger) else 3)
        states = await hold_against_books(store, gateway, references)
        assert states >= {State.PAID, State.UNKNOWN}
        async with PaymentOptions(settings, ledger=ledger) as client:
            await charge_again(client, gateway, references)


@pytest.mark.asyncio
async def test_cancelled_after_any_turn_of_the_loop_the_ledger_and_the_books_agree(store: Store) -> None:
    references = []
    done = 0
    async with store.open() as ledger, charging(ledger, latency=0.001) as (gateway, client):
        quiet = client.with_options(log_level="critical")
        await quiet.payments.purchase(request("warm"))
        turns = 0
        while done < 3:
            # Each of the first; then fewer and fewer, since most of them wait for the network.
            turns += 1 + turns // 25
            references.append(f"ref-{turns}")
            call = asyncio.create_task(quiet.payments.purchase(request(references[-1])))
            for _ in range(turns):
                await asyncio.sleep(0)
            done += call.done()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        await settled(client)
        states = await hold_against_books(store, gateway, references)
        assert states >= {State.PAID, State.UNKNOWN, State.REFUSED} or isinstance(ledger, MemoryLedger)
        await charge_again(quiet, gateway, references)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.asyncio
async def test_cancelled_while_the_store_is_opened_nothing_is_sent_and_it_can_be_opened_again(
    store: Store, how: How
) -> None:
    async with Sandbox() as gateway:
        settings = gateway.settings(ledger_secret=SECRET, timeouts=FAST)
        references = []
        for point in count(1):
            reference = f"ref-{point}"
            async with store.open() as ledger, PaymentOptions(settings, ledger=ledger) as client:
                claim = Interrupted(ledger.claim(Intent(reference, bytes(32)), token=reference, lease=60), point, how)
                await asyncio.gather(task_of(claim), return_exceptions=True)
                # As the charge does it.
                await client._shared.recorder.release(Claim(reference, reference))
                references.append(reference)
                if claim.times < point:
                    break
        assert await hold_against_books(store, gateway, references) <= {None, State.REFUSED}


# --- while the outcome is written -------------------------------------------------------------------------


class _Gated(MemoryLedger):
    """One that writes an outcome when it is told to, whoever has stopped waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()
        self._writing: set[asyncio.Task[bool]] = set()

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        self.begun.set()
        task = asyncio.create_task(self._finish(claim, outcome))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return await asyncio.shield(task)

    async def _finish(self, claim: Claim, outcome: Outcome) -> bool:
        await self.opened.wait()
        return await super().finish(claim, outcome)


async def state_of(ledger: Ledger, reference: str) -> State:
    record = await ledger.find(reference)
    assert record is not None
    return record.outcome.state


@pytest.mark.asyncio
async def test_a_cancel_while_it_is_written_goes_on_only_after_that() -> None:
    ledger = _Gated()
    async with charging(ledger) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await ledger.begun.wait()
        call.cancel()
        await asyncio.sleep(0.02)
        assert not call.done()
        assert await state_of(ledger, "ref") is State.SENDING
        ledger.opened.set()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await call
        assert await state_of(ledger, "ref") is State.PAID
        assert cancelled.value.__notes__[0].startswith("ref: paid")
        payment = await client.payments.purchase(request("ref"))
        assert (payment.replayed, payment.recorded, gateway.attempts("ref")) == (True, True, 1)


@pytest.mark.asyncio
async def test_a_second_cancel_breaks_through_and_the_outcome_is_written_all_the_same() -> None:
    ledger = _Gated()
    async with charging(ledger) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await ledger.begun.wait()
        for _ in range(2):
            assert not call.done()
            call.cancel()
            await asyncio.sleep(0.02)
        assert call.cancelled()
        # Until it is written it is told from memory.
        payment = await client.payments.purchase(request("ref"))
        assert (payment.replayed, payment.recorded) == (True, False)
        ledger.opened.set()
        await settled(client)
        payment = await client.payments.purchase(request("ref"))
        assert (payment.replayed, payment.recorded, gateway.attempts("ref")) == (True, True, 1)


@pytest.mark.asyncio
async def test_a_cancel_while_the_ledger_is_away_is_not_held_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PATIENCE", 0.05)
    ledger = _Gated()
    async with charging(ledger) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await ledger.begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not (await client.payments.purchase(request("ref"))).recorded
        ledger.opened.set()
        await settled(client)
        assert (await client.payments.purchase(request("ref"))).recorded
        assert gateway.attempts("ref") == 1


@pytest.mark.parametrize(
    ("cancelled", "kind"), [("while it is sent", OutcomeUnknownError), ("while it is written", Payment)]
)
@pytest.mark.asyncio
async def test_who_shares_a_call_that_is_cancelled_before_it_is_written_is_told_that_it_is_not(
    cancelled: str, kind: type
) -> None:
    ledger = _Gated()
    faults = ["hang:after_commit"] if cancelled == "while it is sent" else []
    async with charging(ledger, faults=faults) as (gateway, client):
        owner, sharing = (asyncio.create_task(client.payments.purchase(request("ref"))) for _ in range(2))
        await eventually(lambda: gateway.charges("ref") == 1 if faults else ledger.begun.is_set())
        # The first one goes on only when it is written: a further one breaks through.
        while not owner.done():
            owner.cancel()
            await asyncio.sleep(0)
        told: Any = (await asyncio.gather(sharing, return_exceptions=True))[0]
        assert await state_of(ledger, "ref") is State.SENDING
        assert (owner.cancelled(), type(told), told.recorded) == (True, kind, False)
        ledger.opened.set()
        await settled(client)
        assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_a_client_that_is_closed_waits_for_what_a_cancelled_call_has_left() -> None:
    ledger = _Gated()
    async with charging(ledger) as (_, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await ledger.begun.wait()
        for _ in range(2):
            call.cancel()
            await asyncio.sleep(0.01)
        assert call.cancelled()
        with capture_logs() as lines:
            closing = asyncio.create_task(client.close())
            await asyncio.sleep(0.02)
            assert not closing.done()
            ledger.opened.set()
            await closing
        assert not lines
        assert await state_of(ledger, "ref") is State.PAID


# --- the deadline -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.0, 0.02])
@pytest.mark.asyncio
async def test_a_deadline_at_any_moment_leaves_ledger_and_books_in_accord(store: Store, latency: float) -> None:
    references = []
    async with store.open() as ledger, charging(ledger, latency=latency) as (gateway, client):
        await client.payments.purchase(request("warm"))
        for step in range(40):
            reference = f"ref-{step}"
            references.append(reference)
            hasty = client.with_options(timeouts=Timeouts(total=0.0001 * 1.2**step), log_level="critical")
            try:
                assert isinstance(await hasty.payments.purchase(request(reference)), Payment)
                assert gateway.charges(reference) == 1
                if step > 30:
                    break
            except NotSentError:
                assert gateway.charges(reference) == 0
            except OutcomeUnknownError:
                pass
        await settled(client)
        states = await hold_against_books(store, gateway, references)
        assert State.PAID in states
        assert states & {None, State.REFUSED}
        await charge_again(client, gateway, references)


class _Hanging(MemoryLedger):
    """One that gives the right and is slow to say so."""

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        answer = await super().claim(intent, token=token, lease=lease)
        await asyncio.sleep(60)
        return answer


@pytest.mark.parametrize("ends_by", ["deadline", "cancel"])
@pytest.mark.asyncio
async def test_a_right_that_was_given_too_late_is_given_back(ends_by: str) -> None:
    ledger = _Hanging()
    timeouts = Timeouts(total=0.05 if ends_by == "deadline" else 60)
    async with charging(ledger, timeouts=timeouts) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0.01)
        assert await state_of(ledger, "ref") is State.SENDING
        if ends_by == "cancel":
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        else:
            with pytest.raises(NotSentError, match="deadline"):
                await call
        record = await ledger.find("ref")
        assert record is not None
        assert (record.outcome.state, record.outcome.evidence) == (State.REFUSED, ("never sent",))
        assert gateway.attempts("ref") == 0
