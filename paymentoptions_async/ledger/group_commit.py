"""One thread that owns a SQLite connection, and commits together whatever is waiting.

A durable commit costs a flush to the disk, whatever is in it. So everything that was handed over while one was being
made goes into the next: the more is asked of it, the less each costs. The event loop only waits.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..errors import ConfigurationError, PaymentOptionsError

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["GroupCommit"]

T = TypeVar("T")


class _Job(Generic[T]):
    """Something to be done in a transaction, and who waits for it."""

    __slots__ = ("_work", "error", "future", "result")

    def __init__(self, work: Callable[[Connection], T], future: asyncio.Future[T]) -> None:
        self._work = work
        self.future = future
        self.result: T | None = None
        self.error: Exception | None = None

    def do(self, connection: Connection) -> None:
        self.error = None
        try:
            self.result = self._work(connection)
        except PaymentOptionsError as refusal:
            # A rule's no is an answer, and no reason to undo what the others have done.
            self.error = refusal

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # it was done


class File(Protocol):
    """What is committed to. All of it is called in the thread."""

    def connect(self) -> Connection:
        """Open a connection."""

    def disconnect(self, connection: Connection) -> None:
        """Close it. What was not committed is undone."""

    def check(self) -> None:
        """Raise where it is no longer the file that was opened."""

    def explained(self, fault: Exception) -> Exception:
        """An error of ours for whatever was raised."""


class GroupCommit:
    """The thread and its queue. The connection is made at the first job, and anew after a fault.

    Args:
        file: What is committed to.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: Connection | None = None
        self._closed = False

    def submit(self, work: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Have something done in a transaction. The future is done when it is on the disk.

        What is handed over is done in that order, and is done even if the future is cancelled.

        Raises:
            ConfigurationError: It is closed, or was opened before a fork.
        """
        job = _Job(work, asyncio.get_running_loop().create_future())
        # Calls may come from loops in several threads.
        with self._lock:
            if self._closed:
                raise ConfigurationError("the ledger is closed: make a new one")
            if self._thread is None:
                self._start()
            elif self._process != os.getpid():
                raise ConfigurationError("the ledger was in use before this process was forked: use it after that only")
            self._queue.put(job)
        return job.future

    def _start(self) -> None:
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="paymentoptions ledger", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether a thread and a connection are to be let go."""
        return self._thread is not None and not self._closed

    async def close(self) -> None:
        """Do what was handed over, and end."""
        with self._lock:
            if not self._closed and self._thread is not None:
                self._queue.put(None)
            self._closed = True
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    # --- in the thread ---

    def _run(self) -> None:
        last = False
        while not last:
            jobs = [self._queue.get(), *(self._queue.get_nowait() for _ in range(self._queue.qsize()))]
            last = None in jobs
            self._commit([job for job in jobs if job is not None])
            # Nothing is held while it waits: it would keep a ledger that is dropped.
            del jobs
        self._disconnect()

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        if not jobs:
            return
        try:
            self._transact(jobs)
        except Exception as fault:  # noqa: BLE001  # whatever it is: those who wait must be told
            self._disconnect()
            if len(jobs) > 1 and not _is_of_the_store(fault):
                # One of them cannot be done. The others are not to suffer for it.
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.error = self._file.explained(fault)
        self._tell(jobs)

    def _transact(self, jobs: list[_Job[Any]]) -> None:
        if self._connection is None:
            self._connection = self._file.connect()
        self._file.check()
        self._connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            job.do(self._connection)
        self._connection.execute("COMMIT")
        # Once more: what was written while the file was removed does not count.
        self._file.check()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._file.disconnect(connection)

    @staticmethod
    def _tell(jobs: list[_Job[Any]]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
        for job in jobs:
            loops.setdefault(job.future.get_loop(), []).append(job)
        for loop, theirs in loops.items():
            with suppress(RuntimeError):  # a loop that was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(_settle, theirs)


def _is_of_the_store(fault: Exception) -> bool:
    return isinstance(fault, (OSError, PaymentOptionsError)) or hasattr(fault, "sqlite_errorname")


def _settle(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.settle()
