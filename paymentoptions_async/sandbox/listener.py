"""The port: it can go deaf for a while and come back under the same number."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Listener"]

_BACKLOG: Final = 1024


class Listener:
    """A listening socket that keeps its port.

    Attributes:
        port: The number that the system gave.

    Args:
        host: A name or address of this machine.
        port: 0 takes a free one.
        connect: Makes the protocol of a new connection.

    Raises:
        OSError: The port cannot be had.
    """

    def __init__(self, host: str, port: int, connect: Callable[[], asyncio.Protocol]) -> None:
        self._host = host
        self._connect = connect
        self._sock = _bound(host, port)
        self._server: asyncio.Server | None = None
        self._outages = 0
        self._closed = False
        self.port: int = self._sock.getsockname()[1]

    async def open(self) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connect, sock=self._sock, backlog=_BACKLOG, start_serving=False
        )
        await self._server.start_serving()

    def shut(self) -> None:
        """Refuse connections, until `reopen` was called as often as this."""
        self._outages += 1
        if self._server is not None:
            self._server.close()
            self._server = None
            # A socket that is bound and does not listen refuses, and nobody else is given its port.
            self._sock = _bound(self._host, self.port)

    async def reopen(self) -> None:
        """Accept connections again."""
        self._outages -= 1
        if not self._outages and not self._closed:
            await self.open()

    def close(self) -> None:
        """Refuse connections for good, and give the port back."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        self._sock.close()


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
