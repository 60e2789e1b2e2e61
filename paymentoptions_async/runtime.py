"""What a client takes from the world outside."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import attrs

__all__ = ["Runtime"]


def _now() -> datetime:
    return datetime.now(UTC)


def _token() -> str:
    return os.urandom(12).hex()


@attrs.frozen(kw_only=True)
class Runtime:
    """What a charge takes from the world outside: tests bring their own.

    Attributes:
        sleep: Waits so many seconds.
        random: Gives a number from 0 to 1, for the pauses.
        now: The wall clock.
        clock: Seconds that only go on, to measure with.
        token: Makes the token of a claim, another one each time.
    """

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    now: Callable[[], datetime] = _now
    clock: Callable[[], float] = time.monotonic
    token: Callable[[], str] = _token
