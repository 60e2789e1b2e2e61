"""How many charges may be in flight at a time."""

from __future__ import annotations

from math import sqrt
from typing import Final, Protocol

import attrs

from .signal import Signal

__all__ = ["Concurrency", "Fixed", "Limiter"]

# What may pass for unloaded, of the mean. As Envoy's `min_rtt.buffer`, but for less: a queue is latency as well.
_TOLERATED: Final = 1.1
_STEEPEST: Final = 0.7
_SHORTEST_WINDOW: Final = 20
_SHORTEST_MEASUREMENT: Final = 50
_WEIGHT: Final = 0.5

# In windows. The first measurements are made of few answers, so they are soon made anew.
_FIRST_PAUSE: Final = 5
_LONGEST_PAUSE: Final = 100

_CUT: Final = 0.9
_LOSSES_BORNE: Final = 0.25
_GROWTH: Final = 1.01
_STEP: Final = 0.25


class Concurrency(Protocol):
    """Decides how many may be in flight."""

    @property
    def limit(self) -> int:
        """How many may be in flight now."""

    def record(self, seconds: float, signal: Signal, in_flight: int) -> None:
        """Told of each call that ends.

        Args:
            seconds: How long it took.
            signal: What it tells of the gateway.
            in_flight: How many were in flight until then, itself among them.
        """

    def back_off(self, in_flight: int) -> None:
        """Told of a call that is still under way, but pauses because the gateway could not take it."""


class Fixed:
    """Always as many.

    Args:
        limit: How many.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def record(self, seconds: float, signal: Signal, in_flight: int) -> None:
        """Changes nothing."""

    def back_off(self, in_flight: int) -> None:
        """Changes nothing."""


@attrs.define
class _Window:
    """What was seen under one limit. What was in flight when it changed tells of the former one, and is skipped."""

    skipped: int = 0
    answered: int = 0
    lost: int = 0
    seconds: float = 0.0
    most_in_flight: int = 0

    @property
    def ended(self) -> int:
        return self.answered + self.lost


class Limiter:
    """As many as the gateway answers without a queue: the gradient controller of Envoy's adaptive concurrency filter.

    (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter). After
    each window of answers, as many as the limit and at least 20::

        gradient = 1.1 * unloaded / mean       mean seconds of the last windows; 0.7 <= gradient <= 1
        limit    = limit * gradient + sqrt(limit)

    so that it grows as long as the gateway keeps its pace, and settles where about a root of it waits in line.
    `unloaded` is the mean at half of the limit, where nobody waits in line: measured at the start, 5 windows later,
    then by and by less often, at least every 100; and whenever the limit has fallen by half, so that a gateway that
    has become slow is not taken for one that is full. (Envoy measures at 3 in flight once a minute: with a gateway
    that takes a second, that would cost a good part of the minute.)

    What does not show in the latency is met by additive increase and multiplicative decrease (Chiu and Jain, 1989).
    At a 429, or where more than a quarter of a window was lost, the limit falls to 0.9 of itself: at once, but once
    only for all that were in flight then. After a 429 it stays below what was borne, which grows by a hundredth and
    a quarter in each window.

    Args:
        start: The limit before anything is known.
        floor: It never falls below that.
        ceiling: It never rises above that.
    """

    def __init__(self, start: int = 4, *, floor: int = 1, ceiling: int = 256) -> None:
        self._floor, self._ceiling = float(floor), float(max(floor, ceiling))
        self._bearable = self._ceiling
        self._limit = self._full_limit = self._within(start)
        self._unloaded = self._mean = 0.0
        self._measuring = True
        self._windows, self._next_measurement = 0, _FIRST_PAUSE
        # The first ones open connections: how long they take tells nothing.
        self._window = _Window(self.limit)

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return int(self._limit)

    def record(self, seconds: float, signal: Signal, in_flight: int) -> None:
        """Learn from a call that ended; see `Concurrency`."""
        if signal is Signal.SILENT:
            return
        window = self._window
        if window.skipped:
            window.skipped -= 1
            return
        if signal is Signal.THROTTLED:
            self.back_off(in_flight)
            return
        window.most_in_flight = max(window.most_in_flight, in_flight)
        if signal is Signal.LOST:
            window.lost += 1
        else:
            window.answered += 1
            window.seconds += seconds
        # The first measurement is a short one: at the limit of the start it would take long.
        shortest = _SHORTEST_MEASUREMENT if self._measuring and self._unloaded else _SHORTEST_WINDOW
        if window.ended >= max(shortest, self.limit):
            self._close(window, in_flight)

    def back_off(self, in_flight: int) -> None:
        """Let fewer in; see `Concurrency`."""
        if not self._window.skipped:
            self._cut(in_flight)
            self._bearable = self._limit

    def _cut(self, in_flight: int) -> None:
        self._measuring = False
        self._limit = self._within(self._limit * _CUT)
        self._window = _Window(in_flight)

    def _close(self, window: _Window, in_flight: int) -> None:
        self._windows += 1
        self._bearable = min(self._ceiling, self._bearable * _GROWTH + _STEP)
        if window.lost > _LOSSES_BORNE * window.ended:
            self._cut(in_flight)
            return
        mean = window.seconds / window.answered
        if self._measuring or not self._unloaded:
            self._measured(mean)
        elif self._windows >= self._next_measurement or self._limit < self._full_limit / 2:
            self._measure(in_flight)
        else:
            self._adjust(mean, window.most_in_flight, in_flight)

    def _measure(self, in_flight: int) -> None:
        self._measuring = True
        self._full_limit = self._limit
        self._limit = self._within(self._limit / 2)
        self._window = _Window(in_flight)

    def _measured(self, mean: float) -> None:
        self._measuring = False
        self._unloaded = self._mean = mean
        self._next_measurement = self._windows + min(_LONGEST_PAUSE, self._windows + _FIRST_PAUSE)
        self._limit = self._full_limit = self._within(max(self._limit, self._full_limit))
        self._window = _Window()

    def _adjust(self, mean: float, most_in_flight: int, in_flight: int) -> None:
        self._mean += (mean - self._mean) * _WEIGHT
        # No latency at all may be measured with a coarse clock.
        gradient = min(1.0, max(_STEEPEST, _TOLERATED * self._unloaded / self._mean)) if self._mean else 1.0
        limit = self._within(self._limit * gradient + sqrt(self._limit))
        if limit < self._limit:
            self._limit = limit
            self._window = _Window(in_flight)
            return
        # A limit that is not made use of has not been tried.
        if most_in_flight * 2 >= self._limit:
            self._limit = limit
            self._full_limit = max(self._full_limit, limit)
        self._window = _Window()

    def _within(self, limit: float) -> float:
        return max(self._floor, min(limit, self._bearable))
