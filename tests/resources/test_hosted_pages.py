"""A hosted page waits for its payer, and is the reference's one charge."""

from __future__ import annotations

import asyncio
import copy
import pickle
from decimal import Decimal
from typing import Any

import orjson
import pytest

from paymentoptions_async import (
    DeclinedError,
    HostedPage,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    Payment,
    PaymentMethod,
    PaymentOptions,
    ReferenceConflictError,
)
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.reply import Reply

from ..helpers import DECLINED, SAMPLES, THREE_D_SECURE, request, sandbox_client
from ..shop import Shop, open_shop
from .cases import LOST, Wire, begin_outage, page_request

PAGE = orjson.loads((SAMPLES / "hosted_page.response.json").read_bytes())


async def opened(client: PaymentOptions, reference: str = "ref", **changes: Any) -> HostedPage:
    page = await client.hosted_pages.create(page_request(reference, **changes))
    assert isinstance(page, HostedPage)
    return page


def answering(monkeypatch: pytest.MonkeyPatch, body: object, status: int = 201) -> None:
    async def post(*_: object) -> Reply:
        return Reply(status, orjson.dumps(body))

    monkeypatch.setattr(Gateway, "post", post)


# --- made -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_page_tells_where_to_send_the_payer(gateway: Sandbox, client: PaymentOptions) -> None:
    page = await opened(client)
    assert page.url == f"{gateway.base_url}/hosted/{page.id}"
    assert (page.merchant_txn_ref, page.amount, page.currency) == ("ref", Decimal(1000), "JPY")
    assert (page.replayed, page.recorded, page.attempts) == (False, True, 1)
    assert gateway.charges("ref") == 0


@pytest.mark.parametrize("amount", ["", None])
@pytest.mark.asyncio
async def test_a_page_without_an_amount_lets_the_payer_type_it(amount: str | None) -> None:
    async with open_shop() as shop:
        order = shop.addressed(page_request(**({} if amount is None else {"amount": amount})))
        page = await shop.client.hosted_pages.create(order)
        assert isinstance(page, HostedPage)
        expected = None if amount == "" else Decimal(1000)
        assert page.amount == expected
        await shop.gateway.pay_hosted_page("ref", amount="777")
        await shop.gateway.webhooks_sent()
        payment = await shop.client.hosted_pages.create(order)
        assert isinstance(payment, Payment)
        assert payment.amount == shop.gateway.balance("ref") == (777 if amount == "" else 1000)


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.asyncio
async def test_the_vendors_own_answer_is_a_page(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, status: int
) -> None:
    answering(monkeypatch, PAGE, status)
    page = await opened(client, PAGE["merchant_txn_ref"])
    assert (page.id, page.url, page.amount, page.raw) == (PAGE["id"], PAGE["url"], Decimal(1000), PAGE)


BAD_ANSWERS: dict[str, tuple[object, int]] = {
    "no id": ({"url": "https://pay.example/"}, 201),
    "no url": ({"id": "p1"}, 201),
    "a url that is none": ({"id": "p1", "url": "javascript:alert(1)"}, 201),
    "a redirect instead": ({"success": True, "redirect_url": "https://acs.example/"}, 200),
    "another reference": ({**PAGE, "merchant_txn_ref": "another"}, 201),
    "another currency": ({**PAGE, "merchant_txn_ref": "ref", "currency": "USD"}, 201),
    "no success": ({"id": "p1", "url": "https://pay.example/", "success": False}, 201),
    "a failure that links": ({"id": "p1", "url": "https://pay.example/"}, 400),
    "nothing": ({}, 201),
}


