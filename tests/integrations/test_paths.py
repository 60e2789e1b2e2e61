"""Where the webhooks are: what an application may write, in all integrations that take a path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import pytest
from aiohttp import web
from django.core.asgi import get_asgi_application
from litestar import Litestar
from quart import Quart
from sanic import Sanic

from paymentoptions_async import ConfigurationError
from paymentoptions_async.integrations import aiohttp, django, litestar, quart, sanic

from ..serving import serve_hypercorn, serve_sanic
from ..webhooks.servers import serve_asgi
from . import django_project
from .opening import Opener, assert_webhooks_are_taken

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def on_aiohttp(opener: Opener, path: str) -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes([aiohttp.webhooks(path)])
    application.cleanup_ctx.append(aiohttp.cleanup_context(opener.opens))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def on_django(opener: Opener, path: str) -> AbstractAsyncContextManager[str]:
    return serve_asgi(django.with_client(get_asgi_application(), webhooks_path=path))


def on_litestar(opener: Opener, path: str) -> AbstractAsyncContextManager[str]:
    return serve_asgi(Litestar(plugins=[litestar.PaymentOptionsPlugin(opener.opens, path)], logging_config=None))


def on_quart(opener: Opener, path: str) -> AbstractAsyncContextManager[str]:
    application = Quart(__name__)
    quart.setup(application, opener.opens, path)
    return serve_hypercorn(application)


def on_sanic(opener: Opener, path: str) -> AbstractAsyncContextManager[str]:
    application: Sanic[Any, Any] = Sanic(f"shop-{uuid4().hex}", configure_logging=False)
    sanic.setup(application, opener.opens, path)
    return serve_sanic(application)


INTEGRATIONS: Final[dict[str, Callable[[Opener, str], AbstractAsyncContextManager[str]]]] = {
    "aiohttp": on_aiohttp,
    "django": on_django,
    "litestar": on_litestar,
    "quart": on_quart,
    "sanic": on_sanic,
}


@pytest.fixture(params=INTEGRATIONS)
def served(
    request: pytest.FixtureRequest, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], AbstractAsyncContextManager[str]]:
    """An application of each, by the path of its webhooks."""
    monkeypatch.setattr(django_project, "opens", opener.opens)
    return lambda path: INTEGRATIONS[request.param](opener, path)


async def test_a_slash_at_the_end_makes_no_difference(served: Any, opener: Opener) -> None:
    async with served("/shop/webhooks/") as url:
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")


async def test_a_path_that_begins_without_a_slash_ends_the_start(served: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"begin with a slash: 'webhooks'"):
        async with served("webhooks"):
            pass
