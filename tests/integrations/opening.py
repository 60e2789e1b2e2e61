"""What the tests of the integrations have in common: ways to open a client, and what they hold it against."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import attrs
import pytest

from paymentoptions_async import ConfigurationError, PaymentOptions, State
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.webhooks.delivery import LONGEST

from ..helpers import FAST, request
from ..shop import WEBHOOK_SECRET
from ..webhooks.cases import known, lose, payload

__all__ = [
    "SECRET",
    "Opener",
    "assert_closed",
    "assert_told_what_is_missing",
    "assert_webhooks_are_taken",
    "environment_without_key",
    "living",
    "text_of",
    "websocket_text",
]

SECRET: Final = "an x-api-key that nobody may read"
MISSING: Final = "not set in the environment: PAYMENTOPTIONS_API_KEY, PAYMENTOPTIONS_MERCHANT_ID"


@attrs.define
class Opener:
    """Opens clients of a sandbox.

    Attributes:
        gateway: The sandbox.
        diary: What happened, in its order.
        opened: The clients.
    """

    gateway: Sandbox
    diary: list[str] = attrs.field(factory=list)
    opened: list[PaymentOptions] = attrs.field(factory=list)

    @asynccontextmanager
    async def opens(self) -> AsyncIterator[PaymentOptions]:
        """What an integration is given."""
        settings = self.gateway.settings(timeouts=FAST, webhook_secret=WEBHOOK_SECRET)
        async with PaymentOptions(settings) as client:
            self.diary.append("client opened")
            self.opened.append(client)
            try:
                yield client
            finally:
                self.diary.append("client closed")

    @property
    def client(self) -> PaymentOptions:
        """The only one."""
        (client,) = self.opened
        return client


def environment_without_key(monkeypatch: pytest.MonkeyPatch) -> Callable[[], PaymentOptions]:
    """Opens a client by an environment that is not complete."""
    for name in ("API_KEY", "MERCHANT_ID"):
        monkeypatch.delenv(f"PAYMENTOPTIONS_{name}", raising=False)
    monkeypatch.setenv("PAYMENTOPTIONS_X_API_KEY", SECRET)
    return PaymentOptions.from_env


def assert_told_what_is_missing(told: str) -> None:
    """It names the settings, and shows no secret."""
    assert MISSING in told
    assert SECRET not in told


async def assert_closed(client: PaymentOptions) -> None:
    """It takes no charge any more."""
    with pytest.raises(ConfigurationError, match="closed"):
        await client.payments.purchase(request("late"))


async def assert_webhooks_are_taken(opener: Opener, base: str) -> None:
    """A delivery to the endpoint settles a charge whose answer was lost. What is forged, or no delivery, is refused."""
    opener.gateway.script.lose_answer()
    await lose(opener.client, request("ref"))
    url = opener.client.webhooks.url(base, "ref")
    body = payload(opener.gateway.transactions("ref")[0].id)
    async with aiohttp.ClientSession() as session:
        for address, sent, status in ((f"{base}/{'x' * 24}", body, 403), (url, b" " * (LONGEST + 1), 413)):
            async with session.post(address, data=sent) as answer:
                assert answer.status == status
        async with session.get(url) as answer:
            assert answer.status == 405
        assert (await known(opener.client)).outcome.state is State.UNKNOWN
        async with session.post(url, data=body) as answer:
            assert answer.status == 200
    assert (await known(opener.client)).outcome.state is State.PAID


async def text_of(url: str) -> str:
    """What is answered there."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


@asynccontextmanager
async def living(application: Any, state: dict[str, Any] | None = None) -> AsyncIterator[list[dict[str, Any]]]:
    """Talk to an application about its lifespan as a server does; gives what it says.

    What it raises after a failure that it has told goes no further, as with every server.
    """
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)
        told.put_nowait(message)

    scope = {"type": "lifespan", "state": {} if state is None else state}
    life = asyncio.create_task(application(scope, asked.get, send))
    async with asyncio.timeout(5):
        asked.put_nowait({"type": "lifespan.startup"})
        await told.get()
        yield said
        asked.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait([life])
    assert life.exception() is None or said[-1]["type"].endswith(".failed")


async def websocket_text(application: Any, path: str, state: dict[str, Any]) -> str:
    """What an application says first to a websocket, by the words of ASGI: no server of the tests speaks it."""
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: list[dict[str, Any]] = [{"type": "websocket.disconnect", "code": 1000}, {"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        return heard.pop()

    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": [], "subprotocols": [], "state": state}
    await application(scope, receive, said.put)
    assert (await said.get())["type"] == "websocket.accept"
    text: str = (await said.get())["text"]
    return text
