"""What can be seen of a charge from beside it: its frames with their locals, while it is under way."""

from __future__ import annotations

import asyncio
import reprlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from paymentoptions_async import Attempt, Call, Ending
from paymentoptions_async.ledger import MemoryLedger
from paymentoptions_async.runtime import Runtime

__all__ = ["Onlooker", "WatchedLedger", "frames_of", "watched_runtime"]

# The frames of pytest and of the sandbox are no business of ours: they hold what a test, or a gateway, has to hold.
_OURS: Final = ("paymentoptions_async", "aiohttp", "tenacity", "structlog", "asyncio")
_NOT_OURS: Final = "paymentoptions_async/sandbox"
_REPR: Final = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 100_000
_REPR.maxdict = _REPR.maxlist = _REPR.maxtuple = 1_000


def _told(frame: FrameType) -> str:
    name = frame.f_code.co_filename.replace("\\", "/")
    if _NOT_OURS in name or not any(f"/{part}" in name for part in _OURS):
        return ""
    shown = ", ".join(f"{key}={_REPR.repr(value)}" for key, value in frame.f_locals.items())
    return f"{frame.f_code.co_qualname}({shown})\n"


def _stack(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield _told(frame)
        frame = frame.f_back


def frames_of(task: asyncio.Task[Any]) -> str:
    """A task, and the frames of all that it waits within, as a debugger of asyncio shows them."""
    waiting: Any = task.get_coro()
    told = [repr(task), *(_told(frame) for frame in task.get_stack())]
    while (frame := getattr(waiting, "cr_frame", None)) is not None:
        told.append(_told(frame))
        waiting = waiting.cr_await
    return "\n".join(told)


class Onlooker:
    """A hook, a processor of structlog and a clock that take down the whole stack whenever they are called.

    Attributes:
        seen: What they saw.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []

    def look(self) -> None:
        self.seen.append("".join(_stack(sys._getframe(1))))

    def begin(self, step: Call | Attempt, /) -> None:
        self.look()

    def end(self, step: Call | Attempt, context: None, ending: Ending, /) -> None:
        self.look()
        self.seen.append(f"{step!r} {ending!r}")

    def __call__(self, _logger: Any, _method: str, event: Any) -> Any:
        self.look()
        return event


class WatchedLedger(MemoryLedger):
    """A ledger of the application's own, which looks who calls it."""

    def __init__(self, onlooker: Onlooker) -> None:
        super().__init__()
        self._onlooker = onlooker

    async def claim(self, *given: Any, **named: Any) -> Any:
        self._onlooker.look()
        self._onlooker.seen.append(f"{given} {named}")
        return await super().claim(*given, **named)

    async def finish(self, *given: Any, **named: Any) -> Any:
        self._onlooker.look()
        self._onlooker.seen.append(f"{given} {named}")
        return await super().finish(*given, **named)


def watched_runtime(onlooker: Onlooker) -> Runtime:
    """Time, chance and sleep that look who asks for them."""
    plain = Runtime()

    def now() -> Any:
        onlooker.look()
        return plain.now()

    def clock() -> float:
        onlooker.look()
        return plain.clock()

    async def sleep(seconds: float) -> None:
        onlooker.look()

    def random() -> float:
        onlooker.look()
        return 0.0

    return Runtime(now=now, clock=clock, sleep=sleep, random=random)
