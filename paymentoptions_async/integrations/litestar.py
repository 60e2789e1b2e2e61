"""For Litestar: a plugin that brings the client, its injection, and the webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from litestar import Litestar, asgi
from litestar.config.app import AppConfig
from litestar.di import NamedDependency, Provide
from litestar.handlers import ASGIRouteHandler
from litestar.plugins import InitPlugin
from litestar.types import Receive, Scope, Send

from ..client import PaymentOptions
from ..webhooks.receiver import OnEvent
from .opening import KEY, Opens, not_open, path_of

__all__ = ["Client", "PaymentOptionsPlugin", "client_of"]

Client: TypeAlias = NamedDependency[PaymentOptions]
"""What a handler declares under the name `paymentoptions` to be given the application's client::

    @post("/orders")
    async def pay(paymentoptions: Client) -> ...:
"""


def client_of(scope: Scope) -> PaymentOptions:
    """The application's client, for guards and middleware; a handler is given it.

    Args:
        scope: Of the connection.

    Raises:
        ConfigurationError: It was not opened.
    """
    client = Litestar.from_scope(scope).state.get(KEY)
    if not isinstance(client, PaymentOptions):
        raise not_open("it is opened by the server's lifespan: is that switched off?")
    return client


class PaymentOptionsPlugin(InitPlugin):
    """One client as long as the application lives: `Litestar(plugins=[PaymentOptionsPlugin(open_client)])`.

    Args:
        opens: Opens the client.
        webhooks: The path that `webhooks.url` points to.
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.

    Raises:
        ConfigurationError: The path does not begin with a slash.
    """

    def __init__(self, opens: Opens, webhooks: str = "/webhooks", on_event: OnEvent | None = None) -> None:
        self._opens, self._webhooks, self._on_event = opens, path_of(webhooks), on_event

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """See Litestar."""
        # Entered first and left last: the application's own may use the client.
        app_config.lifespan.insert(0, self._live)
        app_config.dependencies[KEY] = Provide(client_of, sync_to_thread=False)
        app_config.route_handlers.append(_endpoint(self._webhooks, self._on_event))
        return app_config

    @asynccontextmanager
    async def _live(self, app: Litestar) -> AsyncIterator[None]:
        async with self._opens() as client:
            app.state[KEY] = client
            try:
                yield
            finally:
                del app.state[KEY]


def _endpoint(path: str, on_event: OnEvent | None) -> ASGIRouteHandler:
    # The gateway has no session and no cookie: the token in the address is what it is known by.
    @asgi(path, is_mount=True, copy_scope=True, exclude_from_auth=True, exclude_from_csrf=True)
    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope)
        # Litestar puts a slash behind a mounted path.
        told: Any = {**scope, "path": scope["path"].rstrip("/")}
        await client.webhooks.asgi(on_event)(told, receive, send)

    return endpoint
