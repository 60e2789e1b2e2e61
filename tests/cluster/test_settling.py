"""Results that are held against the ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from psycopg_pool import AsyncConnectionPool

from paymentoptions_async import PostgresLedger, PurchaseRequest, Resolution
from paymentoptions_async.cluster import RowKey
from paymentoptions_async.cluster.batches import Batch, entries, find, resume
from paymentoptions_async.cluster.rows import Known, Landed
from paymentoptions_async.cluster.settling import Purged, purge, settle
from paymentoptions_async.cluster.store import Store
from paymentoptions_async.cluster.tables import Standing, connected
from paymentoptions_async.ledger.base import Claim, Intent, Ledger
from paymentoptions_async.models.outcome import State
from paymentoptions_async.models.rules import amount_text
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.sandbox import Sandbox

from ..ledger.cases import ended, given, word
from .charges import body_of, outcomes, query, submitted, submitted_bodies
from .workers import until_done, working

_SEALED = "SELECT count(*) FROM paymentoptions_batch_charge WHERE sealed IS NOT NULL"
_now = Runtime().now


class Books(NamedTuple):
    """A batch of a few charges, and what is known of them."""

    dsn: str
    batch: Batch
    store: Store
    ledger: Ledger

    async def claim(self, number: int, *, lease: float = 90.0, **changes: Any) -> Claim:
        return given(await self.ledger.claim(intent_of(number, **changes), token=f"of {number}", lease=lease))

    async def died(self, number: int) -> None:
        """A worker has died in the middle of a charge, and its lease has ended."""
        await self.claim(number, lease=0.001)
        await asyncio.sleep(0.01)

    async def land(self, number: int, standing: int, outcome: str, **entry: Any) -> None:
        told = {
            "line": number + 1,
            "outcome": outcome,
            "recorded": True,
            "transaction_id": None,
            "moved": None,
            **entry,
        }
        await self.store.land([Landed(RowKey(self.batch.id, number, reference(number)), standing, told)])

    async def settle(self) -> int:
        """How many results are other ones now. To do it again changes nothing."""
        count = await settle(self.store, self.ledger, self.batch.id, _now)
        assert await settle(self.store, self.ledger, self.batch.id, _now) == 0
        return count

    async def purge(self) -> Purged:
        return await purge(self.store, self.ledger, self.batch.id, _now)

    async def told(self) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with connected(self.dsn) as server:
                return [(one["outcome"], one["recorded"]) for one in entries(server, self.batch)]

        return await asyncio.to_thread(read)

    async def standings(self) -> list[int]:
        return [
            row[0] for row in await query(self.dsn, "SELECT standing FROM paymentoptions_batch_charge ORDER BY number")
        ]


@pytest_asyncio.fixture
async def books(postgres_dsn: str) -> AsyncIterator[Books]:
    batch = await submitted(postgres_dsn, 3)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        yield Books(postgres_dsn, batch, Store(pool), ledger)


def reference(number: int) -> str:
    return f"order-{number:05}"


def intent_of(number: int, **changes: Any) -> Intent:
    """What the ledger knows of a charge of the batch."""
    asked = PurchaseRequest.from_json(json.dumps(body_of(number)))
    assert asked.card is not None
    intent = Intent(reference(number), b"x", "payment", amount_text(asked.amount), asked.currency, asked.card.masked)
    return intent._replace(**changes)


def paid(number: int) -> dict[str, Any]:
    """What a result says of a payment, as the ledger does."""
    return {"transaction_id": f"t-{number}", "moved": intent_of(number).amount}


@pytest.mark.asyncio
async def test_what_the_ledger_has_learned_since_comes_into_the_results(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 2)
    async with Sandbox(faults=["reset:after_commit", "reset:before_read"]) as gateway:
        async with working(postgres_dsn, gateway, concurrency=1):
            await until_done(postgres_dsn)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        store = Store(pool)
        assert await settle(store, ledger, batch.id, _now) == 0
        await ledger.resolve("order-00000", Resolution.paid(by="an operator", reason="portal", transaction_id="t-1"))
        assert await settle(store, ledger, batch.id, _now) == 1
        assert await settle(store, ledger, batch.id, _now) == 0

    def told() -> list[Any]:
        with connected(postgres_dsn) as server:
            return [(one["outcome"], one["transaction_id"], one["amount"]) for one in entries(server, batch)]

    amount = str(body_of(0)["amount"])
    assert await asyncio.to_thread(told) == [("paid", "t-1", amount), ("unknown", None, amount)]


@pytest.mark.asyncio
async def test_a_purge_erases_what_is_left_and_takes_the_rest_from_the_ledger(postgres_dsn: str) -> None:
    batch = await submitted(postgres_dsn, 3)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        # A worker that has died in the middle of it.
        await ledger.claim(intent_of(1), token="dead", lease=0.001)
        await asyncio.sleep(0.01)
        assert await purge(Store(pool), ledger, batch.id, _now) == (2, 1)
    assert await asyncio.to_thread(outcomes, postgres_dsn) == {"not_sent": 2, "unknown": 1}
    assert await query(postgres_dsn, _SEALED) == [(0,)]


@pytest.mark.asyncio
@pytest.mark.parametrize("outcome", ["paid", "declined", "partial", "challenge"])
async def test_an_answer_that_was_seen_and_not_recorded_outweighs_the_doubt_of_the_ledger(
    books: Books, outcome: str
) -> None:
    await books.died(0)
    await books.land(0, Standing.UNSETTLED, outcome, recorded=False)
    assert await books.settle() == 0
    assert await books.told() == [(outcome, False)]
    await books.ledger.resolve(reference(0), word(State.DECLINED))
    assert await books.settle() == 1
    assert await books.told() == [("declined", True)]


@pytest.mark.asyncio
async def test_the_ledgers_doubt_comes_into_a_result_where_no_answer_was_seen(books: Books) -> None:
    await books.died(0)
    await books.land(0, Standing.NOT_BEGUN, "not_sent")
    assert await books.settle() == 1
    assert await books.told() == [("unknown", True)]


@pytest.mark.asyncio
async def test_what_was_contradicted_after_its_result_is_told_so_until_a_person_has_looked(books: Books) -> None:
    for number in range(3):
        await books.ledger.finish(await books.claim(number), ended(State.PAID, f"t-{number}"))
        await books.land(number, Standing.SETTLED, "paid", **paid(number))
    assert await books.settle() == 0
    await books.ledger.finish(Claim(reference(1), "of an earlier claim"), ended(State.PAID, "t-9"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True), ("paid", False), ("paid", True)]
    await books.ledger.resolve(reference(1), word(State.PAID, "t-1"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True)] * 3
    assert await books.standings() == [Standing.SETTLED] * 3


@pytest.mark.asyncio
async def test_a_decline_that_turns_out_as_paid_is_told_so(books: Books) -> None:
    await books.ledger.finish(await books.claim(0), ended(State.DECLINED))
    await books.land(0, Standing.SETTLED, "declined")
    await books.ledger.resolve(reference(0), Resolution(ended(State.PAID, "t-0"), "the gateway", "webhook", "of 0"))
    assert await books.settle() == 1
    assert [outcome for outcome, _ in await books.told()] != ["declined"]


@pytest.mark.asyncio
async def test_the_record_of_another_charge_says_nothing_of_a_line_that_was_refused_for_its_reference(
    books: Books,
) -> None:
    await books.ledger.finish(await books.claim(0, amount="77700"), ended(State.PAID, "t-0"))
    await books.land(0, Standing.UNSETTLED, "refused", error="ReferenceConflictError")
    assert await books.settle() == 0
    assert await books.told() == [("refused", True)]


@pytest.mark.asyncio
async def test_a_line_in_conflict_with_the_record_of_its_own_charge_is_what_that_says(books: Books) -> None:
    claims = [await books.claim(number) for number in range(2)]
    for number in range(2):
        await books.land(number, Standing.UNSETTLED, "refused", error="ReferenceConflictError")
    await books.ledger.finish(claims[0], ended(State.PAID, "t-0"))
    assert await books.settle() == 2
    assert await books.told() == [("paid", True), ("unknown", True)]


@pytest.mark.asyncio
@pytest.mark.parametrize("other", [{"amount": "77700"}, {"operation": "authorization"}, {"card": None}])
async def test_another_charge_that_was_made_under_a_reference_says_nothing_of_a_line_that_was_not_sent(
    books: Books, other: dict[str, Any]
) -> None:
    await books.land(0, Standing.NOT_BEGUN, "not_sent")
    await books.ledger.finish(await books.claim(0, **other), ended(State.PAID, "t-0"))
    assert await books.settle() == 0
    assert await books.told() == [("not_sent", True)]


@pytest.mark.asyncio
async def test_an_answer_that_was_seen_does_not_give_way_to_a_person_who_found_nothing(books: Books) -> None:
    await books.died(0)
    await books.land(0, Standing.UNSETTLED, "paid", recorded=False)
    await books.ledger.resolve(reference(0), word(State.REFUSED))
    assert await books.settle() == 0
    assert await books.told() == [("paid", False)]


@pytest.mark.asyncio
async def test_a_doubt_that_came_and_was_settled_between_two_looks_is_in_the_results(books: Books) -> None:
    await books.ledger.finish(await books.claim(0), ended(State.DECLINED))
    await books.land(0, Standing.SETTLED, "declined")
    await books.ledger.resolve(reference(0), Resolution(ended(State.PAID, "t-0"), "the gateway", "webhook", "of 0"))
    await books.ledger.resolve(reference(0), word(State.PAID, "t-0"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True)]


@pytest.mark.asyncio
async def test_an_id_that_the_ledger_has_learned_of_an_unknown_charge_is_in_its_result(books: Books) -> None:
    claim = await books.claim(0)
    await books.land(0, Standing.UNSETTLED, "unknown")
    await books.ledger.finish(claim, ended(State.UNKNOWN, "t-77"))
    assert await books.settle() == 1
    told = await query(
        books.dsn, "SELECT entry::json->>'transaction_id' FROM paymentoptions_batch_charge WHERE number = 0"
    )
    assert told == [("t-77",)]


@pytest.mark.asyncio
async def test_a_result_of_not_sent_is_mended_where_the_ledger_has_the_payment(books: Books) -> None:
    await books.land(0, Standing.NOT_BEGUN, "not_sent")
    await books.ledger.finish(await books.claim(0), ended(State.PAID, "t-0"))
    assert await books.settle() == 1
    assert await books.told() == [("paid", True)]


@pytest.mark.asyncio
async def test_a_line_that_was_wrong_stays_refused_whatever_was_charged_under_its_reference(
    postgres_dsn: str,
) -> None:
    bodies = [body_of(0), body_of(1, amount="much")]
    batch = await submitted_bodies(postgres_dsn, bodies, skip_bad=True)
    async with PostgresLedger(postgres_dsn) as ledger, AsyncConnectionPool(postgres_dsn, open=False) as pool:
        books = Books(postgres_dsn, batch, Store(pool), ledger)
        await books.died(1)
        assert await books.settle() == 0


@pytest.mark.asyncio
async def test_a_purge_tells_what_is_being_charged_as_unknown_until_its_worker_tells_more(books: Books) -> None:
    claims = [await books.claim(number) for number in range(3)]
    assert await books.purge() == (0, 3)
    assert await books.told() == [("unknown", True)] * 3
    # The one is recorded and told, the next one only told, and of the third one nothing is heard any more.
    await books.ledger.finish(claims[0], ended(State.DECLINED))
    await books.land(0, Standing.SETTLED, "declined")
    await books.land(1, Standing.UNSETTLED, "paid", recorded=False)
    assert await books.settle() == 0
    assert await books.told() == [("declined", True), ("paid", False), ("unknown", True)]


@pytest.mark.asyncio
async def test_what_a_worker_holds_when_it_is_purged_is_unknown_and_not_sent_once_nobody_can_begin_it(
    books: Books,
) -> None:
    assert await books.store.hold(books.batch.id, [0, 1]) == {0, 1}
    assert await books.purge() == (1, 2)
    assert await books.store.hold(books.batch.id, [2]) == set()
    assert await books.settle() == 0
    assert await books.told() == [("unknown", True), ("unknown", True), ("not_sent", True)]
    await books.ledger.finish(await books.claim(0), ended(State.PAID, "t-0"))
    await query(books.dsn, "UPDATE paymentoptions_batch_charge SET held = held - interval '1 hour' RETURNING 1")
    assert await books.settle() == 2
    assert await books.told() == [("paid", True), ("not_sent", True), ("not_sent", True)]


@pytest.mark.asyncio
async def test_a_worker_that_takes_hold_in_the_middle_of_a_purge_is_seen(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct = books.store.correct

    async def taken_hold_of(found: Known, landed: Landed) -> bool:
        monkeypatch.setattr(books.store, "correct", correct)
        await query(books.dsn, "UPDATE paymentoptions_batch_charge SET held = clock_timestamp() RETURNING 1")
        return await correct(found, landed)

    monkeypatch.setattr(books.store, "correct", taken_hold_of)
    assert await books.purge() == (0, 3)


@pytest.mark.asyncio
async def test_what_a_purge_that_was_killed_has_left_is_begun_after_a_resume(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct, count = books.store.correct, iter(range(9))

    async def killed(found: Known, landed: Landed) -> bool:
        if next(count) == 2:
            raise KeyError
        return await correct(found, landed)

    monkeypatch.setattr(books.store, "correct", killed)
    with pytest.raises(KeyError):
        await books.purge()
    assert await query(books.dsn, _SEALED) == [(1,)]

    def resumed() -> int:
        with connected(books.dsn) as server:
            return resume(server, find(server, "payday"))

    assert await asyncio.to_thread(resumed) == 1
    async with Sandbox() as gateway, working(books.dsn, gateway):
        await until_done(books.dsn)
    assert await books.told() == [("not_sent", True)] * 2 + [("paid", True)]


@pytest.mark.asyncio
async def test_no_body_is_left_of_what_was_not_sent_before(books: Books) -> None:
    await books.land(0, Standing.NOT_BEGUN, "not_sent")
    assert await books.purge() == (2, 0)
    assert await query(books.dsn, _SEALED) == [(0,)]
