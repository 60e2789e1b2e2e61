"""What is accepted: credentials, paths, bodies."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from .calls import (
    ABSENT,
    DOUBLED,
    HEADERS,
    PREFIX,
    by_card,
    by_token,
    post,
    purchase,
)

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox import Sandbox

pytestmark = pytest.mark.asyncio

CARD = {"number": 16, "cvc": 4, "expiry_month": 2, "expiry_year": 2, "name": 255}
ADDRESS = {
    "country": 2,
    "email": 45,
    "phone_number": 20,
    "address1": 199,
    "city": 65,
    "state": 65,
    "postal_code": 45,
}
LONGEST = {
    "amount": 10,
    "currency": 3,
    "merchant_txn_ref": 45,
    "customer_ip": 45,
    "merchant_id": 128,
    "time_zone": 128,
    **{f"return_url.{name}": 255 for name in ("webhook_url", "success_url", "decline_url")},
    **{f"card.{name}": longest for name, longest in CARD.items()},
    **{f"billing_address.{name}": longest for name, longest in ADDRESS.items()},
}
OPTIONAL = {f"shipping_address.{name}": longest for name, longest in ADDRESS.items()}
OBJECTS = ["card", "return_url", "billing_address", "shipping_address", "browser_info"]


def without(header: str) -> dict[str, str]:
    return {name: value for name, value in HEADERS.items() if name != header}


def basic(user: str) -> dict[str, str]:
    return HEADERS | {"Authorization": f"Basic {b64encode(user.encode()).decode()}"}


@pytest.mark.parametrize("prefix", [PREFIX, DOUBLED])
@pytest.mark.parametrize("path", ["/payment", "/paymentv2"])
async def test_both_versions_answer_under_both_prefixes(
    session: aiohttp.ClientSession, gateway: Sandbox, prefix: str, path: str
) -> None:
    reply = await post(session, gateway, purchase(), path=prefix + path)
    assert reply.status == 201


@pytest.mark.parametrize("path", ["/", "/payment", f"{PREFIX}/nothing", f"{PREFIX}/payment/"])
async def test_another_path_is_not_found(session: aiohttp.ClientSession, gateway: Sandbox, path: str) -> None:
    assert (await post(session, gateway, purchase(), path=path)).status == 404
    assert gateway.total_charges() == gateway.attempts("ref-1") == 0


@pytest.mark.parametrize("user", ["sandbox-api-key", "sandbox-api-key:"])
async def test_the_key_is_accepted_with_and_without_a_colon(
    session: aiohttp.ClientSession, gateway: Sandbox, user: str
) -> None:
    assert (await post(session, gateway, purchase(), headers=basic(user))).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        without("Authorization"),
        without("x-api-key"),
        basic("another-key"),
        HEADERS | {"Authorization": "Bearer sandbox-api-key"},
        HEADERS | {"x-api-key": "another-key"},
    ],
)
async def test_wrong_or_missing_credentials_are_401(
    session: aiohttp.ClientSession, gateway: Sandbox, headers: dict[str, str]
) -> None:
    reply = await post(session, gateway, purchase(), headers=headers)
    assert (reply.status, gateway.total_charges()) == (401, 0)


@pytest.mark.parametrize("path", LONGEST)
@pytest.mark.parametrize("value", [ABSENT, None, ""])
async def test_a_required_field_is_missed(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, value: object
) -> None:
    reply = await post(session, gateway, purchase({path: value}))
    assert (reply.status, reply.json["message"]) == (400, f"{path}: required")


@pytest.mark.parametrize(("path", "longest"), [*LONGEST.items(), *OPTIONAL.items()])
async def test_a_field_can_be_too_long(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, longest: int
) -> None:
    reply = await post(session, gateway, purchase({path: "7" * (longest + 1)}))
    rule = f"{path}: at most {longest} characters"
    assert (reply.status, reply.json["message"]) == (400, rule)


@pytest.mark.parametrize(("path", "longest"), [pair for pair in LONGEST.items() if pair[0] != "card.number"])
async def test_a_field_of_the_greatest_length_passes(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, longest: int
) -> None:
    assert (await post(session, gateway, purchase({path: "1" * longest}))).status in (200, 201)


@pytest.mark.parametrize("path", [path for path in (*LONGEST, *OPTIONAL) if path != "amount"])
@pytest.mark.parametrize("value", [12, True, ["1"], {"a": "1"}])
async def test_a_text_must_be_a_string(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, value: object
) -> None:
    reply = await post(session, gateway, purchase({path: value}))
    assert (reply.status, reply.json["message"]) == (400, f"{path}: a string")


@pytest.mark.parametrize("path", ["browser_info.javaEnabled", "payment_method.store_payment_method"])
async def test_a_flag_must_be_true_or_false(session: aiohttp.ClientSession, gateway: Sandbox, path: str) -> None:
    reply = await post(session, gateway, purchase({path: "yes"}))
    assert (reply.status, reply.json["message"]) == (400, f"{path}: true or false")


@pytest.mark.parametrize("name", OBJECTS)
async def test_a_part_must_be_an_object(session: aiohttp.ClientSession, gateway: Sandbox, name: str) -> None:
    reply = await post(session, gateway, purchase({name: "text"}))
    assert (reply.status, reply.json["message"]) == (400, f"{name}: an object")


@pytest.mark.parametrize("name", ["card", "return_url", "billing_address"])
async def test_a_required_part_is_missed(session: aiohttp.ClientSession, gateway: Sandbox, name: str) -> None:
    reply = await post(session, gateway, purchase({name: ABSENT}))
    assert (reply.status, reply.json["message"]) == (400, f"{name}: required")


@pytest.mark.parametrize("name", ["shipping_address", "browser_info"])
@pytest.mark.parametrize("value", [ABSENT, None, {}])
async def test_an_optional_part_is_not_missed(
    session: aiohttp.ClientSession, gateway: Sandbox, name: str, value: object
) -> None:
    assert (await post(session, gateway, purchase({name: value}))).status == 201


@pytest.mark.parametrize("amount", ["1000", "12.34", 1000, 12.34, "0.5"])
async def test_an_amount_is_a_string_or_a_number(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: str | float
) -> None:
    reply = await post(session, gateway, purchase(amount=amount))
    assert reply.json["payment_details"]["amount"] == float(amount)


@pytest.mark.parametrize("amount", ["-1", "1,000", "1e3", " 1", "ten", "1.", "٣", -1, True, ["1"]])
async def test_an_amount_of_another_form_is_refused(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: object
) -> None:
    reply = await post(session, gateway, purchase(amount=amount))
    assert reply.status == 400
    assert reply.json["message"].startswith("amount: ")


@pytest.mark.parametrize("number", ["5200000000001006", "520000000000100x", "5200-0000-0010", "0", "٥٢٠٠٠٠٠٠٠٠٠٠١٠٠٥"])
async def test_what_is_no_card_number_is_406(session: aiohttp.ClientSession, gateway: Sandbox, number: str) -> None:
    reply = await post(session, gateway, by_card(number))
    assert (reply.status, reply.json["message"]) == (406, "card.number: not a card number")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"text"', b"null", b"NaN"])
async def test_a_body_that_is_no_json_object_is_refused(
    session: aiohttp.ClientSession, gateway: Sandbox, body: bytes
) -> None:
    reply = await post(session, gateway, body)
    assert (reply.status, reply.json["message"]) == (400, "body: a JSON object")


async def test_all_faults_of_a_body_are_told_at_once_and_no_value(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    changes: dict[str, Any] = {
        "currency": "currency-value",
        "card.number": "card-number-value",
        "billing_address.city": 17293,
    }
    reply = await post(session, gateway, purchase(changes))
    assert reply.json["message"].split("; ") == [
        "currency: at most 3 characters",
        "billing_address.city: a string",
        "card.number: at most 16 characters",
    ]
    assert b"value" not in reply.raw
    assert b"17293" not in reply.raw


@pytest.mark.parametrize("method", [ABSENT, None, {}, {"stored_payment_method_id": ""}, "scheme"])
async def test_without_a_card_a_token_must_pay(
    session: aiohttp.ClientSession, gateway: Sandbox, method: object
) -> None:
    body = purchase(card=ABSENT, payment_method={}) | {"payment_method": method}
    if method is ABSENT:
        del body["payment_method"]
    reply = await post(session, gateway, body)
    assert reply.status == 400
    assert "card: required" in reply.json["message"]


async def test_an_unknown_token_is_not_found(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await post(session, gateway, by_token("094db781-fabc-4c6d-8fcd-18bee06a527a"))
    assert (reply.status, gateway.total_charges()) == (404, 0)


async def test_a_member_that_nobody_has_published_is_let_pass(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    body = purchase({"billing_address.address2": "Block 7", "loyalty": {"points": 3}})
    assert (await post(session, gateway, body)).status == 201
