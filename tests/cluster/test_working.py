from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from paymentoptions_async import PostgresLedger, Secret
from paymentoptions_async.cluster import Sealer, lane, submit
from paymentoptions_async.cluster.batches import figures, find, resume
from paymentoptions_async.cluster.settling import purge
from paymentoptions_async.cluster.store import Store
from paymentoptions_async.cluster.tables import connected
from paymentoptions_async.sandbox import Sandbox

from ..failures.servers import impatient, server
from ..helpers import DECLINED, QUICK_RETRIES, THREE_D_SECURE
from .charges import (
    CARD,
    body_of,
    charged,
    dump,
    outcomes,
    query,
    rows,
    sealer,
    secrets_in,
    source_of,
    submitted,
    submitted_bodies,
)
from .workers import charging, until, until_done, working

_SEALED = "SELECT count(*) FROM paymentoptions_batch_charge WHERE sealed IS NOT NULL"
_OPEN = "SELECT number FROM paymentoptions_batch_charge WHERE standing = 0"
# What the crash took between right and sending is the former holder's until its lease in the ledger ends.
_OPEN_AND_NOT_HELD = (
    "SELECT number FROM paymentoptions_batch_charge LEFT JOIN paymentoptions_charge USING (merchant_txn_ref)"
    " WHERE standing = 0 AND state IS DISTINCT FROM 'sending'"
)


async def resumed(dsn: str) -> int:
    def work() -> int:
        with connected(dsn) as server:
            return resume(server, find(server, "payday"))

    return await asyncio.to_thread(work)


async def paused(dsn: str) -> str | None:
    found = await asyncio.to_thread(rows, dsn, "SELECT paused FROM paymentoptions_batch")
    told: str | None = found[0][0]
    return told


