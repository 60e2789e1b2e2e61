"""How many are decided at a time, and who waits in line."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.capacity import Capacity


class Guest:
    """Takes a seat as long as it is not told to leave."""

    def __init__(self, capacity: Capacity) -> None:
        self.served: bool | None = None
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._stay(capacity))

    async def _stay(self, capacity: Capacity) -> None:
        async with capacity.seat() as self.served:
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self.task
        await asyncio.sleep(0)


async def arrive(capacity: Capacity, count: int) -> list[Guest]:
    guests = [Guest(capacity) for _ in range(count)]
    await asyncio.sleep(0)
    return guests


def served(guests: list[Guest]) -> list[bool | None]:
    return [guest.served for guest in guests]


async def all_leave(guests: list[Guest]) -> None:
    for guest in guests:
        await guest.leave()


@pytest.mark.asyncio
async def test_those_beyond_the_seats_wait_and_those_beyond_the_line_are_sent_away() -> None:
    guests = await arrive(Capacity(2, 1), 4)
    assert served(guests) == [True, True, None, False]
    await guests[0].leave()
    assert served(guests) == [True, True, True, False]
    await all_leave(guests)


@pytest.mark.asyncio
async def test_without_numbers_everybody_is_served() -> None:
    guests = await arrive(Capacity(), 50)
    assert served(guests) == [True] * 50
    await all_leave(guests)


@pytest.mark.asyncio
async def test_more_seats_call_in_those_who_wait_and_fewer_send_nobody_away() -> None:
    capacity = Capacity(1)
    guests = await arrive(capacity, 4)
    capacity.seats = 3
    await asyncio.sleep(0)
    assert served(guests) == [True, True, True, None]
    capacity.seats = 1
    await guests[0].leave()
    assert served(guests) == [True, True, True, None]
    await all_leave(guests)


@pytest.mark.asyncio
async def test_who_gives_up_in_line_takes_no_seat() -> None:
    capacity = Capacity(1)
    guests = await arrive(capacity, 3)
    guests[1].task.cancel()
    await asyncio.wait([guests[1].task])
    await guests[0].leave()
    assert served(guests) == [True, None, True]
    await guests[2].leave()


@pytest.mark.asyncio
async def test_when_those_at_the_seat_and_in_line_give_up_at_once_the_next_is_served() -> None:
    guests = await arrive(Capacity(1), 3)
    for guest in guests[:2]:
        guest.task.cancel()
    ended = await asyncio.gather(*(guest.task for guest in guests[:2]), return_exceptions=True)
    assert [type(error) for error in ended] == [asyncio.CancelledError] * 2
    await asyncio.sleep(0)
    assert guests[2].served is True
    await guests[2].leave()


@pytest.mark.asyncio
async def test_who_gives_up_when_called_in_gives_the_seat_on() -> None:
    capacity = Capacity(1)
    guests = await arrive(capacity, 3)
    capacity.seats = 2
    guests[1].task.cancel()
    await asyncio.wait([guests[1].task])
    await asyncio.sleep(0)
    assert served(guests) == [True, None, True]
    await guests[0].leave()
    await guests[2].leave()


@pytest.mark.parametrize("told", [{"capacity": 0}, {"queue": -1}])
def test_a_number_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"capacity|queue"):
        Sandbox(**told)


@pytest.mark.asyncio
async def test_a_sandbox_that_is_full_says_429_until_it_is_given_more_seats(session: aiohttp.ClientSession) -> None:
    async with Sandbox(latency=0.05, capacity=1, queue=1) as gateway:

        async def statuses() -> list[int]:
            answers = await asyncio.gather(*(session.get(gateway.base_url + "/nowhere") for _ in range(4)))
            assert all(answer.headers.get("Retry-After") == "1" for answer in answers if answer.status == 429)
            return sorted(answer.status for answer in answers)

        assert await statuses() == [404, 404, 429, 429]
        gateway.capacity = None
        assert gateway.capacity is None
        assert await statuses() == [404] * 4
