"""A person at a browser, and the merchant whose pages the person comes from and returns to."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from playwright.async_api import async_playwright, expect

from ..calls import HEADERS, PREFIX, purchase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp
    from playwright.async_api import Browser, Page

    from paymentoptions_async.sandbox import Sandbox

PHONE: Final = (360, 740)
DESKTOP: Final = (1280, 900)
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
# Milliseconds, for a machine that is busy.
_PATIENCE: Final = 20_000
_IS_WIDE: Final = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise AssertionError(f"these tests need a browser: one of {', '.join(_BROWSERS)}")
    expect.set_options(timeout=_PATIENCE)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, headless=True, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            await launched.close()


# --- the merchant -----------------------------------------------------------------------------------------


class Shop(NamedTuple):
    """A merchant's site: each of its pages says which one it is."""

    url: str

    def return_url(self, **changes: str) -> dict[str, str]:
        names = ("success", "decline", "cancel")
        return {"webhook_url": "-", **{f"{name}_url": f"{self.url}/{name}" for name in names}, **changes}


@asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    async def told(request: web.Request) -> web.Response:
        page = f'<!doctype html><link rel="icon" href="data:,"><p id="page">{request.match_info["page"]}</p>'
        return web.Response(text=page, content_type="text/html")

    application = web.Application()
    application.router.add_get("/{page}", told)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    try:
        yield Shop(f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def order(session: aiohttp.ClientSession, gateway: Sandbox, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the merchant's server does before the payer sees anything."""
    async with session.post(gateway.base_url + PREFIX + path, data=orjson.dumps(body), headers=HEADERS) as response:
        assert response.status in (200, 201), await response.text()
        answer: dict[str, Any] = orjson.loads(await response.read())
        return answer


def page_body(return_url: dict[str, str], **changes: Any) -> dict[str, Any]:
    names = ("amount", "currency", "merchant_id", "merchant_txn_ref", "billing_address", "shipping_address")
    body = purchase()
    more = {"merchant_email": "shop@example.com", "return_url": return_url}
    return {**{name: body[name] for name in names}, **more, **changes}


# --- the person -------------------------------------------------------------------------------------------


@asynccontextmanager
async def person(
    browser: Browser, *origins: str, language: str = "en", size: tuple[int, int] = DESKTOP, **more: Any
) -> AsyncIterator[Page]:
    """A fresh browser window. At its end the pages have complained of nothing, and have asked for nothing elsewhere.

    Args:
        browser: Any.
        *origins: The only places that may be asked for something.
        language: What the browser prefers.
        size: Of the window.
        **more: Other properties of the window.
    """
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, locale=language, **more)
    complaints: list[str] = []
    asked: set[str] = set()
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE)
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.add(request.url))
    try:
        yield page
    finally:
        await context.close()
    assert complaints == []
    places = {urlsplit(url)[:2] for url in asked if not url.startswith("data:")}
    assert places <= {urlsplit(origin)[:2] for origin in origins}


async def fits(page: Page) -> bool:
    """Whether the page can be read without scrolling sideways."""
    return not await page.evaluate(_IS_WIDE)
