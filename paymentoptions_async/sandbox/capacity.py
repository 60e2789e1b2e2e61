"""How many requests are decided at the same time, and how many wait in line for that."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

__all__ = ["Capacity"]


class Capacity:
    """Seats, and a line before them.

    Args:
        seats: How many are served at a time; `None` is any number.
        queue: How many may wait; `None` is any number.

    Raises:
        ValueError: No seat, or a line of less than none.
    """

    def __init__(self, seats: int | None = None, queue: int | None = None) -> None:
        if queue is not None and queue < 0:
            raise ValueError("queue: 0 or more")
        self._queue = queue
        self._taken = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self.seats = seats

    @property
    def seats(self) -> int | None:
        """How many are served at a time. Who sits when it shrinks is served to the end."""
        return self._seats

    @seats.setter
    def seats(self, seats: int | None) -> None:
        if seats is not None and seats < 1:
            raise ValueError("capacity: 1 or more")
        self._seats = seats
        self._call_in()

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[bool]:
        """Wait in line, and be served. It gives `False` at once where the line is full."""
        if not self._line and self._is_free():
            self._taken += 1
        elif self._queue is not None and len(self._line) >= self._queue:
            yield False
            return
        else:
            await self._wait()
        try:
            yield True
        finally:
            self._taken -= 1
            self._call_in()

    async def _wait(self) -> None:
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.cancelled():
                with suppress(ValueError):  # passed over already
                    self._line.remove(called)
            else:
                self._taken -= 1
                self._call_in()
            raise

    def _call_in(self) -> None:
        while self._line and self._is_free():
            called = self._line.popleft()
            # Whoever was cancelled in this very turn of the loop has not left the line yet.
            if not called.done():
                self._taken += 1
                called.set_result(None)

    def _is_free(self) -> bool:
        return self._seats is None or self._taken < self._seats
