"""An event loop whose time is a number, and whose processes can be killed and frozen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappush
from typing import Any, Final

import attrs

__all__ = ["PROCESS", "DeadlockError", "Process", "VirtualLoop"]


@attrs.define(eq=False)
class Process:
    """One that the operating system could end or stop at any moment.

    Attributes:
        name: Of it.
        is_alive: Whether it has not been killed.
        is_frozen: Whether it is stopped for now.
    """

    name: str
    is_alive: bool = True
    is_frozen: bool = False
    tasks: list[asyncio.Task[Any]] = attrs.field(factory=list)
    held: list[asyncio.Handle] = attrs.field(factory=list)


PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)


class DeadlockError(Exception):
    """Nothing can ever happen any more, and something is still waited for."""


class _Selector:
    """Waits for nothing: when the loop would sleep, its clock goes on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise DeadlockError("nothing is scheduled")
        if timeout > 0:
            self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs the callbacks of all processes in the order of a virtual clock.

    A killed process's callbacks are never run again, not even to clean up: just so a `kill -9` ends one.

    Attributes:
        now: Seconds.
        steps: How many callbacks have been asked for.
        graves: The processes that were killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ready: deque[asyncio.Handle] = deque()
        self._scheduled: list[asyncio.TimerHandle] = []
        self._selector = _Selector(self)
        self.now = 0.0
        self.steps = 0
        # What is collected would run its `finally`, which no killed process does.
        self.graves: list[Process] = []
        self._between: list[Callable[[], None]] = []
        self.set_exception_handler(self._note)
        self.faults: list[str] = []

    def time(self) -> float:
        """See `AbstractEventLoop.time`."""
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _note(self, _loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        self.faults.append(f"{told.get('message')}: {told.get('exception')!r}")

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        """See `AbstractEventLoop.call_soon`."""
        self.steps += 1
        context = context if context is not None else copy_context()
        process = context.get(PROCESS)
        if process is None or (process.is_alive and not process.is_frozen):
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        if process.is_alive:
            process.held.append(handle)
        return handle

    def start(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something as a task of a process."""
        context = copy_context()
        context.run(PROCESS.set, process)
        task = context.run(self.create_task, work)
        process.tasks.append(task)
        return task

    def kill(self, process: Process) -> None:
        """End it, before the loop goes on."""
        self._between.append(lambda: self._bury(process))

    def freeze(self, process: Process, seconds: float) -> None:
        """Stop it; after some seconds it goes on, and finds its timers overdue."""
        self._between.append(lambda: self._stop_process(process, seconds))

    def _run_once(self) -> None:
        while self._between:
            self._between.pop(0)()
        super()._run_once()  # type: ignore[misc]

    def _bury(self, process: Process) -> None:
        process.is_alive = False
        self.graves.append(process)
        self._take_out(process)

    def _stop_process(self, process: Process, seconds: float) -> None:
        if process.is_alive and not process.is_frozen:
            process.is_frozen = True
            process.held, timers = self._take_out(process)
            Context().run(self.call_later, seconds, self._thaw, process, timers)

    def _take_out(self, process: Process) -> tuple[list[asyncio.Handle], list[asyncio.TimerHandle]]:
        ready = [handle for handle in self._ready if _is_of(handle, process)]
        timers = [timer for timer in self._scheduled if _is_of(timer, process)]
        self._ready = deque(handle for handle in self._ready if not _is_of(handle, process))
        self._scheduled = [timer for timer in self._scheduled if not _is_of(timer, process)]
        heapify(self._scheduled)
        return ready, timers

    def _thaw(self, process: Process, timers: list[asyncio.TimerHandle]) -> None:
        process.is_frozen = False
        if process.is_alive:
            self._ready.extend(process.held)
            for timer in timers:
                heappush(self._scheduled, timer)
        process.held = []


def _is_of(handle: asyncio.Handle, process: Process) -> bool:
    return handle._context.get(PROCESS) is process  # type: ignore[attr-defined]
