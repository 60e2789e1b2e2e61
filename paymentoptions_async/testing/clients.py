"""A client for tests: it waits for nothing that a test would have to wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from ..client import PaymentOptions
from ..runtime import Runtime
from ..settings import Timeouts

if TYPE_CHECKING:
    from ..sandbox import Sandbox

__all__ = ["quick_client"]

_TIMEOUTS: Final = Timeouts(total=5, connect=2)
_WEBHOOK_SECRET: Final = "a secret for the webhooks of tests"  # noqa: S105  # it guards nothing
_LONGEST_SLEEP: Final = 0.001


async def _nap(seconds: float) -> None:
    # Not nothing: what waits in a loop for a clock would let nobody else run.
    await asyncio.sleep(min(seconds, _LONGEST_SLEEP))


def quick_client(gateway: Sandbox, **settings: Any) -> PaymentOptions:
    """A client of a sandbox that pauses for a millisecond at most before a retry, and gives up after five seconds.

    Args:
        gateway: It has been started.
        **settings: Passed on to `Settings`.

    Returns:
        The client, to be used with `async with`. Its ledger is in memory.
    """
    told = {"timeouts": _TIMEOUTS, "webhook_secret": _WEBHOOK_SECRET, **settings}
    return PaymentOptions(gateway.settings(**told), runtime=Runtime(sleep=_nap))
