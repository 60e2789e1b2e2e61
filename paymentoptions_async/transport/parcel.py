"""The evidence of sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import BytesPayload
from aiohttp.abc import AbstractStreamWriter

from ..models.wire import Body

__all__ = ["Parcel"]


class Parcel(BytesPayload):
    """A request body that notes when it is first written, and is written once only.

    aiohttp keeps the head of a request back until the body is written, and hands both to the socket together
    (`StreamWriter.write_headers`, since 3.12). So as long as no parcel has been written to an open transport, no byte
    of the request has left, whatever the exception is called.

    A second writing is refused: whoever asks for it (a redirect, a middleware, a retry inside aiohttp) would charge
    the card again. So is a first one that comes too late.

    Args:
        body: What is sent.
        is_late: Whether it may not leave any more.
    """

    def __init__(self, body: Body, is_late: Callable[[], bool] = lambda: False) -> None:
        super().__init__(body.content, content_type="application/json")
        self.sent = False
        self._is_late = is_late

    def __repr__(self) -> str:
        return f"<parcel of {self.size} bytes, {'sent' if self.sent else 'not sent'}>"

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body. Called by aiohttp."""
        if self.sent:
            raise RuntimeError("a charge is sent once only")
        if self._is_late():
            raise TimeoutError("too late to be sent")
        self.sent = not _is_shut(writer)
        await super().write_with_length(writer, content_length)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the body. Called by code that wraps a payload."""
        await self.write_with_length(writer, None)


def _is_shut(writer: Any) -> bool:
    """Whether the writer will raise instead of writing: the peer has hung up on an idle connection."""
    transport = writer.transport
    return transport is None or transport.is_closing()
