"""For Quart: the client among the application's extensions, and the webhooks' route."""

from __future__ import annotations

from contextlib import AsyncExitStack

from quart import Quart, Response, current_app, request

from ..client import PaymentOptions
from ..webhooks.answering import answer, patience
from ..webhooks.delivery import LONGEST
from ..webhooks.receiver import OnEvent
from .opening import KEY, Opens, not_open, path_of

__all__ = ["current_client", "setup"]


def setup(app: Quart, opens: Opens, webhooks: str = "/webhooks", on_event: OnEvent | None = None) -> None:
    """One client as long as the application serves, and the route that takes the gateway's webhooks.

    Args:
        app: The application.
        opens: Opens the client.
        webhooks: The path that `webhooks.url` points to.
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.

    Raises:
        ConfigurationError: The path does not begin with a slash.
    """
    opened = AsyncExitStack()

    # Not `while_serving`: that serves once, and the tests of an application start it again and again.
    @app.before_serving
    async def _open() -> None:
        app.extensions[KEY] = await opened.enter_async_context(opens())

    @app.after_serving
    async def _close() -> None:
        app.extensions.pop(KEY, None)
        await opened.aclose()

    async def deliver(token: str) -> Response:
        try:
            async with patience():
                body = await _read(LONGEST + 1)  # one byte too many tells that it is too large, whatever its head says
        except TimeoutError:
            return Response(status=408)
        answering = answer(current_client().webhooks, on_event, path=token, body=body, headers=dict(request.headers))
        del body  # it may hold the card number, and a traceback shows this frame
        return Response(status=await answering)

    path, name = f"{path_of(webhooks)}/<token>", f"{KEY}_webhooks"
    app.add_url_rule(path, name, deliver, methods=["POST"], provide_automatic_options=False)


def current_client() -> PaymentOptions:
    """The client of `current_app`.

    Raises:
        ConfigurationError: It was not opened.
    """
    client = current_app.extensions.get(KEY)
    if not isinstance(client, PaymentOptions):
        raise not_open("it is opened by `setup`, when the server starts to serve")
    return client


async def _read(most: int) -> bytes:
    body = b""
    async for piece in request.body:
        body += piece
        if len(body) >= most:
            break
    return body[:most]
