"""How much of the best fixed concurrency's throughput the adaptive one finds, and what it does when capacity halves.

A part of `benchmarks.batch`. The gateway is a sandbox in a process of its own, whose capacity is capped:

    python -m benchmarks.adaptive QUEUE     # is that process; 0 is a line without end
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean, median
from typing import Final, NamedTuple

import attrs
import orjson

from paymentoptions_async import Batch, PaymentOptions, PurchaseRequest, RateLimitedError, Secret, Settings
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy

SEED = Path(__file__).parents[1] / "examples" / "purchase.json"
FIXED: Final = (8, 16, 24, 32, 48, 64, 96)
CAPACITY: Final = 24
QUEUE: Final = 16
LATENCY: Final = 0.05
ROUNDS: Final = 3
SETTLING: Final = 2.5
SECONDS: Final = 2.5


class Gateway:
    """A sandbox in another process."""

    def __init__(self, settings: Settings, process: asyncio.subprocess.Process) -> None:
        self.settings = settings
        self._process = process

    async def set_capacity(self, capacity: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{capacity}\n".encode())
        await self._process.stdin.drain()
        await self._process.stdout.readline()


@asynccontextmanager
async def sandbox(queue: int | None) -> AsyncIterator[Gateway]:
    """A sandbox in a process of its own, whose capacity can be changed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.adaptive", str(queue or 0),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    told = orjson.loads(await process.stdout.readline())
    try:
        yield Gateway(Settings(**told, max_connections=512, log_level="error"), process)
    finally:
        process.stdin.close()
        await process.wait()


async def serve(queue: int | None) -> None:
    """Be that process: each line of the input is a new capacity."""
    async with Sandbox(
        latency=LATENCY, capacity=CAPACITY, queue=queue, webhooks=WebhookPolicy(enabled=False)
    ) as gateway:
        told = gateway.settings()
        names = ("api_key", "x_api_key", "merchant_id", "base_url")
        values = {name: getattr(told, name) for name in names}
        plain = {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
        print(orjson.dumps(plain).decode(), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            gateway.capacity = int(line)
            print("ok", flush=True)


def requests(prefix: str) -> Iterator[PurchaseRequest]:
    """As many as are asked for, each under a reference of its own."""
    seed = PurchaseRequest.from_json(SEED.read_bytes())
    number = 0
    while True:
        yield attrs.evolve(seed, merchant_txn_ref=f"{prefix}-{number}")
        number += 1


async def measure(batch: Batch) -> tuple[float, float]:
    """Charges a second, and the mean limit, once it has settled."""
    begun = time.perf_counter()
    limits: list[int] = []
    async for _ in batch:
        now = time.perf_counter() - begun
        if now > SETTLING + SECONDS:
            batch.stop()
        elif now > SETTLING:
            limits.append(batch.limit)
    return len(limits) / SECONDS, fmean(limits)


async def compare() -> None:
    """Fixed settings against the adaptive one, in turn: what else the machine does meets all of them."""
    seen: dict[int | None, list[tuple[float, float]]] = {concurrency: [] for concurrency in (*FIXED, None)}
    async with sandbox(None) as gateway:
        for number in range(ROUNDS):
            for concurrency, figures in seen.items():
                async with PaymentOptions(gateway.settings) as client:
                    batch = client.charge_many(requests(f"{number}-{concurrency}"), concurrency)
                    figures.append(await measure(batch))
    rates = {concurrency: median(rate for rate, _ in figures) for concurrency, figures in seen.items()}
    best = max(rates[concurrency] for concurrency in FIXED)
    print("\n| in flight | charges a second | of the best fixed | limit |\n|---|---|---|---|")
    for concurrency, rate in rates.items():
        limit = median(limit for _, limit in seen[concurrency])
        print(f"| {concurrency or 'adaptive'} | {rate:.0f} | {rate / best:.0%} | {limit:.0f} |", flush=True)


async def halve() -> None:
    """The capacity halves in mid-run, and comes back."""
    print("\n| capacity | line | charges a second | in flight, median | in flight, most | said no to after retries |")
    print("|---|---|---|---|---|---|")
    async with sandbox(QUEUE) as gateway, PaymentOptions(gateway.settings) as client:
        batch = client.charge_many(requests("h"))
        for capacity in (CAPACITY, CAPACITY // 2, CAPACITY):
            await gateway.set_capacity(capacity)
            settling, seen = await watch(batch, SETTLING), await watch(batch, SECONDS)
            print(
                f"| {capacity} | {QUEUE} | {len(seen) / SECONDS:.0f} | {median(it.in_flight for it in seen):.0f}"
                f" | {max(it.in_flight for it in seen)} | {sum(it.is_refused for it in settling + seen)} |",
                flush=True,
            )
        batch.stop()
        async for _ in batch:
            pass


class Seen(NamedTuple):
    """What there was to see when a result came."""

    in_flight: int
    is_refused: bool


async def watch(batch: Batch, seconds: float) -> list[Seen]:
    """Take the results that come in so many seconds."""
    until, seen = time.perf_counter() + seconds, []
    while time.perf_counter() < until:
        result = await anext(batch)
        seen.append(Seen(batch.in_flight, isinstance(result.error, RateLimitedError)))
    return seen


async def report() -> None:
    """Print the tables."""
    await compare()
    await halve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) or None))
