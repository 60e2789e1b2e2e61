"""The endpoint for ASGI: Starlette, FastAPI, Litestar, Quart, Django and others (ASGI 3, "HTTP & WebSocket")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from .answering import answer, patience
from .delivery import LONGEST

if TYPE_CHECKING:
    from .receiver import OnEvent, Webhooks

__all__ = ["Application", "Message", "Receive", "Send", "application"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def application(webhooks: Webhooks, on_event: OnEvent | None) -> Application:
    """See `Webhooks.asgi`."""

    async def endpoint(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # A lifespan belongs to the application that this is mounted in.
            raise ValueError("only HTTP is served here")
        if scope["method"] != "POST":
            await _answer(send, 405)
            return
        try:
            async with patience():
                body = await _read(receive)
        except TimeoutError:
            await _answer(send, 408)
            return
        if body is None:
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answering = answer(webhooks, on_event, path=scope["path"], body=body, headers=headers)
        del body  # it may hold the card number, and a traceback shows this frame
        await _answer(send, await answering)

    return endpoint


async def _read(receive: Receive) -> bytes | None:
    """The body, cut off where it is too large; `None` where the peer went away."""
    body, more = b"", True
    while more and len(body) <= LONGEST:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body[: LONGEST + 1]


async def _answer(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"allow", b"POST")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
