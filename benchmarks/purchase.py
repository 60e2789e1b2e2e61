"""What a purchase costs: CPU time, instructions, memory in flight, import time.

    python -m benchmarks.purchase            # all of it, some minutes
    python -m benchmarks.purchase --quick    # without instructions and memory

CPU time is measured in one run, the two clients in turns, and the medians are compared. Instructions are counted by
callgrind, the difference of a long and a short run, so that start-up falls out. The server has a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import re
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .clients import CLIENTS, run

CONCURRENCIES = (1, 64, 256)
ROUNDS = 9
CALLS = 1536
IN_FLIGHT = 10_000


@contextmanager
def server(*flags: str) -> Iterator[str]:
    """The address of a fresh server."""
    command = [sys.executable, "-m", "benchmarks.server", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


async def cpu(base_url: str, concurrency: int) -> dict[str, float]:
    """Microseconds of CPU per call: the median of rounds in which the clients take turns."""
    spent: dict[str, list[float]] = {name: [] for name in CLIENTS}
    async with CLIENTS["plain"](base_url, concurrency) as plain, CLIENTS["ours"](base_url, concurrency) as ours:
        for turn in range(ROUNDS + 1):
            for name, call in (("plain", plain), ("ours", ours)):
                start = time.process_time()
                await run(call, range(turn * CALLS, (turn + 1) * CALLS), concurrency)
                spent[name].append((time.process_time() - start) / CALLS * 1e6)
    return {name: median(times[1:]) for name, times in spent.items()}


def instructions(*command: str) -> float:
    """Thousands of instructions per call.

    Args:
        *command: A module and its arguments; how many calls it makes is put behind them.
    """
    short, long = (_callgrind(*command, str(calls)) for calls in (512, 1536))
    return (long - short) / 1024 / 1000


def _callgrind(*arguments: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", sys.executable, "-m", *arguments
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=_QUIET).stderr
    found = re.search(r"Collected : (\d+)", told)
    assert found, told
    return int(found[1])


# The same hashes, and so the same instructions, in every run.
_QUIET = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}


async def _run_once(base_url: str, name: str, concurrency: int, calls: int) -> None:
    async with CLIENTS[name](base_url, concurrency) as call:
        await run(call, range(calls), concurrency)


def memory(base_url: str, name: str) -> float:
    """KiB per call, of so many that wait for their answers."""
    command = [sys.executable, "-m", "benchmarks.purchase", "--hold", base_url, name]
    # The figure comes first; the lines about the calls that are cancelled in the end follow.
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0])


async def _hold(base_url: str, name: str) -> None:
    async with CLIENTS[name](base_url, IN_FLIGHT + 8) as call:
        tasks = [asyncio.ensure_future(call(number)) for number in range(8)]
        await _until_connected(8)
        before = _resident()
        tasks += [asyncio.ensure_future(call(number)) for number in range(8, IN_FLIGHT + 8)]
        await _until_connected(IN_FLIGHT + 8)
        print((_resident() - before) / IN_FLIGHT)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_connected(count: int) -> None:
    for _ in range(600):
        await asyncio.sleep(0.1)
        if sum(1 for _ in Path("/proc/self/fd").iterdir()) >= count:
            break
    # The last requests are still being written.
    await asyncio.sleep(1)


def kept(base_url: str) -> float:
    """KiB that a finished reference keeps in the ledger in memory."""
    return asyncio.run(_kept(base_url))


async def _kept(base_url: str) -> float:
    async with CLIENTS["ours"](base_url, 1) as call:
        await run(call, range(256), 1)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await run(call, range(256, 256 + CALLS), 1)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return (after - before) / CALLS / 1024


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def import_time(statement: str) -> float:
    """Milliseconds, the median of fresh processes."""
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(15)]
    return median(float(run.stdout) for run in runs)


def report(quick: bool) -> None:
    """Print the tables."""
    with server() as base_url:
        print("| in flight | plain, µs CPU | ours, µs CPU | ratio |\n|---|---|---|---|")
        for concurrency in CONCURRENCIES:
            spent = asyncio.run(cpu(base_url, concurrency))
            print(
                f"| {concurrency} | {spent['plain']:.0f} | {spent['ours']:.0f} | {spent['ours'] / spent['plain']:.2f} |"
            )
        if not quick:
            print("\n| in flight | plain, 1000 instructions | ours | ratio |\n|---|---|---|---|")
            for concurrency in CONCURRENCIES:
                plain, ours = (
                    instructions("benchmarks.purchase", "--run", base_url, name, str(concurrency))
                    for name in ("plain", "ours")
                )
                print(f"| {concurrency} | {plain:.0f} | {ours:.0f} | {ours / plain:.2f} |", flush=True)
    if not quick:
        print(f"\nmemory of a call, {IN_FLIGHT} in flight:")
        for name in CLIENTS:
            with server("--hold") as base_url:
                print(f"* {name}: {memory(base_url, name):.1f} KiB")
        with server() as base_url:
            print(f"* a finished reference keeps {kept(base_url):.1f} KiB in the ledger")
    aiohttp, package = import_time("import aiohttp"), import_time("import paymentoptions_async")
    print(f"\nimport: aiohttp {aiohttp:.0f} ms, paymentoptions_async {package:.0f} ms, ratio {package / aiohttp:.2f}")


def main(arguments: list[str]) -> None:
    """The command line; `--run` and `--hold` are for the processes that are measured."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    match arguments:
        case ["--run", base_url, name, concurrency, calls]:
            asyncio.run(_run_once(base_url, name, int(concurrency), int(calls)))
        case ["--hold", base_url, name]:
            asyncio.run(_hold(base_url, name))
        case _:
            report("--quick" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
