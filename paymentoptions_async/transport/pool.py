"""The connections: one aiohttp session, made at the first call and bound to that call's event loop."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import aiohttp

from ..errors import ConfigurationError

__all__ = ["Pool"]


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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def session(self) -> aiohttp.ClientSession:
        """The session, for a call from the running event loop.

        Raises:
            ConfigurationError: The client is closed, or belongs to another event loop. Nothing was sent.
        """
        loop = asyncio.get_running_loop()
        if self.closed:
            raise ConfigurationError("the client is closed: make a new one")
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError("the client belongs to another event loop: make one in each loop")
        if self._session is None:
            self._session = aiohttp.ClientSession(
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
