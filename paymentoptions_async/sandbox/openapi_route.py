"""`GET /openapi.json`, which asks for no credentials."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from .line import Line

if TYPE_CHECKING:
    from .gateway import Gateway

__all__ = ["openapi_route"]


def openapi_route(gateway: Gateway) -> web.RouteDef:
    """The route.

    Args:
        gateway: Its address stands in the document, which is made when it is first asked for.
    """

    @cache
    def written() -> bytes:
        from .openapi import document

        return orjson.dumps(document(gateway.base_url()))

    async def serve(request: web.Request) -> web.Response:
        line = request.transport
        try:
            return web.Response(body=await asyncio.to_thread(written), content_type="application/json")
        finally:
            if isinstance(line, Line):
                line.answer()  # the next request on this connection is one of its own

    return web.get("/openapi.json", serve)
