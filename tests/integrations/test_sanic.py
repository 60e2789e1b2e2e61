"""Sanic: a client in each worker, the webhooks' route, and the end of a worker."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from sanic import Request, Sanic
from sanic.response import HTTPResponse, text

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations.opening import Opens
from paymentoptions_async.integrations.sanic import client_of, setup

from ..helpers import request as purchase
from ..serving import serve_sanic
from ..webhooks.servers import serve_asgi
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    text_of,
)

pytestmark = pytest.mark.asyncio


async def pay(request: Request, ref: str) -> HTTPResponse:
    return text(type(await client_of(request).payments.purchase(purchase(ref))).__name__)


def paying(opens: Opens, webhooks: str = "/webhooks") -> Sanic[Any, Any]:
    application = Sanic(f"shop-{uuid4().hex}", configure_logging=False)
    setup(application, opens, webhooks)
    application.add_route(pay, "/pay/<ref:str>", error_format="text")
    return application


def asked(application: Sanic[Any, Any]) -> Any:
    """What `client_of` looks at."""
    return SimpleNamespace(app=application)


async def test_one_client_lives_as_long_as_the_worker(opener: Opener) -> None:
    async with serve_sanic(paying(opener.opens)) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_the_applications_own_listeners_are_within_the_clients_life(opener: Opener) -> None:
    application = paying(opener.opens)

    @application.before_server_start
    async def start(app: Sanic[Any, Any]) -> None:
        assert client_of(asked(app)) is opener.client
        opener.diary.append("application started")

    @application.after_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        opener.diary.append("application ended")

    async with serve_sanic(application):
        pass
    assert opener.diary == ["client opened", "application started", "application ended", "client closed"]


@pytest.mark.parametrize("serve", [serve_sanic, serve_asgi])
async def test_webhooks_are_taken_behind_a_prefix_and_under_another_server(serve: Any, opener: Opener) -> None:
    async with serve(paying(opener.opens, "/shop/webhooks")) as url:
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_a_connection_that_is_kept_alive_ends_with_the_answer_that_is_due_when_the_worker_ends(
    opener: Opener,
) -> None:
    application = paying(opener.opens)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> HTTPResponse:
        begun.set()
        await go_on.wait()
        return text("done")

    async def ends(_: Sanic[Any, Any]) -> None:
        go_on.set()

    application.add_route(slow, "/slow", error_format="text")
    application.register_listener(ends, "before_server_stop")
    async with aiohttp.ClientSession() as session:
        async with serve_sanic(application) as url:
            async with session.get(f"{url}/pay/one") as answer:
                assert answer.headers["Connection"] == "keep-alive"
            asking = asyncio.create_task(session.get(f"{url}/slow"))
            await begun.wait()
        async with await asking as answer:
            assert (await answer.text(), answer.headers["Connection"]) == ("done", "close")


async def test_before_the_start_and_after_the_end_there_is_none(opener: Opener) -> None:
    application = paying(opener.opens)
    with pytest.raises(ConfigurationError, match=r"no open client: .* server"):
        client_of(asked(application))
    async with serve_sanic(application):
        assert client_of(asked(application)) is opener.client
    with pytest.raises(ConfigurationError, match="no open client"):
        client_of(asked(application))


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with serve_sanic(paying(environment_without_key(monkeypatch))):
            pass
    assert_told_what_is_missing(str(caught.value))


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    async with serve_sanic(paying(opener.opens)) as first, serve_sanic(paying(opener.opens)) as second:
        assert await text_of(f"{first}/pay/one") == await text_of(f"{second}/pay/two") == "Payment"
        assert len(opener.opened) == 2
