"""Results that are held against the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from psycopg_pool import AsyncConnectionPool

from paymentoptions_async import PostgresLedger, Resolution
from paymentoptions_async.cluster import RowKey
from paymentoptions_async.cluster.batches import Batch, entries
from paymentoptions_async.cluster.settling import purge, settle
from paymentoptions_async.cluster.store import Landed, Store
from paymentoptions_async.cluster.tables import Standing, connected
from paymentoptions_async.ledger.base import Claim, Intent, Ledger
from paymentoptions_async.models.outcome import State
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.sandbox import Sandbox

from ..ledger.cases import ended, given, word
from .charges import body_of, outcomes, query, submitted, submitted_bodies
from .workers import until_done, working

_SEALED = "SELECT count(*) FROM paymentoptions_batch_charge WHERE sealed IS NOT NULL"
_now = Runtime().now


class Books(NamedTuple):
    """A batch of a few charges, and what is known of them."""

    dsn: str
    batch: Batch
    store: Store
    ledger: Ledger

    async def claim(self, number: int, *, lease: float = 90.0) -> Claim:
        return given(await self.ledger.claim(Intent(reference(number), b"x"), token=f"of {number}", lease=lease))

    async def died(self, number: int) -> None:
        """A worker has died in the middle of a charge, and its lease has ended."""
        await self.claim(number, lease=0.001)
        await asyncio.sleep(0.01)

    async def land(self, number: int, standing: int, outcome: str, **entry: Any) -> None:
        told = {"line": number + 1, "outcome": outcome, "recorded": True, **entry}
        await self.store.land([Landed(RowKey(self.batch.id, number, reference(number)), standing, told)])

    async def settle(self) -> int:
        """How many results are other ones now. To do it again changes nothing."""
        count = await settle(self.store, self.ledger, self.batch.id, _now)
        assert await settle(self.store, self.ledger, self.batch.id, _now) == 0
        return count

    async def told(self) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with connected(self.dsn) as server:
                return [(one["outcome"], one["recorded"]) for one in entries(server, self.batch)]

        return await asyncio.to_thread(read)

    async def standings(self) -> list[int]:
        return [
            row[0] for row in await query(self.dsn, "SELECT standing FROM paymentoptions_batch_charge ORDER BY number")
        ]


@pytest_asyncio.fixture
async def books(postgres_dsn: str) -> AsyncIterator[Books]:
    batch = await submitted(postgres_dsn, 3)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        yield Books(postgres_dsn, batch, Store(pool), ledger)


def reference(number: int) -> str:
    return f"order-{number:05}"


@pytest.mark.asyncio
async def test_what_the_ledger_has_learned_since_comes_into_the_results(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 2)
    async with Sandbox(faults=["reset:after_commit", "reset:before_read"]) as gateway:
        async with working(postgres_dsn, gateway, concurrency=1):
            await until_done(postgres_dsn)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        store = Store(pool)
        assert await settle(store, ledger, batch.id, _now) == 0
        await ledger.resolve("order-00000", Resolution.paid(by="an operator", reason="portal", transaction_id="t-1"))
        assert await settle(store, ledger, batch.id, _now) == 1
        assert await settle(store, ledger, batch.id, _now) == 0

    def told() -> list[Any]:
        with connected(postgres_dsn) as server:
            return [(one["outcome"], one["transaction_id"], one["amount"]) for one in entries(server, batch)]

    amount = str(body_of(0)["amount"])
    assert await asyncio.to_thread(told) == [("paid", "t-1", amount), ("unknown", None, amount)]


@pytest.mark.asyncio
async def test_a_purge_erases_what_is_left_and_takes_the_rest_from_the_ledger(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 3)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        # A worker that has died in the middle of it.
        await ledger.claim(Intent("order-00001", b"x"), token="dead", lease=0.001)
        await asyncio.sleep(0.01)
        assert await purge(Store(pool), ledger, batch.id, _now) == 2
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {"not_sent": 2, "unknown": 1}
    assert await query(postgres_dsn, _SEALED) == [(0,)]


@pytest.mark.asyncio
@pytest.mark.parametrize("outcome", ["paid", "declined", "partial", "challenge"])
async def test_an_answer_that_was_seen_and_not_recorded_outweighs_the_doubt_of_the_ledger(
    books: Books, outcome: str
) -> None:
    await books.died(0)
    await books.land(0, Standing.UNSETTLED, outcome, recorded=False)
    assert await books.settle() == 0
    assert await books.told() == [(outcome, False)]
    await books.ledger.resolve(reference(0), word(State.DECLINED))
    assert await books.settle() == 1
    assert await books.told() == [("declined", True)]


@pytest.mark.asyncio
async def test_the_ledgers_doubt_comes_into_a_result_where_no_answer_was_seen(books: Books) -> None:
    await books.died(0)
    await books.land(0, Standing.NOT_BEGUN, "not_sent")
    assert await books.settle() == 1
    assert await books.told() == [("unknown", True)]


@pytest.mark.asyncio
async def test_what_was_contradicted_after_its_result_is_told_so_until_a_person_has_looked(books: Books) -> None:
    for number in range(3):
        await books.ledger.finish(await books.claim(number), ended(State.PAID, f"t-{number}"))
        await books.land(number, Standing.SETTLED, "paid")
    assert await books.settle() == 0
    await books.ledger.finish(Claim(reference(1), "of an earlier claim"), ended(State.PAID, "t-9"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True), ("paid", False), ("paid", True)]
    await books.ledger.resolve(reference(1), word(State.PAID, "t-1"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True)] * 3
    assert await books.standings() == [Standing.SETTLED] * 3


@pytest.mark.asyncio
async def test_a_decline_that_turns_out_as_paid_is_told_so(books: Books) -> None:
    await books.ledger.finish(await books.claim(0), ended(State.DECLINED))
    await books.land(0, Standing.SETTLED, "declined")
    await books.ledger.resolve(reference(0), Resolution(ended(State.PAID, "t-0"), "the gateway", "webhook", "of 0"))
    assert await books.settle() == 1
    assert [outcome for outcome, _ in await books.told()] != ["declined"]


@pytest.mark.asyncio
async def test_the_record_of_another_charge_says_nothing_of_a_line_that_was_refused_for_its_reference(
    books: Books,
) -> None:
    await books.ledger.finish(await books.claim(0), ended(State.PAID, "t-0"))
    await books.ledger.finish(Claim(reference(0), "of an earlier claim"), ended(State.PAID, "t-9"))
    await books.land(0, Standing.SETTLED, "refused", error="ReferenceConflictError")
    assert await books.settle() == 0


@pytest.mark.asyncio
async def test_a_line_that_was_wrong_stays_refused_whatever_was_charged_under_its_reference(
    postgres_dsn: str,
) -> None:
    bodies = [body_of(0), body_of(1, amount="much")]
    batch = await submitted_bodies(postgres_dsn, bodies, skip_bad=True)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        books = Books(postgres_dsn, batch, Store(pool), ledger)
        await books.died(1)
        assert await books.settle() == 0


@pytest.mark.asyncio
async def test_a_purge_tells_what_is_being_charged_as_unknown_until_its_worker_tells_more(books: Books) -> None:
    claims = [await books.claim(number) for number in range(3)]
    assert await purge(books.store, books.ledger, books.batch.id, _now) == 0
    assert await books.told() == [("unknown", True)] * 3
    # The one is recorded and told, the next one only told, and of the third one nothing is heard any more.
    await books.ledger.finish(claims[0], ended(State.DECLINED))
    await books.land(0, Standing.SETTLED, "declined")
    await books.land(1, Standing.UNSETTLED, "paid", recorded=False)
    assert await books.settle() == 0
    assert await books.told() == [("declined", True), ("paid", False), ("unknown", True)]
