"""Authorise, capture, void, refund: what each does to the money, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.state import Kind, TransactionState

from .calls import ABSENT, CHALLENGED, DECLINED, PREFIX, by_card, follow, get, made, post, purchase, shape

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox.gateway import Declines

pytestmark = pytest.mark.asyncio

SAMPLES = Path(__file__).parents[1] / "samples"
# Authorised or paid, it leaves room for every test amount.
PLENTY = purchase(amount="9999999")
MASKED = "520000******1005"


def sample(name: str) -> Any:
    return orjson.loads((SAMPLES / f"{name}.response.201.json").read_bytes())


# --- what is answered -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/authorization", "/authorizationv2"])
async def test_an_authorisation_reserves_and_charges_nothing(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str
) -> None:
    reply = await post(session, gateway, purchase(), path=PREFIX + path)
    assert (reply.status, reply.code, reply.json["transaction_type"]) == (201, 0, "PRE_AUTH")
    (transaction,) = gateway.transactions("ref-1")
    assert (transaction.kind, transaction.state) == (Kind.AUTHORISATION, TransactionState.AUTHORISED)
    assert (gateway.charges("ref-1"), gateway.balance("ref-1"), gateway.attempts("ref-1")) == (0, Decimal(0), 1)


@pytest.mark.parametrize(("path", "challenged"), [("/authorization", False), ("/authorizationv2", True)])
async def test_an_authorisation_of_version_2_asks_the_payer(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, challenged: bool
) -> None:
    reply = await post(session, gateway, by_card(CHALLENGED), path=PREFIX + path)
    assert ("redirect_url" in reply.json) == challenged


@pytest.mark.parametrize("what", ["capture", "void", "refund"])
async def test_a_follow_up_has_the_published_shape_and_an_id_of_its_own(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str
) -> None:
    parent = await made(session, gateway, "/payment" if what == "refund" else "/authorization")
    reply = await follow(session, gateway, what, parent, ABSENT if what == "void" else 1000)
    published = sample(what)
    assert reply.status == 201
    assert shape(reply.json) == shape(published)
    for same in ("success", "status_code", "transaction_type", "gateway_response"):
        assert reply.json[same] == published[same]
    assert reply.id != parent
    details = reply.json["payment_details"]
    assert (details["amount"], details["auth_code"], details["card"]["number"]) == (1000, "074797", MASKED)


@pytest.mark.parametrize("what", ["payment", "authorization", "capture", "void", "refund"])
async def test_the_status_knows_transactions_of_every_kind(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str
) -> None:
    types = {"payment": "CAPTURE", "authorization": "PRE_AUTH"}
    asked = await made(session, gateway, f"/{what}" if what in types else "/authorization")
    if what == "refund":
        asked = (await follow(session, gateway, "capture", asked, "1000")).id
    if what not in types:
        asked = (await follow(session, gateway, what, asked, ABSENT if what == "void" else "7")).id
    reply = await get(session, gateway, f"/transaction/status/{asked}")
    assert (reply.status, reply.json["success"], reply.id) == (200, True, asked)
    assert reply.json["transaction_type"] == types.get(what, what.upper())


# --- what it does to the money ----------------------------------------------------------------------


@pytest.mark.parametrize("amount", [1000, "400", "0.01"])
async def test_a_capture_moves_what_is_asked_once_and_releases_the_rest(
    session: aiohttp.ClientSession, gateway: Sandbox, amount: object
) -> None:
    authorisation = await made(session, gateway, "/authorization")
    await follow(session, gateway, "capture", authorisation, amount)
    assert (gateway.charges("ref-1"), gateway.balance("ref-1")) == (1, Decimal(str(amount)))
    again = await follow(session, gateway, "capture", authorisation, "0.01")
    assert (again.status, again.message) == (400, "transactionId: captured already")
    assert [one.state for one in gateway.transactions("ref-1")] == [TransactionState.CAPTURED] * 2


async def test_a_void_releases_all(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    authorisation = await made(session, gateway, "/authorization")
    await follow(session, gateway, "void", authorisation)
    for what in ("capture", "void"):
        reply = await follow(session, gateway, what, authorisation, 1)
        assert (reply.status, reply.message) == (400, "transactionId: voided already")
    assert [one.state for one in gateway.transactions("ref-1")] == [TransactionState.VOIDED, TransactionState.COMPLETED]
    assert gateway.total_charges() == 0


async def test_refunds_use_up_the_balance_and_no_more(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    paid = await made(session, gateway, "/payment")
    seen = []
    for amount in ("300", "700.01", 699.5, "0.5", "0.01"):
        reply = await follow(session, gateway, "refund", paid, amount)
        seen.append((reply.code, reply.json["gateway_response"]["code"], gateway.balance("ref-1")))
    assert seen == [
        (0, "INFO0002", Decimal(700)),
        (-8020, "ERR3020", Decimal(700)),
        (0, "INFO0002", Decimal("0.5")),
        (0, "INFO0002", Decimal(0)),
        (-8019, "ERR3019", Decimal(0)),
    ]
    states = [one.state for one in gateway.transactions("ref-1")]
    completed, declined = TransactionState.COMPLETED, TransactionState.DECLINED
    assert states == [TransactionState.REFUNDED, completed, declined, completed, completed, declined]
    assert gateway.charges("ref-1") == 1


async def test_a_part_that_was_refunded_is_told_by_the_state(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await follow(session, gateway, "refund", await made(session, gateway, "/payment"), 1)
    assert gateway.transactions("ref-1")[0].state is TransactionState.PARTLY_REFUNDED


@pytest.mark.parametrize(("declines", "status"), [("2xx", 200), ("4xx", 400)])
async def test_a_refund_that_is_declined_has_the_switched_status(
    session: aiohttp.ClientSession, declines: Declines, status: int
) -> None:
    async with Sandbox(declines=declines) as gateway:
        paid = await made(session, gateway, "/payment")
        reply = await follow(session, gateway, "refund", paid, 1001)
    assert (reply.status, reply.json["success"], reply.json["status_code"]) == (status, False, status)


# --- test amounts -----------------------------------------------------------------------------------


async def test_an_authorisation_is_declined_by_amount_and_by_card(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    for body, code in ((purchase(amount="9000051"), 51), (by_card(DECLINED), 5)):
        reply = await post(session, gateway, body, path=f"{PREFIX}/authorization")
        assert reply.code == code
        refused = await follow(session, gateway, "capture", reply.id, "1")
        assert (refused.status, refused.message) == (400, "transactionId: not authorised")


async def test_a_capture_that_is_declined_leaves_the_authorisation(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    authorisation = await made(session, gateway, "/authorization", PLENTY)
    assert (await follow(session, gateway, "capture", authorisation, "9000051")).code == 51
    assert gateway.total_charges() == 0
    assert (await follow(session, gateway, "capture", authorisation, "7")).code == 0


@pytest.mark.parametrize("charges", [True, False])
@pytest.mark.parametrize("what", ["capture", "refund"])
async def test_an_unclear_follow_up_moves_money_as_it_is_switched_and_the_status_tells_it(
    session: aiohttp.ClientSession, what: str, charges: bool
) -> None:
    async with Sandbox(unclear_charges=charges) as gateway:
        paid = await made(session, gateway, "/authorization" if what == "capture" else "/payment", PLENTY)
        before = gateway.balance("ref-1")
        reply = await follow(session, gateway, what, paid, "9000068")
        assert (reply.code, reply.json["success"]) == (68, False)
        assert abs(gateway.balance("ref-1") - before) == (9000068 if charges else 0)
        status = await get(session, gateway, f"/transaction/status/{reply.id}")
        assert status.json["success"] == charges


async def test_a_partial_refund_code_moves_half(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    paid = await made(session, gateway, "/payment", PLENTY)
    reply = await follow(session, gateway, "refund", paid, "9000010")
    assert (reply.code, reply.json["payment_details"]["amount"]) == (10, 4500005)
    assert gateway.balance("ref-1") == 9999999 - 4500005


async def test_a_partial_authorisation_can_be_captured_as_far_as_it_goes(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    authorisation = await made(session, gateway, "/authorization", purchase(amount="9000010"))
    refused = await follow(session, gateway, "capture", authorisation, "4500005.5")
    assert (refused.status, refused.message) == (400, "amount: at most what was authorised")
    assert (await follow(session, gateway, "capture", authorisation, "4500005")).status == 201


# --- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["capture", "void", "refund"])
async def test_an_unknown_id_is_not_found(session: aiohttp.ClientSession, gateway: Sandbox, what: str) -> None:
    reply = await follow(session, gateway, what, "nobody", 1)
    assert (reply.status, reply.message) == (404, "transactionId: not known here")


@pytest.mark.parametrize("what", ["capture", "void"])
async def test_only_an_authorisation_is_captured_or_voided(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str
) -> None:
    reply = await follow(session, gateway, what, await made(session, gateway, "/payment"), 1)
    assert (reply.status, reply.message) == (400, "transactionId: of an authorisation")


async def test_what_was_captured_is_not_voided(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    authorisation = await made(session, gateway, "/authorization")
    await follow(session, gateway, "capture", authorisation, 1)
    reply = await follow(session, gateway, "void", authorisation)
    assert (reply.status, reply.message) == (400, "transactionId: captured already")


async def test_after_a_capture_its_own_id_is_refunded(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    authorisation = await made(session, gateway, "/authorization")
    capture = await follow(session, gateway, "capture", authorisation, 400)
    refused = await follow(session, gateway, "refund", authorisation, 1)
    assert (refused.status, refused.message) == (400, "transactionId: of a captured transaction")
    assert (await follow(session, gateway, "refund", capture.id, 401)).code == -8020
    assert (await follow(session, gateway, "refund", capture.id, 400)).code == 0
    assert gateway.balance("ref-1") == 0


async def test_neither_a_refund_nor_a_decline_is_refunded(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    paid = await made(session, gateway, "/payment")
    refund = await follow(session, gateway, "refund", paid, 1)
    declined = await made(session, gateway, "/payment", by_card(DECLINED))
    for no_payment in (refund.id, declined):
        assert (await follow(session, gateway, "refund", no_payment, 1)).status == 400


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        (ABSENT, "required"),
        ("", "required"),
        (0, "more than 0"),
        ("0.00", "more than 0"),
        (-1, "digits, perhaps with a decimal point"),
        ("12345678901", "at most 10 characters"),
        (True, "a string or a number"),
    ],
)
@pytest.mark.parametrize("what", ["capture", "refund"])
async def test_an_amount_keeps_its_rules(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str, amount: object, rule: str
) -> None:
    reply = await follow(session, gateway, what, "any", amount)
    assert (reply.status, reply.message) == (400, f"amount: {rule}")


@pytest.mark.parametrize("what", ["capture", "void", "refund"])
async def test_all_faults_of_a_body_are_told_at_once(
    session: aiohttp.ClientSession, gateway: Sandbox, what: str
) -> None:
    path = f"{PREFIX}/{what}"
    reply = await post(session, gateway, {"transactionId": 17293, "amount": 1, "notes": ["value"]}, path=path)
    assert (reply.status, reply.message) == (400, "transactionId: a string; merchant_id: required; notes: a string")
    assert (await post(session, gateway, b"[]", path=path)).message == "body: a JSON object"
    assert (await post(session, gateway, {}, path=path, headers={})).status == 401