@pytest.mark.asyncio
async def test_every_charge_of_a_batch_is_made_once_by_two_workers(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 60, chunk=10)
    async with working(postgres_dsn, gateway), working(postgres_dsn, gateway):
        await until_done(postgres_dsn)
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {"paid": 60}
    assert charged(gateway, 60) == [1] * 60
    assert await query(postgres_dsn, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


@pytest.mark.asyncio
async def test_a_card_is_erased_whatever_became_of_its_charge(postgres_dsn: str) -> None:
    cards = [CARD, DECLINED, THREE_D_SECURE, CARD]
    bodies = [body_of(n, card={**body_of(n)["card"], "number": card}) for n, card in enumerate(cards)]
    await submitted_bodies(postgres_dsn, bodies, api_version=2)
    faults = iter((None, None, None, "reset:after_commit"))
    async with Sandbox(faults=lambda: next(faults)) as gateway:
        async with working(postgres_dsn, gateway, concurrency=1):
            await until_done(postgres_dsn)
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {
        "paid": 1, "declined": 1, "challenge": 1, "unknown": 1,
    }  # fmt: skip
    assert await query(postgres_dsn, _SEALED) == [(0,)]
    told = await asyncio.to_thread(dump, postgres_dsn)
    assert not secrets_in(told, *cards)


@pytest.mark.asyncio
async def test_the_breaker_of_one_worker_pauses_the_batch_and_resume_begins_the_refused_again(
    gateway: Sandbox, postgres_dsn: str
) -> None:
    await submitted(postgres_dsn, 40, chunk=10)
    async with working(postgres_dsn, gateway, concurrency=2, api_key=Secret("a wrong one")):
        await until(lambda: bool(rows(postgres_dsn, "SELECT 1 FROM paymentoptions_batch WHERE paused IS NOT NULL")))
    assert "credentials were refused" in (await paused(postgres_dsn) or "")
    assert await query(postgres_dsn, _SEALED) == [(40,)]
    assert await resumed(postgres_dsn) == 40
    async with working(postgres_dsn, gateway):
        await until_done(postgres_dsn)
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {"paid": 40}
    assert charged(gateway, 40) == [1] * 40


@pytest.mark.asyncio
async def test_a_pause_stops_the_workers_that_had_nothing_to_do_with_it(gateway: Sandbox, postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 200, chunk=50, rate=50)
    async with working(postgres_dsn, gateway, lease=1.0):
        await until(lambda: outcomes(postgres_dsn)["paid"] >= 5)
        async with AsyncConnectionPool(postgres_dsn, open=False) as pool:
            await Store(pool).pause(batch.id, "a person said so")
        await until(lambda: not rows(postgres_dsn, "SELECT 1 FROM procrastinate_jobs"))
        done = (await asyncio.to_thread(outcomes, postgres_dsn))["paid"]
        assert done < 100
        await asyncio.sleep(0.3)
        assert (await asyncio.to_thread(outcomes, postgres_dsn))["paid"] == done
    assert await resumed(postgres_dsn) == 200 - done


@pytest.mark.asyncio
async def test_a_worker_without_the_key_pauses_the_batch_and_says_so(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 3)
    async with working(postgres_dsn, gateway, sealer=Sealer(bytes(32))):
        await until(lambda: bool(rows(postgres_dsn, "SELECT 1 FROM paymentoptions_batch WHERE paused IS NOT NULL")))
    assert sealer().key_id in (await paused(postgres_dsn) or "")
    assert charged(gateway, 3) == [0] * 3


@pytest.mark.asyncio
async def test_a_body_that_was_moved_to_another_row_is_not_charged(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 2)
    await query(
        postgres_dsn,
        "UPDATE paymentoptions_batch_charge SET sealed = (SELECT sealed FROM paymentoptions_batch_charge WHERE"
        " number = 1) WHERE number = 0 RETURNING 1",
    )
    async with working(postgres_dsn, gateway):
        await until(lambda: bool(rows(postgres_dsn, "SELECT 1 FROM paymentoptions_batch WHERE paused IS NOT NULL")))
    assert "moved from another row" in (await paused(postgres_dsn) or "")
    assert charged(gateway, 2) == [0, 0]


@pytest.mark.asyncio
async def test_the_chunk_of_a_dead_worker_is_taken_over(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 5)
    await query(
        postgres_dsn,
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '3 s') RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead RETURNING 1",
    )
    async with working(postgres_dsn, gateway, lease=1.0):
        await until_done(postgres_dsn)
    assert charged(gateway, 5) == [1] * 5


@pytest.mark.asyncio
async def test_what_the_gateway_had_no_time_for_comes_again(postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 3)
    faults = iter(["429"] * QUICK_RETRIES.max_attempts)
    async with Sandbox(faults=lambda: next(faults, None)) as gateway:
        async with working(postgres_dsn, gateway, lease=1.0, concurrency=1, retry=QUICK_RETRIES):
            await until_done(postgres_dsn)
        assert next(faults, None) is None
        assert await asyncio.to_thread(outcomes, postgres_dsn) == {"paid": 3}
        assert charged(gateway, 3) == [1] * 3


@pytest.mark.asyncio
async def test_what_another_client_is_charging_is_waited_for(postgres_dsn: str) -> None:
    bodies = [body_of(0), body_of(1)]
    await submitted_bodies(postgres_dsn, bodies)
    faults = iter(("hang", None))
    async with Sandbox(faults=lambda: next(faults)) as gateway:
        async with charging(postgres_dsn, gateway, bodies[0]) as other:
            async with working(postgres_dsn, gateway, lease=1.0):
                await until(lambda: outcomes(postgres_dsn)["paid"] == 1)
                assert await query(postgres_dsn, _OPEN) == [(0,)]
                other.cancel()
                await until_done(postgres_dsn)
        assert await asyncio.to_thread(outcomes, postgres_dsn) == {"paid": 1, "unknown": 1}
        assert charged(gateway, 2) == [1, 1]


