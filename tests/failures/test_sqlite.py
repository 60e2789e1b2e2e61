"""A ledger whose file cannot be used lets nothing be sent, says why, and works again when it can."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import LedgerError, NotSentError, Payment, PaymentOptions, SqliteLedger, Timeouts, recording
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.ledger import sqlite as sqlite_ledger
from paymentoptions_async.models.outcome import Refusal
from paymentoptions_async.sandbox import Sandbox

from ..helpers import APPROVED, CVC, FAST, request, sandbox_client
from ..test_charging import everything_shown, shows
from .disks import AT_ANY_TIME, AT_THE_START, delete, limitable, locked, made

SECRET = "the-ledger's-own-secret"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 0.05)
    limitable(monkeypatch)


@asynccontextmanager
async def charging(ledger: SqliteLedger, **sandbox: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    """A sandbox and a client of it with a durable ledger."""
    async with sandbox_client(client={"ledger": ledger}, settings={"ledger_secret": SECRET}, **sandbox) as both:
        yield both


@pytest.mark.parametrize("trouble", AT_THE_START)
@pytest.mark.asyncio
async def test_at_the_start_it_lets_nothing_be_sent_and_says_why(path: Path, trouble: str) -> None:
    reigns, told = AT_THE_START[trouble]
    async with SqliteLedger(path) as ledger:
        async with charging(ledger) as (gateway, client):
            with reigns(path):
                with pytest.raises(NotSentError) as caught:
                    await client.payments.purchase(request("ref"))
                with pytest.raises(LedgerError) as direct:
                    await ledger.claim(Intent("direct", bytes(32)), token="t", lease=1)
                assert gateway.attempts("ref") == 0
            assert told in str(caught.value)
            assert told in str(direct.value)
            assert caught.value.evidence == (str(direct.value),)
            assert caught.value.merchant_txn_ref == "ref"
            payment = await client.payments.purchase(request("ref"))
            assert isinstance(payment, Payment)
            assert (payment.replayed, payment.recorded, gateway.charges("ref")) == (False, True, 1)
    shown = everything_shown(caught.value) + everything_shown(direct.value)
    for secret in (APPROVED, CVC, SECRET, "sandbox-api-key", "sandbox-x-api-key"):
        assert not shows(shown, secret)


@pytest.mark.parametrize("trouble", AT_ANY_TIME)
@pytest.mark.asyncio
async def test_in_use_it_lets_nothing_be_sent_says_why_and_forgets_nothing(path: Path, trouble: str) -> None:
    reigns, told = AT_ANY_TIME[trouble]
    async with SqliteLedger(path) as ledger:
        async with charging(ledger) as (gateway, client):
            await client.payments.purchase(request("before"))
            with reigns(path):
                for number in range(3):
                    with pytest.raises(NotSentError) as caught:
                        await client.payments.purchase(request(f"ref-{number}"))
                    assert told in str(caught.value)
                with pytest.raises(LedgerError):
                    await ledger.claim(Intent("direct", bytes(32)), token="t", lease=1)
            for number in range(3):
                assert gateway.attempts(f"ref-{number}") == 0
                assert not (await client.payments.purchase(request(f"ref-{number}"))).replayed
            assert (await client.payments.purchase(request("before"))).replayed
            assert gateway.total_charges() == 4
            assert isinstance(await ledger.claim(Intent("direct", bytes(32)), token="t", lease=1), Claim)


# --- the file itself --------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    await asyncio.to_thread(path.touch)
    async with SqliteLedger(path) as ledger, charging(ledger) as (gateway, client):
        assert isinstance(await client.payments.purchase(request("ref")), Payment)
        assert (await client.payments.purchase(request("ref"))).replayed
        assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_a_file_that_is_removed_in_use_is_not_made_anew_but_missed(path: Path) -> None:
    async with SqliteLedger(path) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        delete(path)
        for reference in ("ref", "before", "ref"):
            with pytest.raises(NotSentError, match="No such file or directory"):
                await client.payments.purchase(request(reference))
        assert not await asyncio.to_thread(path.exists)
        assert (gateway.attempts("ref"), gateway.charges("before")) == (0, 1)


@pytest.mark.asyncio
async def test_a_copy_that_is_put_in_its_place_is_another_file(path: Path) -> None:
    async with SqliteLedger(path) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        copy = path.with_name("copy.db")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        delete(path)
        shutil.move(copy, path)
        for reference in ("ref", "before"):
            with pytest.raises(NotSentError, match="replaced by another file"):
                await client.payments.purchase(request(reference))
        # Who knows what was put there makes a new ledger object.
        async with SqliteLedger(path) as again, PaymentOptions(client.settings, ledger=again) as anew:
            assert (await anew.payments.purchase(request("before"))).replayed
            assert not (await anew.payments.purchase(request("ref"))).replayed
        assert gateway.total_charges() == 2


@pytest.mark.parametrize("moment", [1, 2], ids=["claim", "finish"])
@pytest.mark.asyncio
async def test_what_is_written_while_the_file_is_removed_does_not_count(path: Path, moment: int) -> None:
    asked = 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        if asked == moment:
            # This is in the middle of the transaction.
            delete(path)
        return time.time()

    await asyncio.to_thread(made, path)
    async with SqliteLedger(path, clock=clock) as ledger, charging(ledger) as (gateway, client):
        if moment == 1:
            with pytest.raises(NotSentError, match="No such file or directory"):
                await client.payments.purchase(request("ref"))
            assert gateway.attempts("ref") == 0
        else:
            payment = await client.payments.purchase(request("ref"))
            assert isinstance(payment, Payment)
            assert not payment.recorded
            assert (await client.payments.purchase(request("ref"))).replayed
            assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_who_writes_into_a_new_file_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here SQLite itself would not wait."""
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 5.0)
    await asyncio.to_thread(path.touch)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with SqliteLedger(path) as ledger:
            claim = asyncio.create_task(ledger.claim(Intent("ref", bytes(32)), token="t", lease=1))
            await asyncio.sleep(0.05)
            assert not claim.done()
            other.execute("COMMIT")
            assert isinstance(await claim, Claim)


