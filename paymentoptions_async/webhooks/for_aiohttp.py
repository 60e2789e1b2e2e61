"""The endpoint for aiohttp.web."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .answering import answer, patience
from .delivery import LONGEST

if TYPE_CHECKING:
    from .receiver import OnEvent, Webhooks

__all__ = ["handler"]


def handler(webhooks: Webhooks, on_event: OnEvent | None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """See `Webhooks.handler`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            async with patience():
                # One byte too many tells that it is too large, whatever its head says.
                body = await _read(request, LONGEST + 1)
        except TimeoutError:
            return web.Response(status=408)
        except (ConnectionError, web.RequestPayloadError):
            # The peer went away, or its bytes are not encoded as it says. That is no fault of the application's.
            return web.Response(status=400)
        answering = answer(webhooks, on_event, path=request.path, body=body, headers=dict(request.headers))
        del body  # it may hold the card number, and a traceback shows this frame
        return web.Response(status=await answering)

    return handle


async def _read(request: web.Request, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := await request.content.read(most - len(body))):
        body += piece
    return body
