"""What is told of a transaction that is asked for by its id."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox

from ..helpers import shows_cvc
from .calls import (
    ABSENT,
    APPROVED,
    CHALLENGED,
    DECLINED,
    DOUBLED,
    HEADERS,
    PREFIX,
    Reply,
    by_card,
    connect,
    post,
    purchase,
    shape,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from paymentoptions_async.sandbox.answers import EchoCard, ErrorBody
    from paymentoptions_async.sandbox.gateway import Declines, Duplicates

pytestmark = pytest.mark.asyncio

SAMPLE = orjson.loads((Path(__file__).parents[1] / "samples" / "transaction_status.response.200.json").read_bytes())
MASKED = "520000******1005"
V2 = f"{PREFIX}/paymentv2"
MOMENT = datetime(2024, 11, 25, 8, 24, 36, tzinfo=UTC)


def counted() -> Any:
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


async def ask(
    session: aiohttp.ClientSession,
    gateway: Sandbox,
    transaction_id: str,
    *,
    prefix: str = PREFIX,
    headers: Mapping[str, str] = HEADERS,
) -> Reply:
    url = f"{gateway.base_url}{prefix}/transaction/status/{transaction_id}"
    async with session.get(url, headers=headers) as response:
        return Reply(response.status, response.headers, await response.read())


async def pay(session: aiohttp.ClientSession, gateway: Sandbox, body: object = None) -> str:
    """Purchase, and give the id of the transaction."""
    reply = await post(session, gateway, purchase() if body is None else body)
    transaction_id: str = reply.json["transaction_details"]["id"]
    return transaction_id


async def status_of(session: aiohttp.ClientSession, gateway: Sandbox, body: object = None) -> Reply:
    return await ask(session, gateway, await pay(session, gateway, body))


# --- the envelope ---------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [PREFIX, DOUBLED])
async def test_a_status_has_the_published_shape_under_both_prefixes(
    session: aiohttp.ClientSession, gateway: Sandbox, prefix: str
) -> None:
    reply = await ask(session, gateway, await pay(session, gateway), prefix=prefix)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert shape(reply.json) == shape(SAMPLE)


async def test_an_approved_transaction_is_told_as_in_the_sample(session: aiohttp.ClientSession) -> None:
    async with Sandbox(ids=counted(), now=lambda: MOMENT) as gateway:
        body = (await status_of(session, gateway)).json
    addresses = {name: purchase()[name] for name in ("billing_address", "shipping_address")}
    merchant = {"legal_name": "Sandbox Merchant", "merchant_txn_ref": "ref-1"}
    card = SAMPLE["payment_details"]["card"] | {"number": MASKED}
    assert body == SAMPLE | {
        "merchant_details": SAMPLE["merchant_details"] | merchant,
        "payment_details": SAMPLE["payment_details"] | {"auth_code": "074797", "card": card},
        "transaction_details": {
            "id": "id-1",
            "ref": 74797,
            "timestamp": "2024-11-25T08:24:36.000Z",
            "billing_details": addresses,
        },
    }


@pytest.mark.parametrize("shipping", [ABSENT, None])
async def test_an_address_that_was_not_given_is_not_told(
    session: aiohttp.ClientSession, gateway: Sandbox, shipping: object
) -> None:
    reply = await status_of(session, gateway, purchase(shipping_address=shipping))
    assert reply.json["transaction_details"]["billing_details"].keys() == {"billing_address"}


# --- what became of the money ---------------------------------------------------------------------


@pytest.mark.parametrize("declines", ["2xx", "4xx"])
async def test_a_declined_transaction_is_200_however_its_purchase_was_answered(
    session: aiohttp.ClientSession, declines: Declines
) -> None:
    async with Sandbox(declines=declines) as gateway:
        reply = await status_of(session, gateway, by_card(DECLINED))
    assert (reply.status, reply.json["status_code"], reply.json["success"], reply.code) == (200, 200, False, 5)
    payment = reply.json["payment_details"]
    assert (payment["responseDescription"], payment["auth_code"]) == ("do not honour", None)
    assert shape(reply.json | {"payment_details": payment | {"auth_code": "074797"}}) == shape(SAMPLE)


@pytest.mark.parametrize(
    ("amount", "code", "approved", "description"),
    [
        ("9000008", 8, True, "The transaction was completed successfully."),
        ("9000051", 51, False, "insufficient funds"),
        ("9000578", 578, False, "still pending"),
        ("9908003", -8003, False, "entity PAN block"),
        ("9002222", 2222, False, "Payment Failed."),
    ],
)
async def test_a_status_has_the_code_of_its_purchase(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: str, code: int, approved: bool, description: str
) -> None:
    reply = await status_of(session, gateway, purchase(amount=amount))
    assert (reply.status, reply.code, reply.json["success"]) == (200, code, approved)
    assert reply.json["payment_details"]["responseDescription"] == description


async def test_a_partial_approval_tells_what_was_charged(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await status_of(session, gateway, purchase(amount="9000010"))
    assert (reply.code, reply.json["success"], reply.json["payment_details"]["amount"]) == (10, True, 4500005)


@pytest.mark.parametrize(("charges", "code"), [(True, 0), (False, 5)])
@pytest.mark.parametrize("unclear", ["9000068", "9000452", "9000704"])
async def test_an_unclear_transaction_is_settled_as_the_money_went(
    session: aiohttp.ClientSession, unclear: str, charges: bool, code: int
) -> None:
    async with Sandbox(unclear_charges=charges) as gateway:
        reply = await status_of(session, gateway, purchase(amount=unclear))
        assert (reply.status, reply.json["success"], reply.code) == (200, charges, code)
        assert gateway.charges("ref-1") == charges
    assert reply.json["gateway_response"]["type"] == ("INFO" if charges else "ERR")
    assert (reply.json["payment_details"]["auth_code"] is not None) == charges


async def test_a_status_charges_nothing_and_is_no_attempt(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    transaction_id = await pay(session, gateway)
    url = f"{gateway.base_url}{PREFIX}/transaction/status/{transaction_id}"
    async with session.get(url, headers=HEADERS, json=purchase()) as response:
        assert response.status == 200
    assert (gateway.attempts("ref-1"), gateway.charges("ref-1"), gateway.total_charges()) == (1, 1, 1)


# --- which transaction ----------------------------------------------------------------------------


async def test_every_repeat_has_a_transaction_of_its_own(session: aiohttp.ClientSession) -> None:
    async with Sandbox(duplicates="charge") as gateway:
        asked = [purchase(amount="7"), purchase(amount="8"), by_card(DECLINED, amount="9")]
        ids = [await pay(session, gateway, body) for body in asked]
        told = [(await ask(session, gateway, transaction_id)).json for transaction_id in ids]
    assert [body["transaction_details"]["id"] for body in told] == ids
    assert [body["payment_details"]["amount"] for body in told] == [7, 8, 9]
    assert [body["success"] for body in told] == [True, True, False]
    assert {body["merchant_details"]["merchant_txn_ref"] for body in told} == {"ref-1"}


@pytest.mark.parametrize(("duplicates", "codes"), [("reject", [0, 94]), ("replay", [0, 0])])
async def test_a_repeat_that_charged_nothing_can_be_asked_for_too(
    session: aiohttp.ClientSession, duplicates: Duplicates, codes: list[int]
) -> None:
    async with Sandbox(duplicates=duplicates) as gateway:
        ids = [await pay(session, gateway) for _ in codes]
        assert [(await ask(session, gateway, transaction_id)).code for transaction_id in ids] == codes
        assert gateway.charges("ref-1") == 1


async def test_a_purchase_whose_answer_was_lost_is_told(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["500:after_commit"], ids=counted()) as gateway:
        assert (await post(session, gateway, purchase())).status == 500
        assert (await ask(session, gateway, "id-1")).json["success"] is True


async def test_a_token_or_a_reference_is_no_id(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    challenge = await post(session, gateway, by_card(CHALLENGED), path=V2)
    stored = await post(session, gateway, purchase({"payment_method.store_payment_method": True}))
    page_token = challenge.json["redirect_url"].rpartition("=")[2]
    card_token = stored.json["transaction_details"]["stored_payment_method_id"]
    for no_id in (page_token, card_token, "ref-1"):
        assert (await ask(session, gateway, no_id)).status == 404


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["Authorization", "x-api-key"])
async def test_a_status_needs_both_credentials(session: aiohttp.ClientSession, gateway: Sandbox, missing: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    transaction_id = await pay(session, gateway)
    for asked in (transaction_id, "unknown"):
        reply = await ask(session, gateway, asked, headers=headers)
        assert (reply.status, reply.json["statusCode"]) == (401, 401)


@pytest.mark.parametrize("error_body", ["envelope", "message", "html", "empty"])
async def test_an_unknown_id_is_404_in_the_body_that_is_switched(
    session: aiohttp.ClientSession, error_body: ErrorBody
) -> None:
    unknown = str(uuid4())
    async with Sandbox(error_body=error_body) as gateway:
        reply = await ask(session, gateway, unknown)
    assert reply.status == 404
    assert unknown.encode() not in reply.raw
    match error_body:
        case "envelope":
            assert (reply.json["success"], reply.json["status_code"]) == (False, 404)
        case "message":
            assert (reply.json["statusCode"], reply.json["message"]) == (404, "transactionId: not known here")
        case "html":
            assert reply.raw.startswith(b"<html><head><title>404 Not Found")
        case "empty":
            assert reply.raw == b""


@pytest.mark.parametrize("odd", ["%2F", "a%20b", "%00", "%7B%7D", "x/y", ""])
async def test_an_odd_id_is_not_found(session: aiohttp.ClientSession, gateway: Sandbox, odd: str) -> None:
    assert (await ask(session, gateway, odd)).status == 404


async def test_a_status_is_got_and_not_posted(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    path = f"{PREFIX}/transaction/status/{await pay(session, gateway)}"
    assert (await post(session, gateway, purchase(), path=path)).status == 404
    assert gateway.attempts("ref-1") == 1


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["503:before_commit", "503:after_commit", "429:0"])
async def test_a_fault_that_is_an_answer_comes_instead_of_a_status(session: aiohttp.ClientSession, fault: str) -> None:
    async with Sandbox(faults=[None, fault]) as gateway:
        transaction_id = await pay(session, gateway)
        assert (await ask(session, gateway, transaction_id)).status == int(fault[:3])
        assert (await ask(session, gateway, transaction_id)).status == 200


@pytest.mark.parametrize("fault", ["reset:before_read", "reset:after_read", "reset:after_commit"])
async def test_a_fault_of_the_connection_strikes_a_status(session: aiohttp.ClientSession, fault: str) -> None:
    async with Sandbox(faults=[None, fault]) as gateway:
        transaction_id = await pay(session, gateway)
        # A bare socket, since aiohttp asks again by itself where a GET is reset on a connection that it has reused.
        reader, writer = await connect(gateway)
        lines = [f"GET {PREFIX}/transaction/status/{transaction_id} HTTP/1.1", "Host: sandbox", "", ""]
        writer.write("\r\n".join(lines).encode())
        assert await watch(reader, 1) == (b"", "reset")
        writer.close()


async def test_latency_comes_before_a_status_too(session: aiohttp.ClientSession) -> None:
    asked: list[float] = [0.001, 0.0]
    async with Sandbox(latency=asked.pop) as gateway:
        assert (await status_of(session, gateway)).status == 200
    assert asked == []


# --- card data ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("echo_card", "number"), [("full", MASKED), ("masked", MASKED), ("none", None)])
async def test_the_card_number_is_masked_at_most(
    session: aiohttp.ClientSession, echo_card: EchoCard, number: str | None
) -> None:
    async with Sandbox(echo_card=echo_card) as gateway:
        reply = await status_of(session, gateway)
    assert reply.json["payment_details"]["card"].get("number") == number


@pytest.mark.parametrize("amount", ["1000", "9000051", "9000068", "9000010"])
async def test_no_status_tells_a_card_number_or_a_cvc(session: aiohttp.ClientSession, amount: str) -> None:
    async with Sandbox(echo_card="full", ids=counted(), now=lambda: MOMENT) as gateway:
        transaction_id = await pay(session, gateway, purchase(amount=amount))
        reply = await ask(session, gateway, transaction_id)
        told = reply.raw.decode() + repr(gateway._books.transaction(transaction_id))
    assert MASKED in told
    assert APPROVED not in told
    assert not shows_cvc(told)


async def test_the_books_keep_the_addresses_of_one_payer_once(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    elsewhere = {"billing_address.city": "Osaka"}
    bodies = [purchase(), purchase(merchant_txn_ref="ref-2"), purchase(elsewhere)]
    kept = [gateway._books.transaction(await pay(session, gateway, body)) for body in bodies]
    first, same, other = [transaction.addresses for transaction in kept if transaction is not None]
    assert same is first
    assert other["billing_address"]["city"] == "Osaka"
    assert first["billing_address"]["city"] == "Shinjuku-ku"
