from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.pages.texts import TEXTS
from paymentoptions_async.sandbox.state import TransactionState

from ..calls import CHALLENGED, DECLINED
from .visits import SHOP, TYPED, challenge, hosted, see, state

if TYPE_CHECKING:
    import aiohttp


# --- 3-D Secure -------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "to", "becomes"),
    [
        ("approve", "success", TransactionState.CAPTURED),
        ("decline", "decline", TransactionState.DECLINED),
        ("cancel", "cancel", TransactionState.CANCELLED),
        ("time_out", "decline", TransactionState.TIMED_OUT),
    ],
)
async def test_a_challenge_is_answered_once(
    session: aiohttp.ClientSession, gateway: Sandbox, answer: str, to: str, becomes: TransactionState
) -> None:
    url = await challenge(session, gateway)
    seen = await see(session, url, {"answer": answer})
    assert (seen.status, seen.to, state(gateway)) == (303, SHOP[f"{to}_url"], becomes)
    again = await see(session, url, {"answer": "approve"})
    assert (again.to, state(gateway)) == (seen.to, becomes)
    later = await see(session, url)
    assert later.status == 200
    assert SHOP[f"{to}_url"] in later.links()


@pytest.mark.asyncio
@pytest.mark.parametrize("form", [{}, {"answer": "yes"}, {"answer": ""}, b"\xff\xfe", b"a=1&" * 60 + b"answer=approve"])
async def test_another_answer_shows_the_page_again(
    session: aiohttp.ClientSession, gateway: Sandbox, form: dict[str, str] | bytes
) -> None:
    seen = await see(session, await challenge(session, gateway), form)
    assert (seen.status, state(gateway)) == (200, TransactionState.PENDING)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/integration/3ds", "/integration/3ds?_token=x", "/hosted/x", "/references/x"])
@pytest.mark.parametrize("language", ["en", "ja"])
async def test_what_is_not_known_is_said_clearly(
    session: aiohttp.ClientSession, gateway: Sandbox, path: str, language: str
) -> None:
    seen = await see(session, gateway.base_url + path, headers={"Accept-Language": language})
    assert seen.status == 404
    assert getattr(TEXTS["unknown_title"], language) in seen.read.text


# --- the hosted page --------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_hosted_page_is_paid_once(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await hosted(session, gateway)
    assert (await see(session, url, TYPED)).to == SHOP["success_url"]
    assert (await see(session, url, TYPED)).to == SHOP["success_url"]
    assert gateway.charges("ref-1") == 1
    assert TEXTS["ended.paid"].en in (await see(session, url)).read.text


@pytest.mark.asyncio
async def test_a_declined_card_leads_to_the_decline_page(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await hosted(session, gateway)
    assert (await see(session, url, {**TYPED, "number": DECLINED})).to == SHOP["decline_url"]
    assert TEXTS["ended.declined"].en in (await see(session, url)).read.text


@pytest.mark.asyncio
async def test_a_cancelled_page_leads_to_the_cancel_page(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await hosted(session, gateway)
    assert (await see(session, url, {"action": "cancel"})).to == SHOP["cancel_url"]
    assert (await see(session, url, TYPED)).to == SHOP["cancel_url"]
    assert gateway.total_charges() == 0


@pytest.mark.asyncio
async def test_the_way_to_3d_secure_keeps_the_name_that_the_browser_knows(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    seen = await see(session, await hosted(session, gateway), {**TYPED, "number": CHALLENGED})
    assert (seen.to or "").startswith("/integration/3ds?_token=")
    assert (await see(session, f"{gateway.base_url}{seen.to}", {"answer": "approve"})).to == SHOP["success_url"]
    assert gateway.charges("ref-1") == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"number": ""}, "required.number"),
        ({"number": "5555555555554445"}, "invalid.number"),
        ({"expiry": " "}, "required.expiry"),
        ({"expiry": "13/34"}, "invalid.expiry"),
        ({"expiry": "never"}, "invalid.expiry"),
        ({"expiry": "01/20"}, "expired.expiry"),
        ({"cvc": ""}, "required.cvc"),
        ({"cvc": "98"}, "invalid.cvc"),
        ({"name": ""}, "required.name"),
        ({"name": "x" * 256}, "invalid.name"),
        ({"amount": ""}, "required.amount"),
        ({"amount": "0"}, "invalid.amount"),
        ({"amount": "12345678901"}, "invalid.amount"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field(
    session: aiohttp.ClientSession, gateway: Sandbox, wrong: dict[str, str], key: str
) -> None:
    url = await hosted(session, gateway, amount="")
    seen = await see(session, f"{url}?lang=ja", {**TYPED, "amount": "1000", **wrong})
    assert (seen.status, state(gateway)) == (200, TransactionState.PENDING)
    field = key.partition(".")[2]
    told = re.findall(r'<span class="error" id="(\w+)-error">([^<]*)</span>', seen.html)
    assert told == [(field, TEXTS[key].ja)]
    marked = {attributes["id"] for _, attributes in seen.read.elements if "aria-invalid" in attributes}
    assert marked == {field}


@pytest.mark.asyncio
async def test_what_was_typed_of_a_card_is_never_sent_back(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await hosted(session, gateway, amount="")
    seen = await see(session, url, {**TYPED, "amount": "soon"})
    values = {
        attributes["id"]: attributes["value"]
        for _, attributes in seen.read.elements
        if "value" in attributes and "id" in attributes
    }
    assert values == {"amount": "", "number": "", "expiry": "12/34", "cvc": "", "name": "Taro Yamada"}
    in_the_wrong_field = await see(session, url, {**TYPED, "name": TYPED["number"], "amount": TYPED["number"]})
    assert TYPED["number"] not in seen.html + in_the_wrong_field.html
    assert TYPED["cvc"] not in seen.markup


@pytest.mark.asyncio
async def test_a_page_whose_time_is_over_says_so(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await hosted(session, gateway)
    assert (await see(session, f"{gateway.base_url}/clock", {"days": "2"})).status == 303
    seen = await see(session, url)
    assert (seen.status, state(gateway)) == (200, TransactionState.TIMED_OUT)
    assert TEXTS["ended.expired"].en in seen.read.text


@pytest.mark.asyncio
async def test_a_wallet_is_asked_again_when_no_button_was_pressed(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    url = await hosted(session, gateway, payment_method={"type": "gcash"})
    seen = await see(session, url, {})
    assert (seen.status, state(gateway)) == (200, TransactionState.PENDING)
    assert (await see(session, url, {"action": "approve"})).to == SHOP["success_url"]
