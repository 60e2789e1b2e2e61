"""How far a batch is, in a terminal and elsewhere."""

from __future__ import annotations

import asyncio
import io
import re
import sys

import pytest

from paymentoptions_async.cli.batch import progress
from paymentoptions_async.cli.batch.progress import Progress, progress_of

pytestmark = pytest.mark.asyncio


class Running:
    in_flight = 7
    limit = 9


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def shown_by(showing: Progress) -> str:
    task = asyncio.create_task(showing.run(Running()))
    showing.told([{"outcome": "paid"}] * 30 + [{"outcome": "unknown"}] * 2)
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.wait([task])
    assert isinstance(sys.stderr, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stderr.getvalue())


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.1)
    monkeypatch.setattr(progress, "_TICK", 0.05)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.parametrize("stderr", [Terminal(), io.StringIO()], ids=["terminal", "file"])
async def test_counts_rate_and_concurrency_are_shown(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    told = await shown_by(progress_of(100, {"declined": 8}, quiet=False))
    assert "30 paid, 8 declined, 2 unknown" in told
    assert re.search(r"40(/| of )100", told)
    assert re.search(r"7 (under way )?of (at most )?9", told) or "7 under way of at most 9" in told


async def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert await shown_by(progress_of(100, {}, quiet=True)) == ""
