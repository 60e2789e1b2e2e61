from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.pages.texts import TEXTS

from ...helpers import shows_cvc
from ..calls import DECLINED, by_card, post, purchase
from .people import order
from .visits import SHOP, TYPED, challenge, hosted, see

if TYPE_CHECKING:
    import aiohttp


@pytest.mark.asyncio
async def test_the_overview_turns_pages_of_fifty(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    for number in range(51):
        await post(session, gateway, purchase(merchant_txn_ref=f"order-{number:02}"))
    first = await see(session, gateway.base_url)
    assert re.findall(r"order-\d\d</a>", first.html)[0] == "order-50</a>"
    assert len(re.findall(r"order-\d\d</a>", first.html)) == 50
    assert "/?q=&page=2" in first.links()
    second = await see(session, f"{gateway.base_url}/?q=&page=2")
    assert re.findall(r"order-\d\d</a>", second.html) == ["order-00</a>"]
    assert "/?q=&page=1" in second.links()


@pytest.mark.asyncio
@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 40, "２", ""])
async def test_a_page_that_there_is_not_shows_no_error(
    session: aiohttp.ClientSession, gateway: Sandbox, page: str
) -> None:
    assert (await see(session, f"{gateway.base_url}/?page={quote(page)}")).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wanted", ["order-a", "ORDER-A", "1234", "5555555555554444", "5555 5555 5555 4444", "555555******4444"]
)
async def test_the_overview_is_searched_and_shows_no_card_number(
    session: aiohttp.ClientSession, gateway: Sandbox, wanted: str
) -> None:
    await post(session, gateway, by_card(TYPED["number"], merchant_txn_ref="order-a", amount="1234"))
    await post(session, gateway, purchase(merchant_txn_ref="order-b"))
    seen = await see(session, f"{gateway.base_url}/?q={quote(wanted)}")
    assert re.findall(r"order-\w</a>", seen.html) == ["order-a</a>"]
    assert "5555555555554444" not in seen.html
    assert "5555 5555 5555 4444" not in seen.html


@pytest.mark.asyncio
async def test_the_totals_are_told_by_currency(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    paid = await order(session, gateway, "/payment", purchase(amount="1000"))
    back = {"transactionId": paid["transaction_details"]["id"], "amount": "300", "merchant_id": "x"}
    await order(session, gateway, "/refund", back)
    await post(session, gateway, purchase(amount="12.5", currency="USD"))
    await post(session, gateway, by_card(DECLINED, amount="99"))
    text = (await see(session, gateway.base_url)).read.text
    assert text.index("JPYJPY 1,000JPY 300JPY 700") < text.index("USDUSD 12.50USD 0.00USD 12.50")


@pytest.mark.asyncio
async def test_the_clock_is_turned_on_and_subscriptions_are_charged(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    plan = {
        "plan_name": "tea", "plan_desc": "tea", "cycle_type": "DAYS", "cycle_interval": 10, "max_cycle_count": 3,
        "subscription_end_type": "CYCLE", "has_trial_period": False, "has_discount": False,
    }  # fmt: skip
    await order(session, gateway, "/subscription/payment", purchase(subscription=plan))
    assert "1 / 3" in (await see(session, gateway.base_url)).read.text
    assert (await see(session, f"{gateway.base_url}/clock", {"days": "11"})).to == "/"
    assert gateway.charges("ref-1") == 2
    assert "2 / 3" in (await see(session, gateway.base_url)).read.text


@pytest.mark.asyncio
@pytest.mark.parametrize("days", ["", "0", "-1", "367", "1.5", "x", "１"])
async def test_the_clock_is_not_turned_by_nonsense(session: aiohttp.ClientSession, gateway: Sandbox, days: str) -> None:
    seen = await see(session, f"{gateway.base_url}/clock", {"days": days})
    assert seen.status == 200
    assert TEXTS["clock.invalid"].en.format(most=366) in seen.read.text


@pytest.mark.asyncio
async def test_a_reference_tells_its_transactions_requests_and_webhooks(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    held = await order(session, gateway, "/authorization", by_card(TYPED["number"], return_url=SHOP))
    taken = {"transactionId": held["transaction_details"]["id"], "amount": "1000", "merchant_id": "x"}
    await order(session, gateway, "/capture", taken)
    seen = await see(session, f"{gateway.base_url}/references/ref-1")
    told = [seen.read.text.index(word) for word in ("Authorisation", "Capture", "POST /authorization", "POST /capture")]
    assert told == sorted(told)
    assert seen.read.text.count(TEXTS["detail.not_sent"].en) == 2  # the URL is none of this machine
    assert '"number": "555555******4444"' in seen.read.text
    assert not shows_cvc(seen.markup)


@pytest.mark.asyncio
async def test_a_refused_request_is_told_though_nothing_came_of_it(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await post(session, gateway, purchase(amount="none"))
    seen = await see(session, f"{gateway.base_url}/references/ref-1")
    assert (seen.status, "POST /payment" in seen.read.text) == (200, True)


@pytest.mark.asyncio
async def test_what_waits_for_the_payer_is_linked(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    urls = [await challenge(session, gateway), await hosted(session, gateway)]
    links = (await see(session, f"{gateway.base_url}/references/ref-1")).links()
    assert {url.removeprefix(gateway.base_url).partition("&")[0] for url in urls} <= set(links)


# --- beside the gateway -----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_page_takes_no_fault_and_no_latency(session: aiohttp.ClientSession) -> None:
    asked = []

    def latency() -> float:
        asked.append(1)
        return 0.0

    async with Sandbox(faults=["503:before_commit"], latency=latency) as gateway:
        for path in ("/", "/references/x", "/hosted/x", "/integration/3ds?_token=x"):
            assert (await see(session, gateway.base_url + path)).status in (200, 404)
        assert asked == []
        # On the connection that the pages came by.
        assert (await post(session, gateway, purchase())).status == 503
        assert (await post(session, gateway, purchase())).status == 201
        assert asked == [1]


@pytest.mark.asyncio
async def test_the_pages_look_the_same_whatever_the_answers_look_like(session: aiohttp.ClientSession) -> None:
    async with Sandbox(error_body="empty", declines="4xx", echo_card="none") as gateway:
        assert (await see(session, f"{gateway.base_url}/hosted/x")).status == 404
        await post(session, gateway, purchase())
        assert "ref-1" in (await see(session, gateway.base_url)).read.text
