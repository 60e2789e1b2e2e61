"""The connections: each draws one fault for each request of a client, before aiohttp sees a byte of it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, cast

from .line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults import Fault

__all__ = ["Connections"]

# A person's browser, which asks for a page of the sandbox's own, sends the request line in one piece. Whatever else
# comes draws a fault.
_FOR_A_PAGE: Final = re.compile(rb"(?:GET|POST) /(?!api/)[^ ]* HTTP/")


class Connections:
    """All open connections of a sandbox; calling it makes the protocol of a new one.

    Args:
        application: Makes the protocol that serves a connection.
        draw: Gives the fault of the next request.
        refuse: Called with the seconds for which no connection is to be accepted.
    """

    def __init__(
        self,
        application: Callable[[], asyncio.Protocol],
        draw: Callable[[], Fault | None],
        refuse: Callable[[float], None],
    ) -> None:
        self.application = application
        self.draw = draw
        self.refuse = refuse
        self._open: set[_Connection] = set()
        self._closed: asyncio.Future[None] | None = None

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return _Connection(self)

    @property
    def closed(self) -> bool:
        """Whether no further connection is served."""
        return self._closed is not None

    def drop_idle(self) -> None:
        """Reset the connections that wait between two requests."""
        for connection in self._open:
            if connection.line is not None and connection.line.idle:
                connection.line.reset()

    def remember(self, connection: _Connection) -> None:
        """A connection is there."""
        self._open.add(connection)

    def forget(self, connection: _Connection) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        if self._closed is not None and not self._open and not self._closed.done():
            self._closed.set_result(None)

    async def close(self) -> None:
        """End every connection now, and return when the last is gone."""
        self._closed = asyncio.get_running_loop().create_future()
        for connection in self._open:
            if connection.line is not None:
                connection.line.abort()
        if self._open:
            await self._closed


class _Connection(asyncio.Protocol):
    def __init__(self, connections: Connections) -> None:
        self.line: Line | None = None
        self._connections = connections
        self._application = connections.application()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = Line(cast("asyncio.Transport", transport))
        self._connections.remember(self)
        self._application.connection_made(self.line)
        if self._connections.closed:
            self.line.abort()

    def data_received(self, data: bytes) -> None:
        line = cast("Line", self.line)
        if line.idle:
            self._begin(line, data)
        if not line.dead:
            self._application.data_received(data)

    def _begin(self, line: Line, data: bytes) -> None:
        fault = None if _FOR_A_PAGE.match(data) else self._connections.draw()
        line.begin(fault)
        if fault is None or fault.at != "before_read":
            return
        if fault.kind == "refuse":
            self._connections.refuse(fault.seconds or 0.0)
        line.strike("reset" if fault.kind == "refuse" else fault.kind)

    def eof_received(self) -> bool | None:
        return self._application.eof_received()

    def pause_writing(self) -> None:
        self._application.pause_writing()

    def resume_writing(self) -> None:
        self._application.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        cast("Line", self.line).lost()
        self._application.connection_lost(exc)
        self._connections.forget(self)
