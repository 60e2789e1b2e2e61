"""So many a second, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

__all__ = ["Rate"]

# What is missing by rounding alone is too little for any clock to go on by.
_NOTHING: Final = 1e-9


class Rate:
    """A bucket of tokens: in any t seconds it gives at most `burst + per_second * t`.

    Whoever is cancelled while he waits has taken nothing, and the others are served in the order of their coming.

    Args:
        per_second: How many tokens come in a second.
        burst: How many it holds, at least 1. The default is what comes in a tenth of a second: the clocks of a loop are
            too coarse to give out a thousand a second one by one.
        clock: Seconds that only go on.
        sleep: Waits so many seconds.

    Raises:
        ValueError: A rate that is not above 0, or a burst below 1.
    """

    def __init__(
        self,
        per_second: float,
        burst: float | None = None,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not 0 < per_second < float("inf"):
            raise ValueError("rate: a number above 0")
        burst = max(1.0, per_second / 10) if burst is None else burst
        if not burst >= 1:
            raise ValueError("burst: 1 or more")
        self._per_second, self._burst = per_second, burst
        self._clock, self._sleep = clock, sleep
        self._tokens, self._filled = burst, clock()
        self._line = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a token, and take it."""
        async with self._line:
            while (missing := 1 - self._fill()) > _NOTHING:
                await self._sleep(missing / self._per_second)
            self._tokens -= 1

    def _fill(self) -> float:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        return self._tokens
