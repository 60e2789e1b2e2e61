from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.pages.texts import TEXTS

from .visits import SHOP, TYPED, Seen, challenge, hosted, see

if TYPE_CHECKING:
    import aiohttp


HOSTILE = [
    "<script>alert(1)</script>\"'",
    '"><img src=x onerror=alert(1)>',
    "{words}{0}%s",
    "../..;a=b&c",
    "'-->",
    "日本語/?#%",
]
_ALLOWED = {
    "html", "head", "meta", "title", "link", "style", "body", "p", "header", "div", "span", "nav", "a", "main",
    "section", "h1", "h2", "h3", "form", "label", "input", "button", "table", "thead", "tbody", "tr", "th", "td",
    "small", "details", "summary", "dl", "dt", "dd", "ol", "li", "pre", "br",
}  # fmt: skip


def assert_harmless(seen: Seen) -> None:
    assert {tag for tag, _ in seen.read.elements} <= _ALLOWED
    for _, attributes in seen.read.elements:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
    assert all(re.match(r"(?:https?:/|/|\?|data:,$)", link) for link in seen.links())


@pytest.mark.asyncio
@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_text_stays_text_on_every_page(
    session: aiohttp.ClientSession, gateway: Sandbox, hostile: str
) -> None:
    changes = {"merchant_txn_ref": hostile, "currency": hostile[:3]}
    urls = {
        "challenge": await challenge(session, gateway, **changes, **{"card.name": hostile}),
        "hosted": await hosted(session, gateway, **changes),
        "wallet": await hosted(session, gateway, **changes, payment_method={"type": hostile}),
        "overview": f"{gateway.base_url}/?q={quote(hostile)}&lang={quote(hostile)}&{quote(hostile)}=1",
        "detail": f"{gateway.base_url}/references/{quote(hostile, safe='')}",
        "unknown": f"{gateway.base_url}/hosted/{quote(hostile, safe='')}",
    }
    for name, url in urls.items():
        seen = await see(session, url)
        assert seen.status == (404 if name == "unknown" else 200)
        assert_harmless(seen)
        assert name in ("overview", "unknown") or hostile in seen.read.text
    found = await see(session, f"{gateway.base_url}/?q={quote(hostile)}")
    assert f"/references/{quote(hostile, safe='')}" in found.links()
    typed = await see(session, urls["hosted"], {**TYPED, "number": "", "name": hostile, "expiry": hostile})
    assert_harmless(typed)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<script>", "< Success url >", "//elsewhere.example", "/paid"]
)
async def test_the_payer_is_sent_to_web_addresses_only(
    session: aiohttp.ClientSession, gateway: Sandbox, url: str
) -> None:
    page = await challenge(session, gateway, return_url={**SHOP, "success_url": url})
    answered = await see(session, page, {"answer": "approve"})
    assert answered.to == page.removeprefix(gateway.base_url)
    seen = await see(session, page)
    assert url not in seen.links()
    assert TEXTS["ended.no_way"].en in seen.read.text


@pytest.mark.asyncio
async def test_an_address_of_other_letters_is_quoted(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    page = await hosted(session, gateway, return_url={**SHOP, "success_url": "http://127.0.0.1:9/支払い?a=%20&b=[1]"})
    seen = await see(session, page, TYPED)
    assert seen.to == f"http://127.0.0.1:9/{quote('支払い')}?a=%20&b=[1]"


@pytest.mark.asyncio
@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_button_is_not_pressed_from_another_site(
    session: aiohttp.ClientSession, gateway: Sandbox, headers: dict[str, str]
) -> None:
    presses = {
        await challenge(session, gateway, merchant_txn_ref="a"): {"answer": "approve"},
        await hosted(session, gateway, merchant_txn_ref="b"): TYPED,
        f"{gateway.base_url}/clock": {"days": "2"},
    }
    before = [transaction.state for transaction in gateway.transactions()]
    for url, form in presses.items():
        assert (await see(session, url, form, headers)).status == 403
    assert [transaction.state for transaction in gateway.transactions()] == before


@pytest.mark.asyncio
async def test_a_page_runs_nothing_and_loads_nothing(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    seen = await see(session, gateway.base_url)
    policy = seen.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert seen.headers["Content-Type"] == "text/html; charset=utf-8"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
