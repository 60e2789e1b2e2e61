"""`batch run` is killed every few seconds: each line gets one result, nobody is charged twice, memory stays flat."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from .batches import AT_ONCE, Moment, Runner, is_declined, reference, write_charges
from .gateway import gateway
from .places import SqlitePlace
from .sizes import SIZES

_MOST_MEMORY: Final = 200 * 1024

# By what is told of a line: how often the gateway may have charged it, and what the ledger may hold. A right that
# a killed process had used is in flight there for ever, and unknown once its lease is over.
_CHARGES: Final = {"paid": (1,), "declined": (0,), "refused": (0,), "not_sent": (0,), "unknown": (0, 1)}
_STATES: Final = {
    "paid": ("paid",),
    "declined": ("declined",),
    "refused": ("refused",),
    "not_sent": ("refused",),
    "unknown": ("sending", "unknown"),
}


@pytest.mark.asyncio
@pytest.mark.timeout(SIZES.seconds)
async def test_killed_again_and_again_each_line_has_one_result_and_is_charged_once(tmp_path: Path) -> None:
    size, seed, begun = SIZES.batch, random.randrange(1 << 32), time.monotonic()
    print(f"seed {seed}")
    rng = random.Random(seed)
    with gateway(seed, tmp_path) as remote:
        runner = Runner(tmp_path, remote.environment)
        await asyncio.to_thread(write_charges, runner.charges, size.charges)
        killed = 0
        # What a spared one could not send, since the gateway was away, comes with the next.
        while killed < size.kills or runner.told.get("left") != 0:
            moment = Moment.draw(rng, size.longest) if killed < size.kills else None
            killed += await runner.live(moment)
        seconds = time.monotonic() - begun
        charged = remote.close_books()
    outcomes = _check(runner, charged, size.charges)
    cut_off = outcomes["sending"]
    print(f"{killed} kills, {outcomes}, {runner.peak / 1024:.0f} MiB at most, {seconds:.0f} s")
    assert 0 < cut_off <= killed * AT_ONCE
    assert runner.peak < _MOST_MEMORY


def _check(runner: Runner, charged: Counter[str], count: int) -> Counter[str]:
    """Hold the results against the gateway's books and the ledger."""
    rows = SqlitePlace(runner.ledger).rows()
    assert rows is not None
    outcomes: Counter[str] = Counter()
    lines = bytearray(count + 1)
    for entry in runner.entries():
        line, outcome = entry["line"], entry["outcome"]
        assert entry["merchant_txn_ref"] == reference(line)
        lines[line] += 1
        times, state = charged.pop(reference(line), 0), rows[reference(line)].state
        assert times in _CHARGES[outcome], f"{reference(line)} was charged {times} x, and is told as {outcome}"
        assert state in _STATES[outcome], f"{reference(line)} is told as {outcome}, and the ledger says {state}"
        assert outcome != ("paid" if is_declined(line) else "declined")
        outcomes.update((outcome, "sending") if state == "sending" else (outcome,))
    assert lines == b"\0" + b"\1" * count
    assert not charged, "charged, and in no file"
    assert Counter(runner.told["outcomes"]) == outcomes - Counter(sending=outcomes["sending"])
    return outcomes
