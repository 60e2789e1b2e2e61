"""A worker as a process of its own. The ledger's time goes faster: a lease there is half a minute at least."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Final

import attrs

from paymentoptions_async import PaymentOptions, PostgresLedger, Settings, Timeouts
from paymentoptions_async.cluster import Sealer, Worker

FASTER: Final = 25
DEADLINE: Final = 10.0
LEASE: Final = 1.0
CONCURRENCY: Final = 6


def fast_clock() -> float:
    return time.time() * FASTER


async def work(dsn: str) -> None:
    settings = attrs.evolve(Settings.from_env(), timeouts=Timeouts(total=DEADLINE, connect=2.0), log_level="critical")
    async with (
        PostgresLedger(dsn, max_connections=4, clock=fast_clock) as ledger,
        PaymentOptions(settings, ledger=ledger) as client,
    ):
        worker = Worker(
            dsn, client=client, ledger=ledger, sealer=Sealer.from_env(), concurrency=CONCURRENCY, lease=LEASE
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
