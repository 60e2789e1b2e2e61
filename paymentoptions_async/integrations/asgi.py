"""For every ASGI application (ASGI 3, "Lifespan Protocol"): Starlette, FastAPI, Django and others build on this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client import PaymentOptions
from ..webhooks.for_asgi import Application, Message, Receive, Send
from ..webhooks.receiver import OnEvent
from .opening import KEY, Opens, not_open

__all__ = ["ClientMiddleware", "client_of", "webhooks"]


def client_of(scope: Mapping[str, Any]) -> PaymentOptions:
    """The application's client.

    Args:
        scope: Of the request.

    Raises:
        ConfigurationError: It was not opened.
    """
    client = scope.get("state", {}).get(KEY)
    if not isinstance(client, PaymentOptions):
        raise not_open("it is opened by the server's lifespan: is that switched off?")
    return client


def webhooks(on_event: OnEvent | None = None) -> Application:
    """The application that takes the gateway's webhooks, to be mounted where `webhooks.url` points to.

    Args:
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.
    """

    async def endpoint(scope: Message, receive: Receive, send: Send) -> None:
        await client_of(scope).webhooks.asgi(on_event)(scope, receive, send)

    return endpoint


class ClientMiddleware:
    """Opens a client round an application that has no integration of its own.

    Where the application has a lifespan, it lives within that of the client. One that has none, as Django's, is spared.

    Args:
        app: The application.
        opens: Opens the client.
    """

    def __init__(self, app: Application, opens: Opens) -> None:
        self._app, self._opens = app, opens
        self._client: PaymentOptions | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        state = {**scope.get("state", {}), KEY: self._client}
        await self._app({**scope, "state": state}, receive, send)

    async def _live(self, scope: Message, receive: Receive, send: Send) -> None:
        life = _Lifespan(receive, send)
        await receive()
        try:
            async with self._opens() as self._client:
                await life.share(self._app, scope)
        except Exception as fault:
            await life.fail(fault)
            raise
        finally:
            self._client = None
        await life.complete()


class _Lifespan:
    """The talk with the server ("Lifespan Protocol"), of which an application within has its part.

    Args:
        receive: From the server, which has asked for the start.
        send: To the server.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._is_shared = False
        self._step = "startup"  # then "life", then "shutdown"; "failed" once that was told

    async def share(self, app: Application, scope: Message) -> None:
        """Let the application live, until the server asks for the end."""
        try:
            await app(scope, self._receive_within, self._send_within)
        except Exception:
            if self._is_shared:
                raise
        # It knows no lifespan, or only how one begins.
        if self._step == "startup":
            await self._send_within({"type": "lifespan.startup.complete"})
        if self._step == "life":
            await self._receive_within()

    async def complete(self) -> None:
        """The end, also of the client."""
        if self._step == "shutdown":
            await self._send({"type": "lifespan.shutdown.complete"})

    async def fail(self, fault: Exception) -> None:
        """Tell that the start, or the end, has failed, unless the application has done so."""
        if self._step in ("startup", "shutdown"):
            await self._send({"type": f"lifespan.{self._step}.failed", "message": f"{type(fault).__name__}: {fault}"})

    async def _receive_within(self) -> Message:
        if self._step == "startup":
            self._is_shared = True
            return {"type": "lifespan.startup"}
        message = await self._receive()
        self._step = "shutdown"
        return message

    async def _send_within(self, message: Message) -> None:
        if message["type"] == "lifespan.shutdown.complete":
            return  # that is told when the client is closed as well
        self._step = "life" if message["type"] == "lifespan.startup.complete" else "failed"
        await self._send(message)
