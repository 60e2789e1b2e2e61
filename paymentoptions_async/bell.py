"""Wakes those who wait for a charge to be settled."""

from __future__ import annotations

import asyncio
from contextlib import suppress

__all__ = ["Bell"]


class Bell:
    """Rings for a reference. What rings while nobody listens is not kept: the ledger knows."""

    def __init__(self) -> None:
        self._listening: dict[str, set[asyncio.Event]] = {}

    def ring(self, reference: str) -> None:
        """Something has changed."""
        for event in self._listening.get(reference, ()):
            event.set()

    async def heard(self, reference: str, seconds: float) -> None:
        """Wait until it rings, so many seconds at the most."""
        event = asyncio.Event()
        listening = self._listening.setdefault(reference, set())
        listening.add(event)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            listening.discard(event)
            if not listening and self._listening.get(reference) is listening:
                del self._listening[reference]
