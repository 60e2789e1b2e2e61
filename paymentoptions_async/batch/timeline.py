"""How a run went over time: what ended in each stretch, and how many charges were under way in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import attrs

from .result import ChargeOutcome

__all__ = ["Stretch", "Timeline"]

_MOST: Final = 120
_FINEST: Final = 0.25
# Where nothing ends for longer the run was stopped: the pause is left out, and marked.
_PAUSE: Final = 120.0
_MOST_PAUSES: Final = 50


class Stretch(NamedTuple):
    """A part of the time.

    Attributes:
        start: Seconds from the beginning, pauses left out.
        seconds: How long it is.
        paid: How many were paid in each second of it.
        other: How many ended otherwise.
        unknown: How many ended unknown.
        under_way: How many charges were under way, on the average.
    """

    start: float
    seconds: float
    paid: float
    other: float
    unknown: float
    under_way: float


@attrs.define
class _Bin:
    paid: int = 0
    other: int = 0
    unknown: int = 0
    busy: float = 0.0

    def take(self, more: _Bin) -> _Bin:
        return _Bin(self.paid + more.paid, self.other + more.other, self.unknown + more.unknown, self.busy + more.busy)


class Timeline:
    """Charges as they begin and end. As time goes on, two bins become one again and again.

    Attributes:
        pauses: Where the run was stopped for a while, in seconds from the beginning.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._width = _FINEST
        self._bins: list[_Bin] = []
        self._zero: float | None = None
        self._floor = 0.0
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """How long it ran, pauses left out."""
        return self._last

    def add(self, began: float, ended: float, outcome: str) -> None:
        """Count one charge, roughly in the order in which they ended.

        Args:
            began: Seconds of any clock.
            ended: Likewise.
            outcome: What became of it.
        """
        if self._zero is None:
            self._zero = began
        if ended - self._zero - self._last > _PAUSE and self._bins and began - self._zero > self._last:
            self._pause(began)
        start, end = max(began - self._zero, self._floor), max(ended - self._zero, self._floor)
        self._last = max(self._last, end)
        while end >= self._width * _MOST:
            self._widen()
        place = int(end / self._width)
        self._bins += [_Bin() for _ in range(place + 1 - len(self._bins))]
        self._count(self._bins[place], outcome)
        self._spread(start, end)

    def _pause(self, began: float) -> None:
        if len(self.pauses) < _MOST_PAUSES:
            self.pauses.append(self._last)
        self._zero = began - self._last
        self._floor = self._last

    def _widen(self) -> None:
        self._width *= 2
        pairs = zip(self._bins[::2], [*self._bins[1::2], _Bin()], strict=False)
        self._bins = [first.take(second) for first, second in pairs]

    @staticmethod
    def _count(found: _Bin, outcome: str) -> None:
        match outcome:
            case ChargeOutcome.PAID:
                found.paid += 1
            case ChargeOutcome.UNKNOWN:
                found.unknown += 1
            case _:
                found.other += 1

    def _spread(self, start: float, end: float) -> None:
        for place in range(int(start / self._width), int(end / self._width) + 1):
            begins = place * self._width
            self._bins[place].busy += min(end, begins + self._width) - max(start, begins)

    def stretches(self) -> Iterator[Stretch]:
        """All of it, in order."""
        # The last one is counted whole: a single result in a sliver of time would look like a peak.
        seconds = self._width if len(self._bins) > 1 else max(self._last, 1e-3)
        for place, found in enumerate(self._bins):
            yield Stretch(
                start=place * self._width,
                seconds=seconds,
                paid=found.paid / seconds,
                other=found.other / seconds,
                unknown=found.unknown / seconds,
                under_way=found.busy / seconds,
            )
