"""Webhooks as a gateway may send them: before the answer, long after it, again and again, out of order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from paymentoptions_async import (
    Challenge,
    DeclinedError,
    Effect,
    OutcomeUnknownError,
    Payment,
    RetryPolicy,
    State,
    waiting,
)
from paymentoptions_async.sandbox import WebhookPolicy

from ..helpers import DECLINED, THREE_D_SECURE, request
from ..shop import Shop, open_shop
from .cases import LOST, LateLedger, known, lose, made

pytestmark = pytest.mark.asyncio

EARLY = WebhookPolicy(early=True, pause=0.01)
ONCE = RetryPolicy(max_attempts=1)


def effects(shop: Shop) -> list[Effect]:
    return [event.effect for event in shop.events]


async def test_one_that_comes_before_the_answer_is_confirmed_by_it() -> None:
    async with open_shop(webhooks=EARLY) as shop:
        with capture_logs() as lines:
            payment = await shop.client.payments.purchase(shop.addressed(request("ref")))
        assert isinstance(payment, Payment)
        assert (payment.replayed, payment.recorded) == (False, True)
        record = await known(shop.client)
        assert (record.outcome.state, record.mark, effects(shop)) == (State.PAID, None, [Effect.SETTLED])
        assert [event.what for event in record.history] == ["resolved as paid", "confirmed as paid"]
        assert not [line for line in lines if line["log_level"] == "error"]


async def test_where_the_answer_is_lost_the_caller_gets_the_payment_all_the_same() -> None:
    async with open_shop(webhooks=EARLY, faults=[LOST]) as shop:
        payment = await shop.client.payments.purchase(shop.addressed(request("ref")))
        assert isinstance(payment, Payment)
        assert (payment.transaction_id, payment.recorded) == (made(shop), True)
        assert effects(shop) == [Effect.SETTLED]
        again = await shop.client.payments.purchase(shop.addressed(request("ref")))
        assert isinstance(again, Payment)
        assert (again.replayed, shop.gateway.charges("ref")) == (True, 1)


async def test_where_the_answer_is_lost_the_caller_gets_the_decline_all_the_same() -> None:
    async with open_shop(webhooks=EARLY, faults=[LOST]) as shop:
        with pytest.raises(DeclinedError):
            await shop.client.payments.purchase(shop.addressed(request("ref", number=DECLINED)))


async def test_an_early_one_whose_status_cannot_be_had_is_noted_and_settles_when_it_comes_again() -> None:
    async with open_shop(webhooks=EARLY, faults=[LOST, "503"], retry=ONCE) as shop:
        payment = await shop.client.payments.purchase(shop.addressed(request("ref")))
        assert isinstance(payment, Payment)
        await shop.gateway.webhooks_sent()
        assert effects(shop) == [Effect.SETTLED]


async def test_one_that_fails_for_good_has_named_the_transaction() -> None:
    policy = WebhookPolicy(early=True, retries=0)
    async with open_shop(webhooks=policy, faults=[LOST, "503"], retry=ONCE) as shop:
        with pytest.raises(OutcomeUnknownError) as caught:
            await shop.client.payments.purchase(shop.addressed(request("ref")))
        assert caught.value.transaction_id is None, "the caller is told what the answer told"
        outcome = (await known(shop.client)).outcome
        assert (outcome.transaction_id, outcome.named_id) == (None, made(shop))
        assert (await shop.client.payments.reconcile("ref")).outcome.state is State.PAID


async def test_a_late_one_ends_the_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_FIRST_PAUSE", 60.0)
    async with open_shop(webhooks=WebhookPolicy(delay=0.05), faults=[LOST]) as shop:
        await lose(shop.client, shop.addressed(request("ref")))
        async with asyncio.timeout(3):
            assert isinstance(await shop.client.payments.wait("ref", timeout=20), Payment)


@pytest.mark.parametrize("lost", [[], [LOST]])
async def test_of_many_repetitions_one_settles_at_most(lost: list[str]) -> None:
    async with open_shop(webhooks=WebhookPolicy(repeats=4), faults=lost) as shop:
        try:
            await shop.client.payments.purchase(shop.addressed(request("ref")))
        except OutcomeUnknownError:
            assert lost
        await shop.gateway.webhooks_sent()
        assert effects(shop).count(Effect.SETTLED) <= 1
        assert effects(shop)[1:] == [Effect.REPEATED] * 3
        record = await known(shop.client)
        assert (record.outcome.state, record.mark) == (State.PAID, None)


@pytest.mark.parametrize("given", [{}, {"faults": [LOST]}])
async def test_out_of_order_a_refund_before_its_payment_does_no_harm(given: dict[str, Any]) -> None:
    async with open_shop(webhooks=WebhookPolicy(delay=0.1, reorder=True), **given) as shop:
        asked = shop.addressed(request("ref"))
        if given:
            await lose(shop.client, asked)
        else:
            await shop.client.payments.purchase(asked)
        await shop.client.payments.refund(made(shop), amount="1000", operation_key="back")
        await shop.gateway.webhooks_sent()
        assert effects(shop) == [Effect.OTHER_OPERATION, Effect.SETTLED if given else Effect.REPEATED]
        record = await known(shop.client)
        assert (record.outcome.state, record.outcome.transaction_id) == (State.PAID, made(shop, number=0))


async def test_a_challenge_that_is_approved_before_it_was_written_down_is_paid_and_no_contradiction() -> None:
    """The ledger is away when the challenge comes, and back when the payer has approved it."""
    ledger = LateLedger()
    async with open_shop(client={"ledger": ledger}) as shop:
        asked = shop.addressed(request("ref", number=THREE_D_SECURE))
        challenge = await shop.client.payments.purchase(asked, version=2)
        assert isinstance(challenge, Challenge)
        assert not challenge.recorded
        await shop.gateway.answer_challenge("ref", "approve")
        await shop.gateway.webhooks_sent()
        assert effects(shop) == [Effect.SETTLED]
        ledger.takes.set()
        async with asyncio.timeout(3):
            while shop.client._shared.recorder.owed("ref"):
                await asyncio.sleep(0.01)
        record = await known(shop.client)
        assert (record.outcome.state, record.mark) == (State.PAID, None)
