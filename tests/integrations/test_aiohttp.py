"""aiohttp.web: the key, the cleanup context, and the webhooks' route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations.aiohttp import CLIENT, cleanup_context, webhooks

from ..helpers import request as purchase
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    text_of,
)

pytestmark = pytest.mark.asyncio


async def pay(request: web.Request) -> web.Response:
    payment = await request.config_dict[CLIENT].payments.purchase(purchase(request.match_info["ref"]))
    return web.Response(text=type(payment).__name__)


def application(opener: Opener) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/pay/{ref}", pay)])
    app.cleanup_ctx.append(cleanup_context(opener.opens))
    return app


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_one_client_lives_as_long_as_the_application(opener: Opener) -> None:
    app = application(opener)
    async with serve(app) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
        assert app[CLIENT] is opener.client
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_what_was_started_later_ends_before_the_client_does(opener: Opener) -> None:
    async def worker(app: web.Application) -> AsyncIterator[None]:
        opener.diary.append(f"worker started with {app[CLIENT]!r}")
        yield
        opener.diary.append("worker ended")

    app = application(opener)
    app.cleanup_ctx.append(worker)
    async with serve(app):
        pass
    assert opener.diary == [
        "client opened", f"worker started with {opener.client!r}", "worker ended", "client closed",
    ]  # fmt: skip


async def test_an_application_inside_it_has_the_same_client_and_its_webhooks(opener: Opener) -> None:
    app, shop = application(opener), web.Application()
    shop.add_routes([web.get("/pay/{ref}", pay), webhooks()])
    app.add_subapp("/shop", shop)
    async with serve(app) as url:
        assert await text_of(f"{url}/shop/pay/one") == "Payment"
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_the_webhooks_are_where_the_application_wants_them(opener: Opener) -> None:
    app = application(opener)
    app.add_routes([webhooks("/hooks/payments")])
    async with serve(app) as url:
        await assert_webhooks_are_taken(opener, f"{url}/hooks/payments")


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = web.Application()
    app.cleanup_ctx.append(cleanup_context(environment_without_key(monkeypatch)))
    with pytest.raises(ConfigurationError) as caught:
        async with serve(app):
            pass
    assert_told_what_is_missing(str(caught.value))


async def test_two_applications_of_a_process_have_a_client_each(opener: Opener) -> None:
    one, two = application(opener), application(opener)
    async with serve(one) as first, serve(two) as second:
        assert await text_of(f"{first}/pay/one") == await text_of(f"{second}/pay/two") == "Payment"
        assert one[CLIENT] is not two[CLIENT]
