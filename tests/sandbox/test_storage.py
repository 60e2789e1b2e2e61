"""A database: everything survives a restart, and a kill."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest

from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.sandbox.hosted import pay_page
from paymentoptions_async.sandbox.storage import Storage

from .calls import (
    APPROVED,
    CHALLENGED,
    HEADERS,
    PREFIX,
    by_card,
    by_token,
    follow,
    made,
    post,
    purchase,
    subscription,
)
from .receiver import receiving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

PROGRAM = """
import asyncio, sys
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy

async def main():
    async with Sandbox(database=sys.argv[1], webhooks=WebhookPolicy(delay=float(sys.argv[2]))) as gateway:
        print(gateway.base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def told(gateway: Sandbox) -> list[Any]:
    """All that the books hold."""
    books = gateway._books
    refs = sorted({one.merchant_txn_ref for one in gateway.transactions()})
    return [
        [attrs.asdict(one) for one in gateway.transactions()],
        [(ref, gateway.charges(ref), gateway.balance(ref), gateway.attempts(ref)) for ref in refs],
        [(books.requests_of(ref), books.deliveries_of(ref)) for ref in refs],
        books.cards,
        [attrs.asdict(page) for page in books.pages.values()],
        [attrs.asdict(one) for one in books.subscriptions.values()],
    ]


async def use(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    """One of everything."""
    await made(session, gateway, "/payment", purchase({"payment_method.store_payment_method": True}))
    authorisation = await made(session, gateway, "/authorization", purchase(merchant_txn_ref="ref-2"))
    capture = await follow(session, gateway, "capture", authorisation, "12.34")
    await follow(session, gateway, "refund", capture.id, "0.34")
    await post(session, gateway, by_card(CHALLENGED, merchant_txn_ref="ref-3"), path=f"{PREFIX}/paymentv2")
    await post(session, gateway, subscription({"merchant_txn_ref": "ref-5"}), path=f"{PREFIX}/subscription/payment")
    await gateway.advance(timedelta(days=3))
    await post(session, gateway, purchase(merchant_txn_ref="ref-4"), path=f"{PREFIX}/hpp/generate/link")


async def test_everything_survives_a_restart(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        await use(session, gateway)
        before = told(gateway)
        ahead, token = gateway._gateway.clock.ahead, next(iter(gateway._books.cards))
    async with Sandbox(database=tmp_path / "sandbox.db") as again:
        assert told(again) == before
        assert abs(again._gateway.clock.ahead - ahead) < timedelta(milliseconds=1)
        assert (await post(session, again, by_token(token, merchant_txn_ref="ref-6"))).status == 201
        refs = [one.ref for one in again.transactions()]
        assert refs == sorted(set(refs))
        await again.answer_challenge("ref-3", "approve")
        await again.pay_hosted_page("ref-4")
        await again.advance(timedelta(days=2))
        assert [again.charges(f"ref-{number}") for number in range(1, 7)] == [1, 1, 1, 1, 3, 1]


async def test_a_sandbox_that_is_started_again_remembers_nothing_twice(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    gateway = Sandbox(database=tmp_path / "sandbox.db")
    for times in (1, 2):
        async with gateway:
            await post(session, gateway, purchase())
            assert (gateway.charges("ref-1"), len(gateway.transactions())) == (times, times)


async def test_a_webhook_that_was_under_way_is_sent_at_the_next_start(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        body = purchase({"return_url.webhook_url": receiver.url})
        async with Sandbox(database=tmp_path / "sandbox.db", webhooks=WebhookPolicy(delay=60)) as gateway:
            await post(session, gateway, body)
        for times in (1, 1):  # and only once: what was delivered is not sent again
            async with Sandbox(database=tmp_path / "sandbox.db") as again:
                await again.webhooks_sent()
                assert len(receiver.got) == times
    assert receiver.ids == [gateway.transactions()[0].id]


async def test_a_sandbox_that_is_killed_has_kept_what_it_answered(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    database = tmp_path / "sandbox.db"
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(database), "60", stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        answered = []
        for number in range(20):
            body = purchase({"return_url.webhook_url": receiver.url}, merchant_txn_ref=f"ref-{number}")
            async with session.post(f"{base_url}{PREFIX}/payment", json=body, headers=HEADERS) as response:
                answered.append((await response.json())["transaction_details"]["id"])
        process.kill()
        await process.communicate()
        async with Sandbox(database=database) as again:
            await again.webhooks_sent()
            assert [one.id for one in again.transactions()] == answered
            assert again.total_charges() == 20
    assert sorted(receiver.ids) == sorted(answered)


async def test_many_at_once_are_all_kept(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        bodies = [purchase(merchant_txn_ref=f"ref-{number}") for number in range(50)]
        await asyncio.gather(*(post(session, gateway, body) for body in bodies))
    async with Sandbox(database=tmp_path / "sandbox.db") as again:
        assert again.total_charges() == 50


async def test_what_waits_to_be_written_is_written_though_its_request_is_ended(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "sandbox.db")
    await storage.open()
    for number in range(20):
        storage.put("attempts", str(number), 1)
        commit = asyncio.create_task(storage.commit())
        await asyncio.sleep(0)
        commit.cancel()
    await storage.close()
    again = Storage(tmp_path / "sandbox.db")
    assert len((await again.open())["attempts"]) == 20
    await again.close()


async def test_old_records_leave_the_database_too(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        for _ in range(53):
            await post(session, gateway, purchase(currency="no currency"))
        assert len(gateway._books.requests_of("ref-1")) == 50
    async with Sandbox(database=tmp_path / "sandbox.db") as again:
        assert [one.serial for one in again._books.requests_of("ref-1")] == list(range(4, 54))


async def test_the_file_holds_no_card_number_and_no_cvc(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        await use(session, gateway)
    kept = b"".join(file.read_bytes() for file in await asyncio.to_thread(lambda: list(tmp_path.iterdir())))
    assert b"520000******1005" in kept
    assert APPROVED.encode() not in kept
    assert re.search(rb'"cvc"', kept) is None


async def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sandbox.db").write_text("no database " * 100)
    with pytest.raises(OSError, match="the sandbox's database cannot be used"):
        await Sandbox(database=tmp_path / "sandbox.db").start()


async def test_a_file_serves_one_sandbox_at_a_time(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        with pytest.raises(OSError, match="the sandbox's database cannot be used: database is locked"):
            await Sandbox(database=tmp_path / "sandbox.db").start()
        assert (await post(session, gateway, purchase())).status == 201
    async with Sandbox(database=tmp_path / "sandbox.db") as again:
        assert again.total_charges() == 1


async def test_what_could_not_be_written_is_written_by_the_next_commit_and_the_newest_counts(tmp_path: Path) -> None:
    storage, is_full = Storage(tmp_path / "sandbox.db"), True

    def fill() -> None:
        connection = storage._connection
        assert connection is not None
        connection.create_function("is_full", 0, lambda: is_full)
        # It fails in the middle of a transaction, and leaves that open.
        connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON entries WHEN is_full() AND NEW.key = 'second'"
            " BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        )

    await storage.open()
    await storage._in_thread(fill)
    storage.put("attempts", "first", 1)
    storage.put("attempts", "second", 1)
    writing = asyncio.create_task(storage.commit())
    await asyncio.sleep(0)
    storage.put("attempts", "first", 2)
    with pytest.raises(sqlite3.Error, match="the disk is full"):
        await writing
    is_full = False
    await storage.close()
    again = Storage(tmp_path / "sandbox.db")
    assert (await again.open())["attempts"] == {"first": b"2", "second": b"1"}
    await again.close()


async def test_a_card_number_where_none_belongs_is_not_kept(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    written = "5200 0000 0000 1005"
    body = purchase({
        "billing_address.address1": f"1-2-3 {APPROVED}",
        "shipping_address.city": written,
        "card.name": f"John {APPROVED}",
        "return_url.success_url": f"http://www.successurl.com/?card={APPROVED}",
    })  # fmt: skip
    async with Sandbox(database=tmp_path / "sandbox.db") as gateway:
        await made(session, gateway, "/payment", body)
        (transaction,) = gateway.transactions()
        kept = repr(attrs.asdict(transaction))
        assert "520000******1005" in transaction.addresses["billing_address"]["address1"]
        assert transaction.addresses["billing_address"]["country"] == "JP"
    kept += "".join(map(repr, await asyncio.to_thread(lambda: [file.read_bytes() for file in tmp_path.iterdir()])))
    assert APPROVED not in kept
    assert written not in kept


async def test_a_payers_name_that_is_a_card_number_is_not_kept(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await post(session, gateway, purchase(), path=f"{PREFIX}/hpp/generate/link")
    (page,) = gateway._books.pages.values()
    typed = {"number": APPROVED, "expiry_month": "12", "expiry_year": "30", "cvc": "739", "name": APPROVED}
    pay_page(gateway._gateway, page, **typed, amount=None)
    (transaction,) = gateway.transactions()
    assert transaction.card is not None
    assert transaction.card.name == "520000******1005"
