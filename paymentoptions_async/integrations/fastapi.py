"""For FastAPI: Starlette's lifespan and webhooks, and a dependency."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends
from fastapi.requests import HTTPConnection

from ..client import PaymentOptions
from . import asgi
from .starlette import lifespan, webhooks

__all__ = ["Client", "client_of", "lifespan", "webhooks"]


async def client_of(connection: HTTPConnection) -> PaymentOptions:
    """The application's client, as a dependency; a test may name it in `dependency_overrides`.

    Args:
        connection: A request or a websocket.

    Raises:
        ConfigurationError: It was not opened.
    """
    return asgi.client_of(connection.scope)


Client: TypeAlias = Annotated[PaymentOptions, Depends(client_of)]
"""What a path operation declares to be given the application's client::

    @app.post("/orders")
    async def pay(client: Client) -> ...:
"""
