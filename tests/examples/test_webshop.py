"""The README's web shop, on aiohttp: as processes of their own, in a real browser, from the form to a paid order."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from paymentoptions_async import SqliteLedger, State

from ..frameworks.apps import APPS
from ..frameworks.serving import SECRETS, Shop, opened

CHALLENGED: Final = "4000000000001091"
APPROVED: Final = "5200000000001005"
APP: Final = APPS["aiohttp"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Gateway(NamedTuple):
    """The sandbox in a process of its own, as the README starts it.

    Attributes:
        url: Its address.
        environment: What a shop is told of it.
    """

    url: str
    environment: dict[str, str]


@asynccontextmanager
async def sandbox(folder: Path, *flags: str) -> AsyncIterator[Gateway]:
    command = ("-m", "paymentoptions_async", "sandbox", "--port", "0", "--json", *flags)
    running = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, env=os.environ, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    try:
        told = json.loads(await running.stdout.readline())
        yield Gateway(told["base_url"], {**told["environment"], **SECRETS})
    finally:
        running.terminate()
        await running.communicate()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with sandbox(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with opened(APP, tmp_path_factory.mktemp("shop"), gateway.environment) as shop:
        yield shop


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


async def test_an_order_is_paid_after_the_issuers_page_was_approved(shop: Shop, gateway: Gateway, page: Page) -> None:
    reference = await order(page, shop, CHALLENGED)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert page.url == f"{shop.url}/orders/{reference}"
    assert (await shop.states())[reference] is State.PAID
    await page.goto(f"{gateway.url}/references/{reference}")
    assert "1,000" in await page.inner_text("body")


@pytest.mark.parametrize("answer", ["Decline", "Cancel"])
async def test_an_order_is_not_paid_where_the_payer_says_no(answer: str, shop: Shop, page: Page) -> None:
    reference = await order(page, shop, CHALLENGED)
    await page.get_by_role("button", name=answer).click()
    await expect(page.get_by_role("heading", name="Not paid")).to_be_visible()
    assert (await shop.states())[reference] is State.DECLINED


async def test_a_form_that_is_sent_twice_is_one_charge(shop: Shop, gateway: Gateway, page: Page) -> None:
    reference = await order(page, shop, APPROVED)
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await page.go_back()
    assert await fill_in(page, APPROVED) == reference
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await page.goto(f"{gateway.url}/?q={reference}")
    assert (await page.inner_text("body")).count(reference) == 1


async def test_a_wrong_field_is_told_and_the_order_keeps_its_name(shop: Shop, page: Page) -> None:
    reference = await order(page, shop, APPROVED, month="13")
    await expect(page.get_by_text("card.expiry_month")).to_be_visible()
    assert await page.input_value("[name=order]") == reference


async def test_nobody_is_told_that_an_order_is_not_paid_while_it_is_being_charged(page: Page, tmp_path: Path) -> None:
    form = {"order": "order-1", "number": APPROVED, "month": "12", "year": "30", "cvc": "123", "name": "Jo Doe"}
    async with sandbox(tmp_path, "--latency", "6") as slow, opened(APP, tmp_path, slow.environment) as shop:
        async with aiohttp.ClientSession() as session:
            paying = asyncio.create_task(session.post(f"{shop.url}/orders", data=form, allow_redirects=False))
            async with SqliteLedger(shop.folder / "shop.db") as ledger:
                while await ledger.find("order-1") is None:
                    await asyncio.sleep(0.01)
            await page.goto(f"{shop.url}/orders/order-1")
            await expect(page.get_by_role("heading", name="Being paid")).to_be_visible()
            assert (await paying).headers["Location"] == "/orders/order-1"
            await page.reload()
            await expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()


async def test_an_order_that_was_open_when_the_shop_was_killed_is_paid_after_its_restart(
    gateway: Gateway, page: Page, tmp_path: Path
) -> None:
    async with opened(APP, tmp_path, gateway.environment) as shop:
        reference = await order(page, shop, CHALLENGED)
        approve = page.get_by_role("button", name="Approve")
        await expect(approve).to_be_visible()
        await shop.kill()
        # The shop is gone when the payer answers; the gateway delivers its webhook again.
        await approve.click(no_wait_after=True)
        await shop.open()
        await page.goto(f"{shop.url}/orders/{reference}")
        while not await page.get_by_role("heading", name="Paid").is_visible():
            await page.reload()
        assert (await shop.states())[reference] is State.PAID
