from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paymentoptions_async.sandbox.pages.language import COOKIE, language_of
from paymentoptions_async.sandbox.pages.texts import TEXTS

from .visits import challenge, see

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox import Sandbox


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", "", "", "en"),
        ("", "", "ja", "ja"),
        ("", "", "ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("", "", "en-US,en;q=0.9,ja;q=0.8", "en"),
        ("", "", "fr-FR,fr;q=0.9,ja;q=0.4,en;q=0.2", "ja"),
        ("", "", "JA", "ja"),
        ("", "", "fr", "en"),
        ("", "", "*", "en"),
        ("", "", "ja;q=0", "en"),
        ("", "", "ja;q=many", "en"),
        ("", "en", "ja", "en"),
        ("", "fr", "ja", "ja"),
        ("ja", "en", "en", "ja"),
        ("<b>", "en", "ja", "en"),
    ],
)
def test_the_address_rules_then_the_cookie_then_the_browser(
    query: str, cookie: str, accepted: str, language: str
) -> None:
    assert language_of({"lang": query}, {COOKIE: cookie}, {"Accept-Language": accepted}) == language


@pytest.mark.asyncio
async def test_the_link_to_the_other_language_keeps_the_place(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    url = await challenge(session, gateway)
    link = next(link for link in (await see(session, url)).links() if link.endswith("lang=ja"))
    seen = await see(session, url.partition("?")[0] + link)
    assert ("html", {"lang": "ja"}) in seen.read.elements
    assert TEXTS["challenge.title"].ja in seen.read.text
    cookie = seen.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=ja;")
    assert "SameSite=Lax" in cookie
    assert ("html", {"lang": "ja"}) in (
        await see(session, url, headers={"Cookie": cookie.partition(";")[0]})
    ).read.elements
