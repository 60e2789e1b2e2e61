"""Runs a batch: pulls, charges, hands on, and stops in good order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from ..errors import BatchPausedError, InvalidRequestError, PaymentOptionsError, Problem
from ..models.challenge import Challenge
from ..models.outcome import Outcome
from ..models.payment import Payment
from ..models.purchase_request import PurchaseRequest
from ..pauses import listener
from ..runtime import Runtime
from .breaker import Breaker
from .limiter import Concurrency, Fixed, Limiter
from .pulling import pulled
from .rate import Rate
from .result import ChargeResult, result_of
from .signal import Signal, signal_of

__all__ = ["Batch", "charge_many"]

Purchase = Callable[[PurchaseRequest], Awaitable[Payment | Challenge]]
Requests = Iterable[PurchaseRequest] | AsyncIterable[PurchaseRequest]


def charge_many(
    purchase: Purchase,
    requests: Requests,
    *,
    concurrency: int | None = None,
    rate: float | None = None,
    ceiling: int = 256,
    breaker: Breaker | None = None,
    runtime: Runtime | None = None,
) -> Batch:
    """Charge many.

    Args:
        purchase: Charges one, and says what happened to the money by what it returns or raises.
        requests: What to charge. Pulled one by one, never ahead of what can be begun.
        concurrency: How many at a time. `None` finds it: see `Limiter`.
        rate: How many may begin in a second. `None` sets no limit.
        ceiling: The most that `concurrency=None` comes to.
        breaker: Says when to pause.
        runtime: Clock and sleep, for tests.

    Raises:
        ValueError: A number that makes no sense.
    """
    runtime = Runtime() if runtime is None else runtime
    if not all(number is None or number >= 1 for number in (concurrency, ceiling)):
        raise ValueError("concurrency, ceiling: at least 1")
    return Batch(
        purchase,
        requests,
        limiter=Limiter(ceiling=ceiling) if concurrency is None else Fixed(concurrency),
        rate=None if rate is None else Rate(rate, clock=runtime.clock, sleep=runtime.sleep),
        breaker=Breaker() if breaker is None else breaker,
        clock=runtime.clock,
    )


class Batch(AsyncIterator[ChargeResult]):
    """A batch that is being charged: an async iterator of results, in the order of their coming.

    It begins at the first result that is asked for. Results wait until they are taken, as many as may be in flight;
    after that no new charge begins. It ends in one of these ways:

    * The input is exhausted, and every result is taken.
    * `stop()`: nothing new begins, and the results of what is in flight still come.
    * The input raises: likewise, and then the error is raised.
    * The breaker trips: likewise, and then `BatchPausedError` is raised.
    * `aclose()`, leaving `async with` or the loop, or a cancel: what is in flight is cancelled. `purchase` writes down
      *unknown* for what may have been sent. Nothing runs on.

    Args:
        purchase: Charges one.
        requests: What to charge. A generator is closed with the batch.
        limiter: Says how many may be in flight.
        rate: Says when the next may begin.
        breaker: Says when to pause.
        clock: Seconds that only go on.

    Attributes:
        begun: How many charges were begun.
    """

    def __init__(
        self,
        purchase: Purchase,
        requests: Requests,
        *,
        limiter: Concurrency,
        rate: Rate | None,
        breaker: Breaker,
        clock: Callable[[], float],
    ) -> None:
        self.begun = 0
        self._purchase = purchase
        self._requests = pulled(requests)
        self._limiter, self._rate, self._breaker, self._clock = limiter, rate, breaker, clock
        self._feeder: asyncio.Task[None] | None = None
        self._charges: set[asyncio.Task[_Landing]] = set()
        self._results: deque[ChargeResult] = deque()
        self._room, self._news = asyncio.Event(), asyncio.Event()
        self._error: Exception | None = None
        self._stopped = self._closed = False
        self._closing = asyncio.Lock()

    @property
    def in_flight(self) -> int:
        """How many charges are under way."""
        return len(self._charges)

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return self._limiter.limit

    # --- what the caller does ---------------------------------------------------------------------

    async def __aiter__(self) -> AsyncIterator[ChargeResult]:
        # A generator, since a loop that is left by `break` or an error ends it at once: so nothing runs on.
        async with self:
            while True:
                try:
                    result = await anext(self)
                except StopAsyncIteration:
                    return
                yield result

    async def __anext__(self) -> ChargeResult:
        self._start()
        try:
            while not self._results:
                if self._is_over():
                    await self.aclose()
                    raise self._ending()
                self._news.clear()
                await self._news.wait()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        self._room.set()
        return self._results.popleft()

    def stop(self) -> None:
        """Begin nothing new. The results of what is in flight still come."""
        self._stopped = True
        if self._feeder is not None:
            self._feeder.cancel()
        self._news.set()

    async def aclose(self) -> None:
        """Begin nothing new, cancel what is in flight, and wait until that is written down."""
        if not self._closed:
            self._closed = True
            self.stop()
            # Once only: a second cancel would break through the writing.
            for charge in self._charges:
                charge.cancel()
        tasks: set[asyncio.Task[Any]] = {*self._charges}
        if self._feeder is not None:
            tasks.add(self._feeder)
        # Not `gather`, which hands on a cancel of the waiting.
        if tasks:
            await asyncio.wait(tasks)
        self._results.clear()
        async with self._closing:
            await self._requests.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    # --- what goes on meanwhile -------------------------------------------------------------------

    def _start(self) -> None:
        if self._feeder is None and not self._stopped:
            self._feeder = asyncio.get_running_loop().create_task(self._feed())
            self._feeder.add_done_callback(lambda _: self._news.set())

    def _is_over(self) -> bool:
        return not self._is_feeding() and not self._charges

    def _is_feeding(self) -> bool:
        return self._feeder is not None and not self._feeder.done()

    def _ending(self) -> Exception:
        error, self._error = self._error, None
        return StopAsyncIteration() if error is None else error

    async def _feed(self) -> None:
        try:
            await self._slot()
            async for request in self._requests:
                # A source may have swallowed the cancel of `stop()`.
                if self._stopped:
                    return
                self._begin(request)
                await self._slot()
        except asyncio.CancelledError:
            if not self._stopped:
                # By the input itself. To end quietly would pass for its end.
                self._error = self._error or RuntimeError("the input of the batch was cancelled")
        except Exception as error:  # noqa: BLE001  # the input's own: raised when what is in flight has landed
            self._error = self._error or error

    async def _slot(self) -> None:
        while not self._has_room():
            self._room.clear()
            await self._room.wait()
        if self._rate is not None:
            await self._rate.take()

    def _has_room(self) -> bool:
        return len(self._charges) < self.limit and len(self._results) < self.limit

    def _begin(self, request: PurchaseRequest) -> None:
        charge = asyncio.get_running_loop().create_task(self._charge(self.begun, request))
        self.begun += 1
        self._charges.add(charge)
        charge.add_done_callback(self._landed)

    async def _charge(self, number: int, request: PurchaseRequest) -> _Landing:
        """One charge, whatever becomes of it. Only the end of the batch cuts it off."""
        paused = False

        def hear(_outcome: Outcome) -> None:
            nonlocal paused
            paused = True
            self._limiter.back_off(self.in_flight)

        listener.set(hear)
        answer: Payment | Challenge | Exception
        started = self._clock()
        try:
            answer = await self._purchase(_checked(request))
        except asyncio.CancelledError:
            if self._closed:
                raise
            # Nobody has cancelled it here: a callable that ends so leaves the same doubt as any other bug.
            answer = RuntimeError("cancelled")
        except Exception as error:  # noqa: BLE001  # a result says it: one bad item never stops the rest
            answer = error
        seconds = self._clock() - started
        result = result_of(number, _shown_reference(request, answer), answer, seconds)
        if result.error is not None:
            # It is a value now: its traceback would keep the request and every frame as long as the result.
            result.error.__traceback__ = None
        return _Landing(result, paused)

    def _landed(self, charge: asyncio.Task[_Landing]) -> None:
        in_flight = self.in_flight
        self._charges.discard(charge)
        if not charge.cancelled():
            result, paused = charge.result()
            # What has paused for a retry took long because of that.
            self._limiter.record(result.seconds, Signal.SILENT if paused else signal_of(result), in_flight)
            self._heed(result)
            self._results.append(result)
        self._room.set()
        self._news.set()

    def _heed(self, result: ChargeResult) -> None:
        self._breaker.record(result)
        reason = self._breaker.reason
        if reason is not None and self._is_feeding() and not self._stopped:
            self._error = BatchPausedError(f"the batch was paused: {reason}", begun=self.begun)
            self.stop()


class _Landing(NamedTuple):
    result: ChargeResult
    paused: bool


def _checked(request: object) -> PurchaseRequest:
    if isinstance(request, PurchaseRequest):
        return request
    rule = f"a PurchaseRequest, and no {type(request).__name__}"
    raise InvalidRequestError(f"the request was not sent: {rule}", problems=(Problem("", rule),))


def _shown_reference(request: object, answer: Payment | Challenge | Exception) -> str:
    """The reference, as a result may show it: one that was not checked may hold anything."""
    if isinstance(answer, Payment | Challenge):
        return answer.merchant_txn_ref
    if isinstance(answer, PaymentOptionsError) and answer.merchant_txn_ref is not None:
        return answer.merchant_txn_ref
    return (request.shown_reference() if isinstance(request, PurchaseRequest) else None) or ""
