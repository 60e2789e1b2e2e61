"""How much of the best fixed concurrency's throughput the adaptive one finds, and what it does when capacity halves.

`python -m benchmarks.adaptive`: the gateway is a sandbox in a process of its own, whose capacity is capped.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean

import attrs
import orjson

from paymentoptions_async import Batch, PaymentOptions, PurchaseRequest, RateLimitedError, Secret, Settings
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy

SEED = Path(__file__).parents[1] / "examples" / "purchase.json"
FIXED = (8, 16, 32, 48, 64, 96)


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
async def sandbox(capacity: int, queue: int | None, latency: float) -> AsyncIterator[Gateway]:
    """A sandbox in a process of its own, whose capacity can be changed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.adaptive", "--serve", f"{capacity},{queue or 0},{latency}",
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


async def serve(capacity: int, queue: int | None, latency: float) -> None:
    """Be that process: each line of the input is a new capacity."""
    async with Sandbox(
        latency=latency, capacity=capacity, queue=queue, webhooks=WebhookPolicy(enabled=False)
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


async def measure(batch: Batch, warm_up: float, seconds: float) -> tuple[float, float]:
    """Charges a second, and the mean limit, from the end of the warm-up on."""
    begun = time.perf_counter()
    counted, limits = 0, 0
    async for _ in batch:
        now = time.perf_counter() - begun
        if warm_up < now <= warm_up + seconds:
            counted += 1
            limits += batch.limit
        if now > warm_up + seconds:
            batch.stop()
    return counted / seconds, limits / max(1, counted)


async def compare(capacity: int, latency: float, seconds: float, rounds: int) -> None:
    """Fixed settings against the adaptive one, in turn: what else the machine does meets all of them."""
    seen: dict[int | None, list[tuple[float, float]]] = {concurrency: [] for concurrency in (*FIXED, None)}
    async with sandbox(capacity, None, latency) as gateway:
        for number in range(rounds):
            for concurrency, figures in seen.items():
                async with PaymentOptions(gateway.settings) as client:
                    batch = client.charge_many(requests(f"{number}-{concurrency}"), concurrency)
                    figures.append(await measure(batch, 1.5, seconds))
    best = max(fmean(rate for rate, _ in seen[concurrency]) for concurrency in FIXED)
    for concurrency, figures in seen.items():
        rate, limit = (fmean(column) for column in zip(*figures, strict=True))
        name = "adaptive" if concurrency is None else f"fixed {concurrency}"
        print(
            f"{name:>10}: {rate:6.0f} charges/s, {rate / best:4.0%} of the best fixed, limit {limit:5.1f}", flush=True
        )


async def halve(capacity: int, queue: int, latency: float) -> None:
    """The capacity halves after three seconds, and comes back after six."""
    async with sandbox(capacity, queue, latency) as gateway, PaymentOptions(gateway.settings) as client:
        begun = time.perf_counter()
        changes = [(3.0, capacity // 2), (6.0, capacity)]
        shown, refused, counted = 0.25, 0, 0
        async with client.charge_many(requests("h")) as batch:
            async for result in batch:
                now = time.perf_counter() - begun
                counted += 1
                refused += isinstance(result.error, RateLimitedError)
                if changes and now > changes[0][0]:
                    await gateway.set_capacity(changes.pop(0)[1])
                if now > shown:
                    print(f"{now:5.2f} s: in flight {batch.in_flight:3}, limit {batch.limit:3}, {counted * 4:5}/s")
                    shown, counted = shown + 0.25, 0
                if now > 8:
                    batch.stop()
        print(f"refused after the retries: {refused}")


def main() -> None:
    """Read the flags, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--capacity", type=int, default=32)
    parser.add_argument("--queue", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.02)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args()
    if flags.serve:
        capacity, queue, latency = flags.serve.split(",")
        asyncio.run(serve(int(capacity), int(queue) or None, float(latency)))
        return
    asyncio.run(compare(flags.capacity, flags.latency, flags.seconds, flags.rounds))
    asyncio.run(halve(flags.capacity, flags.queue, flags.latency))


if __name__ == "__main__":
    main()
