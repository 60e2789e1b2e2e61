"""How a batch goes on, with purchases that are none."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import cycle
from typing import Any

import pytest

from paymentoptions_async import (
    BatchPausedError,
    Challenge,
    ChargeOutcome,
    Payment,
    PurchaseRequest,
    RateLimitedError,
)
from paymentoptions_async.batch.breaker import Breaker
from paymentoptions_async.batch.limiter import Fixed
from paymentoptions_async.batch.runner import Batch, charge_many
from paymentoptions_async.batch.signal import Signal
from paymentoptions_async.models.outcome import Outcome, Refusal, State
from paymentoptions_async.pauses import listener
from paymentoptions_async.runtime import Runtime

from ..helpers import APPROVED
from .results import (
    BASE,
    DECLINED,
    INVALID_HERE,
    NOT_SENT,
    PAID,
    PAYMENT,
    UNAUTHORIZED,
    answering,
    drained,
    requests,
    running,
)


async def paid(_request: PurchaseRequest) -> Payment | Challenge:
    await asyncio.sleep(0)
    return PAYMENT


async def asynchronous(given: Iterator[PurchaseRequest]) -> AsyncIterator[PurchaseRequest]:
    for request in given:
        await asyncio.sleep(0)
        yield request


class Iterates:
    """An async iterator that is no generator."""

    def __init__(self, given: Iterator[PurchaseRequest]) -> None:
        self._given = given

    def __aiter__(self) -> Iterates:
        return self

    async def __anext__(self) -> PurchaseRequest:
        try:
            return next(self._given)
        except StopIteration:
            raise StopAsyncIteration from None


INPUTS: dict[str, Callable[[], Any]] = {
    "a list": lambda: list(requests(limit=30)),
    "a generator": lambda: requests(limit=30),
    "an async generator": lambda: asynchronous(requests(limit=30)),
    "an async iterator": lambda: Iterates(requests(limit=30)),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("concurrency", [1, 7, None])
async def test_every_request_has_one_result(given: Callable[[], Any], concurrency: int | None) -> None:
    async with running(paid, given(), concurrency=concurrency) as batch:
        numbers = [result.number async for result in batch]
    assert sorted(numbers) == list(range(30))
    assert (batch.begun, batch.in_flight) == (30, 0)


@pytest.mark.asyncio
async def test_no_request_is_no_result() -> None:
    assert [result async for result in charge_many(paid, [])] == []


@pytest.mark.asyncio
async def test_results_come_in_the_order_of_their_coming() -> None:
    gates = {f"ref-{number}": asyncio.Event() for number in range(3)}

    async def purchase(request: PurchaseRequest) -> Payment | Challenge:
        await gates[request.merchant_txn_ref].wait()
        return PAYMENT

    order = []
    async with running(purchase, requests(limit=3), concurrency=3) as batch:
        for number in (2, 0, 1):
            asyncio.get_running_loop().call_soon(gates[f"ref-{number}"].set)
            order.append((await anext(batch)).number)
    assert order == [2, 0, 1]


@pytest.mark.asyncio
@pytest.mark.parametrize("concurrency", [1, 5])
async def test_no_more_than_told_are_in_flight(concurrency: int) -> None:
    most = 0
    async with running(paid, requests(limit=40), concurrency=concurrency) as batch:
        assert batch.limit == concurrency
        async for _ in batch:
            most = max(most, batch.in_flight)
    assert most <= concurrency


@pytest.mark.asyncio
async def test_nothing_is_pulled_before_the_first_result_is_asked_for() -> None:
    given = requests()
    async with running(paid, given) as batch:
        await asyncio.sleep(0.01)
        assert batch.begun == 0
    assert next(given).merchant_txn_ref == "ref-0"


@pytest.mark.asyncio
async def test_a_slow_consumer_stops_the_sending() -> None:
    pulled = 0

    def counted() -> Iterator[PurchaseRequest]:
        nonlocal pulled
        for request in requests():
            pulled += 1
            yield request

    async with running(paid, counted(), concurrency=8) as batch:
        for taken in range(1, 20):
            await anext(batch)
            for _ in range(50):
                await asyncio.sleep(0)
            assert pulled == batch.begun <= taken + 2 * 8


@pytest.mark.asyncio
async def test_memory_is_flat_in_the_number_of_requests() -> None:
    async def peak(count: int) -> int:
        tracemalloc.reset_peak()
        async with running(paid, (BASE for _ in range(count)), concurrency=16) as batch:
            async for _ in batch:
                pass
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        await peak(200)
        few, many = await peak(1_000), await peak(10_000)
    finally:
        tracemalloc.stop()
    assert many < few + 300_000


@pytest.mark.asyncio
async def test_a_rate_is_kept() -> None:
    slept: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    runtime = Runtime(clock=lambda: now, sleep=sleep)
    async with running(paid, requests(limit=21), concurrency=4, rate=10, runtime=runtime) as batch:
        assert len([result async for result in batch]) == 21
    # One more is asked for before the input says that it is at its end.
    assert now == pytest.approx(2.1)


@pytest.mark.asyncio
async def test_seconds_are_those_of_the_call() -> None:
    now = 5.0

    async def purchase(_request: PurchaseRequest) -> Payment | Challenge:
        nonlocal now
        now += 3
        return PAYMENT

    async with running(purchase, requests(limit=1), runtime=Runtime(clock=lambda: now)) as batch:
        assert [result.seconds async for result in batch] == [3]


# --- bad items ------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("bad", [None, "5200000000001005", {"card": APPROVED}, 7], ids=["None", "str", "dict", "int"])
async def test_what_is_no_request_is_refused_and_the_rest_goes_on(bad: Any) -> None:
    given: list[Any] = [BASE, bad, BASE]
    async with running(paid, given, concurrency=1) as batch:
        results = [result async for result in batch]
    assert [result.outcome for result in results] == ["paid", "refused", "paid"]
    assert type(bad).__name__ in str(results[1].error)
    assert APPROVED not in repr(results)


@pytest.mark.asyncio
async def test_a_bug_in_the_callable_is_unknown_and_the_rest_goes_on() -> None:
    answers = answering(iter([PAID, ZeroDivisionError(), asyncio.CancelledError(), PAID]))  # type: ignore[list-item]
    async with running(answers, requests(limit=4), concurrency=1) as batch:
        results = [result async for result in batch]
    assert [result.outcome for result in results] == ["paid", "unknown", "unknown", "paid"]
    assert "ZeroDivisionError" in str(results[1].error)
    assert [result.merchant_txn_ref for result in results[1:3]] == ["ref-1", "ref-2"]


@pytest.mark.asyncio
async def test_a_result_keeps_neither_request_nor_frames() -> None:
    async with running(answering(cycle([DECLINED])), requests(limit=1)) as batch:
        results = [result async for result in batch]
    assert results[0].error is not None
    assert results[0].error.__traceback__ is None


# --- what the gateway bears -----------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_pause_before_a_retry_is_heard_while_the_call_is_under_way() -> None:
    told: list[object] = []

    class Noting(Fixed):
        def record(self, seconds: float, signal: Signal, in_flight: int) -> None:
            told.append(signal)

        def back_off(self, in_flight: int) -> None:
            told.append(("back off", in_flight))

    async def purchase(_request: PurchaseRequest) -> Payment | Challenge:
        await asyncio.sleep(0)
        hear = listener.get()
        assert hear is not None
        hear(Outcome(State.REFUSED, refusal=Refusal.RATE_LIMITED))
        return PAYMENT

    batch = Batch(
        purchase, requests(limit=1), limiter=Noting(3), rate=None, breaker=Breaker(), clock=Runtime().clock
    )  # fmt: skip
    assert len((await drained(batch))[0]) == 1
    # Its latency is that of the pause, and tells nothing.
    assert told == [("back off", 1), Signal.SILENT]


@pytest.mark.asyncio
async def test_an_adaptive_batch_grows_and_keeps_its_ceiling() -> None:
    async with running(paid, requests(limit=1000), ceiling=9) as batch:
        first = batch.limit
        limits = [batch.limit async for _ in batch]
    assert first < max(limits) == 9


# --- the breaker ----------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (UNAUTHORIZED, "credentials were refused 3 times"),
        (NOT_SENT, "10 charges in a row"),
        (RateLimitedError("told"), "10 charges in a row"),
        (ZeroDivisionError(), "10 charges in a row"),
    ],
    ids=["401", "not sent", "429", "a bug"],
)
async def test_a_systemic_fault_pauses_and_what_was_begun_has_its_result(answer: Any, reason: str) -> None:
    batch = charge_many(answering(cycle([answer])), requests(), concurrency=4)
    results, error = await drained(batch)
    assert isinstance(error, BatchPausedError)
    assert reason in str(error)
    assert error.begun == batch.begun
    assert sorted(result.number for result in results) == list(range(batch.begun))
    assert batch.begun <= 10 + 4


@pytest.mark.asyncio
async def test_refusals_of_single_requests_do_not_pause() -> None:
    async with running(answering(cycle([INVALID_HERE])), requests(limit=200)) as batch:
        assert {result.outcome async for result in batch} == {ChargeOutcome.REFUSED}
    assert batch.begun == 200


@pytest.mark.parametrize("told", [{"concurrency": 0}, {"ceiling": 0}, {"rate": 0}, {"rate": -1}])
def test_a_number_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"concurrency|rate"):
        charge_many(paid, [], **told)
