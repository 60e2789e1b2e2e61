"""Results on their way to the file: written in a thread, as many at once as have come meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Self

from ...batch.journal import Entry, Journal

__all__ = ["Writer"]

# Beyond so many that are not written yet, whoever brings more waits.
_MOST_WAITING: Final = 1000


class Writer:
    """Writes entries, and tells of them once they are written.

    Args:
        journal: The file.
        told: Is told of what a killed process would not lose any more.

    Attributes:
        failure: Why nothing can be written any more.
    """

    def __init__(self, journal: Journal, told: Callable[[list[Entry]], None]) -> None:
        self.failure: OSError | None = None
        self._journal = journal
        self._told = told
        self._waiting: list[Entry] = []
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def put(self, entry: Entry) -> bool:
        """Have an entry written soon.

        Returns:
            Whether there is hope for that: where not, nothing new should begin.
        """
        self._waiting.append(entry)
        self._news.set()
        while len(self._waiting) >= _MOST_WAITING and not self._is_over:
            self._room.clear()
            await self._room.wait()
        return not self._is_over

    @property
    def _is_over(self) -> bool:
        return self._task is not None and self._task.done()

    async def _write(self) -> None:
        while self._waiting or not self._closed:
            await self._news.wait()
            self._news.clear()
            entries, self._waiting = self._waiting, []
            self._room.set()
            try:
                entries = await asyncio.to_thread(self._journal.write, entries)
            except OSError as fault:
                # The ledger knows what became of them; the next run tells it.
                self.failure = fault
                return
            self._told(entries)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write())
        # Whatever ends it, a bug as well: nobody waits for room that will never be.
        self._task.add_done_callback(lambda _: self._room.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        self._news.set()
        if self._task is not None:
            await self._task
