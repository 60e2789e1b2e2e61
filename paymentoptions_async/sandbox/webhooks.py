"""When and how webhooks are sent. Nothing of the kind is published, so that a test can have it any way."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import attrs
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Letter", "WebhookPolicy", "is_of_this_machine"]

_COUNT = [attrs.validators.instance_of(int), attrs.validators.ge(0)]


def _seconds(_policy: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not callable(value) and not (isinstance(value, int | float) and value >= 0):
        raise ValueError(f"{attribute.name}: seconds, 0 or more")


@attrs.frozen(kw_only=True)
class WebhookPolicy:
    """How a sandbox sends its webhooks. It sends them to addresses of this machine only.

    Attributes:
        enabled: Whether it does.
        delay: Seconds before the first attempt, or a callable that gives them for each webhook.
        repeats: How many times each webhook is delivered.
        retries: How many times a failed delivery is tried again: any answer but 2xx, or none within 5 seconds.
        pause: Seconds before the first of these; each further pause is twice as long.
        reorder: Whether the webhooks of one reference that are under way go out in reverse order, one by one.
        early: Whether a webhook goes out, and is waited for up to 2 seconds, before the answer to the operation.

    Raises:
        ValueError: A number is below 0.
    """

    enabled: bool = True
    delay: float | Callable[[], float] = attrs.field(default=0.0, validator=_seconds)
    repeats: int = attrs.field(default=1, validator=_COUNT)
    retries: int = attrs.field(default=5, validator=_COUNT)
    pause: float = attrs.field(default=0.5, validator=_seconds)
    reorder: bool = False
    early: bool = False


@attrs.frozen(eq=False)
class Letter:
    """A webhook that is under way.

    Attributes:
        key: Names it among those that are.
        ref: The reference that it is about.
        url: Where it goes.
        body: What is sent; the card number in it is masked.
        shown: What is noted of it: a reference or a name that looks like a card number is masked as well.
    """

    key: str
    ref: str
    url: str
    body: str
    shown: str


def is_of_this_machine(url: object) -> bool:
    """Whether it is an http or https URL whose host is a loopback address, or `localhost`."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return False
    try:
        host = URL(url).host or ""  # as aiohttp reads it, so that both mean the same host
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
