"""An event loop whose time is a number, and whose processes can be killed and frozen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Final

import attrs

__all__ = ["PROCESS", "DeadlockError", "Process", "VirtualLoop", "outside"]


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


_Timer = tuple[float, int, asyncio.TimerHandle]

PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)
_NOBODY: Final = Process("nobody")


def outside() -> Context:
    """A context of no process: what is asked for in it happens whoever lives."""
    context = Context()
    context.run(PROCESS.set, _NOBODY)
    return context


class DeadlockError(Exception):
    """Nothing can ever happen any more, and something is still waited for."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs the callbacks of all processes in the order of a virtual clock.

    A killed process's callbacks are never run again, not even to clean up: just so a `kill -9` ends one. What asyncio's
    own loop does for sockets, threads and debugging is left out, since millions of purchases have to pass through here.

    Attributes:
        now: Seconds.
        steps: How many callbacks have been asked for.
        graves: The processes that were killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ready: deque[asyncio.Handle] = deque()
        # With their times and numbers before them: to compare handles by themselves is slow.
        self._timers: list[_Timer] = []
        self._numbers = count()
        self.now = 0.0
        self.steps = 0
        # What is collected would run its `finally`, which no killed process does.
        self.graves: list[Process] = []
        self._between: list[Callable[[], None]] = []
        self._running: Process | None = None
        self.set_exception_handler(self._note)
        self.faults: list[str] = []

    def time(self) -> float:
        """See `AbstractEventLoop.time`."""
        return self.now

    def _note(self, _loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        self.faults.append(f"{told.get('message')}: {told.get('exception')!r}")

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        """See `AbstractEventLoop.call_soon`."""
        self.steps += 1
        context = context if context is not None else copy_context()
        process = self._owner(context)
        handle = asyncio.Handle(callback, args, self, context)
        if process is None or (process.is_alive and not process.is_frozen):
            self._ready.append(handle)
        elif process.is_alive:
            process.held.append(handle)
        return handle

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See `AbstractEventLoop.call_at`."""
        context = context if context is not None else copy_context()
        self._owner(context)
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _owner(self, context: Context) -> Process | None:
        """Whose it is. A task in a context that is made anew is of the process that has made it, and dies with it."""
        process = context.get(PROCESS)
        if process is None and self._running is not None:
            process = self._running
            context.run(PROCESS.set, process)
        return process

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
        self._ripen()
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                self._running = handle._context.get(PROCESS)  # type: ignore[attr-defined]
                handle._run()
        self._running = None

    def _ripen(self) -> None:
        """Make ready whatever is due; where there is nothing else to do, the clock goes on to it."""
        timers, ready = self._timers, self._ready
        while timers and (timers[0][0] <= self.now or not ready):
            when, _, timer = heappop(timers)
            if not timer.cancelled():
                self.now = max(self.now, when)
                ready.append(timer)
        if not self._ready:
            raise DeadlockError("nothing is scheduled")

    def _bury(self, process: Process) -> None:
        process.is_alive = False
        self.graves.append(process)
        self._take_out(process)

    def _stop_process(self, process: Process, seconds: float) -> None:
        if process.is_alive and not process.is_frozen:
            process.is_frozen = True
            process.held, timers = self._take_out(process)
            outside().run(self.call_later, seconds, self._thaw, process, timers)

    def _take_out(self, process: Process) -> tuple[list[asyncio.Handle], list[_Timer]]:
        ready = [handle for handle in self._ready if _is_of(handle, process)]
        timers = [timer for timer in self._timers if _is_of(timer[2], process)]
        self._ready = deque(handle for handle in self._ready if not _is_of(handle, process))
        self._timers = [timer for timer in self._timers if not _is_of(timer[2], process)]
        heapify(self._timers)
        return ready, timers

    def _thaw(self, process: Process, timers: list[_Timer]) -> None:
        process.is_frozen = False
        if process.is_alive:
            self._ready.extend(process.held)
            for timer in timers:
                heappush(self._timers, timer)
        process.held = []


def _is_of(handle: asyncio.Handle, process: Process) -> bool:
    return handle._context.get(PROCESS) is process  # type: ignore[attr-defined]
