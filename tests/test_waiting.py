"""`payments.wait`: ends when a charge is settled, by whoever settles it, and at the timeout at the latest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import (
    Authorization,
    Challenge,
    ConfigurationError,
    DeclinedError,
    HostedPage,
    InvalidRequestError,
    MemoryLedger,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    ReferenceInUseError,
    Refund,
    Resolution,
    SqliteLedger,
)
from paymentoptions_async.ledger import Intent
from paymentoptions_async.sandbox import WebhookPolicy

from .helpers import THREE_D_SECURE, request, sandbox_client
from .resources.cases import REFUND, Wire, page_request, plan_request
from .shop import WEBHOOK_SECRET, Shop, open_shop

NO_WEBHOOKS = WebhookPolicy(enabled=False)


async def challenged(shop: Shop) -> Challenge:
    challenge = await shop.client.payments.purchase(shop.addressed(request("ref", number=THREE_D_SECURE)), version=2)
    assert isinstance(challenge, Challenge)
    return challenge


def waits(client: PaymentOptions, reference: str = "ref", timeout: float = 30) -> asyncio.Task[Any]:
    return asyncio.create_task(client.payments.wait(reference, timeout=timeout))


async def settles_within(seconds: float, task: asyncio.Task[Any]) -> Any:
    async with asyncio.timeout(seconds):
        return await task


async def asked_for(wire: Wire, times: int) -> None:
    async with asyncio.timeout(5):
        while wire.requests < times:
            await asyncio.sleep(0.005)


def listeners(client: PaymentOptions) -> dict[str, Any]:
    return client._shared.bell._listening


# --- by a webhook -----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_webhook_ends_it_at_once() -> None:
    async with open_shop() as shop:
        await challenged(shop)
        waiting = waits(shop.client)
        # So long that the next look is far away: nothing but the webhook can end it soon.
        await asyncio.sleep(0.65)
        await shop.gateway.answer_challenge("ref", "approve")
        payment = await settles_within(0.6, waiting)
        assert isinstance(payment, Payment)
        assert payment.replayed
        assert shop.gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_a_webhook_that_comes_while_the_gateway_is_being_asked_ends_it_at_once() -> None:
    wire = Wire()
    async with open_shop(challenge_tells_id=True, faults=wire) as shop:
        await challenged(shop)
        waiting = waits(shop.client)
        await asked_for(wire, 2)
        wire.strike("drip:0.2")  # the second look takes its time to hear that it is pending; the third is far away
        await asked_for(wire, 3)
        await shop.gateway.answer_challenge("ref", "approve")
        assert isinstance(await settles_within(0.7, waiting), Payment)


@pytest.mark.asyncio
async def test_all_who_wait_are_told() -> None:
    async with open_shop() as shop:
        await challenged(shop)
        tasks = [waits(shop.client) for _ in range(5)]
        await asyncio.sleep(0.05)
        await shop.gateway.answer_challenge("ref", "approve")
        payments = [await settles_within(2, task) for task in tasks]
        assert {payment.transaction_id for payment in payments} == {shop.gateway.transactions("ref")[0].id}


@pytest.mark.parametrize("answer", ["decline", "cancel"])
@pytest.mark.asyncio
async def test_a_payer_who_says_no_ends_it_as_declined(answer: Any) -> None:
    async with open_shop() as shop:
        await challenged(shop)
        waiting = waits(shop.client)
        await asyncio.sleep(0.05)
        await shop.gateway.answer_challenge("ref", answer)
        with pytest.raises(DeclinedError) as caught:
            await settles_within(2, waiting)
        assert (caught.value.replayed, caught.value.response_code) == (True, 65)


@pytest.mark.asyncio
async def test_a_page_that_is_paid_ends_it() -> None:
    async with open_shop() as shop:
        assert isinstance(await shop.client.hosted_pages.create(shop.addressed(page_request())), HostedPage)
        waiting = waits(shop.client)
        await asyncio.sleep(0.05)
        await shop.gateway.pay_hosted_page("ref")
        assert isinstance(await settles_within(2, waiting), Payment)


@pytest.mark.asyncio
async def test_a_charge_of_unknown_outcome_is_waited_for_as_well() -> None:
    async with open_shop(faults=["reset:after_commit"], webhooks=WebhookPolicy(delay=0.1)) as shop:
        with pytest.raises(OutcomeUnknownError):
            await shop.client.payments.authorize(shop.addressed(request("ref")))
        authorization = await shop.client.payments.wait("ref", timeout=5)
        assert isinstance(authorization, Authorization)


# --- by others --------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_another_client_writes_down_is_seen_at_the_next_look(tmp_path: Path) -> None:
    told = {"webhook_secret": WEBHOOK_SECRET, "ledger_secret": "the same in both processes"}
    async with SqliteLedger(tmp_path / "ledger.db") as one, SqliteLedger(tmp_path / "ledger.db") as two:
        async with open_shop(client={"ledger": one}, settings=told) as shop:
            await challenged(shop)
            async with PaymentOptions(shop.gateway.settings(**told), ledger=two) as other:
                waiting = waits(other)
                await asyncio.sleep(0.05)
                await shop.gateway.answer_challenge("ref", "approve")
                await shop.gateway.webhooks_sent()
                assert isinstance(await settles_within(2, waiting), Payment)


@pytest.mark.asyncio
async def test_a_persons_word_is_seen_at_the_next_look() -> None:
    ledger, wire = MemoryLedger(), Wire()
    async with sandbox_client(faults=wire, client={"ledger": ledger}) as (_, client):
        subject = await REFUND.prepare(client)
        wire.strike("reset:after_commit")
        with pytest.raises(OutcomeUnknownError):
            await REFUND.call(client, subject)
        waiting = waits(client, "key")
        await asyncio.sleep(0.05)
        await ledger.resolve("key", Resolution.paid(by="Kim", reason="the portal", transaction_id="t9"))
        refund = await settles_within(2, waiting)
        assert isinstance(refund, Refund)
        assert (refund.operation_key, refund.of_transaction, refund.transaction_id) == ("key", subject, "t9")


# --- by the gateway's status ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "503", "garbage_body", "reset:after_read", "429:0"])
@pytest.mark.asyncio
async def test_a_challenge_that_tells_its_id_is_asked_for(fault: str | None) -> None:
    wire = Wire()
    async with open_shop(challenge_tells_id=True, webhooks=NO_WEBHOOKS, faults=wire) as shop:
        challenge = await challenged(shop)
        assert challenge.transaction_id == shop.gateway.transactions("ref")[0].id
        wire.strike(*[fault] * 4)
        waiting = waits(shop.client)
        await shop.gateway.answer_challenge("ref", "approve")
        payment = await settles_within(3, waiting)
        assert isinstance(payment, Payment)
        assert payment.transaction_id == challenge.transaction_id


@pytest.mark.asyncio
async def test_a_challenge_that_the_payer_lets_pass_stays_one() -> None:
    async with open_shop(challenge_tells_id=True) as shop:
        await challenged(shop)
        await shop.gateway.answer_challenge("ref", "time_out")
        assert isinstance(await shop.client.payments.wait("ref", timeout=0.3), Challenge)


# --- at the timeout ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 0.05])
@pytest.mark.asyncio
async def test_a_challenge_is_given_back_at_the_timeout(seconds: float) -> None:
    async with open_shop() as shop:
        first = await challenged(shop)
        loop = asyncio.get_running_loop()
        start = loop.time()
        challenge = await shop.client.payments.wait("ref", timeout=seconds)
        assert loop.time() - start < seconds + 1
        assert isinstance(challenge, Challenge)
        assert (challenge.redirect_url, challenge.replayed) == (first.redirect_url, True)


@pytest.mark.asyncio
async def test_a_gateway_that_hangs_does_not_hold_it_longer() -> None:
    async with open_shop(challenge_tells_id=True, faults=[None, *["hang:after_read"] * 9]) as shop:
        await challenged(shop)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert isinstance(await shop.client.payments.wait("ref", timeout=0.4), Challenge)
        assert loop.time() - start < 2


@pytest.mark.asyncio
async def test_what_stays_unknown_is_told_as_unknown_at_the_timeout() -> None:
    async with sandbox_client(faults=["reset:after_commit"]) as (gateway, client):
        with pytest.raises(OutcomeUnknownError):
            await client.payments.purchase(request("ref"))
        for seconds in (0, 0.25):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.payments.wait("ref", timeout=seconds)
            assert caught.value.replayed
        assert gateway.attempts("ref") == 1


@pytest.mark.parametrize("seconds", [0, 0.25])
@pytest.mark.asyncio
async def test_what_is_still_being_charged_at_the_timeout_is_in_use(seconds: float) -> None:
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}) as (_, client):
        await ledger.claim(Intent("ref", b"print"), token="t", lease=60)
        with pytest.raises(ReferenceInUseError) as caught:
            await client.payments.wait("ref", timeout=seconds)
        assert caught.value.lease_ends is not None


@pytest.mark.asyncio
async def test_what_is_being_charged_is_waited_for() -> None:
    async with sandbox_client(latency=0.1) as (_, client):
        charging = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0.02)
        assert isinstance(await client.payments.wait("ref", timeout=5), Payment)
        await charging


@pytest.mark.asyncio
async def test_what_is_settled_is_told_at_once_and_nobody_is_asked() -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        await client.payments.purchase(request("ref"))
        for seconds in (0, 60):
            assert isinstance(await settles_within(1, waits(client, timeout=seconds)), Payment)
        assert wire.requests == 1


@pytest.mark.asyncio
async def test_a_reference_that_the_ledger_does_not_know_is_told(client: PaymentOptions) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.payments.wait("never seen", timeout=5)
    assert [problem.path for problem in caught.value.problems] == ["merchant_txn_ref"]
    assert not listeners(client)


@pytest.mark.parametrize("seconds", [-1, -0.001, 86_401, float("nan"), float("inf")])
@pytest.mark.asyncio
async def test_a_timeout_that_is_none_is_refused(client: PaymentOptions, seconds: float) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.payments.wait("ref", timeout=seconds)
    assert [problem.path for problem in caught.value.problems] == ["timeout"]


# --- nothing stays behind ---------------------------------------------------------------------------------


async def _ends_by_cancel(shop: Shop, waiting: asyncio.Task[Any]) -> None:
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _ends_by_webhook(shop: Shop, waiting: asyncio.Task[Any]) -> None:
    await shop.gateway.answer_challenge("ref", "approve")
    await shop.gateway.webhooks_sent()
    await settles_within(2, waiting)


@pytest.mark.parametrize("ends", [_ends_by_cancel, _ends_by_webhook])
@pytest.mark.asyncio
async def test_no_task_and_no_listener_stays_behind(ends: Callable[..., Any]) -> None:
    async with open_shop(challenge_tells_id=True) as shop:
        await challenged(shop)
        waiting = waits(shop.client)
        await asyncio.sleep(0.05)
        assert list(listeners(shop.client)) == ["ref"]
        await ends(shop, waiting)
        assert not listeners(shop.client)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.asyncio
async def test_a_view_of_the_client_is_woken_too() -> None:
    async with open_shop() as shop:
        await challenged(shop)
        waiting = waits(shop.client.with_options(log_level="error"))
        await asyncio.sleep(0.65)
        await shop.gateway.answer_challenge("ref", "approve")
        assert isinstance(await settles_within(0.6, waiting), Payment)


@pytest.mark.asyncio
async def test_a_cycle_of_a_subscription_wakes_nobody_else() -> None:
    async with open_shop() as shop:
        await shop.client.subscriptions.create(shop.addressed(plan_request("plan")))
        await challenged(shop)
        waiting = waits(shop.client)
        await shop.gateway.advance(timedelta(days=4))
        await shop.gateway.webhooks_sent()
        assert not waiting.done()
        await _ends_by_cancel(shop, waiting)


@pytest.mark.asyncio
async def test_a_client_that_is_closed_meanwhile_ends_it() -> None:
    async with open_shop(challenge_tells_id=True) as shop:
        await challenged(shop)
        waiting = waits(shop.client)
        await asyncio.sleep(0.05)
        await shop.client.close()
        with pytest.raises(ConfigurationError):
            await settles_within(2, waiting)
        assert not listeners(shop.client)
