"""HTML that is made in one place, where everything that is not HTML yet is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Markup", "fill", "web_address"]


class Markup(str):
    """Text that is HTML already, since it was made here."""

    __slots__ = ()


def fill(template: str, **values: Any) -> Markup:
    """The template with its places filled in.

    Args:
        template: HTML with `{name}` in it; attributes are written in double quotes.
        **values: What comes there: text, which is escaped; `Markup`, or several, which are not; `None` for nothing.
    """
    return Markup(template.format_map({name: _html(value) for name, value in values.items()}))


def _html(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "".join(_html(part) for part in value)
    return escape(str(value))


def web_address(url: object) -> str | None:
    """The URL, if a browser may be sent there: `http` or `https`, with a host. A `javascript:` is none."""
    if not isinstance(url, str) or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return url if sound else None
