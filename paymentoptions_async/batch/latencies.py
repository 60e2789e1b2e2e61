"""A distribution of durations in bins that grow by a fixed factor: any quantile to two per cent, in a few kilobytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import floor, log10
from typing import Final

__all__ = ["Latencies"]

_PER_DECADE: Final = 120
_LOWEST: Final = 1e-4
_DECADES: Final = 8


class Latencies:
    """Durations in seconds, from a tenth of a millisecond to some hours. What is outside counts at the end.

    Attributes:
        count: How many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._bins = array("L", bytes(8 * _PER_DECADE * _DECADES))

    def add(self, seconds: float) -> None:
        """Count one."""
        place = floor(log10(max(seconds, _LOWEST) / _LOWEST) * _PER_DECADE + 1e-9)
        self._bins[min(place, len(self._bins) - 1)] += 1
        self.count += 1

    def quantile(self, part: float) -> float | None:
        """The duration that so many are not longer than; `None` where there are none.

        Args:
            part: Such as 0.99.
        """
        wanted, seen = part * self.count, 0
        for place, count in enumerate(self._bins):
            seen += count
            if count and seen >= wanted:
                return _edge(place + (wanted - seen + count) / count)
        return None

    def bars(self, per_decade: int) -> Iterator[tuple[float, float, int]]:
        """Coarser bins, from the first to the last that is not empty: from, to, how many.

        Args:
            per_decade: How many bins a factor of ten has; a part of 120.
        """
        width = _PER_DECADE // per_decade
        counts = [sum(self._bins[start : start + width]) for start in range(0, len(self._bins), width)]
        filled = [place for place, count in enumerate(counts) if count]
        for place in range(filled[0], filled[-1] + 1) if filled else ():
            yield _edge(place * width), _edge((place + 1) * width), counts[place]


def _edge(place: float) -> float:
    return float(_LOWEST * 10 ** (place / _PER_DECADE))
