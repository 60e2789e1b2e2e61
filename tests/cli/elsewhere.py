"""A sandbox in a thread of its own: a command in this one can call it, which a sandbox of the same loop forbids."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from paymentoptions_async.sandbox import Sandbox

__all__ = ["Elsewhere"]

T = TypeVar("T")


class Elsewhere:
    """Runs a sandbox as long as it is entered.

    Attributes:
        gateway: The sandbox.
        faults: What goes wrong next, one for each request; `None` for nothing.
    """

    def __init__(self, **switches: Any) -> None:
        self.faults: list[str | None] = []
        self.gateway = Sandbox(faults=lambda: self.faults.pop(0) if self.faults else None, **switches)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.gateway.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.do(self.gateway.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
