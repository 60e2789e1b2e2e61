"""How it is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from paymentoptions_async.sandbox import Sandbox

from ..helpers import shows_cvc
from .calls import APPROVED, CHALLENGED, DECLINED, PREFIX, by_card, by_token, post, purchase

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox.answers import EchoCard, ErrorBody
    from paymentoptions_async.sandbox.gateway import Declines

pytestmark = pytest.mark.asyncio

V2 = f"{PREFIX}/paymentv2"
MASKED = "520000******1005"


def counted() -> Any:
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


def storing(number: str = APPROVED, **more: Any) -> dict[str, Any]:
    return purchase({"card.number": number, "payment_method.store_payment_method": True}, **more)


async def test_an_approval_is_the_published_envelope(session: aiohttp.ClientSession) -> None:
    moment = datetime(2024, 11, 25, 7, 22, 48, 250_000, tzinfo=UTC)
    async with Sandbox(ids=counted(), now=lambda: moment) as gateway:
        reply = await post(session, gateway, purchase())
    assert reply.status == 201
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json == {
        "success": True,
        "status_code": 201,
        "is_live": False,
        "transaction_type": "PRE_AUTH",
        "gateway_response": {
            "version": "1",
            "type": "INFO",
            "message": "Payment Successful.",
            "code": "INFO0000",
        },
        "merchant_details": {
            "legal_name": "Sandbox Merchant",
            "mid": "< Merchant ID >",
            "merchant_txn_ref": "ref-1",
            "billing_details": {"billing_address": purchase()["billing_address"]},
            "device_details": {
                "visited_ip": "127.0.0.1",
                "merchant_ip": "127.0.0.1",
                "customer_ip": "127.0.0.1",
            },
        },
        "payment_details": {
            "amount": 1000,
            "response_code": 0,
            "auth_code": "074797",
            "currency": "JPY",
            "payment_method": "ECMC-SSL",
            "scheme": "MASTERCARD",
            "card": {
                "name": "John Doe",
                "number": APPROVED,
                "exp_month": "12",
                "exp_year": "24",
            },
            "additional_data": {"payment_data_source": {"type": "card"}},
        },
        "transaction_details": {
            "id": "id-1",
            "ref": 74797,
            "timestamp": "2024-11-25T07:22:48.250Z",
            "merchant_txn_ref": "ref-1",
            "stored_payment_method_id": None,
        },
        "risk-details": {"risk_score": None},
    }


async def test_a_challenge_is_the_published_redirect(session: aiohttp.ClientSession) -> None:
    async with Sandbox(ids=counted()) as gateway:
        page = f"{gateway.base_url}/integration/3ds?_token=id-1"
        reply = await post(session, gateway, by_card(CHALLENGED), path=V2)
        assert reply.status == 200
        assert reply.json == {
            "url": f"{page}&_c=400000&_a=c2FuZGJveA==",
            "statusCode": 200,
            "success": True,
            "redirect_url": page,
        }


async def test_ids_are_unlike_by_default(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    details = [(await post(session, gateway, purchase())).json["transaction_details"] for _ in range(2)]
    assert details[0]["id"] != details[1]["id"]
    assert details[0]["ref"] + 1 == details[1]["ref"]


@pytest.mark.parametrize(("echo_card", "number"), [("full", APPROVED), ("masked", MASKED), ("none", None)])
async def test_the_card_number_is_echoed_as_it_is_switched(
    session: aiohttp.ClientSession, echo_card: EchoCard, number: str | None
) -> None:
    async with Sandbox(echo_card=echo_card) as gateway:
        reply = await post(session, gateway, purchase())
    assert reply.json["payment_details"]["card"].get("number") == number


@pytest.mark.parametrize(("declines", "status"), [("2xx", 200), ("4xx", 400)])
@pytest.mark.parametrize("code", [5, 68, 578, 94])
async def test_what_is_not_approved_has_the_status_that_is_switched(
    session: aiohttp.ClientSession, declines: Declines, status: int, code: int
) -> None:
    async with Sandbox(declines=declines) as gateway:
        reply = await post(session, gateway, purchase(amount=f"900{code:04d}"))
    assert (reply.status, reply.json["status_code"]) == (status, status)
    assert (reply.code, reply.json["success"]) == (code, False)


async def test_a_decline_tells_its_meaning_and_no_authorisation(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    body = (await post(session, gateway, by_card(DECLINED))).json
    assert body["gateway_response"]["message"] == "do not honour"
    assert body["payment_details"]["auth_code"] is None
    assert body["transaction_details"]["stored_payment_method_id"] is None


@pytest.mark.parametrize("code", [*range(8000, 8016), 8017, 8018, 8019, 8020])
async def test_a_risk_rule_has_the_gateway_code_of_its_number(
    session: aiohttp.ClientSession, gateway: Sandbox, code: int
) -> None:
    reply = await post(session, gateway, purchase(amount=f"990{code}"))
    assert reply.json["gateway_response"]["code"] == f"ERR30{code - 8000:02d}"


@pytest.mark.parametrize(
    ("error_body", "content_type"),
    [
        ("envelope", "application/json"),
        ("message", "application/json"),
        ("html", "text/html"),
        ("empty", "application/json"),
    ],
)
@pytest.mark.parametrize(("body", "status"), [({}, 400), (by_card("4111111111111112"), 406), (by_token("none"), 404)])
async def test_a_refusal_has_the_body_that_is_switched(
    session: aiohttp.ClientSession,
    error_body: ErrorBody,
    content_type: str,
    body: dict[str, Any],
    status: int,
) -> None:
    async with Sandbox(error_body=error_body) as gateway:
        reply = await post(session, gateway, body)
    assert (reply.status, reply.headers["Content-Type"]) == (status, content_type)
    match error_body:
        case "envelope":
            assert (reply.json["success"], reply.json["status_code"]) == (False, status)
            assert reply.json["gateway_response"]["message"]
        case "message":
            assert reply.json.keys() == {"statusCode", "message", "messageCode", "success", "data"}
            assert (reply.json["success"], reply.json["statusCode"]) == (False, status)
        case "html":
            assert reply.raw.startswith(b"<html>")
        case "empty":
            assert reply.raw == b""


async def test_credentials_that_are_refused_have_the_switched_body(
    session: aiohttp.ClientSession,
) -> None:
    async with Sandbox(error_body="html") as gateway:
        reply = await post(session, gateway, purchase(), headers={})
    assert reply.raw.startswith(b"<html><head><title>401 Unauthorized")


async def test_a_stored_card_pays_by_its_token(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    stored = await post(session, gateway, storing())
    token = stored.json["transaction_details"]["stored_payment_method_id"]
    reply = await post(session, gateway, by_token(token, merchant_txn_ref="ref-2"))
    assert reply.status == 201
    assert reply.json["payment_details"]["scheme"] == "MASTERCARD"
    assert reply.json["payment_details"]["card"]["number"] == MASKED
    assert reply.json["transaction_details"]["stored_payment_method_id"] == token
    assert gateway.charges("ref-2") == 1


async def test_a_stored_card_is_challenged_as_itself(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    stored = await post(session, gateway, storing(CHALLENGED))
    token = stored.json["transaction_details"]["stored_payment_method_id"]
    reply = await post(session, gateway, by_token(token, merchant_txn_ref="ref-2"), path=V2)
    assert "redirect_url" in reply.json


async def test_a_token_is_declined_by_amount(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    stored = await post(session, gateway, storing())
    token = stored.json["transaction_details"]["stored_payment_method_id"]
    assert (await post(session, gateway, by_token(token, amount="9000051"))).code == 51


async def test_a_declined_card_is_not_stored(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await post(session, gateway, storing(DECLINED))
    assert reply.json["transaction_details"]["stored_payment_method_id"] is None


async def test_a_token_is_known_to_its_own_sandbox_only(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    stored = await post(session, gateway, storing())
    token = stored.json["transaction_details"]["stored_payment_method_id"]
    async with Sandbox() as other:
        assert (await post(session, other, by_token(token))).status == 404


async def test_the_books_hold_no_card_number_and_no_cvc(session: aiohttp.ClientSession) -> None:
    moment = datetime(2024, 11, 25, 7, 22, 48, tzinfo=UTC)
    async with Sandbox(ids=counted(), now=lambda: moment) as gateway:
        await post(session, gateway, storing())
    books = gateway._books
    kept = repr([books.first("ref-1"), books.cards, books.charges, books.attempts, books.requests_of("ref-1")])
    assert MASKED in kept
    assert APPROVED not in kept
    assert not shows_cvc(kept)
