"""Killed at an exact point, each of them has one outcome: charged or not, and what is said of it then and later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import attrs
import pytest

from paymentoptions_async import Mark, Record, State
from paymentoptions_async.sandbox import Sandbox

from .charger import LEASE, Job, read, reference
from .places import STORES, Place
from .points import POINTS
from .processes import CUT_OFF, KILLED, started
from .rounds import arrived, looked_up


class Left(NamedTuple):
    """What a kill leaves.

    Attributes:
        charges: How often the card was charged.
        at_once: What the next process is told, as `how source`.
        later: What the ledger holds when the lease has run out.
    """

    charges: int
    at_once: str
    later: State


NOTHING: Final = Left(0, "paid fresh", State.PAID)
CLAIMED: Final = Left(0, "in_use replayed", State.UNKNOWN)
SENT: Final = Left(1, "in_use replayed", State.UNKNOWN)
DONE: Final = Left(1, "paid replayed", State.PAID)

# A transaction of SQLite's that was not committed never was. A server ends what it was told, whoever hears the answer.
TABLE: Final[dict[str, tuple[Left | None, Left | None]]] = {
    "before the store is made": (NOTHING, NOTHING),
    "while the store is made": (NOTHING, NOTHING),
    "before the claim": (NOTHING, NOTHING),
    "while the claim is written": (NOTHING, CLAIMED),
    "at the first byte of the claim's commit": (NOTHING, None),
    "in the middle of the claim's commit": (NOTHING, None),
    "after the claim": (CLAIMED, CLAIMED),
    "before the request": (CLAIMED, CLAIMED),
    "after the request": (SENT, SENT),
    "while the answer is read": (SENT, SENT),
    "after the answer": (SENT, SENT),
    "before the finish": (SENT, SENT),
    "while the finish is written": (SENT, DONE),
    "at the first byte of the finish's commit": (SENT, None),
    "in the middle of the finish's commit": (SENT, None),
    "after the finish": (DONE, DONE),
}
CASES: Final = [
    pytest.param(left, point, store, id=f"{store}-{point}")
    for point, row in TABLE.items()
    for store, left in zip(STORES, row, strict=True)
    if left is not None
]


@attrs.define
class Shop:
    """One reference, and process after process that charges it.

    Attributes:
        place: The store.
        gateway: Charges every repeat again.
        folder: For the journals.
        now: What the clocks show.
        lives: How many processes there were.
    """

    place: Place
    gateway: Sandbox
    folder: Path
    now: float = 1_700_000_000.0
    lives: int = 0

    async def dies(self, point: str) -> None:
        """A process ends itself at a point, and has told nobody anything."""
        job = self._job(point)
        async with started(job) as life:
            assert await life.end() in (KILLED, CUT_OFF)
        story = read(job.journal)
        assert story.open == {reference(1)}
        await self.place.quiet()
        await arrived(self.gateway, [reference(1)])

    async def is_told(self) -> str:
        """What a process is told that lives to its end."""
        job = self._job(None)
        async with started(job) as life:
            assert await life.end() != KILLED
        told = read(job.journal).ended[reference(1)]
        return f"{told.how} {told.source}"

    async def found(self) -> Record:
        """What the ledger knows."""
        async with self.place.ledger(lambda: self.now) as ledger:
            record = await ledger.find(reference(1))
        assert record is not None
        return record

    async def resolve(self) -> None:
        """By a person who has looked into the gateway's books."""
        async with self.place.ledger(lambda: self.now) as ledger:
            await ledger.resolve(reference(1), looked_up(self.gateway, reference(1)))

    @property
    def charges(self) -> int:
        """How often the card was charged."""
        return self.gateway.charges(reference(1))

    def _job(self, point: str | None) -> Job:
        self.lives += 1
        journal = self.folder / f"journal-{self.lives}"
        return Job(self.place, self.gateway.base_url, journal, self.now, range(1, 2), point)


def test_there_is_a_row_for_each_point() -> None:
    assert TABLE.keys() == POINTS.keys()


@pytest.mark.asyncio
@pytest.mark.parametrize(("left", "point", "store"), CASES, indirect=["store"])
async def test_killed_at_a_point_it_leaves_what_the_table_says(
    left: Left, point: str, new_place: Callable[[], Place], tmp_path: Path
) -> None:
    async with Sandbox(latency=0.002) as gateway:
        shop = Shop(new_place(), gateway, tmp_path)
        await shop.dies(point)
        assert shop.charges == left.charges
        assert await shop.is_told() == left.at_once
        shop.now += LEASE
        assert (await shop.found()).outcome.state is left.later
        assert await shop.is_told() == f"{left.later} replayed"
        assert shop.charges == left.charges or left is NOTHING
        if left.later is State.UNKNOWN:
            await shop.resolve()
            assert await shop.is_told() == ("paid replayed" if left.charges else "paid fresh")
        record = await shop.found()
        assert (record.outcome.state, shop.charges) == (State.PAID, 1)
        assert record.mark in (None, Mark.RESOLVED)
