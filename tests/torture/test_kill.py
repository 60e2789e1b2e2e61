"""`kill -9` at any moment: nobody is charged twice, nobody is forgotten, and every doubt is one that had to be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from paymentoptions_async.sandbox import Sandbox

from .places import Place
from .rounds import Counts, Pace, Rounds
from .sizes import SIZES

# The gateway takes its time, so that kills also fall while it decides.
_LATENCY: Final = (0.001, 0.008)

# So many kills fall everywhere.
_MANY: Final = 200
_EVERYWHERE: Final = {"in flight", "not claimed", "settled and not told", "replayed"}


async def torture(new_place: Callable[[], Place], folder: Path, *, kills: int, at_once: int) -> Counts:
    """Charge list after list, each on a store of its own, until so many processes were killed."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    counts, pace, begun = Counts(), Pace(), time.monotonic()
    # A few kills may all miss, though it is unlikely: then there are more.
    while counts.kills < kills or not counts.cut["in flight"]:
        counts.totals["lists"] += 1
        journals = folder / f"list-{counts.totals['lists']}"
        journals.mkdir()
        async with Sandbox(latency=lambda: rng.uniform(*_LATENCY)) as gateway:
            rounds = Rounds(new_place(), gateway, journals, rng, pace, counts)
            await rounds.charge_everybody(kills=max(5, kills - counts.kills), at_once=at_once)
    print(f"{counts}\n  {time.monotonic() - begun:.0f} s, {pace.seconds * 1000:.0f} ms for a process that is spared")
    return counts


@pytest.mark.asyncio
@pytest.mark.timeout(SIZES.seconds)
async def test_killed_at_any_moment_and_started_again_it_charges_everybody_once(
    store: str, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    counts = await torture(new_place, tmp_path, kills=SIZES.kills[store], at_once=1)
    assert counts.kills >= SIZES.kills[store]
    assert counts.kills < _MANY or counts.cut.keys() >= _EVERYWHERE


@pytest.mark.asyncio
@pytest.mark.timeout(SIZES.seconds)
async def test_of_two_on_one_store_one_is_killed_and_they_charge_everybody_once(
    store: str, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    counts = await torture(new_place, tmp_path, kills=SIZES.kills_of_two[store], at_once=2)
    assert counts.kills >= SIZES.kills_of_two[store]
