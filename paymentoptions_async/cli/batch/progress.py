"""How far a batch is: a bar in a terminal, a line now and then elsewhere. On stderr, since stdout holds results."""

from __future__ import annotations

import asyncio
import sys
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final, Protocol

from ...batch.journal import Entry
from ...batch.result import ChargeOutcome
from .inputs import tell

__all__ = ["Progress", "Shown", "progress_of"]

_TICK: Final = 0.2
_LINE_EVERY: Final = 5.0
_ORDER: Final = tuple(ChargeOutcome)


class Shown(Protocol):
    """What is shown of a batch that runs."""

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """How many charges are under way."""

    @property
    @abstractmethod
    def limit(self) -> int:
        """How many may be under way now."""


class Progress:
    """Counts what is written, and shows nothing: the base of what does.

    Args:
        total: How many lines there are.
        earlier: What earlier runs have brought to an end, by outcome.
    """

    def __init__(self, total: int, earlier: Mapping[str, int]) -> None:
        self._total = total
        self._counts = Counter(earlier)
        self._before = self._done
        self._started = monotonic()

    @property
    def _done(self) -> int:
        return self._counts.total()

    def told(self, entries: list[Entry]) -> None:
        """Count what was written."""
        self._counts.update(entry["outcome"] for entry in entries)

    def found(self, outcomes: Mapping[str, int]) -> None:
        """Take the counts that somebody else keeps."""
        self._counts = Counter(outcomes)

    async def run(self, batch: Shown) -> None:
        """Show it until cancelled.

        Args:
            batch: What runs.
        """

    def remark(self, text: str) -> None:
        """Tell something in between."""
        tell(text)

    def _outcomes(self) -> str:
        return ", ".join(f"{self._counts[name]} {_word(name)}" for name in _ORDER if self._counts[name]) or "none yet"

    def _speed(self) -> float:
        return (self._done - self._before) / max(monotonic() - self._started, 1e-3)


def _word(outcome: str) -> str:
    return outcome.replace("_", " ")


class _Lines(Progress):
    """A line every some seconds."""

    async def run(self, batch: Shown) -> None:
        while True:
            await asyncio.sleep(_LINE_EVERY)
            await asyncio.to_thread(tell, self._line(batch))

    def _line(self, batch: Shown) -> str:
        speed = self._speed()
        left = f", {(self._total - self._done) / speed:.0f} s left" if speed > 0 else ""
        return (
            f"{self._done} of {self._total}: {self._outcomes()}; {speed:.1f} a second{left};"
            f" {batch.in_flight} under way of at most {batch.limit}"
        )


class _Bar(Progress):
    """A bar that moves."""

    async def run(self, batch: Shown) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress
        from rich.text import Text

        bar = RichProgress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]:.0f}/s"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[flying]} of {task.fields[limit]} under way"),
            expand=True,
        )
        task = bar.add_task("", total=self._total, completed=self._before, **self._fields(batch))
        with Live(
            console=Console(stderr=True),
            get_renderable=lambda: Group(bar, Text(self._outcomes())),
            refresh_per_second=5,
        ):
            try:
                while True:
                    await asyncio.sleep(_TICK)
                    bar.update(task, completed=self._done, **self._fields(batch))
            finally:
                bar.update(task, completed=self._done, **self._fields(batch))

    def _fields(self, batch: Shown) -> dict[str, Any]:
        return {"speed": self._speed(), "flying": batch.in_flight, "limit": batch.limit}


def progress_of(total: int, earlier: Mapping[str, int], *, quiet: bool) -> Progress:
    """What shows how far it is.

    Args:
        total: How many lines there are.
        earlier: What earlier runs have brought to an end, by outcome.
        quiet: Whether nothing is shown.
    """
    kind = Progress if quiet else _Bar if sys.stderr.isatty() else _Lines
    return kind(total, earlier)
