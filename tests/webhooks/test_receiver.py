"""A delivery is only a reason to ask the gateway: what it confirms is believed, and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from paymentoptions_async import (
    Authorization,
    Challenge,
    ConfigurationError,
    DeclinedError,
    Effect,
    HostedPage,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    RetryPolicy,
    Settings,
    State,
    WebhookEvent,
    WebhookRefusedError,
)

from ..helpers import APPROVED, DECLINED, THREE_D_SECURE, request, sandbox_client
from ..resources.cases import Wire, page_request
from ..shop import open_shop
from .cases import (
    BASE,
    LOST,
    SAMPLE,
    UNCLEAR,
    AwayLedger,
    known,
    lose,
    lost_charge,
    made,
    payload,
    refuse,
    take,
    token_of,
)

ONCE: Final = RetryPolicy(max_attempts=1)


# --- what it settles ---


@pytest.mark.asyncio
async def test_a_charge_whose_answer_was_lost_is_settled_and_known_from_then_on() -> None:
    async with lost_charge() as shop:
        event = await take(shop.client, payload(made(shop)))
        assert (event.effect, event.merchant_txn_ref, event.transaction_id) == (Effect.SETTLED, "ref", made(shop))
        assert event.record == await known(shop.client)
        assert (event.record.outcome.state, event.record.mark) == (State.PAID, None)
        payment = await shop.client.payments.purchase(request("ref"))
        assert isinstance(payment, Payment)
        assert (payment.transaction_id, payment.replayed) == (made(shop), True)
        assert (shop.gateway.charges("ref"), shop.gateway.attempts("ref")) == (1, 1)


@pytest.mark.asyncio
async def test_a_decline_whose_answer_was_lost_is_one() -> None:
    async with open_shop(faults=[LOST]) as shop:
        await lose(shop.client, request("ref", number=DECLINED))
        event = await take(shop.client, payload(made(shop), success=False))
        assert event.effect is Effect.SETTLED
        with pytest.raises(DeclinedError):
            await shop.client.payments.purchase(request("ref", number=DECLINED))


@pytest.mark.asyncio
@pytest.mark.parametrize("is_paid", [True, False])
async def test_an_unclear_code_is_settled(is_paid: bool) -> None:
    async with open_shop(unclear_charges=is_paid) as shop:
        await lose(shop.client, request("ref", amount=UNCLEAR))
        event = await take(shop.client, payload(made(shop), success=is_paid))
        assert event.record is not None
        assert event.record.outcome.state is (State.PAID if is_paid else State.DECLINED)


@pytest.mark.asyncio
@pytest.mark.parametrize(("answer", "state"), [
    ("approve", State.PAID), ("decline", State.DECLINED), ("cancel", State.DECLINED),
])  # fmt: skip
async def test_a_challenge_is_settled_as_its_payer_has_answered_and_whoever_waits_is_told(
    answer: Any, state: State
) -> None:
    async with open_shop() as shop:
        asked = shop.addressed(request("ref", number=THREE_D_SECURE))
        assert isinstance(await shop.client.payments.purchase(asked, version=2), Challenge)
        waiting = asyncio.create_task(shop.client.payments.wait("ref", timeout=20))
        await asyncio.sleep(0)
        await shop.gateway.answer_challenge("ref", answer)
        async with asyncio.timeout(3):
            if state is State.PAID:
                assert isinstance(await waiting, Payment)
            else:
                with pytest.raises(DeclinedError):
                    await waiting
        await shop.gateway.webhooks_sent()
        assert [event.effect for event in shop.events] == [Effect.SETTLED]


@pytest.mark.asyncio
async def test_a_challenge_that_timed_out_sends_none_and_stays_one() -> None:
    async with open_shop() as shop:
        asked = shop.addressed(request("ref", number=THREE_D_SECURE))
        await shop.client.payments.purchase(asked, version=2)
        await shop.gateway.answer_challenge("ref", "time_out")
        await shop.gateway.webhooks_sent()
        assert shop.events == []
        assert isinstance(await shop.client.payments.wait("ref", timeout=0), Challenge)


@pytest.mark.asyncio
@pytest.mark.parametrize("sample", ["hosted_page", "wallet"])
async def test_a_hosted_page_is_settled_when_its_payer_has_paid(sample: str) -> None:
    async with open_shop() as shop:
        page = await shop.client.hosted_pages.create(shop.addressed(page_request("ref", sample=sample)))
        assert isinstance(page, HostedPage)
        await shop.gateway.pay_hosted_page("ref")
        await shop.gateway.webhooks_sent()
        (event,) = shop.events
        assert event.effect is Effect.SETTLED
        assert isinstance(await shop.client.payments.wait("ref", timeout=0), Payment)


@pytest.mark.asyncio
async def test_an_authorisation_whose_answer_was_lost_is_one() -> None:
    async with open_shop(faults=[LOST]) as shop:
        with pytest.raises(OutcomeUnknownError):
            await shop.client.payments.authorize(request("ref"))
        body = payload(made(shop), transaction_type="PRE_AUTH")
        assert (await take(shop.client, body)).effect is Effect.SETTLED
        assert isinstance(await shop.client.payments.wait("ref", timeout=0), Authorization)


# --- forged, replayed, crossed ---


@pytest.mark.asyncio
async def test_what_has_no_fitting_token_is_not_asked_about_not_looked_up_and_changes_nothing() -> None:
    wire = Wire(LOST)
    ledger = AwayLedger()
    async with open_shop(faults=wire, client={"ledger": ledger}) as shop:
        await lose(shop.client, request("ref"))
        before, asked = await known(shop.client), wire.requests
        ledger.is_away = True
        body = payload(made(shop))
        stranger = Settings(api_key="k", x_api_key="x", merchant_id="m", webhook_secret="somebody else's secret")
        forged = shop.client.with_options(webhook_secret=stranger.webhook_secret, former_webhook_secrets=())
        for token in ("", "x", token_of(shop.client, "other"), token_of(forged), token_of(shop.client)[:-1]):
            with pytest.raises(WebhookRefusedError) as caught:
                await shop.client.webhooks.receive(token=token, body=body)
            assert caught.value.status == 403
        # The token of one reference with the payload of another.
        assert (await refuse(shop.client, payload(made(shop), "other"))).status == 403
        ledger.is_away = False
        assert (await known(shop.client), wire.requests) == (before, asked)


@pytest.mark.asyncio
async def test_without_a_secret_nothing_is_taken() -> None:
    async with sandbox_client() as (_, client):
        with pytest.raises(ConfigurationError):
            await client.webhooks.receive(token="x", body=SAMPLE)
        with pytest.raises(ConfigurationError):
            client.webhooks.url(BASE, "ref")


@pytest.mark.asyncio
async def test_a_signature_is_checked_besides_the_token_over_the_exact_bytes() -> None:
    seen: list[tuple[dict[str, str], bytes]] = []
    answers = [False, True]

    def check(headers: Any, body: bytes) -> bool:
        seen.append((dict(headers), body))
        return answers.pop(0)

    async with open_shop(faults=[LOST], client={"webhook_signature": check}) as shop:
        await lose(shop.client, request("ref"))
        body = b" " + payload(made(shop)) + b"\r\n"
        given: dict[str, Any] = {"body": body, "headers": {"X-Signature": "Ab", "content-type": "application/json"}}
        with pytest.raises(WebhookRefusedError):
            await shop.client.webhooks.receive(token="wrong", **given)
        assert seen == [], "asked before the token fits"
        before = await known(shop.client)
        with pytest.raises(WebhookRefusedError) as caught:
            await shop.client.webhooks.receive(token=token_of(shop.client), **given)
        assert (caught.value.status, await known(shop.client)) == (403, before)
        event = await shop.client.webhooks.receive(token=token_of(shop.client), **given)
        assert event.effect is Effect.SETTLED
        assert seen == [({"x-signature": "Ab", "content-type": "application/json"}, body)] * 2


# --- once more, at once, late ---


@pytest.mark.asyncio
async def test_of_ten_at_once_one_settles_and_one_asks() -> None:
    wire = Wire(LOST)
    async with open_shop(faults=wire) as shop:
        await lose(shop.client, request("ref"))
        asked = wire.requests
        events = await asyncio.gather(*(take(shop.client, payload(made(shop))) for _ in range(10)))
        assert sorted(event.effect for event in events) == [Effect.REPEATED] * 9 + [Effect.SETTLED]
        assert wire.requests == asked + 1
        assert len((await known(shop.client)).history) == 1
        assert not shop.client.webhooks._turns, "nothing is kept of them"


@pytest.mark.asyncio
async def test_a_repeated_one_changes_nothing_and_asks_nothing() -> None:
    wire = Wire()
    async with open_shop(faults=wire) as shop:
        await shop.client.payments.purchase(request("ref"))
        before, asked = await known(shop.client), wire.requests
        for _ in range(3):
            assert (await take(shop.client, payload(made(shop)))).effect is Effect.REPEATED
        assert (await known(shop.client), wire.requests) == (before, asked)


@pytest.mark.asyncio
async def test_those_of_several_charges_do_not_wait_for_each_other() -> None:
    async with open_shop(faults=[LOST, LOST, "hang:after_read"]) as shop:
        for reference in ("ref", "other"):
            await lose(shop.client, request(reference))
        hanging = asyncio.create_task(take(shop.client, payload(made(shop))))
        await asyncio.sleep(0.02)
        event = await take(shop.client, payload(made(shop, "other"), "other"), "other")
        assert event.effect is Effect.SETTLED
        hanging.cancel()
        await asyncio.wait([hanging])


# --- what cannot be confirmed now ---

DOWN: Final = ["503", "500:before_commit", "garbage", "close:in_body", "429:0", "empty_body"]


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", DOWN)
async def test_where_the_status_cannot_be_had_it_is_to_come_again_and_the_id_is_noted(fault: str) -> None:
    async with lost_charge(fault, retry=ONCE) as shop:
        before = await known(shop.client)
        refusal = await refuse(shop.client, payload(made(shop)))
        assert (refusal.status, refusal.merchant_txn_ref) == (503, "ref")
        noted = await known(shop.client)
        assert (noted.outcome.state, noted.outcome.named_id) == (State.UNKNOWN, made(shop))
        assert (noted.mark, noted.history) == (before.mark, before.history)
        assert (await take(shop.client, payload(made(shop)))).effect is Effect.SETTLED


@pytest.mark.asyncio
async def test_what_is_never_delivered_again_is_settled_by_the_id_that_was_noted() -> None:
    async with lost_charge("503", retry=ONCE) as shop:
        await refuse(shop.client, payload(made(shop)))
        assert isinstance(await shop.client.payments.wait("ref", timeout=5), Payment)


@pytest.mark.asyncio
async def test_a_transaction_that_the_gateway_does_not_know_yet_is_to_come_again() -> None:
    async with lost_charge() as shop:
        assert (await refuse(shop.client, payload("ab8444e7"))).status == 503
        outcome = (await known(shop.client)).outcome
        assert (outcome.transaction_id, outcome.named_id) == (None, "ab8444e7")
        event = await take(shop.client, payload(made(shop)))
        assert (event.effect, event.record and event.record.outcome.transaction_id) == (Effect.SETTLED, made(shop))


@pytest.mark.asyncio
async def test_a_bogus_id_does_not_lock_out_the_true_one() -> None:
    async with lost_charge(None, "503", retry=ONCE) as shop:
        for transaction_id in ("bogus", made(shop)):
            assert (await refuse(shop.client, payload(transaction_id))).status == 503
        assert (await known(shop.client)).outcome.named_id == made(shop)
        assert (await shop.client.payments.reconcile("ref")).outcome.state is State.PAID


@pytest.mark.asyncio
async def test_an_id_that_nobody_has_confirmed_is_told_to_nobody() -> None:
    async with open_shop(retry=ONCE) as shop:
        asked = shop.addressed(request("ref", number=THREE_D_SECURE))
        await shop.client.payments.purchase(asked, version=2)
        await refuse(shop.client, payload("bogus"))
        assert (await known(shop.client)).outcome.named_id == "bogus"
        for told in (
            await shop.client.payments.purchase(asked, version=2),
            await shop.client.payments.wait("ref", timeout=0),
        ):
            assert isinstance(told, Challenge)
            assert told.transaction_id is None
    async with lost_charge() as shop:
        await refuse(shop.client, payload("bogus"))
        for again in (shop.client.payments.purchase(request("ref")), shop.client.payments.reconcile("ref")):
            with pytest.raises(OutcomeUnknownError) as caught:
                await again
            assert caught.value.transaction_id is None


@pytest.mark.asyncio
async def test_a_ledger_that_is_away_is_no_reason_to_believe_less() -> None:
    ledger = AwayLedger()
    async with lost_charge(client={"ledger": ledger}) as shop:
        ledger.is_away = True
        assert (await refuse(shop.client, payload(made(shop)))).status == 503
        ledger.is_away = False
        assert (await take(shop.client, payload(made(shop)))).effect is Effect.SETTLED


@pytest.mark.asyncio
async def test_a_client_that_is_closed_has_it_come_again() -> None:
    async with lost_charge() as shop:
        await shop.client.close()
        assert (await refuse(shop.client, payload(made(shop)))).status == 503


# --- nothing of the card ---


@pytest.mark.asyncio
async def test_no_card_data_of_a_payload_is_shown_or_kept() -> None:
    async with lost_charge("503", retry=ONCE) as shop:
        # No code has letters, but clocks and ids tell any three digits.
        code = "c-o-d-e"
        card = {"number": APPROVED, "cvc": code, "name": "John Doe"}
        echoing = {"payment_details": {"card": card}, "note": f"card_number={APPROVED}&cvv={code}", "pan": APPROVED}
        body = payload(made(shop), **echoing)
        with capture_logs() as lines:
            refusal = await refuse(shop.client, body)
            event = await take(shop.client, body)
        shown = repr((refusal, str(refusal), event, event.raw, event.record, await known(shop.client), lines))
        assert APPROVED not in shown
        assert code not in shown
        assert "520000******1005" in repr(event.raw)


# --- whatever comes ---

json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
members = st.dictionaries(
    st.sampled_from(["success", "transaction_type", "gateway_response", "payment_details", "merchant_details", "url"]),
    json | st.dictionaries(st.sampled_from(["code", "card", "amount", "response_code"]), json, max_size=3),
)


async def attempt(client: PaymentOptions, body: bytes) -> None:
    with suppress(WebhookRefusedError):
        assert isinstance(await take(client, body), WebhookEvent)


def test_whatever_comes_to_a_good_address_is_refused_or_believed_and_a_payment_stays_one() -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        shop = runner.run(stack.enter_async_context(lost_charge()))
        runner.run(attempt(shop.client, payload(made(shop))))
        before = runner.run(known(shop.client))

        @given(members, st.sampled_from([made(shop), "another", ".", 7, None]))
        @example({"transaction_type": []}, made(shop))
        @settings(max_examples=50)
        def deliver(changes: dict[str, Any], transaction_id: Any) -> None:
            runner.run(attempt(shop.client, payload(transaction_id, **changes)))
            assert runner.run(known(shop.client)) == before

        deliver()
        runner.run(stack.aclose())
    assert before.outcome.state is State.PAID
