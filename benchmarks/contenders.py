"""All that is compared, by name.

    python -m benchmarks.contenders NAME BASE_URL IN_FLIGHT CALLS

is one process that makes so many calls with one of them and ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from . import rivals
from .clients import Call, ours, ours_sqlite, plain, run

Open = Callable[[str, int], AbstractAsyncContextManager[Call]]
"""Makes a client for a base URL, with so many connections."""

BASELINE: Final = "plain"
OURS: Final = ("ours", "ours-sqlite")
CONTENDERS: Final[dict[str, Open]] = {
    BASELINE: plain,
    "ours": ours,
    "ours-sqlite": ours_sqlite,
    "httpx": rivals.httpx,
    "httpx2": rivals.httpx2,
    "stripe-httpx": rivals.stripe_httpx,
    "stripe-aiohttp": rivals.stripe_aiohttp,
    "square": rivals.square,
    "openai": rivals.openai,
}


async def once(name: str, base_url: str, concurrency: int, calls: int) -> None:
    """Make so many calls, and look at the last answer."""
    async with CONTENDERS[name](base_url, concurrency) as call:
        await run(call, range(calls - 1), concurrency)
        assert str(await call(calls - 1)).endswith(f"-{calls - 1}")


if __name__ == "__main__":
    asyncio.run(once(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
