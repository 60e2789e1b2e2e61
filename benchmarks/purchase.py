"""What a purchase costs with each client: CPU time, and latency added to the baseline's.

    python -m benchmarks.purchase

All make the same purchases at the same local server, which has a process of its own, as has each client. They take
turns: one makes its calls while the others wait, and the next one follows. Each turn is compared with the baseline's in
the same round, and the medians over the rounds are shown, with the quartiles as a measure of the noise. It also draws
`purchase.svg`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple

from . import plot
from .clients import Call, run
from .contenders import BASELINE, CONTENDERS
from .measuring import process, raise_file_limit, server

PLOT: Final = Path(__file__).with_suffix(".svg")
ROUNDS: Final = 9
CALLS: Final = {1: 512, 64: 768}
"""In a turn, by how many are in flight."""


class Turn(NamedTuple):
    """What one turn took, in seconds for each call.

    Attributes:
        cpu: Of the client's process, all its threads.
        middle: The latency that half of the calls kept within.
        most: The latency that 99 of 100 kept within.
    """

    cpu: float
    middle: float
    most: float


Turns = dict[str, list[Turn]]
"""Those of each client, by rounds."""


# --- the process that is measured -------------------------------------------------------------------------


async def work(name: str, base_url: str, concurrency: int) -> None:
    """Take a turn for each range of numbers that stands in the input, and print it."""
    async with CONTENDERS[name](base_url, concurrency) as call:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(*await turn(call, range(*map(int, line.split())), concurrency), flush=True)


async def turn(call: Call, numbers: range, concurrency: int) -> Turn:
    latencies: list[float] = []

    async def timed(number: int) -> None:
        begun = time.perf_counter()
        told = await call(number)
        latencies.append(time.perf_counter() - begun)
        assert str(told).endswith(f"-{number}")

    begun = time.process_time()
    await run(timed, numbers, concurrency)
    cpu = (time.process_time() - begun) / len(numbers)
    percent = quantiles(latencies, n=100)
    return Turn(cpu, percent[49], percent[98])


# --- the one that measures --------------------------------------------------------------------------------


def compare(names: Sequence[str], base_url: str, concurrency: int, calls: int, rounds: int) -> Turns:
    """Let them take turns. The first round warms up and does not count."""
    turns: Turns = {name: [] for name in names}
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(process("benchmarks.purchase", name, base_url, str(concurrency)))
            for name in names
        }
        for number in range(rounds + 1):
            for name, worker in workers.items():
                assert worker.stdin is not None
                assert worker.stdout is not None
                worker.stdin.write(f"{number * calls} {(number + 1) * calls}\n")
                worker.stdin.flush()
                turns[name].append(Turn(*map(float, worker.stdout.readline().split())))
    return {name: told[1:] for name, told in turns.items()}


def table(turns: Turns, concurrency: int) -> Iterator[str]:
    """Its lines."""
    yield f"| {concurrency} in flight | calls per CPU-second | CPU of each, µs | times plain | p50 | p99 |"
    yield "|---|---|---|---|---|---|"
    base = turns[BASELINE]
    for name, told in turns.items():
        cpu = median(turn.cpu for turn in told)
        times = spread([turn.cpu / plain.cpu for turn, plain in zip(told, base, strict=True)], "{:.2f}")
        middle = spread([(turn.middle - plain.middle) * 1e3 for turn, plain in zip(told, base, strict=True)], "{:+.2f}")
        most = spread([(turn.most - plain.most) * 1e3 for turn, plain in zip(told, base, strict=True)], "{:+.2f}")
        if name == BASELINE:
            middle, most = (f"{median(values) * 1e3:.2f}" for values in list(zip(*told, strict=True))[1:])
        yield f"| {name} | {1 / cpu:.0f} | {cpu * 1e6:.0f} | {times} | {middle} | {most} |"


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the quartiles in brackets."""
    lower, middle, upper = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return f"{form.format(middle)} ({form.format(lower)} to {form.format(upper)})"


def panel(turns: Turns, concurrency: int) -> plot.Panel:
    """The part of the plot that stands for one concurrency."""
    bars = []
    for name, told in turns.items():
        lower, middle, upper = quantiles([1 / turn.cpu for turn in told], n=4)
        bars.append(plot.Bar(name, middle, lower, upper))
    return plot.Panel(f"Calls per CPU-second of the client, {concurrency} in flight", bars)


def report() -> None:
    """Print the tables, and draw the plot."""
    panels = []
    with server() as base_url:
        for concurrency, calls in CALLS.items():
            turns = compare(list(CONTENDERS), base_url, concurrency, calls, ROUNDS)
            print(*table(turns, concurrency), "", sep="\n", flush=True)
            panels.append(panel(turns, concurrency))
    PLOT.write_text(plot.draw(panels))


def main(arguments: list[str]) -> None:
    """The command line; arguments are for the processes that are measured."""
    raise_file_limit()
    match arguments:
        case [name, base_url, concurrency]:
            asyncio.run(work(name, base_url, int(concurrency)))
        case _:
            report()


if __name__ == "__main__":
    main(sys.argv[1:])
