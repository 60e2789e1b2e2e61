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
        self._accepted: set[asyncio.Task[object]] = set()
        self._outages = 0
        self.port: int = self._sock.getsockname()[1]

    def open(self) -> None:
        """Accept connections."""
        # Not an asyncio.Server: one that is closed while it accepts loses the socket it has just accepted.
        self._sock.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        try:
            sock, _ = self._sock.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(self._connect, sock))
        self._accepted.add(task)
        task.add_done_callback(self._accepted.discard)

    def shut(self) -> None:
        """Refuse connections, until `reopen` was called as often as this."""
        if not self._outages:
            self._go_deaf()
            # A socket that is bound and does not listen refuses, and nobody else is given its port.
            self._sock = _bound(self._host, self.port)
        self._outages += 1

    def _go_deaf(self) -> None:
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()

    def reopen(self) -> None:
        """Accept connections again."""
        self._outages -= 1
        if not self._outages and self._sock.fileno() >= 0:
            self.open()

    async def close(self) -> None:
        """Refuse connections for good, and give the port back. Those that were just accepted are served."""
        self._go_deaf()
        await asyncio.gather(*self._accepted, return_exceptions=True)


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
