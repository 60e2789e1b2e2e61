"""The README's web shop: as processes of their own, in a real browser, from the form to a paid order."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from paymentoptions_async import SqliteLedger, State

ROOT: Final = Path(__file__).parents[2]
CHALLENGED: Final = "4000000000001091"
APPROVED: Final = "5200000000001005"
SECRETS: Final = {
    "PAYMENTOPTIONS_LEDGER_SECRET": "a secret of the shop's ledger",
    "PAYMENTOPTIONS_WEBHOOK_SECRET": "a secret of the shop's webhooks",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Shop(NamedTuple):
    url: str
    gateway: str
    folder: Path
    environment: dict[str, str]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def process(
    *command: str, folder: Path, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.communicate()


async def answers(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(shop: Shop) -> AsyncIterator[asyncio.subprocess.Process]:
    example = str(ROOT / "examples" / "webshop.py")
    async with process(example, folder=shop.folder, environment=shop.environment) as running:
        await answers(shop.url)
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def closed_shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """The sandbox runs; the shop is not opened yet."""
    folder = tmp_path_factory.mktemp("shop")
    sandbox = ("-m", "paymentoptions_async", "sandbox", "--port", "0", "--json")
    async with process(*sandbox, folder=folder, environment={**os.environ}) as gateway:
        assert gateway.stdout is not None
        told: dict[str, Any] = json.loads(await gateway.stdout.readline())
        port = free_port()
        own = {"SHOP_URL": f"http://127.0.0.1:{port}", "SHOP_PORT": str(port)}
        environment = {**os.environ, **told["environment"], **SECRETS, **own}
        yield Shop(own["SHOP_URL"], told["base_url"], folder, environment)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(closed_shop: Shop) -> AsyncIterator[Shop]:
    async with opened(closed_shop):
        yield closed_shop


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium is not None, "these tests need a Chromium, such as Debian's package `chromium`"
    async with async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="en")
    context.set_default_timeout(15_000)
    yield await context.new_page()
    await context.close()


async def order(page: Page, shop: Shop, number: str, **changes: str) -> str:
    """Fill the form in and send it; gives the name of the order."""
    await page.goto(shop.url)
    return await fill_in(page, number, **changes)


async def fill_in(page: Page, number: str, **changes: str) -> str:
    typed = {"number": number, "month": "12", "year": "30", "cvc": "123", "name": "Jo Doe", **changes}
    for name, value in typed.items():
        await page.fill(f"[name={name}]", value)
    reference = await page.input_value("[name=order]")
    await page.get_by_role("button", name="Pay").click()
    return reference


async def state_of(shop: Shop, reference: str) -> State:
    async with SqliteLedger(shop.folder / "shop.db") as ledger:
        record = await ledger.find(reference)
    assert record is not None
    return record.outcome.state


async def test_an_order_is_paid_after_the_issuers_page_was_approved(shop: Shop, page: Page) -> None:
    reference = await order(page, shop, CHALLENGED)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert page.url == f"{shop.url}/orders/{reference}"
    assert await state_of(shop, reference) is State.PAID
    await page.goto(f"{shop.gateway}/references/{reference}")
    assert "1,000" in await page.inner_text("body")


@pytest.mark.parametrize("answer", ["Decline", "Cancel"])
async def test_an_order_is_not_paid_where_the_payer_says_no(answer: str, shop: Shop, page: Page) -> None:
    reference = await order(page, shop, CHALLENGED)
    await page.get_by_role("button", name=answer).click()
    await expect(page.get_by_role("heading", name="Not paid")).to_be_visible()
    assert await state_of(shop, reference) is State.DECLINED


async def test_a_form_that_is_sent_twice_is_one_charge(shop: Shop, page: Page) -> None:
    reference = await order(page, shop, APPROVED)
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await page.go_back()
    assert await fill_in(page, APPROVED) == reference
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await page.goto(f"{shop.gateway}/?q={reference}")
    assert (await page.inner_text("body")).count(reference) == 1


async def test_a_wrong_field_is_told_and_the_order_keeps_its_name(shop: Shop, page: Page) -> None:
    reference = await order(page, shop, APPROVED, month="13")
    await expect(page.get_by_text("card.expiry_month")).to_be_visible()
    assert await page.input_value("[name=order]") == reference


async def test_nobody_is_told_that_an_order_is_not_paid_while_it_is_being_charged(
    shop: Shop, page: Page, tmp_path: Path
) -> None:
    sandbox = ("-m", "paymentoptions_async", "sandbox", "--port", "0", "--json", "--latency", "6")
    async with process(*sandbox, folder=tmp_path, environment={**os.environ}) as slow:
        assert slow.stdout is not None
        told: dict[str, Any] = json.loads(await slow.stdout.readline())
        port = free_port()
        own = {"SHOP_URL": f"http://127.0.0.1:{port}", "SHOP_PORT": str(port)}
        another = Shop(own["SHOP_URL"], told["base_url"], tmp_path, {**shop.environment, **told["environment"], **own})
        async with opened(another), aiohttp.ClientSession() as session:
            form = {"order": "order-1", "number": APPROVED, "month": "12", "year": "30", "cvc": "123", "name": "Jo Doe"}
            paying = asyncio.create_task(session.post(f"{another.url}/orders", data=form, allow_redirects=False))
            async with SqliteLedger(another.folder / "shop.db") as ledger:
                while await ledger.find("order-1") is None:
                    await asyncio.sleep(0.01)
            await page.goto(f"{another.url}/orders/order-1")
            await expect(page.get_by_role("heading", name="Being paid")).to_be_visible()
            assert (await paying).headers["Location"] == "/orders/order-1"
            await page.reload()
            await expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()


async def test_an_order_that_was_open_when_the_shop_was_killed_is_paid_after_its_restart(
    closed_shop: Shop, page: Page, tmp_path: Path
) -> None:
    port = free_port()
    own = {"SHOP_URL": f"http://127.0.0.1:{port}", "SHOP_PORT": str(port)}
    another = closed_shop._replace(url=own["SHOP_URL"], folder=tmp_path, environment={**closed_shop.environment, **own})
    async with opened(another) as running:
        reference = await order(page, another, CHALLENGED)
        approve = page.get_by_role("button", name="Approve")
        await expect(approve).to_be_visible()
        running.kill()
    # The shop is gone when the payer answers; the gateway delivers its webhook again.
    await approve.click(no_wait_after=True)
    async with opened(another):
        await page.goto(f"{another.url}/orders/{reference}")
        while not await page.get_by_role("heading", name="Paid").is_visible():
            await page.reload()
        assert await state_of(another, reference) is State.PAID
