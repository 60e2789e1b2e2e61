from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import pytest
import pytest_asyncio
from psycopg_pool import AsyncConnectionPool

from paymentoptions_async import (
    AuthenticationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    RateLimitedError,
    ReferenceConflictError,
)
from paymentoptions_async.batch.result import ChargeOutcome, ChargeResult, result_of
from paymentoptions_async.cluster import RowKey, submit
from paymentoptions_async.cluster.rows import Landed, standing_of
from paymentoptions_async.cluster.store import Store
from paymentoptions_async.cluster.tables import Standing
from paymentoptions_async.models.challenge import Challenge

from .charges import outcomes, rows, sealer, source

_LEVELS = (Standing.NOT_BEGUN, Standing.UNSETTLED, Standing.SETTLED)


@pytest_asyncio.fixture
async def store(postgres_dsn: str) -> AsyncIterator[Store]:
    await asyncio.to_thread(lambda: submit(postgres_dsn, source(20), sealer(), name="payday", new_id=lambda: "b"))
    async with AsyncConnectionPool(postgres_dsn, min_size=1, open=False) as pool:
        yield Store(pool)


def landed(number: int, standing: int, outcome: str) -> Landed:
    return Landed(RowKey("b", number, f"order-{number:05}"), standing, {"line": number + 1, "outcome": outcome})


@pytest.mark.asyncio
async def test_a_late_result_stands_only_over_one_that_tells_less(store: Store, postgres_dsn: str) -> None:
    pairs = list(product(_LEVELS, _LEVELS))
    await store.land([landed(number, first, "first") for number, (first, _) in enumerate(pairs)])
    await store.land([landed(number, second, "second") for number, (_, second) in enumerate(pairs)])
    found = await asyncio.to_thread(
        rows, postgres_dsn, "SELECT outcome FROM paymentoptions_batch_charge WHERE standing > 0 ORDER BY number"
    )
    assert [row[0] for row in found] == ["second" if second > first else "first" for first, second in pairs]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("unknown", "paid", "paid"),
        ("unknown", "challenge", "challenge"),
        ("paid", "unknown", "paid"),
        ("paid", "declined", "paid"),
        ("unknown", "refused", "unknown"),
    ],
)
async def test_of_two_results_that_are_not_the_end_an_answer_stands_over_a_doubt(
    store: Store, postgres_dsn: str, first: str, second: str, stands: str
) -> None:
    for outcome in (first, second):
        await store.land([landed(0, Standing.UNSETTLED, outcome)])
    assert (await asyncio.to_thread(outcomes, postgres_dsn))[stands] == 1


@pytest.mark.asyncio
async def test_a_body_is_kept_only_as_long_as_its_charge_was_not_begun(store: Store, postgres_dsn: str) -> None:
    await store.land([landed(number, standing, "any") for number, standing in enumerate(_LEVELS)])
    found = await asyncio.to_thread(
        rows,
        postgres_dsn,
        "SELECT sealed IS NOT NULL FROM paymentoptions_batch_charge WHERE number < 4 ORDER BY number",
    )
    assert [row[0] for row in found] == [True, False, False, True]
    assert [row.key.number for row in await store.open_rows("b", 0, 4)] == [3, 4]


@pytest.mark.asyncio
async def test_what_was_not_sent_is_begun_three_times_before_that_is_its_result(store: Store) -> None:
    again = landed(0, Standing.NOT_BEGUN, "not_sent")._replace(comes_again=True)
    told = []
    for _ in range(3):
        assert [row.key.number for row in await store.open_rows("b", 0, 0)] == [0]
        told += await store.land([again, landed(1, Standing.SETTLED, "paid")])
    assert told == [False, True, False, True, True, True]
    assert await store.open_rows("b", 0, 0) == []


@pytest.mark.asyncio
async def test_the_first_reason_of_a_pause_stays(store: Store) -> None:
    await store.pause("b", "first")
    await store.pause("b", "second")
    assert (await store.states(["b"]))["b"] == ("first", True)


@pytest.mark.asyncio
async def test_a_batch_that_is_gone_is_none(store: Store) -> None:
    assert await store.batch("gone") is None
    assert await store.states(["gone"]) == {}
    assert await store.open_rows("gone", 0, 9) == []


def _of(error: Exception | Challenge) -> ChargeResult:
    return result_of(0, "r", error, 0.1)


def _unrecorded(error: PaymentOptionsError) -> PaymentOptionsError:
    error.recorded = False
    return error


@pytest.mark.parametrize(
    ("result", "standing"),
    [
        (_of(NotSentError("no")), Standing.NOT_BEGUN),
        (_of(AuthenticationError("no")), Standing.NOT_BEGUN),
        (_of(RateLimitedError("no")), Standing.NOT_BEGUN),
        (_of(OutcomeUnknownError("?")), Standing.UNSETTLED),
        (_of(Challenge(redirect_url="https://issuer.example", merchant_txn_ref="r")), Standing.UNSETTLED),
        (_of(ValueError("a bug")), Standing.UNSETTLED),
        (_of(_unrecorded(DeclinedError("no"))), Standing.UNSETTLED),
        (_of(_unrecorded(NotSentError("no"))), Standing.NOT_BEGUN),
        (_of(DeclinedError("no")), Standing.SETTLED),
        (_of(InvalidRequestError("no")), Standing.SETTLED),
        (_of(ReferenceConflictError("another one")), Standing.UNSETTLED),
        (_of(PartialApprovalError("half")), Standing.SETTLED),
        (ChargeResult(number=0, merchant_txn_ref="r", outcome=ChargeOutcome.PAID, seconds=0.1), Standing.SETTLED),
    ],
)
def test_a_result_tells_so_much(result: ChargeResult, standing: int) -> None:
    assert standing_of(result) == standing
