"""Wakes those who wait for a charge to be settled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Bell"]


class Bell:
    """Rings for a reference. What rings while nobody listens is not kept: the ledger knows."""

    def __init__(self) -> None:
        self._listening: dict[str, set[asyncio.Event]] = {}

    def ring(self, reference: str) -> None:
        """Something has changed."""
        for event in self._listening.get(reference, ()):
            event.set()

    @contextmanager
    def listening(self, reference: str) -> Iterator[asyncio.Event]:
        """Give an event that is set as often as it rings. Whoever clears it before each look misses nothing."""
        event = asyncio.Event()
        listening = self._listening.setdefault(reference, set())
        listening.add(event)
        try:
            yield event
        finally:
            listening.discard(event)
            if not listening and self._listening.get(reference) is listening:
                del self._listening[reference]
