"""One list, charged by process after process, each killed at a random moment; and everything that must hold then."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import attrs

from paymentoptions_async import Mark, Resolution, State
from paymentoptions_async.sandbox import Sandbox

from .charger import AT_ONCE, LEASE, Job, Story, Told, read, reference
from .places import Place, Row
from .processes import KILLED, Life, started

LIST: Final = 200
"""References of a list."""

_PORTION: Final = 2 * AT_ONCE
"""How many of them a process gets that were not charged yet, where it is alone."""

_AGAIN: Final = 8
"""How many more that were."""

KILLS: Final = 25
"""How often a process is killed at one list, at the most."""

_BIRTH: Final = 1_700_000_000.0

# What a call says, and how the store writes it. A lease that has run out is not written down.
_WRITTEN: Final = {"paid": "paid", "unknown": "sending"}

# By the store's word: how often the gateway may have charged.
_CHARGES: Final = {"paid": (1,), "sending": (0, 1), "refused": (0,)}


@attrs.define
class Pace:
    """How long a process lives that is not killed: the moments of the kills are drawn from that.

    Attributes:
        seconds: By those that came to their end.
    """

    seconds: float = 0.2

    def learn(self, life: Life) -> None:
        """One came to its end."""
        self.seconds += (life.seconds - self.seconds) / 4

    def draw(self, rng: random.Random, *, is_first: bool) -> float:
        """Any moment from the start to a little after the expected end; often an early one where a store is made."""
        is_early = is_first and rng.random() < 0.5
        return rng.uniform(0, self.seconds / 4 if is_early else 1.1 * self.seconds)


@attrs.define
class Counts:
    """What was seen, over all lists.

    Attributes:
        moments: Where the kills fell, as far as can be seen.
        cut: What the calls were at that a kill cut off.
        totals: All the rest.
    """

    moments: Counter[str] = attrs.field(factory=Counter)
    cut: Counter[str] = attrs.field(factory=Counter)
    totals: Counter[str] = attrs.field(factory=Counter)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return self.moments.total()

    def __str__(self) -> str:
        parts = {"kills": self.moments, "calls cut off": self.cut, "in all": self.totals}
        lines = [f"{self.kills} kills"]
        for name, counter in parts.items():
            lines.append(f"  {name}: {', '.join(f'{what} {count}' for what, count in sorted(counter.items()))}")
        return "\n".join(lines)


@attrs.define
class Rounds:
    """What is done with one list, and what is known of it.

    Attributes:
        place: The store, which is not there yet.
        gateway: Charges every repeat again.
        folder: For the journals.
        rng: Chance.
        pace: Of the processes.
        counts: What is seen goes there.
        lives: How many processes there were.
        rounds: How often the clock was moved on.
        in_flight: The references that a process was at when it was killed, and that nobody has resolved since.
        told: What was said of each reference.
        charged: The references of which a process said that it has charged them.
        rows: What the store held after the last round.
    """

    place: Place
    gateway: Sandbox
    folder: Path
    rng: random.Random
    pace: Pace
    counts: Counts
    lives: int = 0
    rounds: int = 0
    in_flight: set[str] = attrs.field(factory=set)
    told: dict[str, Told] = attrs.field(factory=dict)
    charged: set[str] = attrs.field(factory=set)
    rows: dict[str, Row] | None = None

    @property
    def now(self) -> float:
        """Of this round: what the one before has left is past its lease."""
        return _BIRTH + self.rounds * (LEASE + 1.0)

    # --- the processes ---

    async def charge_everybody(self, *, kills: int, at_once: int = 1) -> None:
        """Start process after process until all are paid; those that come after so many kills are spared."""
        last = self.counts.kills + min(kills, KILLS)
        while numbers := self.portion(at_once):
            if self.counts.kills < last:
                await self.round(numbers, at_once=at_once, kill=True)
            else:
                await self.round(range(LIST), kill=False)
            if not self.portion():
                await self.resolve()
        await self.round(range(LIST), kill=False)
        await self.all_are_paid()

    def portion(self, at_once: int = 1) -> range:
        """What comes next: some that were charged, to see what is said of them, and some that are to be."""
        rows = self.rows or {}
        open_ones = (n for n in range(LIST) if (row := rows.get(reference(n))) is None or row.state == "refused")
        first = next(open_ones, None)
        return range(0) if first is None else range(max(0, first - _AGAIN), min(LIST, first + at_once * _PORTION))

    async def round(self, numbers: range, *, kill: bool, at_once: int = 1) -> None:
        """Let processes charge, and kill the first of them at some moment."""
        self.rounds += 1
        async with AsyncExitStack() as stack:
            lives = [await stack.enter_async_context(started(self.job(numbers))) for _ in range(at_once)]
            moment = self.pace.draw(self.rng, is_first=self.rounds == 1)
            was_killed = kill and await lives[0].killed_after(moment)
            for life in lives[was_killed:]:
                assert await life.end() != KILLED
                if kill and len(numbers) >= _PORTION:
                    self.pace.learn(life)
        await self.place.quiet()
        stories = [read(life.job.journal) for life in lives]
        before, self.rows = self.rows or {}, self.place.rows()
        if was_killed:
            self.count(stories[0], before, len(numbers))
        self.hold(stories, before, was_killed=was_killed)

    def job(self, numbers: range) -> Job:
        """What one more process is told."""
        self.lives += 1
        journal = self.folder / f"journal-{self.lives:04}"
        return Job(self.place, self.gateway.base_url, journal, self.now, numbers)

    # --- what holds after each of them ---

    def hold(self, stories: list[Story], before: dict[str, Row], *, was_killed: bool) -> None:
        """Hold the store against the journals, what was said before, and the gateway's books."""
        rows = self.rows or {}
        for story in stories:
            self.hear(story)
        left = self.left()
        assert not any(story.open for story in stories[was_killed:])
        assert left <= stories[0].open, f"nobody was at {left - stories[0].open}"
        self.in_flight |= left
        self.hold_rows(rows, before)
        self.hold_books(rows)

    def left(self) -> set[str]:
        """What was in flight at this kill, by the store."""
        rows = self.rows or {}
        return {ref for ref, row in rows.items() if row.state == "sending"} - self.in_flight

    def hear(self, story: Story) -> None:
        """Every call ended in a payment, or in a doubt from before; and no call says otherwise than one before it."""
        for ref, told in story.ended.items():
            if told.how == "in_use":
                continue
            assert told.how == "paid" or (told.how, told.source) == ("unknown", "replayed"), f"{ref}: {told}"
            known = self.told.setdefault(ref, told)
            assert known._replace(source=told.source) == told, f"{ref}: {known}, then {told}"
            assert told.source == "replayed" or ref not in self.charged, f"{ref} was charged anew"
            self.charged.update([ref] if told.source == "fresh" else [])
            self.counts.totals["answers replayed"] += told.source == "replayed"

    def hold_rows(self, rows: dict[str, Row], before: dict[str, Row]) -> None:
        """Nothing was forgotten; what was settled, or in flight when its process died, stays as it was."""
        for ref, row in before.items():
            assert row.state == "refused" or rows[ref] == row, f"{ref} was {row}, and is {rows[ref]}"
        for ref, told in self.told.items():
            assert rows[ref].state == _WRITTEN[told.how], f"{ref}: {told}, but {rows[ref]}"
        assert before.keys() <= rows.keys()

    def hold_books(self, rows: dict[str, Row]) -> None:
        """Nothing is charged twice, nothing without a record, and what is paid is charged."""
        assert self.gateway.references() <= rows.keys()
        for ref, row in rows.items():
            assert self.gateway.charges(ref) in _CHARGES[row.state], f"{ref}: {self.gateway.charges(ref)} x, {row}"

    # --- what is counted ---

    def count(self, story: Story, before: dict[str, Row], asked: int) -> None:
        """Where the kill fell, and what it cut off."""
        left = self.left()
        self.counts.moments[self._moment(story, asked)] += 1
        for ref in story.open:
            self.counts.cut[self._cut(ref, before, left)] += 1

    def _moment(self, story: Story, asked: int) -> str:
        if self.rows is None:
            return "before the store was made"
        if not story.begun:
            return "before the first call"
        if len(story.ended) == asked:
            return "after the last call"
        return "with charges in flight" if self.left() else "with none in flight"

    def _cut(self, ref: str, before: dict[str, Row], left: Iterable[str]) -> str:
        if ref in left:
            return "in flight"
        if ref in before:
            return "replayed" if before[ref].state != "refused" else "of the second time"
        return "settled and not told" if self.rows and ref in self.rows else "not claimed"

    # --- the doubts ---

    async def resolve(self) -> None:
        """What is unknown is what was in flight, and a person looks it up. What was not charged may be charged now."""
        self.rounds += 1
        await arrived(self.gateway, self.in_flight)
        async with self.place.ledger(lambda: self.now) as ledger:
            unsettled = {record.merchant_txn_ref: record async for record in ledger.records(unsettled=True)}
            assert unsettled.keys() == self.in_flight
            assert {record.outcome.state for record in unsettled.values()} <= {State.UNKNOWN}
            for ref in unsettled:
                await ledger.resolve(ref, looked_up(self.gateway, ref))
        for ref in self.in_flight:
            self._remember(ref)
        self.in_flight.clear()
        await self.place.quiet()
        self.rows = self.place.rows()

    def _remember(self, ref: str) -> None:
        self.told.pop(ref, None)
        if self.gateway.charges(ref):
            self.told[ref] = Told("paid", _in_the_portal(ref))
        self.counts.totals["unknown, charged" if self.gateway.charges(ref) else "unknown, not charged"] += 1

    async def all_are_paid(self) -> None:
        """Everybody on the list, once, and nobody has to look at anything."""
        everybody = {reference(number) for number in range(LIST)}
        async with self.place.ledger(lambda: self.now) as ledger:
            records = {record.merchant_txn_ref: record async for record in ledger.records()}
            assert [record async for record in ledger.records(unsettled=True)] == []
        assert records.keys() == self.told.keys() == everybody
        assert {record.outcome.state for record in records.values()} == {State.PAID}
        assert Mark.CONTRADICTED not in {record.mark for record in records.values()}
        assert {ref: self.gateway.charges(ref) for ref in self.gateway.references()} == dict.fromkeys(everybody, 1)
        self.counts.totals["references charged once"] += self.gateway.total_charges()


async def arrived(gateway: Sandbox, references: Iterable[str]) -> None:
    """Wait until the gateway has dealt with what dead processes have sent."""
    # What has come in is read within some turns of this very loop, however slow the machine is; then it is decided.
    for _ in range(40):
        await asyncio.sleep(0.001)
    async with asyncio.timeout(10):
        while any(gateway.attempts(ref) != gateway.charges(ref) for ref in references):
            await asyncio.sleep(0.01)


def looked_up(gateway: Sandbox, ref: str) -> Resolution:
    """The word of a person who has looked into the gateway's books."""
    if gateway.charges(ref):
        return Resolution.paid(by="Kim", reason="found in the portal", transaction_id=_in_the_portal(ref))
    return Resolution.not_charged(by="Kim", reason="not in the portal")


def _in_the_portal(ref: str) -> str:
    return f"portal:{ref}"
