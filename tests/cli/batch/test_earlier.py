"""What an earlier run left open is held against the ledger, so that another one does not let it be sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import MemoryLedger, Resolution
from paymentoptions_async.batch.journal import Journal
from paymentoptions_async.cli.batch.earlier import hold_against
from paymentoptions_async.cli.usage import BadUsageError
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from ...batch.entries import GATEWAY, entry, written

pytestmark = pytest.mark.asyncio

ANSWER = b'{"transaction_details":{"id":"t1"},"payment_details":{"amount":1000}}'


@asynccontextmanager
async def results(folder: Path, *entries: dict[str, Any]) -> AsyncIterator[Journal]:
    path = await asyncio.to_thread(written, folder / "results.jsonl", *entries)
    journal = await asyncio.to_thread(Journal, path, gateway=GATEWAY)
    try:
        yield journal
    finally:
        journal.close()


async def claimed(ledger: MemoryLedger, line: int, *, lease: float = 90) -> Claim:
    claim = await ledger.claim(Intent(f"pay-{line}", b"print"), token=f"token-{line}", lease=lease)
    assert isinstance(claim, Claim)
    return claim


async def test_the_ledger_of_the_earlier_run_knows_what_is_open(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await claimed(ledger, 1)
    await ledger.finish(await claimed(ledger, 2), Outcome(State.UNKNOWN))
    async with results(tmp_path, entry(1, "challenge"), entry(2, "unknown")) as journal:
        await hold_against(ledger, journal)


async def test_one_that_knows_nothing_of_them_is_refused(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await claimed(ledger, 1)
    open_ones = [entry(line, "unknown") for line in range(1, 500)]
    async with results(tmp_path, *open_ones, entry(500, "challenge"), entry(501, recorded=False)) as journal:
        with pytest.raises(BadUsageError, match=r"nothing of 499 charges .* \(first: pay-2\)"):
            await hold_against(ledger, journal)


@pytest.mark.parametrize("outcome", ["paid", "partial", "declined", "not_sent", "refused"])
@pytest.mark.parametrize("recorded", [True, False])
async def test_what_is_not_sent_again_or_never_was_sent_needs_no_ledger(
    outcome: str, recorded: bool, tmp_path: Path
) -> None:
    async with results(tmp_path, entry(1, outcome, recorded=recorded)) as journal:
        await hold_against(MemoryLedger(), journal)
        assert journal.is_done(1) is (outcome in ("paid", "partial", "declined"))


async def test_a_later_result_of_the_same_line_is_what_counts(tmp_path: Path) -> None:
    async with results(tmp_path, entry(1, "unknown"), entry(1)) as journal:
        await hold_against(MemoryLedger(), journal)


async def as_answered(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.finish(claim, Outcome(State.PAID, answer=ANSWER))


async def by_a_person(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.resolve(claim.merchant_txn_ref, Resolution.paid(by="Kim", reason="portal", transaction_id="t1"))


async def never(ledger: MemoryLedger, claim: Claim) -> None:
    pass


async def as_unknown(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.finish(claim, Outcome(State.UNKNOWN))


async def as_never_sent(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.finish(claim, Outcome(State.REFUSED, refusal=Refusal.NOT_SENT))


async def by_a_person_who_was_wrong(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.resolve(claim.merchant_txn_ref, Resolution.declined(by="Kim", reason="portal"))
    await ledger.finish(claim, Outcome(State.PAID, answer=ANSWER))


@pytest.mark.parametrize(
    ("settled", "asked_again"),
    [
        (as_answered, True),
        (by_a_person, True),
        (never, False),
        (as_unknown, False),
        (as_never_sent, False),
        (by_a_person_who_was_wrong, False),
    ],
)
async def test_an_answer_that_was_not_recorded_is_asked_for_again_once_the_ledger_tells_one(
    settled: Callable[[MemoryLedger, Claim], Awaitable[None]], asked_again: bool, tmp_path: Path
) -> None:
    ledger = MemoryLedger()
    await settled(ledger, await claimed(ledger, 1, lease=0))
    async with results(tmp_path, entry(1, recorded=False), entry(2)) as journal:
        await hold_against(ledger, journal)
        assert journal.is_done(1) is not asked_again
        assert journal.is_done(2)
        assert journal.earlier["paid"] == (1 if asked_again else 2)
