"""The sandbox gateway over HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, cast
from uuid import uuid4

from aiohttp import web

from paymentoptions_async.settings import Settings

from .contract import API_KEY, MERCHANT_ID, X_API_KEY
from .exchange import Exchanges
from .faults import Faults, draw_from
from .gateway import Declines, Duplicates, Gateway, Switches
from .listener import Listener
from .state import Books
from .wire import Connections

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .answers import EchoCard, ErrorBody

__all__ = ["Sandbox"]

# Everything has ended by itself when aiohttp is asked to wait; its own default is a minute.
_SHUTDOWN: Final = 0.1


class _Running(NamedTuple):
    runner: web.AppRunner
    connections: Connections
    listener: Listener


class Sandbox:
    """A gateway on this machine, to be used with `async with`.

    Args:
        duplicates: What a repeated `merchant_txn_ref` does once the first was decided: `charge`
            again (the worst case, and not known to be false), `reject` with code 94, or `replay`
            the first answer.
        faults: What goes wrong, one for each request in order of arrival (`"reset:after_commit"`,
            or `None` for nothing), or a callable that is asked for each request.
        latency: Seconds before a decision, or a callable that gives them.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        declines: Whether a declined purchase is HTTP 200 or HTTP 400. Both hold the envelope with
            `success: false`.
        error_body: The body of 400, 401, 404 and 406: the `envelope`, a `message` (`{statusCode,
            message, ...}`), a proxy's `html`, or `empty`.
        echo_card: How an answer repeats the card number. A payment by token and a status repeat it
            masked at most, since the sandbox keeps no full number.
        unclear_charges: Whether a code of class `unclear` moves money. The status tells it.
        ids: Makes ids of transactions and tokens.
        now: The time in UTC.

    Raises:
        ValueError: A switch or a fault that there is not.
    """

    def __init__(
        self,
        *,
        duplicates: Duplicates = "charge",
        faults: Faults = (),
        latency: float | Callable[[], float] = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        declines: Declines = "2xx",
        error_body: ErrorBody = "message",
        echo_card: EchoCard = "full",
        unclear_charges: bool = True,
        ids: Callable[[], str] = lambda: str(uuid4()),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        switches = Switches(
            duplicates=duplicates,
            declines=declines,
            error_body=error_body,
            echo_card=echo_card,
            unclear_charges=unclear_charges,
        )
        self._books = Books()
        gateway = Gateway(
            switches=switches,
            books=self._books,
            ids=ids,
            now=now,
            base_url=lambda: self.base_url,
        )
        self._host, self._port = host, port
        self._exchanges = Exchanges(gateway, latency)
        self._draw = draw_from(faults)
        self._outages: set[asyncio.Task[None]] = set()
        self._running: _Running | None = None

    # --- what a test asks -------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The address, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._started().listener.port}"

    def settings(self, **changes: Any) -> Settings:
        """Settings of a client that this sandbox accepts.

        Args:
            **changes: Passed on to `Settings`.
        """
        given = {
            "api_key": API_KEY,
            "x_api_key": X_API_KEY,
            "merchant_id": MERCHANT_ID,
            "base_url": self.base_url,
        }
        return Settings(**{**given, **changes})

    def charges(self, ref: str) -> int:
        """How many times money moved for this `merchant_txn_ref`, in whole or in part."""
        return self._books.charges[ref]

    def total_charges(self) -> int:
        """How many times money moved."""
        return self._books.charges.total()

    def references(self) -> frozenset[str]:
        """Every `merchant_txn_ref` for which money moved."""
        return frozenset(self._books.charges)

    def attempts(self, ref: str) -> int:
        """How many purchases with this `merchant_txn_ref` were read, whatever became of them."""
        return self._books.attempts[ref]

    # --- life -------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port cannot be had.
        """
        application = web.Application()
        application.add_routes(self._exchanges.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        connections = Connections(cast("web.Server", runner.server), self._draw, self._refuse)
        try:
            listener = Listener(self._host, self._port, connections)
        except OSError:
            await runner.cleanup()
            raise
        self._running = _Running(runner, connections, listener)
        listener.open()

    async def close(self) -> None:
        """End everything at once: the port, the connections, the requests that hang."""
        running = self._started()
        await running.listener.close()
        for task in self._outages:
            task.cancel()
        await asyncio.gather(*self._outages, return_exceptions=True)
        await self._exchanges.close()
        await running.connections.close()
        await running.runner.cleanup()

    async def outage(self, seconds: float) -> None:
        """Reset idle connections and refuse new ones for some seconds, then listen as before."""
        listener = self._go_deaf()
        await _come_back(listener, seconds)

    def _refuse(self, seconds: float) -> None:
        task = asyncio.get_running_loop().create_task(_come_back(self._go_deaf(), seconds))
        self._outages.add(task)
        task.add_done_callback(self._outages.discard)

    def _go_deaf(self) -> Listener:
        running = self._started()
        running.listener.shut()
        running.connections.drop_idle()
        return running.listener

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the sandbox was not started: use it with `async with`")
        return self._running


async def _come_back(listener: Listener, seconds: float) -> None:
    try:
        await asyncio.sleep(seconds)
    finally:
        listener.reopen()
