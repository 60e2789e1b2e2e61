"""For Starlette, and what FastAPI has in common with it: a lifespan, and the client of a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.requests import HTTPConnection

from ..client import PaymentOptions
from . import asgi
from .asgi import webhooks
from .opening import KEY, Opens

__all__ = ["client_of", "lifespan", "webhooks"]


def lifespan(opens: Opens) -> Callable[[Any], AbstractAsyncContextManager[dict[str, PaymentOptions]]]:
    """The lifespan of an application that has one client as long as it lives.

    ::

        app = Starlette(lifespan=lifespan(open_client), routes=[..., Mount("/webhooks", webhooks())])

    Where the application has a lifespan of its own, that one enters this, and yields what it gives beside its own::

        async with lifespan(open_client)(app) as state:
            yield {**state, "database": database}

    Args:
        opens: Opens the client.
    """

    @asynccontextmanager
    async def live(_app: Any) -> AsyncIterator[dict[str, PaymentOptions]]:
        async with opens() as client:
            yield {KEY: client}

    return live


def client_of(request: HTTPConnection) -> PaymentOptions:
    """The application's client.

    Args:
        request: Or a websocket.

    Raises:
        ConfigurationError: It was not opened.
    """
    return asgi.client_of(request.scope)
