"""Workers that are to end at once, and lanes that cannot go on: nobody is left waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from psycopg import OperationalError

from paymentoptions_async.cluster import working as working_module
from paymentoptions_async.cluster.rows import Landed
from paymentoptions_async.cluster.store import Store
from paymentoptions_async.sandbox import Sandbox

from ..failures.servers import impatient, server
from .charges import charged, outcomes, query, submitted
from .workers import started, until, until_done, working

_land = Store.land
_WAITING = "SELECT status FROM procrastinate_jobs"
_PROMPTLY = 15


async def _away(store: Store, landed: list[Landed]) -> list[bool]:
    raise OperationalError


async def _no_answer(store: Store, landed: list[Landed]) -> list[bool]:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.asyncio
@pytest.mark.parametrize("is_drained", [True, False])
@pytest.mark.parametrize("land", [_away, _no_answer])
async def test_what_waits_to_be_written_is_handed_back_when_a_worker_is_cut_off(
    gateway: Sandbox, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, land: Any, is_drained: bool
) -> None:
    await submitted(postgres_dsn, 8)
    monkeypatch.setattr(Store, "land", land)
    async with started(postgres_dsn, gateway, concurrency=4) as (worker, work):
        await until(lambda: sum(charged(gateway, 8)) >= 4)
        if is_drained:
            worker.stop()
            await asyncio.sleep(0.1)
        worker.cut()
        await asyncio.wait_for(work, _PROMPTLY)
    assert await query(postgres_dsn, _WAITING) == [("todo",)]
    monkeypatch.setattr(Store, "land", _land)
    async with working(postgres_dsn, gateway, lease=1.0):
        await until_done(postgres_dsn)
    assert max(charged(gateway, 8)) == 1


@pytest.mark.asyncio
async def test_a_worker_that_is_cancelled_is_cut_off(postgres_dsn: str) -> None:
    await submitted(postgres_dsn, 8)
    fault: str | None = "hang"
    async with Sandbox(faults=lambda: fault) as gateway:
        async with started(postgres_dsn, gateway, concurrency=4) as (_, work):
            await until(lambda: sum(charged(gateway, 8)) == 4)
            work.cancel()
            await asyncio.wait([work])
            assert work.cancelled()
            assert sum(charged(gateway, 8)) == 4
        fault = None
        async with working(postgres_dsn, gateway):
            await until_done(postgres_dsn)
        assert await asyncio.to_thread(outcomes, postgres_dsn) == {"unknown": 4, "paid": 4}


@pytest.mark.asyncio
async def test_a_lane_whose_writing_has_a_bug_is_followed_by_another_one(
    gateway: Sandbox, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs = iter([RuntimeError("a bug")])

    async def land(store: Store, landed: list[Landed]) -> list[bool]:
        if (bug := next(bugs, None)) is not None:
            raise bug
        return await _land(store, landed)

    monkeypatch.setattr(Store, "land", land)
    await submitted(postgres_dsn, 20, chunk=10)
    async with working(postgres_dsn, gateway, lease=1.0, concurrency=4):
        await until_done(postgres_dsn)
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {"paid": 20}
    assert charged(gateway, 20) == [1] * 20


@pytest.mark.asyncio
async def test_a_worker_that_is_cut_off_ends_although_the_server_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    monkeypatch.setattr(working_module, "_LAST_PATIENCE", 1.0)
    with server() as own:
        dsn = await asyncio.to_thread(own.schema)
        await submitted(dsn, 200, chunk=20)
        async with Sandbox(latency=0.05) as gateway:
            async with started(dsn, gateway, lease=1.0, concurrency=4) as (worker, work):
                await until(lambda: outcomes(dsn)["paid"] >= 10)
                with own.frozen():
                    await asyncio.sleep(0.3)
                    worker.cut()
                    ended = await asyncio.wait([work], timeout=2 * _PROMPTLY)
                assert work in ended[0]
