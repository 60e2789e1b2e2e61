"""What is not the charge of its reference, or is told otherwise than it is: it is not believed, or it is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import orjson
import pytest
from structlog.testing import capture_logs

from paymentoptions_async import (
    Authorization,
    DeclinedError,
    Effect,
    Mark,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    State,
)
from paymentoptions_async.redaction import MASK
from paymentoptions_async.sandbox.answers import Answer
from paymentoptions_async.sandbox.envelopes import status_envelope

from ..helpers import APPROVED, DECLINED, request, sandbox_client
from ..resources.cases import plan_request
from ..shop import open_shop
from .cases import (
    LOST,
    known,
    lose,
    lost_charge,
    made,
    payload,
    refuse,
    take,
)

pytestmark = pytest.mark.asyncio


def tell_otherwise(patch: pytest.MonkeyPatch, **members: Any) -> None:
    """Have the sandbox's status tell of other payment details, or of none at all of what is `None`."""

    def told(transaction: Any, switches: Any) -> Answer:
        answer = status_envelope(transaction, switches)
        body = orjson.loads(answer.body)
        for name, value in members.items():
            body["payment_details"][name] = value
        return attrs.evolve(answer, body=orjson.dumps(body))

    patch.setattr("paymentoptions_async.sandbox.status.status_envelope", told)


# --- a payload that lies, and one that belongs to something else ---


async def test_a_payload_that_says_success_of_what_was_declined_is_not_believed() -> None:
    async with open_shop(faults=[LOST]) as shop:
        await lose(shop.client, request("ref", number=DECLINED))
        event = await take(shop.client, payload(made(shop), success=True))
        assert event.record is not None
        assert event.record.outcome.state is State.DECLINED


async def test_the_amount_that_counts_is_that_of_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    tell_otherwise(monkeypatch, amount=999)
    async with lost_charge() as shop:
        event = await take(shop.client, payload(made(shop)))
        assert event.record is not None
        assert event.record.outcome.state is State.PARTIAL
        with pytest.raises(PartialApprovalError) as caught:
            await shop.client.payments.wait("ref", timeout=0)
        assert caught.value.payment is not None
        assert caught.value.payment.amount == 999


