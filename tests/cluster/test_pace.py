from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async.cluster.pace import Pace
from paymentoptions_async.cluster.submitting import submit

from .charges import rows, sealer, source


class World:
    """A clock, and a bucket as the server keeps it."""

    def __init__(self, rate: float) -> None:
        self.now, self.next_token, self.rate, self.asked = 0.0, 0.0, rate, 0

    async def take(self, count: int) -> float:
        self.asked += 1
        begins = max(self.next_token, self.now)
        self.next_token = begins + count / self.rate
        return begins - self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.floats(0.1, 1000), st.integers(1, 300))
def test_no_token_falls_before_its_time(rate: float, count: int) -> None:
    world = World(rate)

    async def turns() -> list[float]:
        pace = Pace(world.take, rate, clock=lambda: world.now, sleep=world.sleep)
        times = []
        for _ in range(count):
            await pace.turn()
            times.append(world.now)
        return times

    times = asyncio.run(turns())
    assert all(time >= number / rate * (1 - 1e-9) for number, time in enumerate(times))


def test_a_quick_batch_asks_the_database_for_a_handful_at_once() -> None:
    world = World(100)

    async def turns() -> None:
        pace = Pace(world.take, 100, clock=lambda: world.now, sleep=world.sleep)
        for _ in range(100):
            await pace.turn()

    asyncio.run(turns())
    assert world.asked == 5


@pytest.mark.asyncio
async def test_the_bucket_is_one_for_all_who_take(postgres_dsn: str) -> None:
    from psycopg_pool import AsyncConnectionPool

    from paymentoptions_async.cluster.store import Store

    batch = await asyncio.to_thread(lambda: submit(postgres_dsn, source(1), sealer(), name="b", rate=10))
    async with AsyncConnectionPool(postgres_dsn, min_size=2, open=False) as pool:
        waits = sorted(await asyncio.gather(*(Store(pool).take(batch.id, 5) for _ in range(4))))
    assert waits == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.2)
    assert await asyncio.to_thread(rows, postgres_dsn, "SELECT rate FROM paymentoptions_batch") == [(10.0,)]
