"""A page elsewhere must not press the buttons of these pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_foreign"]


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of another origin, as the browser tells.

    Args:
        headers: Of the request; a client that is no browser sends none of these.
    """
    if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("Origin")
    return origin is not None and _host(origin) != headers.get("Host", "")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None  # `null`, the origin of what hides its own, has no host
    except ValueError:
        return None
