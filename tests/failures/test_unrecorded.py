"""An answer that the ledger cannot be told is told to the caller all the same, kept, and written as soon as it can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from structlog.testing import capture_logs

from paymentoptions_async import (
    Challenge,
    DeclinedError,
    InvalidRequestError,
    LedgerError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PostgresLedger,
    PurchaseRequest,
    ReferenceConflictError,
    ReferenceInUseError,
    SqliteLedger,
    recording,
)
from paymentoptions_async.ledger import Claim, Ledger
from paymentoptions_async.ledger import sqlite as sqlite_ledger
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.sandbox import Sandbox

from ..helpers import DECLINED, THREE_D_SECURE, request, sandbox_client
from ..test_charging import eventually
from .disks import AT_ANY_TIME, limitable
from .servers import Server, impatient

SECRET: Final = "the-ledger's-own-secret"


class Store(NamedTuple):
    """A store that can be taken away.

    Attributes:
        open: Makes a ledger on it.
        away: Takes it away, for as long as it is entered.
    """

    open: Callable[..., Ledger]
    away: Callable[[], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 0.05)
    monkeypatch.setattr(recording, "_PATIENCE", 2.0)
    monkeypatch.setattr(recording, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(recording, "_LONGEST_PAUSE", 0.05)
    limitable(monkeypatch)


STORES: Final = (*AT_ANY_TIME, "postgres")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    if request.param != "postgres":
        yield Store(lambda **options: SqliteLedger(path, **options), lambda: AT_ANY_TIME[request.param].reigns(path))
        return
    server: Server = request.getfixturevalue("own_server")
    dsn = server.schema()
    yield Store(lambda **options: PostgresLedger(dsn, **options), server.gone)


async def outcome_of(client: PaymentOptions, order: PurchaseRequest, version: Any = 1) -> Any:
    """What a purchase ends in, error or not."""
    try:
        return await client.payments.purchase(order, version=version)
    except PaymentOptionsError as error:
        return error


@asynccontextmanager
async def charging(ledger: Ledger, **sandbox: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    """A sandbox and a client of it with a durable ledger, which is in use already."""
    async with sandbox_client(client={"ledger": ledger}, settings={"ledger_secret": SECRET}, **sandbox) as both:
        await both[1].payments.purchase(request("before"))
        yield both


class Moment:
    """The one between the answer and its writing: a ledger stops there, until it is told to go on."""

    def __init__(self, ledger: Ledger) -> None:
        self._finish = ledger.finish
        self._arrived = asyncio.Semaphore(0)
        self._goes_on = asyncio.Event()
        ledger.finish = self._stop  # type: ignore[method-assign]  # of this one object

    async def _stop(self, claim: Claim, outcome: Outcome) -> bool:
        self._arrived.release()
        await self._goes_on.wait()
        return await self._finish(claim, outcome)

    async def comes(
        self, client: PaymentOptions, *orders: PurchaseRequest, version: Any = 1
    ) -> list[asyncio.Task[Any]]:
        """Purchases whose answers are there."""
        calls = [asyncio.create_task(outcome_of(client, order, version)) for order in orders]
        for _ in calls:
            await self._arrived.acquire()
        return calls

    async def passes(self, calls: list[asyncio.Task[Any]]) -> list[Any]:
        """What they end in."""
        self._goes_on.set()
        return await asyncio.gather(*calls)


async def back(ledger: Ledger) -> None:
    """Wait until it answers again. A busy machine takes its time to start a server."""
    async with asyncio.timeout(10):
        while True:
            try:
                await ledger.find("before")
            except LedgerError:
                continue
            return


class Ending(NamedTuple):
    """A way for a charge to end."""

    kind: type
    state: State
    changes: dict[str, Any]
    tells_transaction: bool = True
    faults: tuple[str, ...] = ()


ENDINGS: Final = {
    "paid": Ending(Payment, State.PAID, {}),
    "partial": Ending(PartialApprovalError, State.PARTIAL, {"amount": "9000010"}),
    "declined": Ending(DeclinedError, State.DECLINED, {"number": DECLINED}),
    "challenged": Ending(Challenge, State.CHALLENGED, {"number": THREE_D_SECURE}, tells_transaction=False),
    "unclear": Ending(OutcomeUnknownError, State.UNKNOWN, {"amount": "9000068"}),
    "lost": Ending(OutcomeUnknownError, State.UNKNOWN, {}, tells_transaction=False, faults=("reset:after_commit",)),
}


# Every ending over one store, and two of them over every store.
_FEW: Final = ("paid", "lost")
CASES: Final = [(store, ending) for store in STORES for ending in (ENDINGS if store == "locked" else _FEW)]


@pytest.mark.parametrize(("store", "ending"), CASES, indirect=["store"])
@pytest.mark.asyncio
async def test_what_the_ledger_does_not_know_is_told_kept_and_written_later(store: Store, ending: str) -> None:
    kind, state, changes, tells_transaction, faults = ENDINGS[ending]
    order = request("ref", **changes)
    async with store.open() as ledger, charging(ledger, faults=[None, *faults]) as (gateway, client):
        moment = Moment(ledger)
        calls = await moment.comes(client, order, version=2)
        with capture_logs() as lines:
            with store.away():
                (told,) = await moment.passes(calls)
                assert (type(told), told.recorded, told.replayed) == (kind, False, False)
                again = await outcome_of(client, order, 2)
                assert (type(again), again.recorded, again.replayed) == (kind, False, True)
                other = await outcome_of(client, request("ref", amount="5"), 2)
                assert isinstance(other, ReferenceConflictError)
            # It is written without anybody asking.
            await eventually(lambda: "ledger.recorded_late" in {line["event"] for line in lines})
        # A payer at a challenge, a partial approval: the same, now from the ledger.
        later = await outcome_of(client, order, 2)
        assert (type(later), later.recorded, later.replayed) == (kind, True, True)
        async with store.open() as other_ledger, PaymentOptions(client.settings, ledger=other_ledger) as another:
            there = await outcome_of(another, order, 2)
            assert (type(there), there.recorded, there.replayed) == (kind, True, True)
        assert gateway.attempts("ref") == 1
        told_lines = [line for line in lines if line["event"].startswith("ledger.")]
        assert [(line["event"], line["log_level"]) for line in told_lines] == [
            ("ledger.not_recorded", "error"),
            ("ledger.recorded_late", "warning"),
        ]
        for line in told_lines:
            assert (line["merchant_txn_ref"], line["state"]) == ("ref", state)
            assert (line["transaction_id"] is not None) == tells_transaction
        payment = told if kind is Payment else getattr(told, "payment", None)
        if payment is not None:
            assert told_lines[0]["transaction_id"] == payment.transaction_id
            assert (payment.recorded, payment.replayed) == (False, False)


@pytest.mark.asyncio
async def test_many_are_written_once_each(store: Store) -> None:
    references = [f"ref-{number}" for number in range(20)]
    async with store.open() as ledger, charging(ledger) as (gateway, client):
        moment = Moment(ledger)
        calls = await moment.comes(client, *map(request, references))
        with capture_logs() as lines:
            with store.away():
                assert not any(told.recorded for told in await moment.passes(calls))
                assert isinstance(await outcome_of(client, request("new")), NotSentError)
            await eventually(lambda: sum(line["event"] == "ledger.recorded_late" for line in lines) == len(references))
            await asyncio.sleep(0.05)
        late = [line["merchant_txn_ref"] for line in lines if line["event"] == "ledger.recorded_late"]
        assert sorted(late) == sorted(references)
        assert not client._shared.recorder._owed
        async for record in ledger.records():
            assert record.outcome.state in (State.PAID, State.REFUSED)
        assert not (await client.payments.purchase(request("new"))).replayed
        assert gateway.total_charges() == 22


@pytest.mark.asyncio
async def test_a_reference_that_was_refused_is_given_back_later(store: Store) -> None:
    async with store.open() as ledger, charging(ledger) as (gateway, client):
        bad = request("ref", number="5200000000001006")
        moment = Moment(ledger)
        calls = await moment.comes(client, bad)
        with capture_logs() as lines, store.away():
            (told,) = await moment.passes(calls)
            assert isinstance(told, InvalidRequestError)
            assert not told.recorded
            # It may be mended and sent again, but only the ledger can say so. A full one can be read.
            assert isinstance(await outcome_of(client, bad), NotSentError | ReferenceInUseError)
            assert gateway.attempts("ref") == 1
            assert lines[0]["event"] == "ledger.not_recorded"
        await eventually(lambda: not client._shared.recorder._owed)
        payment = await client.payments.purchase(request("ref"))
        assert (payment.replayed, gateway.charges("ref")) == (False, 1)


@pytest.mark.asyncio
async def test_a_client_that_is_closed_before_that_says_what_is_lost_and_ends(store: Store) -> None:
    before = asyncio.all_tasks()
    now = time.time()
    async with store.open(clock=lambda: now) as ledger, Sandbox() as gateway:
        client = PaymentOptions(gateway.settings(ledger_secret=SECRET), ledger=ledger)
        await client.payments.purchase(request("before"))
        moment = Moment(ledger)
        calls = await moment.comes(client, request("one"), request("two"))
        with store.away():
            payments = await moment.passes(calls)
            begin = time.monotonic()
            with capture_logs() as lines:
                await client.close()
            assert time.monotonic() - begin < 4
            assert [(line["event"], line["log_level"]) for line in lines] == [("ledger.never_recorded", "error")] * 2
            told = {(line["merchant_txn_ref"], line["state"], line["transaction_id"]) for line in lines}
            assert told == {(paid.merchant_txn_ref, State.PAID, paid.transaction_id) for paid in payments}
        await back(ledger)
        # Whoever comes later finds it in the air, and unknown once the lease has run out; nobody sends it.
        async with PaymentOptions(client.settings, ledger=ledger) as another:
            for reference in ("one", "two"):
                assert isinstance(await outcome_of(another, request(reference)), ReferenceInUseError)
            now += 3600
            for reference in ("one", "two"):
                assert isinstance(await outcome_of(another, request(reference)), OutcomeUnknownError)
            assert (await another.payments.purchase(request("before"))).replayed
        assert gateway.total_charges() == 3
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


@pytest.mark.asyncio
async def test_a_client_that_is_closed_when_it_is_back_writes_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_FIRST_PAUSE", 60)
    async with store.open() as ledger:
        async with charging(ledger) as (_, client):
            moment = Moment(ledger)
            calls = await moment.comes(client, request("ref"))
            with store.away():
                assert not (await moment.passes(calls))[0].recorded
            await back(ledger)
            with capture_logs() as lines:
                await client.close()
            assert [line["event"] for line in lines] == ["ledger.recorded_late"]
        record = await ledger.find("ref")
        assert record is not None
        assert record.outcome.state is State.PAID


@pytest.mark.asyncio
async def test_a_call_that_ends_after_the_close_says_so_too(store: Store) -> None:
    """Closing the client breaks off what is under way: that is unknown, and the ledger is to be told."""
    before = asyncio.all_tasks()
    async with store.open() as ledger, Sandbox(faults=[None, "hang:after_commit"]) as gateway:
        client = PaymentOptions(gateway.settings(ledger_secret=SECRET), ledger=ledger)
        await client.payments.purchase(request("before"))
        call = asyncio.create_task(outcome_of(client, request("ref")))
        await eventually(lambda: gateway.charges("ref") == 1)
        with store.away(), capture_logs() as lines:
            await client.close(grace=0)
            told = await call
            assert isinstance(told, OutcomeUnknownError)
            assert not told.recorded
            assert [line["event"] for line in lines if line["event"].startswith("ledger.never")] == [
                "ledger.never_recorded"
            ]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


@pytest.mark.asyncio
async def test_while_the_ledger_hangs_the_caller_is_told_in_time(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, 10)
    monkeypatch.setattr(recording, "_PATIENCE", 0.5)
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (_, client):
        moment = Moment(ledger)
        calls = await moment.comes(client, request("ref"))
        with capture_logs() as lines:
            with own_server.frozen():
                begin = time.monotonic()
                (payment,) = await moment.passes(calls)
                assert time.monotonic() - begin < 3
                assert (payment.recorded, lines[0]["event"]) == (False, "ledger.not_recorded")
            await eventually(lambda: lines[-1]["event"] == "ledger.recorded_late")
        assert (await client.payments.purchase(request("ref"))).recorded
