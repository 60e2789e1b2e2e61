"""The sandbox's clock: the real one, turned on by as much as a test wants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "stamp"]


class Clock:
    """Tells the time when it is called.

    Attributes:
        ahead: By how much it was turned on.

    Args:
        now: The real time in UTC.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """The time in UTC."""
        return self._now() + self.ahead

    def turn_to(self, moment: datetime) -> None:
        """Let it be this time now."""
        self.ahead = moment - self._now()


def stamp(moment: datetime) -> str:
    """A time as answers write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
