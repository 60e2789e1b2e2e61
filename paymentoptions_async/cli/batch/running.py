"""One run of a batch: from the lines to the written results, whatever ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Literal

import attrs
import structlog

from ... import Ledger, PaymentOptions, PurchaseRequest
from ...batch.entries import Place, entry_of, refused_entry
from ...batch.journal import Journal
from ...batch.lines import SourceError
from ...batch.result import result_of
from ...batch.runner import Batch
from ...batch.sources import Line, Source
from ...errors import BatchPausedError, LedgerError
from ..flags import CallFlags
from .cutting import what_became_of
from .earlier import hold_against
from .flags import PaceFlags, SandboxFlags
from .gateways import settings_of
from .progress import Progress
from .writing import Writer

__all__ = ["Ending", "Job", "carry_out"]

_CHUNK: Final = 64
_DRAINING: Final = "Stopping: nothing new begins, and what is under way is finished. Once more stops at once."


@attrs.frozen(kw_only=True)
class Job:
    """What a run does.

    Attributes:
        source: The charges. All were looked at before.
        is_clean: Whether every line was good: then those that are done need no second look.
        last: The number of the last line that was looked at.
        journal: Where the results go.
        place: Where is charged.
        ledger: Remembers it.
        version: Of the vendor's operation.
    """

    source: Source
    is_clean: bool
    last: int
    journal: Journal
    place: Place
    ledger: Ledger
    version: Literal[1, 2]
    sandbox: SandboxFlags
    pace: PaceFlags
    call: CallFlags


@attrs.define
class Ending:
    """How a run ended.

    Attributes:
        stops: How often it was told to stop.
        trouble: What ended it before its time, and what to do then.
        begun: Whether anything may have been sent.
        in_doubt: Whether something may be unknown that no result tells.
    """

    stops: int = 0
    trouble: str | None = None
    begun: bool = False
    in_doubt: bool = False


class _Feed:
    """Hands the requests out, and keeps their lines until their results come.

    Attributes:
        has_grown: Whether the file has more lines than were looked at.
    """

    def __init__(self, job: Job, writer: Writer) -> None:
        self.has_grown = False
        self._job, self._writer = job, writer
        self._under_way: dict[int, Line] = {}
        self._count = 0

    async def requests(self) -> AsyncIterator[PurchaseRequest]:
        """What is to be charged: all good lines that are not done."""
        is_done = self._job.journal.is_done
        lines = self._job.source.lines(is_done) if self._job.is_clean else self._job.source.lines()
        while chunk := await _in_thread(lambda: list(islice(lines, _CHUNK))):
            for line in chunk:
                if line.number > self._job.last:
                    self.has_grown = True
                    return
                if is_done(line.number):
                    continue
                if line.request is None:
                    if not await self._writer.put(refused_entry(line, self._job.place, datetime.now(UTC))):
                        return
                    continue
                self._under_way[self._count] = line
                self._count += 1
                yield line.request

    def line_of(self, number: int) -> Line:
        """The line of a result, which is not under way any more."""
        return self._under_way.pop(number)

    def rest(self) -> Iterator[tuple[int, Line]]:
        """What no result has come of."""
        yield from self._under_way.items()


async def _in_thread(read: Callable[[], list[Line]]) -> list[Line]:
    reading = asyncio.ensure_future(asyncio.to_thread(read))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        # The thread reads on whatever becomes of us, and the file is closed only after it.
        await asyncio.wait([reading])
        raise


def carry_out(job: Job, progress: Progress) -> Ending:
    """Charge all that is not done. Ctrl-C and SIGTERM drain it, a second one stops it at once.

    Args:
        job: What to do.
        progress: Shows how far it is.
    """
    ending = Ending()
    try:
        asyncio.run(_run(job, progress, ending))
    except KeyboardInterrupt:  # where the loop has given the signals back already
        if not ending.begun:
            raise
        ending.stops += 1
    except Exception as fault:
        if not ending.begun:
            raise
        # A crash gives Python's exit code 1, which would say that no money is in doubt.
        structlog.get_logger().critical("batch.crashed", exc_info=fault)
        ending.in_doubt = True
        ending.trouble = f"a fault that it cannot go on with ({type(fault).__name__}): run it again"
    return ending


async def _run(job: Job, progress: Progress, ending: Ending) -> None:
    async with AsyncExitStack() as stack:
        settings = await settings_of(job.sandbox, job.call, job.pace, stack)
        await stack.enter_async_context(job.ledger)
        await hold_against(job.ledger, job.journal)
        progress.found(job.journal.earlier)
        client = await stack.enter_async_context(PaymentOptions(settings, ledger=job.ledger))
        async with Writer(job.journal, progress.told) as writer:
            await _charge(job, client, writer, progress, ending)
        if writer.failure is not None:
            ending.trouble = f"results cannot be written ({writer.failure.strerror}): mend that, then run it again"


async def _charge(job: Job, client: PaymentOptions, writer: Writer, progress: Progress, ending: Ending) -> None:
    feed = _Feed(job, writer)
    batch = client.charge_many(feed.requests(), job.pace.concurrency, version=job.version, rate=job.pace.rate)
    showing = asyncio.create_task(progress.run(batch))
    ending.begun = True
    try:
        async with batch:
            with _Stopper(batch, progress, ending):
                async for result in batch:
                    line = feed.line_of(result.number)
                    if not await writer.put(entry_of(line, result, job.place, datetime.now(UTC))):
                        batch.stop()
        if feed.has_grown:
            ending.trouble = "the file has more lines than when it was looked through: run it again"
    except BatchPausedError as pause:
        ending.trouble = f"{pause.args[0]}. Mend that, then run it again: it goes on where it stopped"
    except (SourceError, OSError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else fault
        ending.trouble = f"the file cannot be read any more ({why}): run it again"
    except asyncio.CancelledError:
        _forgive()
        await _settle(job, client, feed, writer, ending)
    finally:
        showing.cancel()
        await asyncio.wait([showing])


def _forgive() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


class _Stopper:
    """Ctrl-C and SIGTERM: the first drains the batch, the second cuts it off. Whatever comes later changes nothing."""

    def __init__(self, batch: Batch, progress: Progress, ending: Ending) -> None:
        self._batch, self._progress, self._ending = batch, progress, ending
        self._task = asyncio.current_task()
        self._over = False
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows
                asyncio.get_running_loop().add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        if self._over:
            return
        self._ending.stops += 1
        if self._ending.stops == 1:
            self._batch.stop()
            self._progress.remark(_DRAINING)
        elif self._task is not None:
            self._task.cancel()
            self._over = True

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._over = True


async def _settle(job: Job, client: PaymentOptions, feed: _Feed, writer: Writer, ending: Ending) -> None:
    """Write down what was cut off."""

    async def settle(number: int, line: Line, request: PurchaseRequest) -> None:
        try:
            answer = await what_became_of(request, client, job.ledger, version=job.version)
        except LedgerError as fault:
            # It is not told as unknown, since the ledger of the next run may well know nothing of it.
            ending.in_doubt = True
            ending.trouble = f"what was cut off is not known, since the ledger does not answer ({fault}): run it again"
            return
        if answer is not None:
            entry = entry_of(line, result_of(number, line.reference or "", answer, 0.0), job.place, datetime.now(UTC))
            # Nobody has seen how long it took.
            await writer.put(entry | {"seconds": None})

    under_way = [(number, line, line.request) for number, line in feed.rest()]
    await asyncio.gather(*(settle(number, line, request) for number, line, request in under_way if request is not None))