@pytest.mark.parametrize(("body", "status"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.asyncio
async def test_an_answer_that_leads_nowhere_is_unknown(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: object, status: int
) -> None:
    answering(monkeypatch, body, status)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            await client.hosted_pages.create(page_request())


# --- once -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_same_call_again_gives_the_same_page_and_sends_nothing() -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        first, second = await opened(client), await opened(client)
        assert wire.requests == 1
    assert (second.id, second.url, second.replayed) == (first.id, first.url, True)


@pytest.mark.asyncio
async def test_calls_at_once_make_one_page() -> None:
    wire = Wire()
    async with sandbox_client(faults=wire, latency=0.02) as (_, client):
        pages = await asyncio.gather(*(opened(client) for _ in range(5)))
        assert wire.requests == 1
    assert len({page.id for page in pages}) == 1


@pytest.mark.asyncio
async def test_a_page_and_a_purchase_of_one_reference_are_a_conflict() -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        await opened(client, "a page")
        await client.payments.purchase(request("a purchase"))
        for call in (
            client.payments.purchase(request("a page")),
            client.hosted_pages.create(page_request("a purchase")),
            client.hosted_pages.create(page_request("a page", amount="5")),
            client.hosted_pages.create(page_request("a page", payment_method=PaymentMethod(type="gcash"))),
        ):
            with pytest.raises(ReferenceConflictError):
                await call
        assert wire.requests == 2


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_and_never_sent_again(fault: str) -> None:
    wire = Wire(fault)
    async with sandbox_client(faults=wire) as (_, client):
        for replayed in (False, True):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.hosted_pages.create(page_request())
            assert caught.value.replayed is replayed
        assert wire.requests == 1


@pytest.mark.asyncio
async def test_a_page_that_was_never_asked_for_may_be_asked_for_again() -> None:
    async with sandbox_client() as (gateway, client):
        outage = await begin_outage(gateway, 60)
        with pytest.raises(NotSentError):
            await client.hosted_pages.create(page_request())
        outage.cancel()
        await asyncio.gather(outage, return_exceptions=True)
        assert not (await opened(client)).replayed


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"amount": "-1"}, "amount"),
        ({"currency": "yen"}, "currency"),
        ({"customer_ip": "here"}, "customer_ip"),
        (
            {"payment_method": PaymentMethod(type="scheme", stored_payment_method_id="t")},
            "payment_method.stored_payment_method_id",
        ),
    ],
)
@pytest.mark.asyncio
async def test_what_breaks_a_rule_is_refused_before_anything_is_sent(changes: dict[str, Any], path: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        with pytest.raises(InvalidRequestError) as caught:
            await client.hosted_pages.create(page_request(**changes))
        assert [problem.path for problem in caught.value.problems] == [path]
        assert wire.requests == 0


# --- paid -------------------------------------------------------------------------------------------------


async def visited(shop: Shop, **payer: Any) -> None:
    """A page is made, and its payer has been there."""
    await shop.client.hosted_pages.create(shop.addressed(page_request()))
    await shop.gateway.pay_hosted_page("ref", **payer)
    await shop.gateway.webhooks_sent()


@pytest.mark.asyncio
async def test_once_it_is_paid_the_same_call_gives_the_payment() -> None:
    async with open_shop() as shop:
        await visited(shop)
        payment = await shop.client.hosted_pages.create(shop.addressed(page_request()))
        assert isinstance(payment, Payment)
        assert (payment.money, payment.replayed, payment.currency) == ("moved once", True, "JPY")
        assert payment.amount == shop.gateway.balance("ref") == 1000
        assert payment.transaction_id == shop.gateway.transactions("ref")[0].id
        refund = await shop.client.payments.refund(payment.transaction_id, amount="1000", operation_key="r")
        assert (refund.amount, shop.gateway.balance("ref")) == (Decimal(1000), Decimal(0))


@pytest.mark.asyncio
async def test_once_it_is_declined_the_same_call_tells_so() -> None:
    async with open_shop() as shop:
        await visited(shop, number=DECLINED)
        with pytest.raises(DeclinedError) as caught:
            await shop.client.hosted_pages.create(shop.addressed(page_request()))
        assert (caught.value.replayed, caught.value.response_code) == (True, 5)


@pytest.mark.asyncio
async def test_a_payer_who_is_asked_first_has_not_paid_yet() -> None:
    async with open_shop() as shop:
        await visited(shop, number=THREE_D_SECURE)
        assert isinstance(await shop.client.hosted_pages.create(shop.addressed(page_request())), HostedPage)
        await shop.gateway.answer_challenge("ref", "approve")
        await shop.gateway.webhooks_sent()
        assert isinstance(await shop.client.hosted_pages.create(shop.addressed(page_request())), Payment)


@pytest.mark.asyncio
async def test_a_wallets_page_is_paid_by_the_wallet() -> None:
    async with open_shop() as shop:
        order = shop.addressed(page_request(sample="wallet"))
        page = await shop.client.hosted_pages.create(order)
        assert isinstance(page, HostedPage)
        assert (page.currency, page.amount) == ("PHP", Decimal(1000))
        await shop.gateway.pay_hosted_page("ref")
        await shop.gateway.webhooks_sent()
        payment = await shop.client.hosted_pages.create(order)
        assert isinstance(payment, Payment)
        assert (payment.scheme, payment.masked_card, payment.currency) == ("GCASH", None, "PHP")


@pytest.mark.asyncio
async def test_a_page_whose_answer_was_lost_is_settled_by_its_payer() -> None:
    async with open_shop(faults=["reset:after_commit"]) as shop:
        order = shop.addressed(page_request())
        with pytest.raises(OutcomeUnknownError):
            await shop.client.hosted_pages.create(order)
        await shop.gateway.pay_hosted_page("ref")
        await shop.gateway.webhooks_sent()
        assert isinstance(await shop.client.hosted_pages.create(order), Payment)


@pytest.mark.asyncio
async def test_a_page_can_be_copied(client: PaymentOptions) -> None:
    page = await opened(client)
    for other in (copy.copy(page), copy.deepcopy(page), pickle.loads(pickle.dumps(page))):
        assert other == page