@pytest.mark.asyncio
async def test_a_worker_that_is_stopped_hands_back_what_it_has_not_begun(postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 40, chunk=20)
    latency = 0.2
    async with Sandbox(latency=lambda: latency) as gateway:
        async with working(postgres_dsn, gateway, concurrency=4) as worker:
            await until(lambda: sum(charged(gateway, 40)) > 0)
            stopped = time.monotonic()
            worker.stop()
        assert time.monotonic() - stopped < 3
        done = await asyncio.to_thread(outcomes, postgres_dsn)
        assert done["paid"] == sum(charged(gateway, 40)) < 40
        still_open = "SELECT DISTINCT number / 20 * 20 FROM paymentoptions_batch_charge WHERE standing = 0 ORDER BY 1"
        waiting = "SELECT (args->>'first')::int FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1"
        assert await query(postgres_dsn, waiting) == await query(postgres_dsn, still_open)
        latency = 0.0
        async with working(postgres_dsn, gateway, lease=1.0):
            await until_done(postgres_dsn)
        assert charged(gateway, 40) == [1] * 40


@pytest.mark.asyncio
async def test_what_a_worker_had_sent_when_it_was_cut_off_is_unknown_to_the_next_one(postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 8)
    fault: str | None = "hang"
    async with Sandbox(faults=lambda: fault) as gateway:
        async with working(postgres_dsn, gateway, concurrency=4) as worker:
            await until(lambda: sum(charged(gateway, 8)) == 4)
            worker.cut()
        assert (await asyncio.to_thread(outcomes, postgres_dsn))["unknown"] == 0
        fault = None
        async with working(postgres_dsn, gateway):
            await until_done(postgres_dsn)
        assert await asyncio.to_thread(outcomes, postgres_dsn) == {"unknown": 4, "paid": 4}
        assert charged(gateway, 8) == [1] * 8


@pytest.mark.asyncio
async def test_the_rate_is_one_for_two_workers(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 60, chunk=10, rate=40)
    async with working(postgres_dsn, gateway), working(postgres_dsn, gateway):
        await until(lambda: outcomes(postgres_dsn)["paid"] >= 5)
        first, started = (await asyncio.to_thread(outcomes, postgres_dsn))["paid"], time.monotonic()
        await until(lambda: outcomes(postgres_dsn)["paid"] >= 50)
        then, seconds = (await asyncio.to_thread(outcomes, postgres_dsn))["paid"], time.monotonic() - started
    assert 20 < (then - first) / seconds < 48


@pytest.mark.asyncio
async def test_a_batch_with_a_low_rate_does_not_keep_others_waiting(gateway: Sandbox, postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 60, chunk=10, rate=0.1)
    bodies = [body_of(number, merchant_txn_ref=f"quick-{number}") for number in range(3)]
    await asyncio.to_thread(lambda: submit(postgres_dsn, source_of(bodies), sealer(), name="quick"))
    async with working(postgres_dsn, gateway):
        await until(lambda: all(gateway.charges(f"quick-{number}") for number in range(3)), 10)
    assert sum(charged(gateway, 60)) < 60


@pytest.mark.asyncio
async def test_a_batch_is_left_alone_by_workers_of_another_gateway_until_it_is_let_go(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 20, chunk=5)
    async with Sandbox() as first, Sandbox() as second:
        async with working(postgres_dsn, first, api_key=Secret("a wrong one")):
            await until(lambda: bool(rows(postgres_dsn, "SELECT 1 FROM paymentoptions_batch WHERE paused IS NOT NULL")))
        await query(postgres_dsn, "UPDATE paymentoptions_batch SET paused = NULL RETURNING 1")
        async with working(postgres_dsn, second):
            await asyncio.sleep(1.5)
        assert charged(second, 20) == [0] * 20
        async with AsyncConnectionPool(postgres_dsn, open=False) as pool:
            await Store(pool).pause(batch.id, "a person said so")
        await resumed(postgres_dsn)
        async with working(postgres_dsn, second):
            await until_done(postgres_dsn)
        assert charged(second, 20) == [1] * 20
        async with working(postgres_dsn, first):
            await asyncio.sleep(0.2)
        assert charged(first, 20) == [0] * 20


