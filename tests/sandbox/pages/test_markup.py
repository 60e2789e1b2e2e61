from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async.sandbox.pages.markup import Markup, fill, web_address

from .visits import Reader

# A parser takes these for others wherever they come from.
_PLAIN = st.text().map(lambda text: text.replace("\r", "").replace("\0", ""))


@given(_PLAIN, _PLAIN)
def test_what_is_filled_in_stays_text(text: str, attribute: str) -> None:
    read = Reader(fill('<p title="{attribute}">{text}</p>', text=text, attribute=attribute))
    assert read.elements == [("p", {"title": attribute})]
    assert read.text == text


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (None, ""),
        (7, "7"),
        ("a&b", "a&amp;b"),
        (Markup("<b>"), "<b>"),
        ([Markup("<b>"), "<b>", None], "<b>&lt;b&gt;"),
        ("{value}", "{value}"),
    ],
)
def test_each_kind_of_value(value: Any, html: str) -> None:
    assert fill("{value}", value=value) == html


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://shop.example:8443/paid?a=1&b=2#c",
        "http://127.0.0.1:9",
        "http://[::1]/x",
        "HTTPS://A",
    ],
)
def test_a_web_address_is_one(url: str) -> None:
    assert web_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/paid",
        "//shop.example/",
        "shop.example",
        "< Webhook url >",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "http:",
        "http:///paid",
        "http://shop.example/\r\nSet-Cookie: a=b",
        "http://shop.example\\@elsewhere.example/",
        "http://shop.example:port/",
        "http://[::1/",
        None,
        7,
    ],
)
def test_anything_else_is_none(url: object) -> None:
    assert web_address(url) is None
