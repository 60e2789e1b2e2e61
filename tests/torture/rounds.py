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

LIST: Final = 300
"""References of a list."""

_PORTION: Final = 3 * AT_ONCE
"""What one process gets of it."""

_AGAIN: Final = 8
"""How many of those were charged before."""

_BIRTH: Final = 1_700_000_000.0
_STATES: Final = {"paid": "paid", "unknown": "sending"}


@attrs.define
class Pace:
    """How long a process lives that is not killed: the moments of the kills are drawn from that.

    Attributes:
        seconds: By those that came to their end.
    """

    seconds: float = 0.5

    def learn(self, life: Life) -> None:
        """One came to its end."""
        self.seconds += (life.seconds - self.seconds) / 4

    def draw(self, rng: random.Random, *, is_first: bool) -> float:
        """Any moment from the start to a little after the expected end; early ones for one that has to make a store."""
        return rng.uniform(0, self.seconds / 3 if is_first else 1.1 * self.seconds)


@attrs.define
class Counts:
    """What was seen, over all lists."""

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
        in_flight: The references that a process was at when it was killed.
        told: What the processes said of each reference.
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
    rows: dict[str, Row] | None = None

    @property
    def now(self) -> float:
        """Of this round: what the one before has left is past its lease."""
        return _BIRTH + self.rounds * (LEASE + 1.0)

    # --- the processes ---

    async def charge_all(self, *, kills: int, at_once: int = 1) -> None:
        """Start process after process until the list is done; the last one is spared."""
        wanted = self.counts.kills + kills
        while self.counts.kills < wanted and (numbers := self.portion()):
            await self.round(numbers, at_once=at_once, kill=True)
        await self.round(range(LIST), kill=False)
        assert self.portion() == range(0)

    def portion(self) -> range:
        """What comes next: some that were charged, to see what is said of them, and some that were not."""
        rows = self.rows or {}
        first = next((number for number in range(LIST) if reference(number) not in rows), None)
        return range(0) if first is None else range(max(0, first - _AGAIN), min(LIST, first + _PORTION))

    async def round(self, numbers: range, *, kill: bool, at_once: int = 1) -> None:
        """Let processes charge, and kill the first of them at some moment."""
        self.rounds += 1
        is_first = self.rows is None
        async with AsyncExitStack() as stack:
            lives = [await stack.enter_async_context(started(self.job(numbers))) for _ in range(at_once)]
            was_killed = kill and await lives[0].killed_after(self.pace.draw(self.rng, is_first=is_first))
            for life in lives[was_killed:]:
                assert await life.end() != KILLED
                if at_once == 1:
                    self.pace.learn(life) if kill else None
        await self.place.quiet()
        stories = [read(life.job.journal) for life in lives]
        before, self.rows = self.rows or {}, self.place.rows()
        if was_killed:
            self.count(stories[0], before, len(numbers))
        self.hold(stories, before)

    def job(self, numbers: range) -> Job:
        self.lives += 1
        journal = self.folder / f"journal-{self.lives:04}"
        return Job(self.place, self.gateway.base_url, journal, self.now, numbers)

    # --- what holds after each of them ---

    def hold(self, stories: list[Story], before: dict[str, Row]) -> None:
        """Hold the store against the journals, what was said before, and the gateway's books."""
        rows = self.rows or {}
        for story in stories:
            self.hear(story)
        left = self.left()
        assert left <= stories[0].open, f"nobody was at {left - stories[0].open}"
        assert not any(story.open for story in stories[1:])
        self.in_flight |= left
        self.hold_rows(rows, before)
        self.hold_books(rows)

    def left(self) -> set[str]:
        """What was in flight at this kill, by the store."""
        rows = self.rows or {}
        return {ref for ref, row in rows.items() if row.state == "sending"} - self.in_flight

    def hear(self, story: Story) -> None:
        """Every call ended in a payment, or in a doubt of which no call says otherwise."""
        for ref, told in story.ended.items():
            if told.how == "in_use":
                continue
            assert told.how in _STATES, f"{ref}: {told}"
            assert told.how == "paid" or told.source == "replayed", f"{ref}: {told}"
            known = self.told.setdefault(ref, told)
            assert (known.how, known.transaction_id) == (told.how, told.transaction_id), f"{ref}: {known}, then {told}"
            assert known is told or told.source == "replayed", f"{ref} was charged anew"
            self.counts.totals["answers that were replayed"] += told.source == "replayed"

    def hold_rows(self, rows: dict[str, Row], before: dict[str, Row]) -> None:
        """Nothing was forgotten, and what was settled, or in flight when its process died, stayed as it was."""
        for ref, row in before.items():
            assert rows.get(ref) == row, f"{ref} was {row}, and is {rows.get(ref)}"
        for ref, told in self.told.items():
            assert rows[ref].state == _STATES[told.how], f"{ref}: {told}, but {rows[ref]}"
        assert {row.state for row in rows.values()} <= {"paid", "sending"}

    def hold_books(self, rows: dict[str, Row]) -> None:
        """Nothing is charged twice, nothing without a record, and what is paid is charged."""
        assert self.gateway.references() <= rows.keys()
        for ref, row in rows.items():
            assert self.gateway.charges(ref) in ([1] if row.state == "paid" else [0, 1]), f"{ref}: {row}"

    # --- what is counted ---

    def count(self, story: Story, before: dict[str, Row], asked: int) -> None:
        """Where the kill fell, as far as can be seen."""
        self.counts.moments[self._moment(story, asked)] += 1
        left = self.left()
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
        if ref in before:
            return "while it was replayed"
        if ref in left:
            return "in flight"
        return "settled and not told" if self.rows and ref in self.rows else "not claimed"

    # --- the end ---

    async def settle(self) -> None:
        """The doubts are those that were in flight. A person resolves them, one more process pays: then all is paid."""
        self.rounds += 1
        await self.arrived()
        async with self.place.ledger(lambda: self.now) as ledger:
            unsettled = {record.merchant_txn_ref: record async for record in ledger.records(unsettled=True)}
            assert unsettled.keys() == self.in_flight
            assert {record.outcome.state for record in unsettled.values()} <= {State.UNKNOWN}
            for ref in unsettled:
                await ledger.resolve(ref, self.looked_up(ref))
        await self.pay_the_rest()
        await self.all_is_paid()

    async def arrived(self) -> None:
        """What was sent by a process that died is charged some milliseconds later."""
        async with asyncio.timeout(10):
            while any(self.gateway.attempts(ref) != self.gateway.charges(ref) for ref in self.in_flight):
                await asyncio.sleep(0.01)

    def looked_up(self, ref: str) -> Resolution:
        """The word of a person who has looked into the gateway's books."""
        self.counts.totals["unknown, charged" if self.gateway.charges(ref) else "unknown, not charged"] += 1
        if self.gateway.charges(ref):
            return Resolution.paid(by="Kim", reason="found in the portal", transaction_id=f"portal:{ref}")
        return Resolution.not_charged(by="Kim", reason="not in the portal")

    async def pay_the_rest(self) -> None:
        """A last process goes through the whole list. It charges what was not, and nothing else."""
        expected = self.told
        for ref in self.in_flight:
            paid = bool(self.gateway.charges(ref))
            expected[ref] = Told("paid", f"portal:{ref}") if paid else Told("paid", source="fresh")
        async with started(self.job(range(LIST))) as life:
            assert await life.end() != KILLED
        for ref, told in read(life.job.journal).ended.items():
            assert told.how == "paid"
            is_new = ref in self.in_flight and expected[ref].source == "fresh"
            assert told.source == ("fresh" if is_new else "replayed"), f"{ref}: {told}"
            assert is_new or told.transaction_id == expected[ref].transaction_id, f"{ref}: {told}, not {expected[ref]}"

    async def all_is_paid(self) -> None:
        """Everybody on the list, once, and nobody has to look at anything."""
        everybody = {reference(number) for number in range(LIST)}
        await self.place.quiet()
        async with self.place.ledger(lambda: self.now) as ledger:
            records = {record.merchant_txn_ref: record async for record in ledger.records()}
            assert [record async for record in ledger.records(unsettled=True)] == []
        assert records.keys() == everybody
        assert {record.outcome.state for record in records.values()} == {State.PAID}
        assert Mark.CONTRADICTED not in {record.mark for record in records.values()}
        assert {ref: self.gateway.charges(ref) for ref in self.gateway.references()} == dict.fromkeys(everybody, 1)
        self.counts.totals["references charged once"] += self.gateway.total_charges()
