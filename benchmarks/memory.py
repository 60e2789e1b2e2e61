"""Memory of a call in flight: the growth of the resident set with so many that wait for their answers.

    python -m benchmarks.memory

Each figure is that of a fresh process and a server that never answers. How many of the calls got a connection is told
as well: where a client has a limit of its own, the others wait for one; where it needs more than a minute to begin
them, no more are begun. Last comes what a finished reference keeps in the ledger in memory.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Final, NamedTuple

from .clients import ours, run
from .contenders import CONTENDERS
from .measuring import process, raise_file_limit, resident, server

COUNTS: Final = (1_000, 10_000)
WARM: Final = 8
GROUP: Final = 250
"""So many begin at a time: all at once would run into timeouts for connecting."""
STILL: Final = 4
PATIENCE: Final = 60.0
FINISHED: Final = 1_536


async def hold(name: str, base_url: str, count: int) -> None:
    """Be the process that is measured: print what it holds, and wait to be killed."""
    async with CONTENDERS[name](base_url, count) as call:
        nothing, until = _open_files(), time.monotonic() + PATIENCE
        tasks = [asyncio.ensure_future(call(number)) for number in range(WARM)]
        await _settled()
        before = resident()
        while (begun := len(tasks)) < count and time.monotonic() < until:
            tasks += [asyncio.ensure_future(call(number)) for number in range(begun, min(begun + GROUP, count))]
            connected = await _settled() - nothing
        print((resident() - before) / (begun - WARM), connected, begun, flush=True)
        await asyncio.wait(tasks)


async def _settled() -> int:
    """How many files are open once no more are opened."""
    seen, same = 0, 0
    while same < STILL:
        await asyncio.sleep(0.05)
        now = _open_files()
        seen, same = now, same + 1 if now == seen else 0
    return seen


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Held(NamedTuple):
    """What a process holds.

    Attributes:
        size: KiB for each call.
        connected: How many calls have a connection.
        begun: How many were begun.
    """

    size: float
    connected: int
    begun: int


def held(name: str, count: int) -> Held:
    """Have so many calls in flight, if it can."""
    with server("--hold") as base_url, process("benchmarks.memory", name, base_url, str(count)) as holder:
        assert holder.stdout is not None
        size, connected, begun = holder.stdout.readline().split()
    return Held(float(size), int(connected), int(begun))


async def kept(base_url: str) -> float:
    """KiB that a finished reference keeps in the ledger in memory."""
    async with ours(base_url, 1) as call:
        await run(call, range(256), 1)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await run(call, range(256, 256 + FINISHED), 1)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return (after - before) / FINISHED / 1024


def report() -> None:
    """Print the tables."""
    print("| wanted | client | KiB of each call | connected | begun |\n|---|---|---|---|---|")
    for count in COUNTS:
        for name in CONTENDERS:
            told = held(name, count)
            print(f"| {count:,} | {name} | {told.size:.1f} | {told.connected:,} | {told.begun:,} |", flush=True)
    with server() as base_url:
        print(f"\nA finished reference keeps {asyncio.run(kept(base_url)):.1f} KiB in the ledger in memory.")


def main(arguments: list[str]) -> None:
    """The command line; arguments are for the processes that are measured."""
    raise_file_limit()
    match arguments:
        case [name, base_url, count]:
            asyncio.run(hold(name, base_url, int(count)))
        case _:
            report()


if __name__ == "__main__":
    main(sys.argv[1:])
