"""The endpoint of a client, on the servers that applications have."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Mount

from paymentoptions_async import PaymentOptions
from paymentoptions_async.webhooks.receiver import OnEvent

__all__ = ["SERVERS", "Serve"]

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
async def _uvicorn(application: Any, path: str) -> AsyncIterator[str]:
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
    return _uvicorn(client.webhooks.asgi(on_event), "/any/where")


def asgi_mounted(client: PaymentOptions, on_event: OnEvent | None) -> AbstractAsyncContextManager[str]:
    application = Starlette(routes=[Mount("/shop", routes=[Mount("/webhooks", app=client.webhooks.asgi(on_event))])])
    return _uvicorn(application, "/shop/webhooks")


SERVERS: Final[dict[str, Serve]] = {"aiohttp": aiohttp_web, "asgi alone": asgi_alone, "asgi mounted": asgi_mounted}
