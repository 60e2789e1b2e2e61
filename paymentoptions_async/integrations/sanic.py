"""For Sanic: a client in each worker, and the webhooks' route."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import AsyncExitStack
from typing import Any, cast

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse, HTTPResponse, empty

from ..client import PaymentOptions
from ..webhooks.answering import answer, patience
from ..webhooks.delivery import LONGEST
from ..webhooks.receiver import OnEvent
from .opening import KEY, Opens, not_open, path_of

__all__ = ["client_of", "setup"]


def setup(app: Sanic[Any, Any], opens: Opens, webhooks: str = "/webhooks", on_event: OnEvent | None = None) -> None:
    """One client in each worker as long as it lives, and the route that takes the gateway's webhooks.

    Args:
        app: The application.
        opens: Opens the client. Called in the worker: a client does not survive a fork.
        webhooks: The path that `webhooks.url` points to.
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.

    Raises:
        ConfigurationError: The path does not begin with a slash.
    """
    _live(app, opens)
    _end_connections(app)

    async def deliver(request: Request, token: str) -> HTTPResponse:
        try:
            async with patience():
                # One byte too many tells that it is too large, whatever its head says.
                body = await _read(request, LONGEST + 1)
        except TimeoutError:
            return empty(408)
        receiver = client_of(request).webhooks
        answering = answer(receiver, on_event, path=token, body=body, headers=dict(request.headers))
        del body  # it may hold the card number, and a traceback shows this frame
        return empty(await answering)

    path, name = f"{path_of(webhooks)}/<token:str>", f"{KEY}_webhooks"
    # As text, since the page that it shows while debugging has the locals of all frames.
    app.add_route(deliver, path, methods=["POST"], name=name, stream=True, error_format="text")


def _live(app: Sanic[Any, Any], opens: Opens) -> None:
    opened = AsyncExitStack()

    @app.before_server_start
    async def _open(app: Sanic[Any, Any]) -> None:
        setattr(app.ctx, KEY, await opened.enter_async_context(opens()))

    @app.after_server_stop
    async def _close(app: Sanic[Any, Any]) -> None:
        setattr(app.ctx, KEY, None)
        await opened.aclose()


def _end_connections(app: Sanic[Any, Any]) -> None:
    """Have each connection answered once more at the most when the worker ends.

    Sanic goes on to serve those that are kept alive until its grace is over, and cuts them off then: in the midst of a
    charge.
    """

    @app.before_server_stop
    async def _keep_none(app: Sanic[Any, Any]) -> None:
        app.config.KEEP_ALIVE = False

    async def end(request: Request, _: BaseHTTPResponse) -> None:
        if not request.app.config.KEEP_ALIVE:
            stream: Any = request.stream
            stream.keep_alive = False

    app.register_middleware(end, "response")


def client_of(request: Request) -> PaymentOptions:
    """The client of the worker.

    Args:
        request: That it serves.

    Raises:
        ConfigurationError: It was not opened.
    """
    client = getattr(request.app.ctx, KEY, None)
    if not isinstance(client, PaymentOptions):
        raise not_open("it is opened by `setup`, before the server starts")
    return client


async def _read(request: Request, most: int) -> bytes:
    body, stream = b"", cast(AsyncIterable[bytes], request.stream)  # which Sanic types by its base
    async for piece in stream:
        body += piece
        if len(body) >= most:
            break
    return body[:most]
