"""Real servers in the loop of a test, beside uvicorn."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from hypercorn.asyncio import serve
from hypercorn.config import Config
from sanic import Sanic

__all__ = ["serve_hypercorn", "serve_sanic"]


@asynccontextmanager
async def serve_hypercorn(application: Any, path: str = "") -> AsyncIterator[str]:
    """An ASGI application on Hypercorn; gives the address of the path."""
    ending = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        own = os.dup(listening.fileno())  # it closes what it listens to
        config = Config.from_mapping(bind=[f"fd://{own}"], graceful_timeout=1, errorlog=None)
        serving = asyncio.create_task(serve(application, config, shutdown_trigger=ending.wait))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        try:
            async with aiohttp.ClientSession() as session, session.get(url):
                pass  # it is answered when the application has started
            yield url
        finally:
            ending.set()
            await serving


@asynccontextmanager
async def serve_sanic(application: Sanic[Any, Any], path: str = "") -> AsyncIterator[str]:
    """An application on Sanic's own server; gives the address of the path."""
    application.config.TOUCHUP = False  # which rewrites the server's code, and can do so once in a process
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server: Any = await application.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.before_start()
        await server.after_start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        finally:
            await _end(server)
            Sanic.unregister_app(application)


async def _end(server: Any) -> None:
    """As Sanic's own worker does it, with less patience."""
    await server.before_stop()
    await server.close()
    for connection in list(server.connections):
        connection.close_if_idle()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while server.connections:
                await asyncio.sleep(0.01)
    for connection in list(server.connections):
        connection.abort()
    await server.after_stop()
