"""The report in a real browser, on a phone, on a desktop and on paper."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from paymentoptions_async.batch.tally import Tally
from paymentoptions_async.cli.batch.deriving import write_page

from ...batch.entries import entry
from ...sandbox.pages import people

# One event loop for all of them, since the browser lives in it.
pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "a gateway that says a great deal and leaves no blank_" + "x" * 80


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with people.browser() as browser:
        yield browser


def page_of(folder: Path) -> str:
    tally = Tally()
    for line in range(1, 400):
        outcome = "unknown" if line % 20 == 0 else "declined" if line % 9 == 0 else "paid"
        told: dict[str, Any] = {"response_code": 51, "error": "DeclinedError"} if outcome == "declined" else {}
        tally.add(entry(line, outcome, seconds=0.01 + line % 37 / 40, evidence=[LONG], amount="1234567890", **told))
    write_page(tally, folder / "page.html", title="payday_" + "1" * 40, left=7, ledger=None)
    return (folder / "page.html").as_uri()


@pytest.mark.parametrize("size", [people.PHONE, people.DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_and_asks_for_nothing(
    size: tuple[int, int], scheme: str, browser: Browser, tmp_path: Path
) -> None:
    address = await asyncio.to_thread(page_of, tmp_path)
    async with people.person(browser, "file:///", size=size, color_scheme=scheme) as page:
        await page.goto(address)
        await expect(page.locator("h2")).to_have_count(7)
        await expect(page.locator("svg")).to_have_count(3)
        assert await people.fits(page)
        assert await page.locator("svg").first.is_visible()


async def test_the_page_prints_on_a_few_sheets(browser: Browser, tmp_path: Path) -> None:
    address = await asyncio.to_thread(page_of, tmp_path)
    async with people.person(browser, "file:///") as page:
        await page.goto(address)
        printed = await page.pdf(format="A4")
    assert 1 <= printed.count(b"/Type /Page\n") <= 3
