"""The bucket of tokens, in virtual time."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paymentoptions_async.batch.rate import Rate


class Time:
    """A clock that goes on by sleeping, and by as much too long as it is told."""

    def __init__(self, too_long: float = 0.0) -> None:
        self.now = 100.0
        self._too_long = too_long

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self._too_long
        await asyncio.sleep(0)


def rate(time: Time, per_second: float, burst: float | None = None) -> Rate:
    return Rate(per_second, burst, clock=time.clock, sleep=time.sleep)


@given(
    per_second=some.floats(0.1, 5000),
    burst=some.floats(1, 50),
    pauses=some.lists(some.floats(0, 5), min_size=1, max_size=60),
    too_long=some.floats(0, 0.01),
)
def test_it_never_gives_more_than_the_burst_and_what_has_come_since(
    per_second: float, burst: float, pauses: list[float], too_long: float
) -> None:
    async def taken() -> list[float]:
        time = Time(too_long)
        bucket, given = rate(time, per_second, burst), []
        for pause in pauses:
            time.now += pause
            await bucket.take()
            given.append(time.now)
        return given

    given = asyncio.run(taken())
    for first, begun in enumerate(given):
        for last, ended in enumerate(given[first:], start=1):
            assert last <= burst + per_second * (ended - begun) + 1 + 1e-6


@pytest.mark.asyncio
@pytest.mark.parametrize("per_second", [0.5, 10, 333, 2000])
async def test_in_the_long_run_it_gives_what_it_should(per_second: float) -> None:
    time = Time(too_long=0.001)
    bucket = rate(time, per_second)
    await asyncio.gather(*(bucket.take() for _ in range(500)))
    assert 490 < (time.now - 100.0) * per_second + max(1.0, per_second / 10) < 510


@pytest.mark.asyncio
async def test_those_who_wait_are_served_in_their_order() -> None:
    time, served = Time(), []
    bucket = rate(time, 1)

    async def one(number: int) -> None:
        await bucket.take()
        served.append((time.now, number))

    await asyncio.gather(*(one(number) for number in range(5)))
    assert [number for _, number in served] == [0, 1, 2, 3, 4]
    assert [later - sooner for (sooner, _), (later, _) in pairwise(served)] == pytest.approx([1, 1, 1, 1])


@pytest.mark.asyncio
async def test_who_is_cancelled_while_he_waits_has_taken_nothing() -> None:
    now, asleep = [0.0], asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    bucket = Rate(1, 1, clock=lambda: now[0], sleep=sleep)
    await bucket.take()
    waiting = asyncio.create_task(bucket.take())
    await asleep.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    now[0] = 1.0
    async with asyncio.timeout(1):
        await bucket.take()


@pytest.mark.parametrize("numbers", [(0,), (-1,), (float("nan"),), (float("inf"),), (1, 0.5), (1, float("nan"))])
def test_a_rate_that_makes_no_sense_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"rate|burst"):
        Rate(*numbers)
