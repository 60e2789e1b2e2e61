"""The charges of one batch in one worker: its chunks come one after the other, the runner is one for all of them.

So it learns once how many charges the gateway bears, and the end of a chunk does not wait for its slowest charge.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Final, TypeVar

import attrs
from psycopg import Error

from ..batch.entries import Place, entry_of
from ..batch.result import ChargeResult
from ..batch.runner import Batch as Run
from ..batch.sources import Line
from ..errors import AuthenticationError, BatchPausedError, PaymentOptionsError, ReferenceInUseError
from ..logs import Log
from ..models.purchase_request import PurchaseRequest
from .batches import Batch
from .pace import Pace
from .rows import Landed, Row, standing_of
from .sealing import Sealer
from .store import Store
from .tables import Standing

__all__ = ["Lane", "Surroundings"]

_MOST_AT_ONCE: Final = 200
_BETWEEN_TRIES: Final = 1.0
# So many charges are marked as held in one statement, and begun within so many seconds or marked again: whoever erases
# bodies, or takes over from a worker that was frozen, knows by that mark what can still be begun.
_HELD_AT_ONCE: Final = 32
_HOLD: Final = 10.0
# Seconds that the writing is waited for after a cut.
_LAST_PATIENCE: Final = 1.0

T = TypeVar("T")
Charge = Callable[[AsyncIterator[PurchaseRequest], Batch], Run]


@attrs.frozen(kw_only=True)
class Surroundings:
    """What the lanes of a worker have in common.

    Attributes:
        charge: Charges the requests of a batch.
        store: The tables.
        sealer: Opens the bodies.
        place: Where is charged.
        now: The wall clock.
        clock: Seconds that only go on.
        log: The library's own lines.
        outcomes: Counts the results that are written.
    """

    charge: Charge
    store: Store
    sealer: Sealer
    place: Place
    now: Callable[[], datetime]
    clock: Callable[[], float]
    log: Log
    outcomes: Counter[str]


@attrs.define(eq=False)
class _Ticket:
    """A charge on its way. `landed` tells whether it has got a result."""

    row: Row
    landed: asyncio.Future[bool]
    request: PurchaseRequest | None = attrs.field(default=None, repr=False)

    def tell(self, has_result: bool) -> None:
        if not self.landed.done():
            self.landed.set_result(has_result)


class Lane:
    """Charges what is brought until it is stopped.

    Args:
        batch: Whose charges they are.
        around: What is about it.
    """

    def __init__(self, batch: Batch, around: Surroundings) -> None:
        self._batch, self._around = batch, around
        self._open: set[_Ticket] = set()
        self._waiting: deque[_Ticket] = deque()
        self._held: deque[_Ticket] = deque()
        self._held_at = 0.0
        self._sent: dict[int, _Ticket] = {}
        self._numbers = count()
        self._landed: asyncio.Queue[tuple[_Ticket, Landed] | None] = asyncio.Queue()
        self._news = asyncio.Event()
        self._stopped = False
        self._trouble: str | None = None
        take = around.store.take
        self._pace = Pace(lambda n: take(batch.id, n), batch.rate, clock=around.clock) if batch.rate else None
        self._run: Run = around.charge(self._requests(), batch)
        self._task = asyncio.get_running_loop().create_task(self._go())

    @property
    def is_stopped(self) -> bool:
        """Whether it begins nothing more."""
        return self._stopped

    @property
    def batch(self) -> str:
        """The id of its batch."""
        return self._batch.id

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more."""
        return self._task.done()

    @property
    def in_flight(self) -> int:
        """How many charges are under way."""
        return self._run.in_flight

    @property
    def limit(self) -> int:
        """How many may be."""
        return self._run.limit

    async def carry(self, rows: list[Row]) -> None:
        """Charge rows. Each has got a result at the end, unless somebody else is at it, or this was stopped.

        Args:
            rows: Of the batch.
        """
        new_future = asyncio.get_running_loop().create_future
        tickets = [_Ticket(row, new_future()) for row in rows]
        self._open.update(tickets)
        self._waiting.extend(tickets)
        self._news.set()
        if self._stopped:
            self._hand_back()
        try:
            if tickets:
                await asyncio.wait([ticket.landed for ticket in tickets])
        finally:
            self._open.difference_update(tickets)

    def stop(self) -> None:
        """Begin nothing more. What is in flight still lands."""
        self._stopped = True
        self._run.stop()
        self._hand_back()

    def cut(self) -> None:
        """End at once. What was sent is recorded as unknown."""
        self.stop()
        self._task.cancel()

    async def ended(self) -> None:
        """Wait until nothing of it runs any more."""
        await asyncio.wait((self._task,))

    # --- from a row to a request ------------------------------------------------------------------

    async def _requests(self) -> AsyncIterator[PurchaseRequest]:
        while True:
            while not self._waiting and not self._held:
                self._news.clear()
                await self._news.wait()
            if self._pace is not None:
                await self._pace.turn()
            if (ticket := await self._next()) is None:
                continue
            # The runner counts what it pulls in the same way.
            self._sent[next(self._numbers)] = ticket
            try:
                ticket.request = PurchaseRequest.from_json(self._around.sealer.open(ticket.row.sealed, ticket.row.key))
            except PaymentOptionsError as fault:
                self._trouble = f"a stored charge cannot be read by a worker: {fault.args[0]}"
                return
            yield ticket.request

    async def _next(self) -> _Ticket | None:
        """The next one that may be begun, where there is one."""
        if self._held and self._around.clock() - self._held_at > _HOLD:
            self._waiting.extendleft(reversed(self._held))
            self._held.clear()
        if not self._held:
            self._held_at = self._around.clock()
            group = [self._waiting.popleft() for _ in range(min(_HELD_AT_ONCE, len(self._waiting)))]
            held = await self._around.store.hold(self._batch.id, [ticket.row.key.number for ticket in group])
            self._held.extend(ticket for ticket in group if ticket.row.key.number in held)
            for ticket in group:
                if ticket.row.key.number not in held:
                    ticket.tell(False)
        return self._held.popleft() if self._held else None

    # --- from a result to a row -------------------------------------------------------------------

    async def _go(self) -> None:
        writer = asyncio.get_running_loop().create_task(self._write())
        # Nothing more is begun of which nobody would write down what became.
        writer.add_done_callback(lambda _: self.stop())
        try:
            await self._bugs_told(self._take_results())
            self.stop()
            self._landed.put_nowait(None)
            await self._bugs_told(writer)
        finally:
            # It may have been cut anywhere above, and nobody brings a result any more.
            for ticket in self._open:
                ticket.tell(False)
            writer.cancel()
            await asyncio.wait((writer,), timeout=_LAST_PATIENCE)
            # At a second one psycopg closes a connection to a server that is frozen.
            writer.cancel()

    async def _bugs_told(self, work: Awaitable[None]) -> None:
        """A bug ends the lane only: its chunks come again, and the ledger knows what was charged."""
        try:
            await work
        except Exception as bug:  # noqa: BLE001  # see above
            self._around.log.error("batch.lane_crashed", batch=self._batch.name, bug=type(bug).__name__)  # noqa: TRY400

    async def _take_results(self) -> None:
        reason = None
        try:
            async for result in self._run:
                self._take(result)
        except BatchPausedError as pause:
            reason = str(pause.args[0])
        except (Error, OSError) as fault:
            # No token of the rate can be had.
            self._around.log.warning("batch.database", batch=self._batch.name, fault=type(fault).__name__)
        if told := self._trouble or reason:
            self._around.log.warning("batch.paused", batch=self._batch.name, why=told)
            await self._lastingly(lambda: self._around.store.pause(self._batch.id, told))

    def _take(self, result: ChargeResult) -> None:
        ticket = self._sent.pop(result.number)
        if isinstance(result.error, ReferenceInUseError):
            ticket.tell(False)
            return
        line = Line(ticket.row.line, ticket.request, (), ticket.row.key.merchant_txn_ref)
        ticket.request = None
        entry = entry_of(line, result, self._around.place, self._around.now())
        standing = standing_of(result)
        # Refused credentials are none of the charge's: the breaker sees to those.
        comes_again = standing == Standing.NOT_BEGUN and not isinstance(result.error, AuthenticationError)
        self._landed.put_nowait((ticket, Landed(ticket.row.key, standing, entry, comes_again)))

    async def _write(self) -> None:
        """Write results down in groups: what comes while one is written is the next."""
        is_over = False
        while not is_over:
            group = [await self._landed.get()]
            while not self._landed.empty() and len(group) < _MOST_AT_ONCE:
                group.append(self._landed.get_nowait())
            is_over = group[-1] is None
            await self._land([one for one in group if one is not None])

    async def _land(self, landed: list[tuple[_Ticket, Landed]]) -> None:
        told = await self._lastingly(lambda: self._around.store.land([one for _, one in landed]))
        for (ticket, one), has_result in zip(landed, told, strict=True):
            self._around.outcomes[one.entry["outcome"]] += has_result
            ticket.tell(has_result)

    async def _lastingly(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write, again and again while the server is away: what is in flight is not ended for that."""
        while True:
            try:
                return await write()
            except (Error, OSError) as fault:
                self._around.log.warning("batch.database", batch=self._batch.name, fault=type(fault).__name__)
            await asyncio.sleep(_BETWEEN_TRIES)

    def _hand_back(self) -> None:
        for tickets in (self._held, self._waiting):
            while tickets:
                tickets.popleft().tell(False)
