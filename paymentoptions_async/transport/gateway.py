"""One attempt over aiohttp."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import quote

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from ..redaction import MASK, Secret
from ..settings import Settings
from .parcel import Parcel
from .pool import Pool
from .reply import Fault, Reply, retry_after

__all__ = ["FAULTS", "Gateway"]

# gateway/API.md, "Hosts and path".
_PREFIX: Final = "/api/v1/server-to-server-interface"

# No published answer is over two thousand bytes.
_LONGEST_ANSWER: Final = 1 << 18

FAULTS: Final = (aiohttp.ClientError, HttpProcessingError, OSError, EOFError, ValueError, RuntimeError, AssertionError)
"""All that aiohttp raises from a request. `TimeoutError` is an `OSError`. Anything else is a bug and passes on."""


class Gateway:
    """Posts parcels. Raises nothing for what can go wrong on the way: it brings back a `Fault`.

    Args:
        settings: Where to, with which credentials, how patient.
        pool: The connections.
        now: The wall clock, for a `Retry-After` that is a date.
    """

    def __init__(self, settings: Settings, pool: Pool, now: Callable[[], datetime]) -> None:
        self._base = settings.base_url + _PREFIX
        self._urls: dict[str, URL] = {}
        self._headers = _headers(settings)
        self._pool = pool
        self._now = now
        timeouts = settings.timeouts
        # The one deadline over a charge is not aiohttp's business: its own `total` starts anew with each attempt.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect, sock_read=timeouts.read)

    async def post(self, path: str, parcel: Parcel) -> Reply | Fault:
        """Send a parcel once.

        Raises:
            ConfigurationError: The client is closed, or belongs to another event loop.
        """
        if path not in self._urls:
            self._urls[path] = URL(f"{self._base}/{path}")
        return await self._exchange("POST", self._urls[path], parcel)

    async def status(self, transaction_id: str) -> Reply | Fault:
        """Ask what a transaction has come to; see `get`."""
        return await self.get("transaction/status", transaction_id)

    async def get(self, *path: str) -> Reply | Fault:
        """Ask. aiohttp may ask twice by itself, which does no harm.

        Args:
            path: Its parts after the prefix; an id is quoted.

        Raises:
            ConfigurationError: The client is closed, or belongs to another event loop.
        """
        return await self._exchange("GET", self._url(path), None)

    async def change(self, parcel: Parcel, *path: str) -> Reply | Fault:
        """Post to what has an id; likewise."""
        return await self._exchange("POST", self._url(path), parcel)

    def _url(self, path: tuple[str, ...]) -> URL:
        name, *rest = path
        return URL("/".join([f"{self._base}/{name}", *(quote(part, safe="") for part in rest)]), encoded=True)

    async def _exchange(self, method: str, url: URL, parcel: Parcel | None) -> Reply | Fault:
        try:
            return await self._request(method, url, parcel)
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            if self._pool.closed and task is not None and not task.cancelling():
                # Nobody cancelled us: closing the session cancels those who wait for a connection.
                return Fault(_is_sent(parcel), "the connections were closed")
            # The frames below hold headers and answers, and whoever logs the cancel may unfold them.
            raise cancelled.with_traceback(None) from None

    def check(self) -> None:
        """Ask whether a call can be made at all.

        Raises:
            ConfigurationError: The client is closed, or belongs to another event loop or process.
        """
        self._pool.check()

    def stay(self) -> None:
        """Ask whether a call can be waited for, be the client closed or not.

        Raises:
            ConfigurationError: The client belongs to another event loop or process.
        """
        self._pool.stay()

    async def _request(self, method: str, url: URL, parcel: Parcel | None) -> Reply | Fault:
        session = self._pool.session()
        try:
            response = await session.request(
                method,
                url,
                data=parcel,
                headers=self._headers,
                timeout=self._timeout,
                # A 307 would post the card to another host.
                allow_redirects=False,
                raise_for_status=False,
            )
        except FAULTS as fault:
            return Fault(_is_sent(parcel), type(fault).__name__)
        try:
            return await self._read(response)
        except FAULTS as fault:
            return Fault(True, f"HTTP {response.status}, then {type(fault).__name__}", response.status)
        finally:
            # Gives the connection back where the answer was read to its end, and closes it where not.
            response.release()

    async def _read(self, response: aiohttp.ClientResponse) -> Reply:
        body = await response.content.readany()
        while not response.content.at_eof() and len(body) <= _LONGEST_ANSWER:
            body += await response.content.readany()
        wait = retry_after(response.headers.get("Retry-After"), self._now()) if response.status == 429 else None
        return Reply(response.status, body, len(body) <= _LONGEST_ANSWER, wait)


def _is_sent(parcel: Parcel | None) -> bool:
    return parcel is not None and parcel.sent


class _Credential(str):
    """A header's value that is written as it is, and shown masked where a mapping of headers is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


def _headers(settings: Settings) -> CIMultiDict[str]:
    return CIMultiDict(
        {
            "Authorization": _Credential(f"Basic {_basic(settings.api_key, settings.api_key_form)}"),
            "x-api-key": _Credential(settings.x_api_key.reveal()),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "paymentoptions_async",
        }
    )


def _basic(key: Secret, form: str) -> str:
    """gateway/API.md, "Authentication": both ways of encoding the key are documented."""
    if form == "encoded":
        return key.reveal()
    suffix = ":" if form == "colon" else ""
    return base64.b64encode((key.reveal() + suffix).encode()).decode()
