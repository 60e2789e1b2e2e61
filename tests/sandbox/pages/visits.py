"""How these tests visit a page: through aiohttp, as a browser without scripts would read it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

from ..calls import CHALLENGED, by_card
from .people import order, page_body

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox import Sandbox
    from paymentoptions_async.sandbox.state import TransactionState

SHOP: Final = {
    "webhook_url": "-",
    "success_url": "http://127.0.0.1:9/success",
    "decline_url": "http://127.0.0.1:9/decline",
    "cancel_url": "http://127.0.0.1:9/cancel",
}
TYPED: Final = {"number": "5555555555554444", "expiry": "12/34", "cvc": "624", "name": "Taro Yamada", "action": "pay"}


class Reader(HTMLParser):
    """What a browser makes of HTML: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


class Seen:
    """A page as a client gets it, with no redirect followed."""

    def __init__(self, response: aiohttp.ClientResponse, html: str) -> None:
        self.status, self.headers, self.html = response.status, response.headers, html
        self.to = response.headers.get("Location")
        self.read = Reader(html)

    @property
    def markup(self) -> str:
        """The page without its stylesheet, which is full of digits."""
        return re.sub(r"<style>.*?</style>", "", self.html, flags=re.DOTALL)

    def links(self) -> list[str]:
        return [attributes["href"] or "" for _, attributes in self.read.elements if "href" in attributes]


async def see(
    session: aiohttp.ClientSession,
    url: str,
    form: dict[str, str] | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Seen:
    method = "GET" if form is None else "POST"
    async with session.request(method, url, data=form, headers=headers, allow_redirects=False) as response:
        return Seen(response, await response.text())


async def challenge(session: aiohttp.ClientSession, gateway: Sandbox, **changes: Any) -> str:
    body = by_card(CHALLENGED, **{"return_url": SHOP, **changes})
    url: str = (await order(session, gateway, "/paymentv2", body))["redirect_url"]
    return url


async def hosted(session: aiohttp.ClientSession, gateway: Sandbox, **changes: Any) -> str:
    body = page_body(changes.pop("return_url", SHOP), **changes)
    url: str = (await order(session, gateway, "/hpp/generate/link", body))["url"]
    return url


def state(gateway: Sandbox) -> TransactionState:
    return gateway.transactions()[-1].state
