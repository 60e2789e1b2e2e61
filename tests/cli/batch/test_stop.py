"""A batch that is killed, drained or stopped: every line ends in one result, and none is charged twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from paymentoptions_async.sandbox import Sandbox

from ..processes import Ended
from .shop import charges, ended, entries, outcomes, started, until_charged

pytestmark = pytest.mark.asyncio

LINES = 120


class Payday(NamedTuple):
    """A gateway that takes its time, and a file of charges."""

    gateway: Sandbox
    folder: Path

    async def begun(self, *arguments: object) -> asyncio.subprocess.Process:
        flags = ("--concurrency", "8", "--quiet", *arguments)
        return await started(self.gateway, self.folder / "charges.csv", *flags, ledger=self.folder / "ledger.db")

    async def finished(self, *arguments: object) -> Ended:
        return await ended(await self.begun(*arguments))

    @property
    def results(self) -> Path:
        return self.folder / "charges.results.jsonl"

    def every_line_has_one_result(self) -> None:
        assert sorted(entry["line"] for entry in entries(self.results)) == list(range(2, LINES + 2))

    def nothing_was_charged_twice(self) -> None:
        assert self.gateway.total_charges() == len(self.gateway.references())


@asynccontextmanager
async def payday(
    folder: Path, *, latency: Callable[[], float] = lambda: 0.03, faults: Iterator[str | None] | None = None
) -> AsyncIterator[Payday]:
    await asyncio.to_thread(charges, folder, LINES)
    async with Sandbox(latency=latency, faults=faults or ()) as gateway:
        yield Payday(gateway, folder)


def some_faults(seed: int) -> Iterator[str | None]:
    print(f"seed {seed}")
    random = Random(seed)
    kinds = ("reset:after_commit", "503:before_commit", "close:in_headers", "429:0.01")
    while True:
        yield random.choice(kinds) if random.random() < 0.05 else None


async def test_a_batch_that_is_killed_again_and_again_comes_to_its_end(tmp_path: Path) -> None:
    async with payday(tmp_path, faults=some_faults(11)) as day:
        for charged in (20, 50, 80):
            process = await day.begun()
            await until_charged(day.gateway, charged)
            process.kill()
            await process.communicate()
        end = await day.finished()
        assert end.code == 3, end.err
        day.every_line_has_one_result()
        day.nothing_was_charged_twice()
        told = outcomes(day.results)
        assert set(told) <= {"paid", "unknown"}
        assert told["paid"] <= day.gateway.total_charges()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_drains_and_the_next_run_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    async with payday(tmp_path) as day:
        process = await day.begun()
        await until_charged(day.gateway, 20)
        end = await ended(process, number)
        assert end.code == 130, end.err
        assert "what is under way is finished" in end.err
        assert "run the same command again" in end.out
        charged = day.gateway.total_charges()
        assert outcomes(day.results) == {"paid": charged}
        assert f"{charged} OF {LINES} PAID, {LINES - charged} NOT BEGUN." in end.out
        again = await day.finished("--json")
        assert (again.code, again.result["left"], again.result["replayed"]) == (0, 0, 0)
        day.every_line_has_one_result()
        day.nothing_was_charged_twice()


async def test_a_second_stop_ends_it_at_once_and_tells_what_is_unknown(tmp_path: Path) -> None:
    latencies = repeat(0.03, 12)
    async with payday(tmp_path, latency=lambda: next(latencies, 30.0)) as day:
        process = await day.begun()
        await until_charged(day.gateway, 12)
        await asyncio.sleep(0.2)
        end = await ended(process, signal.SIGINT, signal.SIGINT)
        assert end.code == 3, end.err
        assert "Traceback" not in end.err
        assert outcomes(day.results) == {"paid": 12, "unknown": 8}
        unknown = [entry for entry in entries(day.results) if entry["outcome"] == "unknown"]
        assert {entry["money"] for entry in unknown} == {"may have moved"}
        assert f"12 OF {LINES} PAID, 8 UNKNOWN, {LINES - 20} NOT BEGUN." in end.out
