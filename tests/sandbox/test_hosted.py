"""Hosted pages: the link that the merchant makes, and what the payer does there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.hosted import PageProblem, PageState, cancel_page, find_page, pay_page, pay_wallet
from paymentoptions_async.sandbox.state import HostedPage, TransactionState

from .calls import APPROVED, CHALLENGED, DECLINED, PREFIX, Reply, get, post, purchase

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.asyncio

SAMPLES = Path(__file__).parents[1] / "samples"
ORDER = orjson.loads((SAMPLES / "hosted_page.request.json").read_bytes())
WALLET = orjson.loads((SAMPLES / "wallet.request.json").read_bytes())
REF = ORDER["merchant_txn_ref"]
SUCCESS, DECLINE, CANCEL = "http://www.successurl.com/", "http://www.declineurl.com/", "http://cancelurl.com/"
TYPED: dict[str, Any] = {
    "number": APPROVED,
    "expiry_month": "12",
    "expiry_year": "29",
    "cvc": "739",
    "name": "Hanako",
    "amount": None,
}


async def link(session: aiohttp.ClientSession, gateway: Sandbox, body: object = None, **changes: Any) -> Reply:
    asked = ORDER | changes if body is None else body
    return await post(session, gateway, asked, path=f"{PREFIX}/hpp/generate/link")


async def page_of(session: aiohttp.ClientSession, gateway: Sandbox, body: object = None, **changes: Any) -> HostedPage:
    page = find_page(gateway._gateway, (await link(session, gateway, body, **changes)).json["id"])
    assert page is not None
    return page


# --- the merchant -----------------------------------------------------------------------------------


async def test_a_link_is_answered_as_published_and_charges_nothing(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    reply = await link(session, gateway)
    published = orjson.loads((SAMPLES / "hosted_page.response.json").read_bytes())
    assert reply.status == 201
    assert list(reply.json) == list(published)
    own = {"id": reply.json["id"], "url": f"{gateway.base_url}/hosted/{reply.json['id']}"}
    assert reply.json == published | own
    (transaction,) = gateway.transactions(REF)
    assert (transaction.state, gateway.charges(REF), gateway.attempts(REF)) == (TransactionState.PENDING, 0, 0)
    assert (await get(session, gateway, f"/transaction/status/{transaction.id}")).status == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": 0}, "amount: more than 0"),
        ({"amount": "ten"}, "amount: digits, perhaps with a decimal point"),
        ({"currency": "value", "return_url": None}, "currency: at most 3 characters; return_url: required"),
        ({"merchant_email": 5}, "merchant_email: a string"),
        ({"payment_method": {"type": True}}, "payment_method.type: a string"),
    ],
)
async def test_an_order_keeps_its_rules(
    session: aiohttp.ClientSession, gateway: Sandbox, changes: dict[str, Any], message: str
) -> None:
    reply = await link(session, gateway, **changes)
    assert (reply.status, reply.message) == (400, message)


async def test_an_order_needs_a_body_and_credentials(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    assert (await link(session, gateway, b"")).message == "body: a JSON object"
    assert (await post(session, gateway, ORDER, path=f"{PREFIX}/hpp/generate/link", headers={})).status == 401


async def test_a_page_that_nobody_has_paid_does_not_use_its_reference(session: aiohttp.ClientSession) -> None:
    async with Sandbox(duplicates="reject") as gateway:
        await link(session, gateway)
        assert (await post(session, gateway, purchase(merchant_txn_ref=REF))).code == 0
        assert (await post(session, gateway, purchase(merchant_txn_ref=REF))).code == 94


# --- the payer --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "url", "state", "charges"),
    [(APPROVED, SUCCESS, TransactionState.CAPTURED, 1), (DECLINED, DECLINE, TransactionState.DECLINED, 0)],
)
async def test_a_page_is_paid_or_declined_once(
    session: aiohttp.ClientSession,
    gateway: Sandbox,
    number: str,
    url: str,
    state: TransactionState,
    charges: int,
) -> None:
    page = await page_of(session, gateway)
    for typed in (number, APPROVED):
        assert pay_page(gateway._gateway, page, **TYPED | {"number": typed}).url == url
    assert (cancel_page(gateway._gateway, page), page.state) == (url, PageState.DONE)
    (transaction,) = gateway.transactions(REF)
    assert (transaction.state, gateway.charges(REF), transaction.amount) == (state, charges, Decimal(1000))
    status = await get(session, gateway, f"/transaction/status/{transaction.id}")
    assert (status.status, status.json["success"]) == (200, charges == 1)


async def test_a_test_pays_for_the_payer(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await link(session, gateway, amount="")
    with pytest.raises(ValueError, match="amount: required"):
        await gateway.pay_hosted_page(REF)
    assert await gateway.pay_hosted_page(REF, number="4242424242424242", amount="12.34") == SUCCESS
    assert str(gateway.balance(REF)) == "12.34"
    with pytest.raises(LookupError, match="no open page"):
        await gateway.pay_hosted_page(REF)


async def test_a_test_pays_by_wallet(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await link(session, gateway, WALLET)
    assert await gateway.pay_hosted_page("qwe") == SUCCESS
    (transaction,) = gateway.transactions("qwe")
    assert (transaction.scheme, transaction.masked_card, gateway.charges("qwe")) == ("GCASH", None, 1)
    status = await get(session, gateway, f"/transaction/status/{transaction.id}")
    details = status.json["payment_details"]
    assert (details["scheme"], details["card"], details["payment_method"]) == ("GCASH", None, "GCASH")


async def test_a_wallet_can_be_refused(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    page = await page_of(session, gateway, WALLET)
    assert page.wallet == "gcash"
    assert pay_wallet(gateway._gateway, page, approve=False) == DECLINE
    assert pay_wallet(gateway._gateway, page, approve=True) == DECLINE
    assert gateway.total_charges() == 0


@pytest.mark.parametrize(("cancel_url", "url"), [(CANCEL, CANCEL), (None, DECLINE)])
async def test_a_payer_can_give_up(
    session: aiohttp.ClientSession, gateway: Sandbox, cancel_url: str | None, url: str
) -> None:
    page = await page_of(session, gateway, return_url=ORDER["return_url"] | {"cancel_url": cancel_url})
    assert cancel_page(gateway._gateway, page) == url
    assert pay_page(gateway._gateway, page, **TYPED).url == url
    assert gateway.transactions(REF)[0].state is TransactionState.CANCELLED
    assert gateway.total_charges() == 0


@pytest.mark.parametrize(("answer", "url", "charges"), [("approve", SUCCESS, 1), ("decline", DECLINE, 0)])
async def test_a_card_with_3d_secure_is_asked_for_at_the_challenge(
    session: aiohttp.ClientSession, gateway: Sandbox, answer: Any, url: str, charges: int
) -> None:
    page = await page_of(session, gateway)
    result = pay_page(gateway._gateway, page, **TYPED | {"number": CHALLENGED})
    (transaction,) = gateway.transactions(REF)
    assert result.url == f"{gateway.base_url}/integration/3ds?_token={transaction.challenge}"
    assert (page.state, gateway.total_charges()) == (PageState.OPEN, 0)
    assert await gateway.answer_challenge(REF, answer) == url
    assert (page.state, gateway.charges(REF)) == (PageState.DONE, charges)


async def test_what_the_payer_types_is_checked_field_by_field_and_nothing_of_it_told(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    page = await page_of(session, gateway, amount=None)
    wrong = {"number": "5200000000001006", "expiry_month": "13", "expiry_year": "2029", "cvc": "12", "name": " "}
    result = pay_page(gateway._gateway, page, **wrong, amount="0")
    invalid = PageProblem.INVALID
    assert (result.url, result.problems) == (
        None,
        dict.fromkeys(["number", "expiry_month", "expiry_year", "cvc", "amount"], invalid)
        | {"name": PageProblem.REQUIRED},
    )
    assert page.state is PageState.OPEN
    nothing = pay_page(gateway._gateway, page, **dict.fromkeys(wrong, ""), amount=None)
    assert nothing.problems == dict.fromkeys([*wrong, "amount"], PageProblem.REQUIRED)


async def test_a_number_may_be_typed_in_groups(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    page = await page_of(session, gateway)
    assert pay_page(gateway._gateway, page, **TYPED | {"number": "5200 0000-0000 1005"}).url == SUCCESS
    kept = repr([gateway.transactions(), gateway._books.pages, gateway._books.requests_of(REF)])
    assert "520000******1005" in kept
    assert APPROVED not in kept


async def test_a_page_makes_no_token_of_an_id_that_the_merchant_names(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await link(session, gateway, payment_method={"type": "scheme", "stored_payment_method_id": "token"})
    await gateway.pay_hosted_page(REF)
    assert (gateway.transactions(REF)[0].token, gateway._books.cards) == (None, {})


async def test_a_page_expires_after_a_day(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    page = await page_of(session, gateway)
    await gateway.advance(timedelta(days=1))
    assert find_page(gateway._gateway, page.id) is page
    assert page.state is PageState.EXPIRED
    assert pay_page(gateway._gateway, page, **TYPED).url == DECLINE
    assert gateway.transactions(REF)[0].state is TransactionState.TIMED_OUT
    assert find_page(gateway._gateway, "nobody") is None
