"""Starlette: the lifespan, the client of a request, and the webhooks' mount."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations.opening import KEY
from paymentoptions_async.integrations.starlette import client_of, lifespan, webhooks

from ..helpers import request as purchase
from ..webhooks.servers import serve_asgi
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    living,
    text_of,
    websocket_text,
)

pytestmark = pytest.mark.asyncio


async def pay(request: Request) -> PlainTextResponse:
    payment = await client_of(request).payments.purchase(purchase(request.path_params["ref"]))
    return PlainTextResponse(type(payment).__name__)


async def show(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(repr(client_of(websocket)))


PAY = Route("/pay/{ref}", pay)


async def test_one_client_lives_as_long_as_the_application(opener: Opener) -> None:
    async with serve_asgi(Starlette(lifespan=lifespan(opener.opens), routes=[PAY])) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_it_lives_within_a_lifespan_of_the_applications_own(opener: Opener) -> None:
    @asynccontextmanager
    async def own(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with lifespan(opener.opens)(app) as state:
            yield {**state, "database": "open"}

    async def both(request: Request) -> PlainTextResponse:
        assert client_of(request) is opener.client
        return PlainTextResponse(request.state.database)

    async with serve_asgi(Starlette(lifespan=own, routes=[Route("/", both)])) as url:
        assert await text_of(url) == "open"
    assert opener.diary == ["client opened", "client closed"]


async def test_an_application_mounted_in_it_has_the_same_client_and_its_webhooks(opener: Opener) -> None:
    shop = Starlette(routes=[PAY, Mount("/webhooks", webhooks())])
    async with serve_asgi(Starlette(lifespan=lifespan(opener.opens), routes=[Mount("/shop", shop)])) as url:
        assert await text_of(f"{url}/shop/pay/one") == "Payment"
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_a_websocket_has_it_too(opener: Opener) -> None:
    application = Starlette(lifespan=lifespan(opener.opens), routes=[WebSocketRoute("/", show)])
    state: dict[str, Any] = {}
    async with living(application, state):
        assert await websocket_text(application, "/", state) == repr(state[KEY])


async def test_where_it_was_not_opened_the_handler_is_told_so() -> None:
    with pytest.raises(ConfigurationError, match=r"no open client: .* lifespan"):
        client_of(Request({"type": "http", "state": {}}))


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with living(Starlette(lifespan=lifespan(environment_without_key(monkeypatch)))) as said:
        pass
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert_told_what_is_missing(said[0]["message"])


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    one, two = (Starlette(lifespan=lifespan(opener.opens), routes=[PAY]) for _ in range(2))
    async with serve_asgi(one) as first, serve_asgi(two) as second:
        assert await text_of(f"{first}/pay/one") == await text_of(f"{second}/pay/two") == "Payment"
        assert len(opener.opened) == 2
