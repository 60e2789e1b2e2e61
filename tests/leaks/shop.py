"""A shop that charges, for the channels to look at: a real client, and a gateway that repeats the whole card."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, NamedTuple

import structlog

from paymentoptions_async import PaymentOptions, PaymentOptionsError
from paymentoptions_async.sandbox import Sandbox

from ..helpers import sandbox_client
from .numbers import Number, order

__all__ = ["ENDINGS", "MARK", "Shop", "as_lines", "opened"]

MARK: Final = "order-of-the-leak-suite"
"""Every reference begins so: what comes out of a channel must show it, or something else that proves it alive."""

ENDINGS: Final[dict[str, dict[str, Any]]] = {
    "paid": {},
    "declined": {"amount": "9000051"},
    "partial": {"amount": "9000010"},
    "unknown": {"amount": "9000068"},
    "invalid": {"currency": "yen"},
}
"""How a charge may end, by what is asked. A card with more than 16 digits is refused here in each of them."""


class Shop(NamedTuple):
    """An open one."""

    gateway: Sandbox
    client: PaymentOptions

    async def charge(self, number: Number, ending: str = "paid") -> Any:
        """Charge a card; gives what is returned or raised."""
        request = order(number, f"{MARK}-{ending}-{NAMES[number]}", **ENDINGS[ending])
        try:
            return await self.client.payments.purchase(request)
        except PaymentOptionsError as error:
            return error


class _Names(dict[Number, str]):
    """A reference must not tell a card, and has to be the same one for the same card."""

    def __missing__(self, number: Number) -> str:
        self[number] = name = f"{len(self):03}"
        return name


NAMES: Final = _Names()


@asynccontextmanager
async def opened(**given: Any) -> AsyncIterator[Shop]:
    """A shop whose client tells all that it has to tell."""
    settings = {"log_level": "debug", **given.pop("settings", {})}
    async with sandbox_client(echo_card="full", settings=settings, **given) as (gateway, client):
        yield Shop(gateway, client)


@contextmanager
def as_lines(*processors: Any, filters: tuple[logging.Filter, ...] = ()) -> Iterator[io.StringIO]:
    """All lines of structlog, through these processors, and all of the standard library's from DEBUG on."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(extra)s", defaults={"extra": ""}))
    for one in filters:
        handler.addFilter(one)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    structlog.configure(processors=[*processors], logger_factory=structlog.PrintLoggerFactory(written))
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        structlog.reset_defaults()