@pytest.mark.asyncio
async def test_nothing_is_begun_of_what_a_purge_has_told_as_not_begun(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 150)
    async with (
        Sandbox(latency=0.05) as gateway,
        PostgresLedger(postgres_dsn) as ledger,
        AsyncConnectionPool(postgres_dsn, open=False) as pool,
    ):
        async with working(postgres_dsn, gateway, concurrency=4):
            await until(lambda: sum(charged(gateway, 150)) >= 8)
            purged = await purge(Store(pool), ledger, batch.id, lambda: datetime.now(UTC))
            told = await query(
                postgres_dsn, "SELECT merchant_txn_ref FROM paymentoptions_batch_charge WHERE outcome = 'not_sent'"
            )
            assert len(told) == purged.not_begun > 50
            await asyncio.sleep(0.3)
        assert sum(gateway.charges(reference) for (reference,) in told) == 0


@pytest.mark.asyncio
async def test_a_batch_that_is_deleted_while_it_runs_is_not_charged_on(postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 200)
    async with Sandbox(latency=0.05) as gateway, working(postgres_dsn, gateway, concurrency=4):
        await until(lambda: sum(charged(gateway, 200)) >= 4)
        await query(postgres_dsn, "DELETE FROM paymentoptions_batch RETURNING 1")
        await asyncio.sleep(2)
        done = sum(charged(gateway, 200))
        await asyncio.sleep(0.3)
        assert sum(charged(gateway, 200)) == done < 100


@pytest.mark.asyncio
async def test_a_worker_that_was_frozen_asks_again_before_it_begins_what_it_has(
    gateway: Sandbox, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "_HOLD", 0.0)
    held: list[int] = []
    hold = Store.hold

    async def counted(store: Store, batch: str, numbers: Sequence[int]) -> set[int]:
        held.append(len(numbers))
        return await hold(store, batch, numbers)

    monkeypatch.setattr(Store, "hold", counted)
    await submitted(postgres_dsn, 5)
    async with working(postgres_dsn, gateway):
        await until_done(postgres_dsn)
    assert held == [5, 4, 3, 2, 1]
    assert charged(gateway, 5) == [1] * 5


@pytest.mark.asyncio
async def test_those_who_watch_see_the_workers(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 30, rate=20)

    def seen() -> Any:
        with connected(postgres_dsn) as server:
            return figures(server, batch)

    async with Sandbox(latency=0.3) as gateway, working(postgres_dsn, gateway, lease=1.0, concurrency=9):
        await until(lambda: seen().in_flight > 0)
        found = await asyncio.to_thread(seen)
        assert (found.total, found.workers, found.limit, found.paused) == (30, 1, 9, None)
        assert found.done < 30


@pytest.mark.asyncio
async def test_a_worker_outlives_a_restart_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    monkeypatch.setattr(lane, "_BETWEEN_TRIES", 0.1)
    with server() as own:
        dsn = await asyncio.to_thread(own.schema)
        await submitted(dsn, 60, chunk=20, rate=40)
        async with Sandbox() as gateway, working(dsn, gateway, lease=1.0):
            await until(lambda: outcomes(dsn)["paid"] >= 10)
            await asyncio.to_thread(own.crash)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own.start)
            for _ in range(10):
                # Where enough charges met no ledger, the batch was paused.
                await resumed(dsn)
                with suppress(TimeoutError):
                    await until(lambda: not rows(dsn, _OPEN_AND_NOT_HELD), 2)
                    break
            assert not await query(dsn, _OPEN_AND_NOT_HELD)
            assert max(charged(gateway, 60)) == 1
            assert (await asyncio.to_thread(outcomes, dsn))["paid"] > 40
