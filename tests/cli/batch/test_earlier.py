"""What earlier runs have written is held against the ledger: another one is refused, what it was told since is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import MemoryLedger, Resolution
from paymentoptions_async.batch.journal import Journal, latest
from paymentoptions_async.cli.batch.earlier import hold_against
from paymentoptions_async.cli.usage import BadUsageError
from paymentoptions_async.ledger import Claim
from paymentoptions_async.models.outcome import Outcome, Refusal, State

from ...batch.entries import GATEWAY, entry, written
from ...ledger.cases import ended, intent, status, word

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
    claim = await ledger.claim(intent(f"pay-{line}"), token=f"token-{line}", lease=lease)
    assert isinstance(claim, Claim)
    return claim


async def test_the_ledger_of_the_earlier_run_knows_what_is_open(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await claimed(ledger, 1)
    await ledger.finish(await claimed(ledger, 2), Outcome(State.UNKNOWN))
    async with results(tmp_path, entry(1, "challenge"), entry(2, "unknown")) as journal:
        await hold_against(ledger, journal)
        assert (journal.is_telling(1), journal.is_telling(2), journal.earlier.total()) == (True, True, 0)


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
        assert (journal.is_done(1), journal.telling) == (True, 1)


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


async def contradicted(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.finish(claim, ended(State.DECLINED))
    await ledger.resolve("pay-1", status(ended(State.PAID, "t1"), claim.token))


async def told_otherwise_since(ledger: MemoryLedger, claim: Claim) -> None:
    await contradicted(ledger, claim)
    await ledger.resolve("pay-1", word(State.PAID, "t1"))


async def not_charged(ledger: MemoryLedger, claim: Claim) -> None:
    await as_unknown(ledger, claim)
    await ledger.resolve("pay-1", word(State.REFUSED))


async def given_up_and_paid(ledger: MemoryLedger, claim: Claim) -> None:
    await ledger.finish(claim, ended(State.PAID, "t1"))
    await ledger.finish(claim._replace(token="of an earlier claim"), ended(State.PAID, "t9"))


async def declined_and_paid_by_another(ledger: MemoryLedger, claim: Claim) -> None:
    await as_unknown(ledger, claim)
    await ledger.resolve("pay-1", word(State.DECLINED))
    await ledger.finish(claim._replace(token="of an earlier claim"), ended(State.PAID, "t9"))


Settled = Callable[[MemoryLedger, Claim], Awaitable[None]]
PAID, PAID_UNRECORDED, DECLINED, UNKNOWN = ("paid", True), ("paid", False), ("declined", True), ("unknown", True)


@pytest.mark.parametrize(
    ("told", "settled", "becomes"),
    [
        (PAID_UNRECORDED, as_answered, PAID),
        (PAID_UNRECORDED, by_a_person, PAID),
        (PAID_UNRECORDED, never, PAID_UNRECORDED),
        (PAID_UNRECORDED, as_unknown, PAID_UNRECORDED),
        (PAID_UNRECORDED, as_never_sent, PAID_UNRECORDED),
        (PAID_UNRECORDED, by_a_person_who_was_wrong, PAID_UNRECORDED),
        (UNKNOWN, as_answered, PAID),
        (UNKNOWN, as_unknown, UNKNOWN),
        (UNKNOWN, not_charged, ("not_sent", True)),
        (UNKNOWN, contradicted, UNKNOWN),
        (("challenge", True), as_answered, PAID),
        (DECLINED, as_answered, PAID),
        (DECLINED, contradicted, PAID_UNRECORDED),
        (DECLINED, by_a_person_who_was_wrong, PAID_UNRECORDED),
        (DECLINED, declined_and_paid_by_another, ("unknown", False)),
        (DECLINED, told_otherwise_since, PAID),
        (DECLINED, as_unknown, DECLINED),
        (DECLINED, as_never_sent, DECLINED),
        (PAID, given_up_and_paid, PAID_UNRECORDED),
        (PAID, as_unknown, PAID),
    ],
)
async def test_a_result_says_what_the_ledger_has_been_told_since(
    told: tuple[str, bool], settled: Settled, becomes: tuple[str, bool], tmp_path: Path
) -> None:
    ledger, (outcome, recorded) = MemoryLedger(), told
    await settled(ledger, await claimed(ledger, 1, lease=0))
    async with results(tmp_path, entry(1, outcome, recorded=recorded, ends=-1e6), entry(2)) as journal:
        await hold_against(ledger, journal)
        now = {one["line"]: one for one in latest(journal.path)}
        assert (now[1]["outcome"], now[1]["recorded"]) == becomes
        assert (now[1]["amount"], now[1]["card"], now[1]["seconds"]) == ("1000", "520000******1005", 0.05)
        assert journal.is_done(1) is (becomes[0] in ("paid", "declined"))
        assert journal.earlier.total() == 1 + journal.is_done(1)


@pytest.mark.parametrize("changes", [{"amount": "7"}, {"currency": "USD"}, {"card": "411111******1111"}])
async def test_a_record_of_another_charge_settles_nothing(changes: dict[str, Any], tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await as_answered(ledger, await claimed(ledger, 1))
    async with results(tmp_path, entry(1, "unknown", **changes)) as journal:
        with pytest.raises(BadUsageError, match="nothing of 1 charges"):
            await hold_against(ledger, journal)


async def test_a_ledger_by_which_an_open_charge_never_was_sent_is_another_one(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await as_never_sent(ledger, await claimed(ledger, 1))
    later = entry(1, "unknown", time="2126-01-01T00:00:00.000+00:00")
    async with results(tmp_path, later) as journal:
        with pytest.raises(BadUsageError, match="nothing of 1 charges"):
            await hold_against(ledger, journal)


async def test_what_somebody_else_was_charging_may_have_been_refused_before_that_was_written(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    await as_never_sent(ledger, await claimed(ledger, 1))
    in_use = entry(1, "unknown", error="ReferenceInUseError", time="2126-01-01T00:00:00.000+00:00")
    async with results(tmp_path, in_use) as journal:
        await hold_against(ledger, journal)
        assert [one["outcome"] for one in latest(journal.path)] == ["not_sent"]
