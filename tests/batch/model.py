"""A gateway and a client that share it, in virtual time: what a limiter does to them, without a second going by."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import attrs

from paymentoptions_async.batch.limiter import Concurrency
from paymentoptions_async.batch.signal import Signal

RETRY_AFTER = 1.0


class Moment(NamedTuple):
    """What was seen when a call ended."""

    time: float
    limit: int
    in_flight: int


@attrs.define
class World:
    """A closed loop: as many calls as the limit lets in, seats that each serve one, and a line before them.

    Attributes:
        limiter: Under test.
        service: Seconds that the next call takes once it sits.
        seats: How many are served at a time.
        queue: How many may wait; those beyond are answered 429, and call again after a second in the same flight.
        lost: Which share of the answers is lost.
        demand: The most that there is to do at a time.
        chance: Draws.
    """

    limiter: Concurrency
    service: Callable[[], float]
    seats: int
    queue: int | None = None
    lost: float = 0.0
    demand: int = 10_000
    chance: random.Random = attrs.field(factory=lambda: random.Random(5))
    now: float = 0.0
    in_flight: int = 0
    sitting: int = 0
    throttled: int = 0
    answered: int = 0
    moments: list[Moment] = attrs.field(factory=list)
    _line: deque[tuple[float, bool]] = attrs.field(factory=deque)
    _events: list[tuple[float, int, str, float, bool]] = attrs.field(factory=list)
    _serial: int = 0

    def run(self, until: float) -> None:
        """Let time pass until then."""
        self._fill()
        while self._events and self._events[0][0] <= until:
            self.now, _, kind, begun, paused = heapq.heappop(self._events)
            if kind == "ends":
                self._end(begun, paused)
            else:
                self._arrive(begun, paused)
            self._fill()
        self.now = until

    def throughput(self, seconds: float) -> float:
        """Answers a second, over so many more seconds."""
        before = self.answered
        self.run(self.now + seconds)
        return (self.answered - before) / seconds

    def _fill(self) -> None:
        while self.in_flight < min(self.limiter.limit, self.demand):
            self.in_flight += 1
            self._arrive(self.now, False)

    def _arrive(self, begun: float, paused: bool) -> None:
        if self.sitting < self.seats:
            self._sit(begun, paused)
        elif self.queue is not None and len(self._line) >= self.queue:
            self.throttled += 1
            self.limiter.back_off(self.in_flight)
            self._plan(RETRY_AFTER, "arrives", begun, True)
        else:
            self._line.append((begun, paused))

    def _sit(self, begun: float, paused: bool) -> None:
        self.sitting += 1
        self._plan(self.service(), "ends", begun, paused)

    def _plan(self, seconds: float, kind: str, begun: float, paused: bool) -> None:
        self._serial += 1
        heapq.heappush(self._events, (self.now + seconds, self._serial, kind, begun, paused))

    def _end(self, begun: float, paused: bool) -> None:
        self.sitting -= 1
        while self._line and self.sitting < self.seats:
            self._sit(*self._line.popleft())
        signal = Signal.LOST if self.chance.random() < self.lost else Signal.ANSWERED
        self.limiter.record(self.now - begun, Signal.SILENT if paused else signal, self.in_flight)
        self.in_flight -= 1
        self.answered += 1
        self.moments.append(Moment(self.now, self.limiter.limit, self.in_flight))
