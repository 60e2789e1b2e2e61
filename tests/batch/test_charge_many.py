"""The client's own batches, against a gateway over real sockets."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import attrs
import pytest

from paymentoptions_async import (
    BatchPausedError,
    ChargeOutcome,
    InvalidRequestError,
    PaymentOptions,
    RetryPolicy,
    Settings,
)

from ..helpers import DECLINED, FAST, THREE_D_SECURE, request, sandbox_client, shows_cvc
from .results import BASE, drained, requests

FAULTS = ["reset:after_commit", "reset:before_read", "500:before_commit", "garbage_body", "429:0", "close:in_body"]


@pytest.mark.asyncio
@pytest.mark.parametrize("concurrency", [16, None])
async def test_every_line_has_one_result_that_is_true_where_faults_strike(concurrency: int | None) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    given = list(requests(limit=400))
    async with sandbox_client(faults=lambda: chance.choice(FAULTS) if chance.random() < 0.05 else None) as (
        gateway,
        client,
    ):
        async with client.charge_many(given, concurrency) as batch:
            results = [result async for result in batch]
        assert sorted(result.number for result in results) == list(range(400))
        outcomes = Counter(result.outcome for result in results)
        assert outcomes[ChargeOutcome.PAID] > 350
        for result in results:
            assert given[result.number].merchant_txn_ref == result.merchant_txn_ref
            charged = gateway.charges(result.merchant_txn_ref)
            assert charged == 1 if result.outcome is ChargeOutcome.PAID else charged <= 1
        async with client.charge_many(given) as again:
            assert all([result.replayed async for result in again if result.outcome is ChargeOutcome.PAID])
        assert gateway.total_charges() <= 400


@pytest.mark.asyncio
async def test_outcomes_of_every_kind_in_one_batch() -> None:
    card = request(number=DECLINED).card
    expected = {
        "paid": BASE,
        "declined": attrs.evolve(BASE, card=card),
        "challenge": attrs.evolve(BASE, card=request(number=THREE_D_SECURE).card),
        "partial": attrs.evolve(BASE, amount="9000010"),
        "refused": attrs.evolve(BASE, amount="-1"),
        "unknown": attrs.evolve(BASE, amount="9000068"),
    }
    given = [attrs.evolve(one, merchant_txn_ref=name) for name, one in expected.items()]
    async with sandbox_client() as (gateway, client):
        async with client.charge_many(given, version=2) as batch:
            found = {result.merchant_txn_ref: result async for result in batch}
        for name, result in found.items():
            assert (name, result.outcome) == (name, name)
        assert sum(map(gateway.attempts, expected)) == 5
    assert not shows_cvc(repr(found))


@pytest.mark.asyncio
async def test_a_reference_that_holds_the_card_number_is_refused_and_not_shown() -> None:
    assert BASE.card is not None
    number = BASE.card.number.reveal()
    async with sandbox_client() as (_, client):
        async with client.charge_many([attrs.evolve(BASE, merchant_txn_ref=number)]) as batch:
            results = [result async for result in batch]
    assert isinstance(results[0].error, InvalidRequestError)
    assert number not in results[0].merchant_txn_ref + repr(results)


@pytest.mark.asyncio
async def test_wrong_credentials_pause_the_batch() -> None:
    async with sandbox_client(settings={"api_key": "of-nobody"}) as (gateway, client):
        results, error = await drained(client.charge_many(requests(), 2))
        assert gateway.total_charges() == 0
    assert {result.outcome for result in results} == {ChargeOutcome.REFUSED}
    assert isinstance(error, BatchPausedError)
    assert "HTTP 401" in str(error)
    assert 3 <= error.begun <= 5


@pytest.mark.asyncio
async def test_a_gateway_that_is_down_pauses_the_batch(unused_tcp_port: int) -> None:
    settings = Settings(
        api_key="a", x_api_key="b", merchant_id="m", base_url=f"http://127.0.0.1:{unused_tcp_port}",
        timeouts=FAST, retry=RetryPolicy(max_attempts=1),
    )  # fmt: skip
    async with PaymentOptions(settings) as client:
        results, error = await drained(client.charge_many(requests()))
    assert {result.outcome for result in results} == {ChargeOutcome.NOT_SENT}
    assert isinstance(error, BatchPausedError)
    assert "10 charges in a row got no answer" in str(error)


@pytest.mark.asyncio
async def test_a_client_that_is_closed_in_mid_run_pauses_the_batch() -> None:
    async with sandbox_client() as (_, client):
        batch = client.charge_many(requests())
        await anext(batch)
        await client.close()
        _, error = await drained(batch)
    assert isinstance(error, BatchPausedError)
    assert "the client is closed" in str(error)


@pytest.mark.asyncio
async def test_what_was_sent_and_is_cancelled_stays_unknown() -> None:
    async with sandbox_client(latency=0.2) as (gateway, client):
        async with client.charge_many(requests(), 3) as batch:
            waiting = asyncio.create_task(anext(batch))
            while sum(gateway.attempts(f"ref-{number}") for number in range(3)) < 3:
                await asyncio.sleep(0.001)
            waiting.cancel()
            await asyncio.wait([waiting])
        assert batch.begun == 3
        async with client.charge_many(requests(limit=3)) as again:
            told = [(result.outcome, result.replayed) async for result in again]
        assert told == [(ChargeOutcome.UNKNOWN, True)] * 3
        assert sum(gateway.attempts(f"ref-{number}") for number in range(3)) == 3


@pytest.mark.asyncio
async def test_one_reference_twice_in_a_batch_is_charged_once() -> None:
    async with sandbox_client() as (gateway, client):
        async with client.charge_many([BASE] * 20, 10) as batch:
            results = [result async for result in batch]
        assert {result.outcome for result in results} == {ChargeOutcome.PAID}
        assert gateway.total_charges() == 1


@pytest.mark.asyncio
async def test_a_gateway_that_is_full_is_not_stormed() -> None:
    retry = RetryPolicy(base=0.01, cap=0.1)
    async with sandbox_client(latency=0.005, capacity=4, queue=4, retry=retry) as (gateway, client):
        async with client.charge_many(requests(limit=500)) as batch:
            outcomes = Counter([result.outcome async for result in batch])
        attempts = sum(gateway.attempts(f"ref-{number}") for number in range(500))
    assert outcomes == {ChargeOutcome.PAID: 500}
    assert attempts <= 500 * 1.1


@pytest.mark.asyncio
async def test_the_ceiling_is_no_higher_than_the_connections() -> None:
    async with sandbox_client(settings={"max_connections": 6}) as (_, client):
        async with client.charge_many(requests(limit=300)) as batch:
            assert max([batch.limit async for _ in batch]) == 6
