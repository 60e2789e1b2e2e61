"""So many a second, of all workers together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

__all__ = ["Pace"]

# Of a second: as much as is taken at once, to spare the database.
_HANDFUL: Final = 0.2
_MOST: Final = 100


class Pace:
    """A worker's share of a bucket that it has in common with others.

    Tokens are taken in small handfuls, and given out one by one at the times at which they fall: so the rate holds
    whichever workers there are, but for a handful of each that was held up. Of one that dies a handful is lost.

    Args:
        take: Takes so many tokens, and says in how many seconds the first one falls.
        per_second: How many fall in a second.
        clock: Seconds that only go on.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        take: Callable[[int], Awaitable[float]],
        per_second: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._take, self._per_second, self._clock, self._sleep = take, per_second, clock, sleep
        self._handful = max(1, min(_MOST, round(per_second * _HANDFUL)))
        self._left = 0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until one more may begin."""
        if not self._left or self._next + self._handful / self._per_second < self._clock():
            # What is left of a handful is not saved up: it would come on top of what has fallen since.
            self._next = await self._take(self._handful) + self._clock()
            self._left = self._handful
        if (missing := self._next - self._clock()) > 0:
            await self._sleep(missing)
        self._left -= 1
        self._next += 1 / self._per_second
