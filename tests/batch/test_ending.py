"""How a batch ends before its input does: closed, left, cancelled, drained, or by an error of the input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any

import pytest

from paymentoptions_async import BatchPausedError, Challenge, Payment, PurchaseRequest
from paymentoptions_async.batch.runner import Batch, charge_many

from .results import PAYMENT, UNAUTHORIZED, drained, requests


class Hanging:
    """Purchases that go on until they are let go or cancelled; every fifth ends at once.

    Attributes:
        cancelled: The references of those that were cancelled.
        gate: Lets all go.
    """

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self._called = 0

    async def __call__(self, request: PurchaseRequest) -> Payment | Challenge:
        self._called += 1
        if self._called % 5 == 1:
            return PAYMENT
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # as a client that writes it down
            self.cancelled.append(request.merchant_txn_ref)
            raise
        return PAYMENT


def nothing_runs() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


async def leaves_the_loop(batch: Batch) -> None:
    async for _ in batch:
        break


async def leaves_async_with(batch: Batch) -> None:
    async with batch:
        await anext(batch)


async def leaves_aclosing(batch: Batch) -> None:
    async with aclosing(batch):
        await anext(batch)


async def raises_in_the_loop(batch: Batch) -> None:
    async def consume() -> None:
        async for _ in batch:
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        await consume()


async def closes_twice_at_once(batch: Batch) -> None:
    await anext(batch)
    await asyncio.gather(batch.aclose(), batch.aclose())


async def is_cancelled_while_it_waits(batch: Batch) -> None:
    await cancelled(drained(batch), batch)


async def is_cancelled_while_it_works(batch: Batch) -> None:
    async def consume() -> None:
        async for _ in batch:
            await asyncio.Event().wait()

    await cancelled(consume(), batch)


async def runs_out_of_time(batch: Batch) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(drained(batch), 0.01)


async def cancelled(consuming: Any, batch: Batch) -> None:
    task = asyncio.create_task(consuming)
    while batch.in_flight < 4:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


ENDINGS = [
    leaves_the_loop,
    leaves_async_with,
    leaves_aclosing,
    raises_in_the_loop,
    closes_twice_at_once,
    is_cancelled_while_it_waits,
    is_cancelled_while_it_works,
    runs_out_of_time,
]


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("is_async", [False, True])
async def test_nothing_new_begins_what_is_in_flight_is_cancelled_and_the_input_closed(
    end: Callable[[Batch], Awaitable[None]], is_async: bool
) -> None:
    closed: list[str] = []

    def source() -> Iterator[PurchaseRequest]:
        try:
            yield from requests()
        finally:
            closed.append("closed")

    async def asynchronous() -> AsyncIterator[PurchaseRequest]:
        try:
            for request in requests():
                yield request
        finally:
            await asyncio.sleep(0)
            closed.append("closed")

    purchase = Hanging()
    batch = charge_many(purchase, asynchronous() if is_async else source(), concurrency=4)
    await end(batch)
    for _ in range(10):
        await asyncio.sleep(0)  # a loop that is left is closed by the event loop
    assert nothing_runs()
    assert closed == ["closed"]
    assert batch.in_flight == 0
    begun = batch.begun
    assert 0 < len(purchase.cancelled) <= begun
    assert [result async for result in batch] == []
    assert batch.begun == begun


@pytest.mark.asyncio
async def test_a_batch_that_never_began_can_be_closed_and_begins_no_more() -> None:
    batch = charge_many(Hanging(), requests())
    await batch.aclose()
    assert [result async for result in batch] == []
    assert batch.begun == 0


@pytest.mark.asyncio
async def test_stop_drains() -> None:
    purchase = Hanging()
    batch = charge_many(purchase, requests(), concurrency=4)
    numbers = [(await anext(batch)).number]
    await asyncio.sleep(0.001)
    batch.stop()
    begun = batch.begun
    purchase.gate.set()
    numbers += [result.number async for result in batch]
    assert batch.begun == begun
    assert sorted(numbers) == list(range(begun))
    assert purchase.cancelled == []
    assert nothing_runs()


@pytest.mark.asyncio
async def test_stop_before_the_first_result_begins_nothing() -> None:
    batch = charge_many(Hanging(), requests())
    batch.stop()
    assert [result async for result in batch] == []
    assert batch.begun == 0


@pytest.mark.asyncio
async def test_stop_ends_a_wait_for_the_input() -> None:
    async def slow() -> AsyncIterator[PurchaseRequest]:
        yield next(requests())
        await asyncio.Event().wait()

    batch = charge_many(Hanging(), slow())
    await anext(batch)
    asyncio.get_running_loop().call_soon(batch.stop)
    assert [result async for result in batch] == []
    assert nothing_runs()


@pytest.mark.asyncio
async def test_a_source_that_swallows_the_stop_begins_nothing_more() -> None:
    async def stubborn() -> AsyncIterator[PurchaseRequest]:
        for request in requests():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
            yield request

    batch = charge_many(Hanging(), stubborn(), concurrency=100)
    await anext(batch)
    batch.stop()
    begun = batch.begun
    await asyncio.sleep(0.001)
    assert batch.begun == begun
    await batch.aclose()


class InputError(Exception):
    pass


@pytest.mark.asyncio
@pytest.mark.parametrize("after", [0, 1, 9])
@pytest.mark.parametrize("is_async", [False, True])
async def test_an_error_of_the_input_is_raised_after_the_results_of_what_was_begun(after: int, is_async: bool) -> None:
    def broken() -> Iterator[PurchaseRequest]:
        yield from requests(limit=after)
        raise InputError

    async def asynchronous() -> AsyncIterator[PurchaseRequest]:
        for request in broken():
            yield request

    purchase = Hanging()
    purchase.gate.set()
    results, error = await drained(charge_many(purchase, asynchronous() if is_async else broken(), concurrency=4))
    assert isinstance(error, InputError)
    assert sorted(result.number for result in results) == list(range(after))
    assert nothing_runs()


@pytest.mark.asyncio
async def test_an_input_that_is_cancelled_does_not_pass_for_one_that_is_at_its_end() -> None:
    async def cancelled_input() -> AsyncIterator[PurchaseRequest]:
        yield next(requests())
        raise asyncio.CancelledError

    results, error = await drained(charge_many(Hanging(), cancelled_input()))
    assert len(results) == 1
    assert "the input of the batch was cancelled" in str(error)


@pytest.mark.asyncio
async def test_an_error_is_raised_once() -> None:
    async def refused(_request: PurchaseRequest) -> Payment | Challenge:
        raise UNAUTHORIZED

    batch = charge_many(refused, requests(), concurrency=1)
    assert isinstance((await drained(batch))[1], BatchPausedError)
    assert await drained(batch) == ([], None)


@pytest.mark.asyncio
async def test_a_second_cancel_ends_the_waiting_and_not_the_writing() -> None:
    written, may_write = [], asyncio.Event()

    async def purchase(request: PurchaseRequest) -> Payment | Challenge:
        try:
            await asyncio.Event().wait()
        finally:
            await may_write.wait()
            written.append(request.merchant_txn_ref)
        return PAYMENT

    batch = charge_many(purchase, requests(), concurrency=2)
    task = asyncio.create_task(drained(batch))
    while batch.in_flight < 2:
        await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.001)
    assert task.done()
    may_write.set()
    await batch.aclose()
    assert sorted(written) == ["ref-0", "ref-1"]
