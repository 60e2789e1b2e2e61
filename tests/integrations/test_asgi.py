"""The client round any ASGI application: its lifespan, its state, its failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from paymentoptions_async import ConfigurationError, PaymentOptions
from paymentoptions_async.integrations.asgi import ClientMiddleware, client_of, webhooks
from paymentoptions_async.webhooks.for_asgi import Message, Receive, Send

from ..helpers import request
from ..webhooks.servers import serve_asgi
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    living,
)

pytestmark = pytest.mark.asyncio

STARTED = {"type": "lifespan.startup.complete"}
ENDED = {"type": "lifespan.shutdown.complete"}


class Inner:
    """An application that knows no lifespan.

    Attributes:
        scopes: Of what it was asked.
    """

    def __init__(self) -> None:
        self.scopes: list[Message] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise ValueError("only HTTP is served here")
        self.scopes.append(scope)


async def returns_at_once(scope: Message, receive: Receive, send: Send) -> None:
    """Another way to know no lifespan."""


async def begins(scope: Message, receive: Receive, send: Send) -> None:
    """Knows how a lifespan begins."""
    await receive()
    await send(STARTED)


async def nothing() -> NoReturn:
    raise AssertionError("nothing is received")


async def nobody(message: Message) -> NoReturn:
    raise AssertionError("nothing is sent")


def with_lifespan(diary: list[str], *, broken: str = "") -> Starlette:
    """An application that has one of its own."""

    @asynccontextmanager
    async def own(_: Any) -> AsyncIterator[dict[str, str]]:
        if broken == "start":
            raise RuntimeError("no database")
        diary.append("application started")
        yield {"database": "open"}
        if broken == "end":
            raise RuntimeError("the database does not close")
        diary.append("application ended")

    return Starlette(lifespan=own)


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_connection_finds_the_client_beside_what_is_its_own(kind: str, opener: Opener) -> None:
    inner = Inner()
    application = ClientMiddleware(inner, opener.opens)
    async with living(application):
        scope = {"type": kind, "state": {"database": "open"}}
        await application(scope, nothing, nobody)
        client = client_of(inner.scopes[0])
        assert inner.scopes[0]["state"]["database"] == "open"
        assert scope["state"] == {"database": "open"}
        await client.payments.purchase(request("ref"))
    await assert_closed(client)


@pytest.mark.parametrize("application", [Inner(), returns_at_once, begins], ids=["raises", "returns", "begins only"])
async def test_an_application_that_knows_no_lifespan_is_spared(application: Any, opener: Opener) -> None:
    async with living(ClientMiddleware(application, opener.opens)) as said:
        assert opener.diary == ["client opened"]
    assert said == [STARTED, ENDED]
    assert opener.diary == ["client opened", "client closed"]


async def test_the_applications_own_life_is_within_the_clients(opener: Opener) -> None:
    state = {"server's": "own"}
    async with living(ClientMiddleware(with_lifespan(opener.diary), opener.opens), state) as said:
        assert state == {"server's": "own", "database": "open"}
    assert said == [STARTED, ENDED]
    assert opener.diary == ["client opened", "application started", "application ended", "client closed"]


@pytest.mark.parametrize(("broken", "step"), [("start", "startup"), ("end", "shutdown")])
async def test_where_the_application_fails_it_is_told_once_and_the_client_is_closed(
    broken: str, step: str, opener: Opener
) -> None:
    application = with_lifespan(opener.diary, broken=broken)
    async with living(ClientMiddleware(application, opener.opens)) as said:
        pass
    (failure,) = [message for message in said if message != STARTED]
    assert failure["type"] == f"lifespan.{step}.failed"
    assert "database" in failure["message"]
    assert opener.diary[-1] == "client closed"


async def test_an_application_that_crashes_in_mid_life_takes_the_client_with_it(opener: Opener) -> None:
    async def crashes(scope: Message, receive: Receive, send: Send) -> None:
        await begins(scope, receive, send)
        raise RuntimeError("its task has died")

    said = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    with pytest.raises(RuntimeError, match="has died"):
        await ClientMiddleware(crashes, opener.opens)({"type": "lifespan"}, receive, send)
    assert said == [STARTED]
    assert opener.diary == ["client opened", "client closed"]


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with living(ClientMiddleware(Inner(), environment_without_key(monkeypatch))) as said:
        pass
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert_told_what_is_missing(said[0]["message"])


async def test_a_client_that_cannot_be_closed_is_told_at_the_end(opener: Opener) -> None:
    @asynccontextmanager
    async def opens() -> AsyncIterator[PaymentOptions]:
        async with opener.opens() as client:
            yield client
        raise OSError("the ledger's disk is gone")

    async with living(ClientMiddleware(Inner(), opens)) as said:
        pass
    assert said == [STARTED, {"type": "lifespan.shutdown.failed", "message": "OSError: the ledger's disk is gone"}]


@pytest.mark.parametrize("scope", [{"type": "http"}, {"type": "http", "state": {}}], ids=["no state", "empty state"])
async def test_without_a_lifespan_the_client_is_said_to_be_missing(scope: Message) -> None:
    with pytest.raises(ConfigurationError, match=r"no open client: .* lifespan"):
        client_of(scope)


async def test_after_the_end_there_is_no_client(opener: Opener) -> None:
    inner = Inner()
    application = ClientMiddleware(inner, opener.opens)
    async with living(application):
        pass
    await application({"type": "http"}, nothing, nobody)
    with pytest.raises(ConfigurationError, match="no open client"):
        client_of(inner.scopes[0])


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    inner, other = Inner(), Inner()
    one, two = ClientMiddleware(inner, opener.opens), ClientMiddleware(other, opener.opens)
    async with living(one), living(two):
        await one({"type": "http"}, nothing, nobody)
        await two({"type": "http"}, nothing, nobody)
        assert [client_of(inner.scopes[0]), client_of(other.scopes[0])] == opener.opened
        assert opener.opened[0] is not opener.opened[1]


async def test_webhooks_are_taken_behind_a_prefix(opener: Opener) -> None:
    inner = Starlette(routes=[Mount("/shop", routes=[Mount("/webhooks", webhooks())])])
    async with serve_asgi(ClientMiddleware(inner, opener.opens), "/shop/webhooks") as base:
        await assert_webhooks_are_taken(opener, base)
