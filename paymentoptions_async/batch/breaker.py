"""When to pause a batch, instead of burning through it."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..errors import AuthenticationError, ConfigurationError
from .result import ChargeOutcome, ChargeResult
from .signal import Signal, signal_of

__all__ = ["Breaker"]

_FEWEST_SEEN: Final = 20


class Breaker:
    """Says that a batch should pause, and why: the fault is not that of a request, and would meet the next as well.

    It trips where

    * credentials were refused 3 times in a row. Not at the first: a proxy's 403 may be about one request, and to be
      refused costs nothing;
    * 10 in a row got no answer: not sent, lost or unclear, or 429 after the retries;
    * half of the last 40 are of unknown outcome, once there are 20;
    * the client says that it cannot work: it is closed, say.

    A result that tells nothing about the gateway - known from an earlier call, refused before it was sent - neither
    counts nor ends a row.

    Args:
        refused: How many refusals of the credentials in a row.
        unanswered: How many in a row without an answer.
        window: Of how many the unknown ones are counted.
    """

    def __init__(self, *, refused: int = 3, unanswered: int = 10, window: int = 40) -> None:
        self._most_refused, self._most_unanswered = refused, unanswered
        self._refused = self._unanswered = 0
        self._unknown: deque[bool] = deque(maxlen=window)
        self._reason: str | None = None

    @property
    def reason(self) -> str | None:
        """Why to pause; `None` as long as there is no reason."""
        return self._reason

    def record(self, result: ChargeResult) -> None:
        """Learn from a result. The first reason stays."""
        self._reason = self._reason or self._found(result)

    def _found(self, result: ChargeResult) -> str | None:
        if isinstance(result.error, ConfigurationError):
            return f"the client cannot work: {result.error}"
        signal = signal_of(result)
        if signal is Signal.SILENT:
            return None
        self._refused = self._refused + 1 if isinstance(result.error, AuthenticationError) else 0
        self._unanswered = self._unanswered + 1 if signal in (Signal.LOST, Signal.THROTTLED) else 0
        self._unknown.append(result.outcome is ChargeOutcome.UNKNOWN)
        if self._refused >= self._most_refused:
            return f"the credentials were refused {self._refused} times in a row; {_last(result)}"
        if self._unanswered >= self._most_unanswered:
            return f"{self._unanswered} charges in a row got no answer; {_last(result)}"
        unknown, seen = sum(self._unknown), len(self._unknown)
        if seen >= _FEWEST_SEEN and unknown * 2 >= seen:
            return f"{unknown} of the last {seen} charges are of unknown outcome; {_last(result)}"
        return None


def _last(result: ChargeResult) -> str:
    return f"the last one: {result.error}"
