"""The charges that are in the air in this process, and those who wait for them to land."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from .delivery import Landing

__all__ = ["Flight", "Flights", "landed"]


class Flight:
    """One of them.

    Attributes:
        fingerprint: Of the charge.
    """

    def __init__(self, fingerprint: bytes) -> None:
        self.fingerprint = fingerprint
        self._landed: asyncio.Future[Landing | None] | None = None

    async def landing(self) -> Landing | None:
        """How it ended; `None` where nothing was sent and somebody else may."""
        if self._landed is None:
            self._landed = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._landed)

    def land(self, landing: Landing | None) -> None:
        """Tell those who wait."""
        if self._landed is not None:
            self._landed.set_result(landing)


Flights = dict[str, Flight]


async def landed(flights: Flights, seconds: float | None) -> None:
    """Wait until nothing is in the air, or for so long.

    Args:
        flights: Each of them ends by itself, soon after the deadline of its call.
        seconds: `None` sets no limit.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while flights:
                await next(iter(flights.values())).landing()
