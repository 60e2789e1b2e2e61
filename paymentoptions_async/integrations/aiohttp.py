"""For aiohttp.web: an application key, a cleanup context, and the webhooks' route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from ..client import PaymentOptions
from ..webhooks.receiver import OnEvent
from .opening import KEY, Opens, path_of

__all__ = ["CLIENT", "cleanup_context", "webhooks"]

CLIENT: Final = web.AppKey(KEY, PaymentOptions)
"""`request.app[CLIENT]` (in an application inside another one, `request.config_dict[CLIENT]`) is the client."""


def cleanup_context(opens: Opens) -> Callable[[web.Application], AsyncIterator[None]]:
    """One client as long as the application lives: `app.cleanup_ctx.append(cleanup_context(open_client))`.

    Args:
        opens: Opens the client.
    """

    async def live(app: web.Application) -> AsyncIterator[None]:
        async with opens() as client:
            app[CLIENT] = client
            yield

    return live


def webhooks(path: str = "/webhooks", on_event: OnEvent | None = None) -> web.RouteDef:
    """The route that takes the gateway's webhooks: `app.add_routes([webhooks()])`.

    Args:
        path: Where `webhooks.url` points to.
        on_event: Is awaited before a delivery is answered. What it raises makes the gateway deliver again.

    Raises:
        ConfigurationError: The path does not begin with a slash.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        return await request.config_dict[CLIENT].webhooks.handler(on_event)(request)

    return web.post(f"{path_of(path)}/{{token}}", handle)