@pytest.mark.asyncio
async def test_who_makes_a_new_file_at_the_same_moment_is_no_other_application(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 5.0)
    others: list[threading.Thread] = []

    class Hurried(sqlite3.Connection):
        """Between one look at the file and the next, somebody else makes a ledger of it."""

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if "sqlite_master" in statement and not others:
                others.append(threading.Thread(target=made, args=(path,)))
                others[0].start()
                others[0].join(0.3)
            return super().execute(statement, *values)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Hurried))
    async with SqliteLedger(path) as ledger:
        assert isinstance(await ledger.claim(Intent("ref", bytes(32)), token="t", lease=1), Claim)
        await asyncio.to_thread(others[0].join)
        assert await ledger.find("earlier-000") is not None


@pytest.mark.asyncio
async def test_many_who_make_a_new_file_at_once_make_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 5.0)
    for turn in range(5):
        ledgers = [SqliteLedger(path.with_name(f"{turn}.db")) for _ in range(8)]
        claims = (ledger.claim(Intent(f"{id(ledger)}", bytes(32)), token="t", lease=1) for ledger in ledgers)
        answers = await asyncio.gather(*claims)
        assert all(isinstance(answer, Claim) for answer in answers)
        await asyncio.gather(*(ledger.close() for ledger in ledgers))


# --- a lock and the deadline ------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_deadline_that_passes_before_the_lock_is_gone_leaves_the_reference_free(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_ledger, "_LOCK_PATIENCE", 10.0)
    monkeypatch.setattr(recording, "_RELEASE_PATIENCE", 0.05)
    await asyncio.to_thread(made, path)
    async with SqliteLedger(path) as ledger, charging(ledger, timeouts=Timeouts(total=0.1)) as (gateway, client):
        with locked(path):
            begin = time.monotonic()
            with pytest.raises(NotSentError, match="deadline"):
                await client.payments.purchase(request("ref"))
            assert time.monotonic() - begin < 4
        # Claimed and given back, in this order, as soon as the lock is gone.
        record = await ledger.find("ref")
        assert record is not None
        assert record.outcome.refusal is Refusal.NOT_SENT
        payment = await client.with_options(timeouts=FAST).payments.purchase(request("ref"))
        assert (payment.replayed, gateway.charges("ref")) == (False, 1)
