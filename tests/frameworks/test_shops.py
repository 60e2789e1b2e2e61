"""The tea shop of every framework, on the framework's own server, from the form to the books of the gateway."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio

from paymentoptions_async import State
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.webhooks.delivery import LONGEST

from ..webhooks.cases import payload
from .apps import APPS
from .load import CARDS, CVC, FINAL, SIZE, Load, Order, faulty_gateway, heading_of, together
from .serving import SECRETS, Shop, environment_of, opened

# How often an order may have been charged, by what its page says.
TRUTH: Final = {
    "Paid": {1},
    "Not paid": {0},
    "Waiting for your bank": {0},
    "Being paid": {0, 1},
    "We are looking into it": {0, 1},
}

in_one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway() -> AsyncIterator[Sandbox]:
    # So late that a charge which is cut off is in doubt before it is settled.
    async with Sandbox(webhooks=WebhookPolicy(delay=0.4)) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=APPS)
async def shop(
    request: pytest.FixtureRequest, gateway: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    async with opened(APPS[request.param], tmp_path_factory.mktemp(request.param), environment_of(gateway)) as shop:
        yield shop


async def order(session: aiohttp.ClientSession, shop: Shop, card: str, **changes: str) -> tuple[str, Any]:
    """Fill the form in and send it; gives the name of the order, and the answer."""
    async with session.get(shop.url) as page:
        found = re.search('name="order" value="(.*?)"', await page.text())
    assert found is not None
    typed = {"order": found[1], "number": CARDS[card], "month": "12", "year": "30", "cvc": CVC, "name": "Jo Doe"}
    async with session.post(f"{shop.url}/orders", data={**typed, **changes}, allow_redirects=False) as answer:
        await answer.read()
        return found[1], answer


async def page_of(session: aiohttp.ClientSession, shop: Shop, name: str) -> str:
    async with session.get(f"{shop.url}/orders/{name}") as page:
        return heading_of(await page.text())


@in_one_loop
@pytest.mark.parametrize(("card", "heading", "charges"), [("approved", "Paid", 1), ("declined", "Not paid", 0)])
async def test_an_orders_page_tells_what_happened_to_the_money(
    card: str, heading: str, charges: int, shop: Shop, gateway: Sandbox, session: aiohttp.ClientSession
) -> None:
    name, answer = await order(session, shop, card)
    assert (answer.status, answer.headers["Location"]) == (303, f"/orders/{name}")
    assert await page_of(session, shop, name) == heading
    assert gateway.charges(name) == charges


@in_one_loop
async def test_who_goes_away_while_paying_has_paid_and_nobody_is_in_doubt(
    shop: Shop, gateway: Sandbox, session: aiohttp.ClientSession
) -> None:
    gateway.script.answer_slowly(0.2)
    before = gateway.references()
    paying = asyncio.create_task(order(session, shop, "approved"))
    async with asyncio.timeout(5):
        while not (charged := gateway.references() - before):
            await asyncio.sleep(0.01)
        paying.cancel()  # which closes the connection
        (name,) = charged
        while (heading := await page_of(session, shop, name)) == "Being paid":
            await asyncio.sleep(0.05)
    assert heading == "Paid"
    # Nor was: a webhook may have settled a doubt meanwhile.
    assert "charge.unknown" not in shop.log.read_text()


@in_one_loop
async def test_a_challenge_is_paid_as_soon_as_the_webhook_has_come(
    shop: Shop, gateway: Sandbox, session: aiohttp.ClientSession
) -> None:
    name, answer = await order(session, shop, "challenged")
    assert answer.headers["Location"].startswith(gateway.base_url)
    assert await gateway.answer_challenge(name, "approve") == f"{shop.url}/orders/{name}"
    await gateway.webhooks_sent()
    assert (await shop.states())[name] is State.PAID
    assert await page_of(session, shop, name) == "Paid"


@in_one_loop
async def test_a_wrong_field_is_told_by_its_name_and_nothing_that_was_typed_comes_back(
    shop: Shop, session: aiohttp.ClientSession
) -> None:
    name, answer = await order(session, shop, "approved", month="13")
    page = await answer.text()
    assert "card.expiry_month" in page
    assert f'value="{name}"' in page
    assert CARDS["approved"] not in page
    assert CVC not in re.sub(r"[0-9a-f-]{32,}", "", page)


@in_one_loop
@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("POST", payload("c0ffee00-0000-4000-8000-000000000000"), 403),
        ("POST", b"no JSON", 400),
        ("POST", b" " * (LONGEST + 1), 413),
        ("GET", b"", 405),
    ],
    ids=["forged", "unreadable", "too large", "asked for"],
)
async def test_what_is_no_webhook_of_the_gateways_is_refused(
    method: str, body: bytes, status: int, shop: Shop, session: aiohttp.ClientSession
) -> None:
    async with session.request(method, f"{shop.url}/webhooks/{'x' * 24}", data=body) as answer:
        assert answer.status == status


async def failed_start(app: str, folder: Path, environment: dict[str, str]) -> str:
    """What a shop says that does not open."""
    shop = Shop(APPS[app], folder, environment)
    try:
        process = await shop.start()
        async with asyncio.timeout(20):
            assert await process.wait() != 0
    finally:
        await shop.kill()
    return shop.log.read_text()


@pytest.mark.asyncio
@pytest.mark.parametrize("app", APPS)
async def test_a_setting_that_is_missing_ends_the_start_and_is_named(app: str, tmp_path: Path) -> None:
    secret = "an x-api-key that nobody may read"
    told = await failed_start(app, tmp_path, {**SECRETS, "PAYMENTOPTIONS_X_API_KEY": secret})
    assert "not set in the environment: PAYMENTOPTIONS_API_KEY, PAYMENTOPTIONS_MERCHANT_ID" in told
    assert not any(word in told for word in (secret, *SECRETS.values()))


@pytest.mark.asyncio
async def test_without_a_secret_for_the_webhooks_the_shop_does_not_open(tmp_path: Path) -> None:
    async with Sandbox() as gateway:
        environment = {**environment_of(gateway), "PAYMENTOPTIONS_WEBHOOK_SECRET": ""}
        assert "(PAYMENTOPTIONS_WEBHOOK_SECRET)" in await failed_start("aiohttp", tmp_path, environment)


@pytest.mark.asyncio
@pytest.mark.timeout(SIZE.seconds)
@pytest.mark.parametrize("apps", together(), ids=" and ".join)
async def test_under_load_at_a_failing_gateway_and_restarted_every_page_tells_the_truth(
    apps: list[str], tmp_path: Path
) -> None:
    async with asyncio.TaskGroup() as group:
        for app in apps:
            (folder := tmp_path / app).mkdir()
            group.create_task(survive(app, folder), name=app)


async def survive(app: str, folder: Path) -> None:
    """Put a shop under load, and hold what it said and wrote against the books."""
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    async with faulty_gateway(rng) as gateway, aiohttp.ClientSession() as session:
        async with opened(APPS[app], folder, environment_of(gateway)) as shop:
            load = Load(shop, gateway, rng, session)
            await load.run()
            headings = await load.headings()
            states = await shop.states()
            await shop.close()
        for placed in load.orders:
            hold(placed, headings[placed.name], gateway.charges(placed.name), states.get(placed.name))
        assert gateway.references() <= states.keys()
    seen = Counter(headings.values())
    print(f"{app}, seed {seed}: {len(load.orders)} orders, {len(load.cut_off)} cut off by a kill: {dict(seen)}")
    print(f"  {dict(load.counts)}")
    assert seen["Paid"]
    assert seen["Not paid"]
    hold_tongue(shop.log.read_text())


def hold(placed: Order, heading: str, charges: int, state: State | None) -> None:
    """Hold an order's page against the books, the ledger, and what the shopper was told before."""
    assert charges in TRUTH[heading], f"{placed} says {heading!r}: {charges} x"
    assert FINAL.keys() & set(placed.seen) <= {heading}, placed
    assert not placed.approved or heading == "Paid", placed
    # What the payer was sent on with is in the ledger.
    assert state is not None or not any(placed.answered), placed


def hold_tongue(log: str) -> None:
    """No card number, no security code, and no fault of the server's own is in its log."""
    for number in CARDS.values():
        assert number not in log
    assert not re.search(rf"(?<![\w.:-]){CVC}(?![\w-])", log)
    assert "Traceback" not in log
