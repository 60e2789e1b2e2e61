"""What a charge of a batch costs, and how well the adaptive concurrency does.

    python -m benchmarks.batch            # all of it, some minutes
    python -m benchmarks.batch --quick    # without instructions

`client.charge_many` with each of the ledgers against plain aiohttp with orjson, making the same POSTs to the server of
`benchmarks.server`, in one process or in two; the two have a ledger in common where it is durable. All take turns in
one run, each in processes of its own, and the medians are compared. PostgreSQL's own processes are not counted.

Then `benchmarks.adaptive`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from paymentoptions_async import Ledger, MemoryLedger, PaymentOptions, PostgresLedger, SqliteLedger
from paymentoptions_async.settings import Settings

from . import adaptive
from .clients import plain, requests, run
from .ledger import database
from .measuring import instructions_of_call, process, raise_file_limit, server

CONCURRENCIES: Final = (64, 512)
WORKERS: Final = (1, 2)
ROUNDS: Final = 7
CHARGES: Final = 2048
"""In a round, by all workers together."""

Charge = Callable[[range], Awaitable[None]]


class Contender(NamedTuple):
    """One way to make the charges.

    Attributes:
        name: `plain`, or the kind of the ledger.
        place: Where the ledger is.
    """

    name: str
    place: str = ""


class Turn(NamedTuple):
    """What one round took, in seconds for each charge."""

    wall: float
    cpu: float


# --- the process that is measured -------------------------------------------------------------------------


@asynccontextmanager
async def charging(contender: Contender, base_url: str, concurrency: int, series: str) -> AsyncIterator[Charge]:
    """What charges a range of numbers, so many at a time."""
    if contender.name == "plain":
        async with plain(base_url, concurrency) as call:
            yield lambda numbers: run(call, numbers, concurrency)
        return
    request = requests()
    settings = Settings(
        api_key="key", x_api_key="key", merchant_id="m", base_url=base_url,
        max_connections=concurrency, ledger_secret="a secret of the benchmark",
    )  # fmt: skip
    async with open_ledger(contender) as ledger, PaymentOptions(settings, ledger=ledger) as client:

        async def charge(numbers: range) -> None:
            wanted = (request(f"{series}-{number}") for number in numbers)
            async for result in client.charge_many(wanted, concurrency):
                assert result.outcome == "paid"
                assert not result.replayed

        yield charge


def open_ledger(contender: Contender) -> AbstractAsyncContextManager[Ledger]:
    match contender.name:
        case "sqlite":
            return SqliteLedger(contender.place)
        case "postgres":
            return PostgresLedger(contender.place)
    return MemoryLedger()


async def work(contender: Contender, base_url: str, concurrency: int, series: str) -> None:
    """Charge each range that stands in the input, and print what CPU time that took."""
    async with charging(contender, base_url, concurrency, series) as charge:
        while line := await asyncio.to_thread(sys.stdin.readline):
            numbers = range(*map(int, line.split()))
            begun = time.process_time()
            await charge(numbers)
            print((time.process_time() - begun) / len(numbers), flush=True)


async def once(contender: Contender, base_url: str, concurrency: int, count: int) -> None:
    """Charge so many, for counting instructions."""
    async with charging(contender, base_url, concurrency, f"once-{os.getpid()}") as charge:
        await charge(range(count))


# --- those that measure -----------------------------------------------------------------------------------


class Team:
    """Some processes that charge side by side, as one contender.

    Args:
        contender: As whom.
        base_url: Of the server.
        concurrency: Of all of them together.
        workers: How many.
        stack: Ends them.
    """

    def __init__(self, contender: Contender, base_url: str, concurrency: int, workers: int, stack: ExitStack) -> None:
        command = ("benchmarks.batch", "--work", *contender, base_url, str(concurrency // workers))
        series = f"{contender.name}-{concurrency}-{workers}"
        self._workers = [stack.enter_context(process(*command, f"{series}-{number}")) for number in range(workers)]
        self._charged = 0

    def charge(self, count: int) -> Turn:
        """Charge so many more."""
        begun, share = time.perf_counter(), count // len(self._workers)
        for worker in self._workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{self._charged} {self._charged + share}\n")
            worker.stdin.flush()
        self._charged += share
        spent = [float(worker.stdout.readline()) for worker in self._workers if worker.stdout is not None]
        return Turn((time.perf_counter() - begun) / count, sum(spent) / len(spent))


def compare(contenders: list[Contender], base_url: str, concurrency: int, workers: int) -> Iterator[str]:
    """The rows of a table: medians of rounds in which they take turns. The first one warms up."""
    turns: dict[str, list[Turn]] = {contender.name: [] for contender in contenders}
    with ExitStack() as stack:
        teams = {it.name: Team(it, base_url, concurrency, workers, stack) for it in contenders}
        for _ in range(ROUNDS + 1):
            for name, team in teams.items():
                turns[name].append(team.charge(CHARGES))
    medians = {name: Turn(*map(median, zip(*told[1:], strict=True))) for name, told in turns.items()}
    for name, turn in medians.items():
        ratio = turn.cpu / medians["plain"].cpu
        yield f"| {concurrency} | {workers} | {name} | {1 / turn.wall:.0f} | {turn.cpu * 1e6:.0f} | {ratio:.2f} |"


def report(quick: bool) -> None:
    """Print the tables."""
    with server() as base_url, database() as dsn, tempfile.TemporaryDirectory() as folder:
        ledger = Contender("sqlite", str(Path(folder) / "ledger.db"))
        contenders = [Contender("plain"), Contender("memory"), ledger, Contender("postgres", dsn)]
        print("| in flight | processes | ledger | charges a second | CPU of each, µs | times plain |")
        print("|---|---|---|---|---|---|")
        for concurrency in CONCURRENCIES:
            for workers in WORKERS:
                for row in compare(contenders, base_url, concurrency, workers):
                    print(row, flush=True)
        if not quick:
            _count(contenders, base_url)
    asyncio.run(adaptive.report())


def _count(contenders: list[Contender], base_url: str) -> None:
    # With more in flight valgrind makes PostgreSQL's clients so slow that they give up.
    concurrency, base = CONCURRENCIES[0], 0.0
    print("\n| in flight | ledger | 1000 instructions | times plain |\n|---|---|---|---|")
    for contender in contenders:
        told = instructions_of_call("benchmarks.batch", "--once", *contender, base_url, str(concurrency))
        base = base or told
        print(f"| {concurrency} | {contender.name} | {told:.0f} | {told / base:.2f} |", flush=True)


def main(arguments: list[str]) -> None:
    """The command line; `--work` and `--once` are for the processes that are measured."""
    raise_file_limit()
    match arguments:
        case ["--work", name, place, base_url, concurrency, series]:
            asyncio.run(work(Contender(name, place), base_url, int(concurrency), series))
        case ["--once", name, place, base_url, concurrency, count]:
            asyncio.run(once(Contender(name, place), base_url, int(concurrency), int(count)))
        case _:
            report("--quick" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
