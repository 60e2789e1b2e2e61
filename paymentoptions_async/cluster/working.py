"""A worker: it takes chunks, charges what is open in them, and takes over what dead workers have left."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Literal

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker as Engine
from psycopg import Error

from ..batch.entries import Place
from ..batch.runner import Batch as Run
from ..client import PaymentOptions
from ..ledger.base import Ledger
from ..logs import Log
from ..models.purchase_request import PurchaseRequest
from ..settings import LogLevel
from .batches import Batch
from .jobs import TASK, HandedBackError, Later, NotDoneError, new_app, take_over
from .lane import Lane, Surroundings
from .sealing import Sealer
from .settling import settle
from .store import Store
from .submitting import CHUNK
from .tables import connected

__all__ = ["Worker"]

_BEATS_IN_A_LEASE: Final = 5
_LONGEST_BEAT: Final = 2.0
_CEILING: Final = 256
_BATCHES: Final = 8
"""So many batches are worked at at once, whatever their rates: the next one waits, or goes to another worker."""
# Seconds after a cut: a ledger that is slow needs six to be told what was sent. Then nothing is waited for any more.
_LAST_PATIENCE: Final = 7.0
_BETWEEN_CANCELS: Final = 0.2


class Worker:
    """Works until it is stopped. There may be as many as you like, on as many machines.

    ::

        async with PostgresLedger(dsn) as ledger, PaymentOptions.from_env(ledger=ledger) as client:
            await Worker(dsn, client=client, ledger=ledger, sealer=Sealer.from_env()).run()

    Args:
        dsn: libpq's connection string or address of the batches.
        client: Charges, with that ledger.
        ledger: One that all workers share.
        sealer: Opens the bodies.
        concurrency: How many charges at a time, in each batch. `None` finds it out.
        lease: Seconds; a worker that has not been heard of for so long counts as dead, and its chunks are taken over.
        log_level: The lowest level of the worker's own lines.

    Attributes:
        outcomes: How many results it has written, by outcome.
    """

    def __init__(
        self,
        dsn: str,
        *,
        client: PaymentOptions,
        ledger: Ledger,
        sealer: Sealer,
        concurrency: int | None = None,
        lease: float = 30.0,
        log_level: LogLevel = "warning",
    ) -> None:
        self._dsn, self._client, self._ledger, self._sealer = dsn, client, ledger, sealer
        self._concurrency, self._lease = concurrency, lease
        self._beat = min(_LONGEST_BEAT, lease / _BEATS_IN_A_LEASE)
        self._log = Log(log_level)
        self.outcomes: Counter[str] = Counter()
        self._name = os.urandom(8).hex()
        self._lanes: dict[str, Lane] = {}
        self._ending: set[Lane] = set()
        # As many chunks of a batch as keep its lane full, and one more for the end of each.
        self._share = 2 + (concurrency or _CEILING) // CHUNK
        self._chunks: Counter[str] = Counter()
        self._foreign: set[str] = set()
        self._told: set[str] = set()
        self._stopping, self._cutting = asyncio.Event(), asyncio.Event()
        self._engine: Engine | None = None

    async def run(self) -> None:
        """Work until `stop` is called, and what is in flight has landed. To cancel it is to `cut` it.

        Raises:
            LedgerError: At the start, the server cannot be used. Later on it is waited for.
        """
        await asyncio.to_thread(self._prepare)
        app = new_app(self._dsn, self._barred)
        app.task(name=TASK, retry=Later(self._beat))(self._chunk)
        async with app.open_async():
            self._around = self._surroundings(app)
            await self._until_over(asyncio.get_running_loop().create_task(self._work(app)))

    def stop(self) -> None:
        """Take no chunk and begin no charge any more. What is in flight lands, and the rest is handed back."""
        self._stopping.set()
        if self._engine is not None:
            self._engine.stop()  # type: ignore[no-untyped-call]
        for lane in self._lanes.values():
            lane.stop()

    def cut(self) -> None:
        """The same at once: what is in flight is cut off, and recorded as unknown where it was sent."""
        if self._cutting.is_set():
            return  # once more would break through the recording
        self._cutting.set()
        self.stop()
        for lane in {*self._lanes.values(), *self._ending}:
            lane.cut()

    async def _work(self, app: App) -> None:
        pulse = asyncio.get_running_loop().create_task(self._pulse(app))
        try:
            while not self._stopping.is_set():
                await self._run_engine(app)
        finally:
            pulse.cancel()
            await asyncio.wait((pulse,))
            for lane in {*self._lanes.values(), *self._ending}:
                lane.stop()
                await lane.ended()
            with suppress(Error):
                await self._report()

    async def _until_over(self, work: asyncio.Task[None]) -> None:
        """Wait for it; after a cut not for long, since it may be waiting for a server that is away."""
        cut = asyncio.get_running_loop().create_task(self._cutting.wait())
        patience = _LAST_PATIENCE
        try:
            await asyncio.wait((work, cut), return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()
            if not work.done():
                self.cut()
            while not work.done():
                await asyncio.wait((work,), timeout=patience)
                # Procrastinate takes the first one for a request to end in good order.
                work.cancel()
                patience = _BETWEEN_CANCELS
        if not work.cancelled():
            await work

    def _prepare(self) -> None:
        with connected(self._dsn):
            pass

    def _surroundings(self, app: App) -> Surroundings:
        pool: Any = getattr(app.connector, "pool")  # noqa: B009  # of this connector, not of every one
        settings = self._client.settings
        return Surroundings(
            charge=self._charge,
            store=Store(pool),
            sealer=self._sealer,
            place=Place(settings.base_url, settings.merchant_id),
            now=lambda: datetime.now(UTC),
            clock=monotonic,
            log=self._log,
            outcomes=self.outcomes,
        )

    def _charge(self, requests: AsyncIterator[PurchaseRequest], batch: Batch) -> Run:
        version: Literal[1, 2] = 2 if batch.api_version == 2 else 1
        return self._client.charge_many(requests, self._concurrency, version=version, ceiling=_CEILING)

    # --- chunks -----------------------------------------------------------------------------------

    async def _run_engine(self, app: App) -> None:
        """Have Procrastinate hand chunks out, until it is stopped or the server is gone."""
        self._engine = Engine(
            app,
            concurrency=self._share * _BATCHES,
            fetch_job_polling_interval=min(1.0, self._beat),
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._beat,
            # A frozen worker's entry is left alone for a while: it may wake.
            stalled_worker_timeout=self._lease * 20,
        )
        try:
            await self._engine.run()  # type: ignore[no-untyped-call]
        except (ConnectorException, Error) as fault:
            self._log.warning("batch.database", fault=type(fault).__name__)
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._beat)

    async def _chunk(self, batch: str, first: int, last: int) -> None:
        """Charge what is open in a chunk. It is done when nothing is."""
        if (job := asyncio.current_task()) is not None:
            job.add_done_callback(self._ended)
        self._chunks[batch] += 1
        try:
            await self._work_at(batch, first, last)
        finally:
            self._chunks -= Counter((batch,))

    async def _work_at(self, batch: str, first: int, last: int) -> None:
        store = self._around.store
        found = await store.batch(batch)
        if found is None or found.paused is not None:
            return  # `resume` hands it out anew
        await self._see_that_it_is_ours(found)
        await self._charge_open(found, first, last)
        state = (await store.states((batch,))).get(batch)
        if state is not None and state.paused is None and not state.is_open:
            await settle(store, self._ledger, batch, self._around.now)

    async def _charge_open(self, batch: Batch, first: int, last: int) -> None:
        store = self._around.store
        if not (rows := await store.open_rows(batch.id, first, last)):
            return
        await self._lane(batch).carry(rows)
        found = await store.batch(batch.id)
        if found is None or found.paused is not None:
            return
        if await store.open_rows(batch.id, first, last):
            raise HandedBackError if self._stopping.is_set() else NotDoneError

    def _barred(self) -> set[str]:
        """Batches of which no chunk is taken now: those of another gateway, and those that have their share."""
        return self._foreign | {batch for batch, count in self._chunks.items() if count >= self._share}

    async def _see_that_it_is_ours(self, batch: Batch) -> None:
        """A batch is charged at one gateway and for one merchant. What is another's is left to another worker."""
        place = await self._around.store.adopt(batch.id, self._around.place)
        if place in (None, self._around.place):
            return
        self._foreign.add(batch.id)
        if batch.id not in self._told:
            self._told.add(batch.id)
            self._log.warning("batch.of_another_gateway", batch=batch.name, **place._asdict())
        raise HandedBackError

    def _ended(self, job: asyncio.Task[Any]) -> None:
        """Procrastinate itself does not ask whether it could write down how a job went."""
        if not job.cancelled() and (fault := job.exception()) is not None:
            self._log.warning("batch.database", fault=type(fault).__name__)

    def _lane(self, batch: Batch) -> Lane:
        if self._stopping.is_set():
            raise HandedBackError
        lane = self._lanes.get(batch.id)
        if lane is not None and not lane.is_stopped:
            return lane
        if lane is not None:
            self._ending.add(lane)
        lane = self._lanes[batch.id] = Lane(batch, self._around)
        return lane

    # --- what goes on besides ---------------------------------------------------------------------

    async def _pulse(self, app: App) -> None:
        """Every few seconds look after the dead, and for batches that were paused or are over."""
        while True:
            await asyncio.sleep(self._beat)
            try:
                if count := await take_over(app.job_manager, self._lease):
                    self._log.warning("batch.taken_over", chunks=count)
                await self._close_lanes()
                await self._report()
                # `resume` may have let them go.
                self._foreign.clear()
            except (ConnectorException, Error, OSError) as fault:
                self._log.warning("batch.database", fault=type(fault).__name__)

    async def _close_lanes(self) -> None:
        lanes = {**self._lanes}
        states = await self._around.store.states(lanes)
        for batch, lane in lanes.items():
            state = states.get(batch)
            if self._lanes.get(batch) is lane and (state is None or state.paused is not None or not state.is_open):
                lane.stop()
                self._ending.add(self._lanes.pop(batch))

    async def _report(self) -> None:
        """Tell those who watch how the lanes are doing, and of those that are over for the last time."""
        lanes = [*self._ending, *self._lanes.values()]
        self._ending = {lane for lane in self._ending if not lane.is_over}
        told = {lane.batch: (0, 0) if lane.is_over else (lane.in_flight, lane.limit) for lane in lanes}
        await self._around.store.report(self._name, [(batch, *figures) for batch, figures in told.items()])
