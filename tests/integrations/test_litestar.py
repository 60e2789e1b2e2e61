"""Litestar: the plugin's client, its injection, and its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar import Litestar, WebSocket, get, websocket
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.params import FromPath
from litestar.types import Scope

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations.litestar import Client, PaymentOptionsPlugin, client_of

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


@get("/pay/{ref:str}")
async def pay(paymentoptions: Client, ref: FromPath[str]) -> str:
    return type(await paymentoptions.payments.purchase(purchase(ref))).__name__


@get("/pay/{ref:str}", sync_to_thread=False)
def show(paymentoptions: Client, scope: Scope) -> str:
    assert client_of(scope) is paymentoptions
    return "the same"


@websocket("/")
async def show_in_websocket(socket: WebSocket[Any, Any, Any], paymentoptions: Client) -> None:
    await socket.accept()
    await socket.send_text(repr(paymentoptions))


class Nobody(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        raise NotAuthorizedException


async def test_one_client_lives_as_long_as_the_application(opener: Opener) -> None:
    async with serve_asgi(Litestar([pay], plugins=[PaymentOptionsPlugin(opener.opens)])) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_a_handler_and_its_scope_have_the_same(opener: Opener) -> None:
    async with serve_asgi(Litestar([show], plugins=[PaymentOptionsPlugin(opener.opens)])) as url:
        assert await text_of(f"{url}/pay/one") == "the same"


async def test_the_applications_own_lifespan_is_within_the_clients(opener: Opener) -> None:
    @asynccontextmanager
    async def own(_: Litestar) -> AsyncIterator[None]:
        opener.diary.append("application started")
        yield
        opener.diary.append("application ended")

    async with living(Litestar(lifespan=[own], plugins=[PaymentOptionsPlugin(opener.opens)])):
        pass
    assert opener.diary == ["client opened", "application started", "application ended", "client closed"]


async def test_webhooks_need_no_cookie_and_no_login(opener: Opener) -> None:
    plugin = PaymentOptionsPlugin(opener.opens, "/shop/webhooks")
    application = Litestar([pay], plugins=[plugin], middleware=[Nobody], csrf_config=CSRFConfig(secret="x" * 32))
    async with serve_asgi(application) as url:
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_webhooks_are_no_part_of_the_applications_schema(opener: Opener) -> None:
    application = Litestar([pay], plugins=[PaymentOptionsPlugin(opener.opens)])
    assert list(application.openapi_schema.to_schema()["paths"]) == ["/pay/{ref}"]


async def test_a_websocket_has_it_too(opener: Opener) -> None:
    application = Litestar([show_in_websocket], plugins=[PaymentOptionsPlugin(opener.opens)])
    async with living(application):
        assert await websocket_text(application, "/", {}) == repr(opener.client)


async def test_before_the_start_and_after_the_end_there_is_none(opener: Opener) -> None:
    application = Litestar(plugins=[PaymentOptionsPlugin(opener.opens)])
    scope: Any = {"litestar_app": application}
    with pytest.raises(ConfigurationError, match=r"no open client: .* lifespan"):
        client_of(scope)
    async with living(application):
        assert client_of(scope) is opener.client
    with pytest.raises(ConfigurationError, match="no open client"):
        client_of(scope)


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    application = Litestar(plugins=[PaymentOptionsPlugin(environment_without_key(monkeypatch))])
    async with living(application) as said:
        pass
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert_told_what_is_missing(said[0]["message"])


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    one, two = (Litestar([pay], plugins=[PaymentOptionsPlugin(opener.opens)]) for _ in range(2))
    async with serve_asgi(one) as first, serve_asgi(two) as second:
        assert await text_of(f"{first}/pay/one") == await text_of(f"{second}/pay/two") == "Payment"
        assert len(opener.opened) == 2
