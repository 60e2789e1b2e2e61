"""The endpoint of a client, on the servers that applications have."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final
from uuid import uuid4

import uvicorn
from aiohttp import web
from litestar import Litestar
from quart import Quart
from sanic import Sanic
from starlette.applications import Starlette
from starlette.routing import Mount

from paymentoptions_async import PaymentOptions
from paymentoptions_async.integrations import litestar, quart, sanic
from paymentoptions_async.webhooks.receiver import OnEvent

from ..serving import serve_hypercorn, serve_sanic

__all__ = ["SERVERS", "Serve", "serve_asgi"]

Serve = Callable[[PaymentOptions, OnEvent | None], AbstractAsyncContextManager[str]]
"""Serves the webhooks of a client, and gives the address that is to be told to `webhooks.url`."""


@asynccontextmanager
async def aiohttp_web(client: PaymentOptions, on_event: OnEvent | None) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/webhooks/{token}", client.webhooks.handler(on_event))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    finally:
        await runner.cleanup()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are the test run's."""
        yield


@asynccontextmanager
async def serve_asgi(application: Any, path: str = "") -> AsyncIterator[str]:
    """An ASGI application on uvicorn; gives the address of the path."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(application, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started:
                await asyncio.sleep(0.001)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        finally:
            server.should_exit = True
            await serving


def asgi_alone(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    return serve_asgi(client.webhooks.asgi(on_event), "/any/where")


def asgi_mounted(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    application = Starlette(routes=[Mount("/shop", routes=[Mount("/webhooks", app=client.webhooks.asgi(on_event))])])
    return serve_asgi(application, "/shop/webhooks")


def litestar_with_the_plugin(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    async def log(fault: Exception, _: Any) -> None:
        logging.getLogger(__name__).error("at fault", exc_info=fault)  # Litestar itself logs none

    plugin = litestar.PaymentOptionsPlugin(lambda: nullcontext(client), "/shop/webhooks", on_event)
    application = Litestar(plugins=[plugin], after_exception=[log], logging_config=None)
    return serve_asgi(application, "/shop/webhooks")


def quart_set_up(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    application = Quart(__name__)
    quart.setup(application, lambda: nullcontext(client), on_event=on_event)
    return serve_hypercorn(application, "/webhooks")


def sanic_set_up(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    application = Sanic(f"shop-{uuid4().hex}", configure_logging=False)
    sanic.setup(application, lambda: nullcontext(client), on_event=on_event)
    return serve_sanic(application, "/webhooks")


SERVERS: Final[dict[str, Serve]] = {
    "aiohttp": aiohttp_web,
    "asgi alone": asgi_alone,
    "asgi mounted": asgi_mounted,
    "litestar": litestar_with_the_plugin,
    "quart": quart_set_up,
    "sanic": sanic_set_up,
}
