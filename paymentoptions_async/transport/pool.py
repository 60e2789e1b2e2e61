"""The connections: one aiohttp session, made at the first attempt, in the one event loop that the client is used in."""

from __future__ import annotations

import asyncio
import os
import warnings
from typing import Any

import aiohttp

from ..errors import ConfigurationError

__all__ = ["Pool"]


class UnaskedAnswerError(aiohttp.ClientConnectionError):
    """Something came on an idle connection. Nothing was sent on it."""


class _Request(aiohttp.ClientRequest):
    """A request that goes out on a connection only where nothing stands there that nobody has asked for.

    aiohttp would take it for the answer: a late repetition of an earlier one, or a proxy's farewell, would say what
    became of this charge.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Send it."""
        # What came while the loop was busy is in the socket yet: one turn of the loop looks there, the next one reads.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if conn.protocol is not None and conn.protocol.is_connected() and conn.protocol.should_close:
            raise UnaskedAnswerError
        return await super().send(conn)


class Pool:
    """Owns the session, or borrows one.

    Args:
        max_connections: How many connections an own session opens at the most.
        session: A session of the application's. It is used as it is, and never closed here.
    """

    def __init__(self, max_connections: int, session: aiohttp.ClientSession | None = None) -> None:
        self._max_connections = max_connections
        self._session = session
        self._owned = session is None
        self._home: tuple[asyncio.AbstractEventLoop, int] | None = None
        self._is_shut = False
        self._closed = False

    def check(self) -> None:
        """Ask whether a new call may begin.

        Raises:
            ConfigurationError: The client is closed, or belongs to another event loop or process. Nothing was sent.
        """
        if self._is_shut or self.closed:
            raise _closed()
        self.stay()

    def stay(self) -> None:
        """Belong to the running event loop, and to no other one from now on.

        Raises:
            ConfigurationError: It belongs to another one, or to another process.
        """
        here = asyncio.get_running_loop(), os.getpid()
        if self._home is None:
            self._home = here
        elif self._home != here:
            raise _elsewhere(self._home[1])

    def shut(self) -> None:
        """Let no new call begin. Those that are under way go on.

        Raises:
            ConfigurationError: They are under way in another event loop or process. Nothing was changed.
        """
        self.stay()
        self._is_shut = True

    def session(self) -> aiohttp.ClientSession:
        """The session, for one attempt: of a call that was under way when the client was shut as well.

        Raises:
            ConfigurationError: The connections are closed, or belong to another event loop or process.
        """
        if self.closed:
            raise _closed()
        self.stay()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                request_class=_Request,
                connector=aiohttp.TCPConnector(limit=self._max_connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    @property
    def closed(self) -> bool:
        """Whether no further call can be made."""
        return self._closed or (self._session is not None and self._session.closed)

    async def close(self) -> None:
        """Close the connections. Calls that are under way end in an error that says what happened to the money."""
        self._closed = True
        if self._owned and self._session is not None:
            await self._session.close()

    def warn_if_open(self, owner: object) -> None:
        """For the owner's `__del__`: tell, do nothing."""
        session: Any = self._session
        if self._owned and session is not None and not session.closed:
            warnings.warn(f"{owner!r} was not closed", ResourceWarning, stacklevel=2, source=owner)


def _closed() -> ConfigurationError:
    return ConfigurationError("the client is closed: make a new one")


def _elsewhere(process: int) -> ConfigurationError:
    if process != os.getpid():
        # The sockets are the same ones in both: each would read what was answered to the other.
        return ConfigurationError("the client was in use before this process was forked: open one in each process")
    return ConfigurationError("the client belongs to another event loop: make one in each loop")