@pytest.mark.parametrize(
    "other", [{"currency": "USD"}, {"card": {"number": "411111******1111"}}], ids=["currency", "card"]
)
async def test_a_status_of_another_currency_or_card_settles_nothing(
    other: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_otherwise(monkeypatch, **other)
    async with lost_charge() as shop:
        before = await known(shop.client)
        assert (await refuse(shop.client, payload(made(shop)))).status == 403
        assert await known(shop.client) == before


async def test_the_transaction_of_another_charge_settles_nothing() -> None:
    async with lost_charge() as shop:
        before = await known(shop.client)
        payment = await shop.client.payments.purchase(request("other"))
        assert isinstance(payment, Payment)
        refusal = await refuse(shop.client, payload(payment.transaction_id))
        assert (refusal.status, refusal.merchant_txn_ref) == (403, "ref")
        # Nor does it where the ledger knows nothing of the reference.
        assert (await refuse(shop.client, payload(payment.transaction_id, "new"), "new")).status == 403
        assert await known(shop.client) == before


@pytest.mark.parametrize("what", ["refund", "capture", "void"])
async def test_a_later_step_is_known_by_its_status_even_if_its_payload_hides_what_it_is(what: str) -> None:
    async with open_shop(faults=[LOST]) as shop:
        with pytest.raises(OutcomeUnknownError):
            await (
                shop.client.payments.purchase(request("ref"))
                if what == "refund"
                else shop.client.payments.authorize(request("ref"))
            )
        given = {} if what == "void" else {"amount": "1000"}
        await getattr(shop.client.payments, what)(made(shop), operation_key="key", **given)
        before = await known(shop.client)
        event = await take(shop.client, payload(made(shop), transaction_type=None, gateway_response=None))
        assert (event.effect, event.record) == (Effect.OTHER_OPERATION, before)
        assert event.status is not None
        assert (event.status.transaction_id, event.status.transaction_type) == (made(shop), what.upper())
        assert await known(shop.client) == before


async def test_no_cvc_that_a_payload_or_a_status_tells_is_shown_or_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "a code that nobody may see"
    card = {"number": APPROVED, "cvc": code, "cvv": code, "name": "John Doe"}
    # Nothing but its key betrays the code where the number is masked already.
    tell_otherwise(monkeypatch, card={**card, "number": "520000******1005"})
    async with lost_charge() as shop:
        body = payload(made(shop), payment_details={"card": card})
        later = payload(made(shop), payment_details={"card": card}, gateway_response={"code": "INFO0002"})
        events = [await take(shop.client, later), await take(shop.client, body)]
        assert [event.effect for event in events] == [Effect.OTHER_OPERATION, Effect.SETTLED]
        payment = await shop.client.payments.wait("ref", timeout=0)
        assert isinstance(payment, Payment)
        status = await shop.client.payments.status(made(shop))
        for told in (*events, *(event.raw for event in events), payment, payment.raw, status, status.raw):
            assert code not in repr(told)
            assert APPROVED not in repr(told)
        assert events[0].status is not None
        assert events[0].status.raw["payment_details"]["card"]["cvc"] == MASK
        assert code not in repr((await known(shop.client)).outcome.answer)


# --- what was done later, and what must be seen ---


async def test_captures_refunds_and_voids_under_a_reference_change_nothing_of_it() -> None:
    async with open_shop() as shop:
        for reference, steps in {"paid": ["refund"], "reserved": ["capture", "refund"], "given up": ["void"]}.items():
            charge = shop.client.payments.purchase if reference == "paid" else shop.client.payments.authorize
            done = await charge(shop.addressed(request(reference)))
            assert isinstance(done, Payment | Authorization)
            await shop.gateway.webhooks_sent()
            before, last = await known(shop.client, reference), done.transaction_id
            for step in steps:
                amount = {} if step == "void" else {"amount": "1000"}
                change = getattr(shop.client.payments, step)
                last = (await change(last, operation_key=f"{step} {reference}", **amount)).transaction_id
            await shop.gateway.webhooks_sent()
            assert await known(shop.client, reference) == before
    effects = [event.effect for event in shop.events]
    assert sorted(effects) == [Effect.OTHER_OPERATION] * 4 + [Effect.REPEATED] * 3


async def test_cycles_of_a_subscription_change_nothing_of_its_first_charge() -> None:
    async with open_shop() as shop:
        await shop.client.subscriptions.create(shop.addressed(plan_request("ref")))
        await shop.gateway.webhooks_sent()
        before = await known(shop.client)
        await shop.gateway.advance(timedelta(days=100))
        await shop.gateway.webhooks_sent()
        assert await known(shop.client) == before
        effects = [event.effect for event in shop.events]
        assert effects[0] is Effect.REPEATED
        assert set(effects[1:]) == {Effect.OTHER_OPERATION}
        assert len(shop.gateway.transactions("ref")) == len(effects) > 1


async def test_a_second_payment_under_a_reference_is_seen_once_however_often_it_is_delivered() -> None:
    async with open_shop() as shop:
        await shop.client.payments.purchase(request("ref"))
        async with sandbox_client() as (_, stranger):
            elsewhere = stranger.with_options(base_url=shop.gateway.base_url)
            await elsewhere.payments.purchase(request("ref"))
        one, two = (made(shop, number=number) for number in (0, 1))
        with capture_logs() as lines:
            event = await take(shop.client, payload(two))
        assert (event.effect, event.record and event.record.mark) == (Effect.SETTLED, Mark.CONTRADICTED)
        assert [(line["event"], line["log_level"]) for line in lines] == [("webhook.contradicts", "error")]
        for again in (shop.client.payments.purchase(request("ref")), shop.client.payments.wait("ref", timeout=0)):
            payment = await again
            assert isinstance(payment, Payment)
            assert (payment.replayed, payment.recorded) == (True, False)
        for transaction_id in (one, two, one, two):
            await take(shop.client, payload(transaction_id))
        record = await known(shop.client)
        assert record.mark is Mark.CONTRADICTED
        told = "; ".join(event.what for event in record.history)
        assert one in told
        assert two in told
        assert len(record.history) <= 2


async def test_a_decline_after_a_payment_changes_nothing_and_a_payment_after_a_decline_is_seen() -> None:
    async with open_shop() as shop:
        await shop.client.payments.purchase(request("paid"))
        with pytest.raises(DeclinedError):
            await shop.client.payments.purchase(request("declined", number=DECLINED))
        for declined in (request("paid", number=DECLINED), request("paid", amount="9000005")):
            async with sandbox_client() as (_, stranger):
                with pytest.raises(DeclinedError):
                    await stranger.with_options(base_url=shop.gateway.base_url).payments.purchase(declined)
        async with sandbox_client() as (_, stranger):
            elsewhere = stranger.with_options(base_url=shop.gateway.base_url)
            await elsewhere.payments.purchase(request("declined", number=APPROVED))
        before = await known(shop.client, "paid")
        event = await take(shop.client, payload(made(shop, "paid"), "paid", success=False), "paid")
        assert (event.effect, await known(shop.client, "paid")) == (Effect.OTHER_OPERATION, before)
        # With another card than was asked for, declined or paid: it is not believed, and not lost either.
        another = payload(made(shop, "paid", number=-2), "paid", success=False)
        assert (await refuse(shop.client, another, "paid")).status == 403
        assert await known(shop.client, "paid") == before
        assert (await refuse(shop.client, payload(made(shop, "declined"), "declined"), "declined")).status == 403


async def test_a_reference_that_the_ledger_does_not_know_is_told_and_nothing_is_written() -> None:
    async with open_shop() as shop:
        async with sandbox_client() as (_, stranger):
            elsewhere = stranger.with_options(base_url=shop.gateway.base_url)
            await elsewhere.payments.purchase(request("ref"))
        with capture_logs() as lines:
            event = await take(shop.client, payload(made(shop)))
        assert (event.effect, event.record) == (Effect.NO_RECORD, None)
        assert event.status is not None
        assert (event.status.transaction_id, event.status.merchant_txn_ref) == (made(shop), "ref")
        assert [(line["event"], line["log_level"]) for line in lines] == [("webhook.no_record", "warning")]
        assert await shop.client._shared.ledger.find("ref") is None
