"""Who wants to know of the pauses before retries, while the call that makes them is still under way."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from .models.outcome import Outcome

__all__ = ["listener"]

listener: Final[ContextVar[Callable[[Outcome], None] | None]] = ContextVar("listener", default=None)
"""Told what led to each pause. Of the task that makes the call: a batch has one for each of its charges."""
