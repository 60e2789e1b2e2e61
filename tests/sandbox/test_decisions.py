"""What happens to the money, by card and by amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paymentoptions_async.models.codes import Reason, response_codes
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.rules import TEST_CARDS

from .calls import APPROVED, CHALLENGED, DECLINED, PREFIX, by_card, post, purchase

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.asyncio

V2 = f"{PREFIX}/paymentv2"
CODES = {
    APPROVED: 0,
    "4111111111111111": 0,
    "4242424242424242": 0,
    "378282246310005": 0,
    CHALLENGED: 0,
    DECLINED: 5,
    "4000000000009995": 51,
    "4000000000009987": 41,
    "4000000000009979": 43,
    "4000000000000069": 54,
    "4000000000000127": 580,
    "4000000000000119": 91,
    "4100000000000019": -8003,
}
CHARGED = {Reason.APPROVED, Reason.PARTIAL, Reason.UNCLEAR}


def amount_of(code: int) -> str:
    return f"{900 if code >= 0 else 990}{abs(code):04d}"


async def test_the_table_of_test_cards_is_the_one_tested_here() -> None:
    assert {card.number for card in TEST_CARDS} == CODES.keys()


@pytest.mark.parametrize(("number", "code"), CODES.items())
async def test_a_test_card_gives_its_code_on_version_1(
    session: aiohttp.ClientSession, gateway: Sandbox, number: str, code: int
) -> None:
    reply = await post(session, gateway, by_card(number))
    assert (reply.code, reply.json["success"]) == (code, code == 0)
    assert gateway.charges("ref-1") == gateway.total_charges() == (code == 0)


@pytest.mark.parametrize("number", [number for number in CODES if number != CHALLENGED])
async def test_a_test_card_gives_its_code_on_version_2(
    session: aiohttp.ClientSession, gateway: Sandbox, number: str
) -> None:
    assert (await post(session, gateway, by_card(number), path=V2)).code == CODES[number]


@pytest.mark.parametrize("card", TEST_CARDS, ids=lambda card: card.number)
async def test_a_test_card_is_answered_with_its_scheme(
    session: aiohttp.ClientSession, gateway: Sandbox, card: tuple[str, str]
) -> None:
    reply = await post(session, gateway, by_card(card[0]))
    assert reply.json["payment_details"]["scheme"] == card[1]


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("4000000000000010", "VISA"),
        ("2223000048400011", "MASTERCARD"),
        ("3530111333300000", "JCB"),
        ("30569309025904", "DINERS"),
        ("6011111111111117", "DISCOVER"),
        ("6200000000000005", "UNIONPAY"),
    ],
)
async def test_a_card_of_no_table_is_approved(
    session: aiohttp.ClientSession, gateway: Sandbox, number: str, scheme: str
) -> None:
    reply = await post(session, gateway, by_card(number))
    assert (reply.status, reply.json["payment_details"]["scheme"]) == (201, scheme)


async def test_a_challenge_charges_nothing(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await post(session, gateway, by_card(CHALLENGED), path=V2)
    assert reply.status == 200
    assert reply.json["redirect_url"].startswith(f"{gateway.base_url}/integration/3ds?_token=")
    assert gateway.total_charges() == 0


@pytest.mark.parametrize("reason", Reason)
async def test_an_amount_gives_a_code_of_every_class(
    session: aiohttp.ClientSession, gateway: Sandbox, reason: Reason
) -> None:
    code = next(code for code, row in response_codes().items() if row.reason is reason)
    reply = await post(session, gateway, purchase(amount=amount_of(code)))
    approved = reason in (Reason.APPROVED, Reason.PARTIAL)
    assert (reply.code, reply.json["success"]) == (code, approved)
    assert gateway.charges("ref-1") == (reason in CHARGED)


async def test_every_published_code_can_be_had_by_amount(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    for code, row in response_codes().items():
        ref = f"code {code}"
        body = purchase(amount=amount_of(code), merchant_txn_ref=ref)
        assert (await post(session, gateway, body)).code == code
        assert gateway.charges(ref) == (row.reason in CHARGED)


@pytest.mark.parametrize("code", [94, 451, 578])
async def test_a_duplicate_or_pending_code_charges_nothing(
    session: aiohttp.ClientSession, gateway: Sandbox, code: int
) -> None:
    await post(session, gateway, purchase(amount=amount_of(code)))
    assert gateway.total_charges() == 0


@pytest.mark.parametrize("amount", ["9002222", "9902222"])
async def test_an_unpublished_code_is_answered_as_it_is_and_charges_nothing(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: str
) -> None:
    reply = await post(session, gateway, purchase(amount=amount))
    assert (abs(reply.code), reply.json["success"]) == (2222, False)
    assert gateway.total_charges() == 0


@pytest.mark.parametrize("amount", ["9000051", "9000051.00", 9000051, 9000051.5])
async def test_an_amount_counts_in_every_form(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: str | float
) -> None:
    assert (await post(session, gateway, purchase(amount=amount))).code == 51


@pytest.mark.parametrize(("number", "path"), [(DECLINED, f"{PREFIX}/payment"), (CHALLENGED, V2), (APPROVED, V2)])
async def test_an_amount_overrides_the_card(
    session: aiohttp.ClientSession, gateway: Sandbox, number: str, path: str
) -> None:
    reply = await post(session, gateway, by_card(number, amount="9000054"), path=path)
    assert reply.code == 54


@pytest.mark.parametrize(("amount", "half"), [("9000010", 4500005), ("9000010.5", 4500005.25)])
async def test_code_10_approves_and_charges_half(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: str, half: float
) -> None:
    reply = await post(session, gateway, purchase(amount=amount))
    assert (reply.status, reply.code, reply.json["success"]) == (201, 10, True)
    assert reply.json["payment_details"]["amount"] == half
    assert gateway.charges("ref-1") == 1


@pytest.mark.parametrize("charges", [True, False])
async def test_an_unclear_code_charges_as_it_is_switched(session: aiohttp.ClientSession, charges: bool) -> None:
    async with Sandbox(unclear_charges=charges) as gateway:
        reply = await post(session, gateway, purchase(amount="9000068"))
        assert reply.json["success"] is False
        assert gateway.charges("ref-1") == charges


async def test_the_sandbox_names_what_it_charged(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await post(session, gateway, purchase(merchant_txn_ref="paid"))
    await post(session, gateway, purchase(merchant_txn_ref="half", amount="9000010"))
    await post(session, gateway, by_card(DECLINED, merchant_txn_ref="declined"))
    assert gateway.references() == {"paid", "half"}
    assert gateway.total_charges() == 2
    assert [gateway.attempts(ref) for ref in ("paid", "half", "declined", "other")] == [1, 1, 1, 0]


async def test_a_refused_request_is_an_attempt_too(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await post(session, gateway, purchase(currency="yen!"))
    await post(session, gateway, purchase(), headers={})
    assert (gateway.attempts("ref-1"), gateway.charges("ref-1")) == (2, 0)
