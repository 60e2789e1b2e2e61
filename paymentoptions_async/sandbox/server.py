"""The sandbox gateway over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self, cast
from uuid import uuid4

from aiohttp import web

from paymentoptions_async.settings import Settings

from .books import Books
from .capacity import Capacity
from .clock import Clock
from .contract import API_KEY, MERCHANT_ID, X_API_KEY
from .dispatcher import Dispatcher
from .exchange import Exchanges
from .gateway import Declines, Duplicates, Gateway, Switches
from .listener import Listener
from .pages import page_routes
from .payer import answer_newest_challenge, pay_newest_page
from .script import Script
from .subscriptions import advance
from .webhooks import WebhookPolicy
from .wire import Connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import timedelta
    from decimal import Decimal
    from pathlib import Path
    from types import TracebackType

    from .answers import EchoCard, ErrorBody
    from .challenges import ChallengeAnswer
    from .faults import Faults
    from .state import Transaction

__all__ = ["Sandbox"]

# Everything has ended by itself when aiohttp is asked to wait; its own default is a minute.
_SHUTDOWN: Final = 0.1
_NOTICE: Final = 0.002
_PROMPT: Final = WebhookPolicy()
_AnswerWord = Literal["approve", "decline", "cancel", "time_out"]
_GOOD_CARD: Final = "5200000000001005"


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
        capacity: How many requests are decided at the same time, each for its latency; the others
            wait in line. It can be changed while the sandbox runs.
        queue: How many may wait in line; those beyond are answered 429.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        declines: Whether a declined purchase is HTTP 200 or HTTP 400. Both hold the envelope with
            `success: false`.
        error_body: The body of 400, 401, 404 and 406: the `envelope`, a `message` (`{statusCode,
            message, ...}`), a proxy's `html`, or `empty`.
        echo_card: How an answer repeats the card number. A payment by token and a status repeat it
            masked at most, since the sandbox keeps no full number.
        unclear_charges: Whether a code of class `unclear` moves money. The status tells it.
        challenge_tells_id: Whether a 3-D Secure answer tells the id of its transaction.
        webhooks: When and how webhooks are sent.
        database: An SQLite file that everything is kept in as well, so that it survives a restart.
        ids: Makes ids of transactions and tokens.
        now: The time in UTC.
        sleep: Waits before and between the attempts to deliver a webhook.

    Attributes:
        script: Says what becomes of the next charges and requests.

    Raises:
        ValueError: A switch or a fault that there is not, or a number that makes no sense.
    """

    def __init__(
        self,
        *,
        duplicates: Duplicates = "charge",
        faults: Faults = (),
        latency: float | Callable[[], float] = 0.0,
        capacity: int | None = None,
        queue: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        declines: Declines = "2xx",
        error_body: ErrorBody = "message",
        echo_card: EchoCard = "full",
        unclear_charges: bool = True,
        challenge_tells_id: bool = False,
        webhooks: WebhookPolicy = _PROMPT,
        database: Path | str | None = None,
        ids: Callable[[], str] = lambda: str(uuid4()),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        switches = Switches(
            duplicates=duplicates,
            declines=declines,
            error_body=error_body,
            echo_card=echo_card,
            unclear_charges=unclear_charges,
            challenge_tells_id=challenge_tells_id,
        )
        self._database, self._recalled = database, False
        self.script = Script(faults)
        self._books, clock = Books(), Clock(now)
        self._gateway = Gateway(
            switches=switches,
            books=self._books,
            ids=ids,
            clock=clock,
            base_url=lambda: self.base_url,
            dispatcher=Dispatcher(webhooks, switches, self._books, clock, sleep),
            script=self.script,
        )
        self._host, self._port = host, port
        self._capacity = Capacity(capacity, queue)
        self._exchanges = Exchanges(self._gateway, latency, self._capacity)
        self._outages: set[asyncio.Task[None]] = set()
        self._running: _Running | None = None

    # --- what a test asks -------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The address, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._started().listener.port}"

    @property
    def capacity(self) -> int | None:
        """How many requests are decided at the same time; `None` is any number."""
        return self._capacity.seats

    @capacity.setter
    def capacity(self, capacity: int | None) -> None:
        self._capacity.seats = capacity

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
        """How many times money moved to the merchant for this `merchant_txn_ref`, in whole or in part."""
        return self._books.charges[ref]

    def total_charges(self) -> int:
        """How many times money moved to the merchant."""
        return self._books.charges.total()

    def references(self) -> frozenset[str]:
        """Every `merchant_txn_ref` for which money moved."""
        return frozenset(self._books.charges)

    def attempts(self, ref: str) -> int:
        """How many purchases with this `merchant_txn_ref` were read, whatever became of them."""
        return self._books.attempts[ref]

    def balance(self, ref: str) -> Decimal:
        """What the merchant has of this `merchant_txn_ref`: captured and not refunded."""
        return self._books.balance(ref)

    def transactions(self, ref: str | None = None) -> tuple[Transaction, ...]:
        """All transactions, or those of one reference, oldest first."""
        return self._books.transactions() if ref is None else self._books.transactions_of(ref)

    # --- what a test does -------------------------------------------------------------------------

    async def advance(self, delta: timedelta) -> None:
        """Turn the clock on, and charge every cycle of a subscription that falls due by then.

        Raises:
            ValueError: Time does not go back, nor on by more than ten years at once.
        """
        advance(self._gateway, delta)
        await self._gateway.finish()

    async def answer_challenge(self, ref: str, answer: ChallengeAnswer | _AnswerWord) -> str:
        """Answer the newest 3-D Secure challenge of a reference for the payer.

        Returns:
            The URL that the payer is sent to.

        Raises:
            LookupError: There is none.
        """
        url = answer_newest_challenge(self._gateway, ref, answer)
        await self._gateway.finish()
        return url

    async def pay_hosted_page(self, ref: str, *, number: str = _GOOD_CARD, amount: str | None = None) -> str:
        """Pay the newest hosted page of a reference that is open, for the payer; a wallet approves.

        Args:
            ref: The reference.
            number: The card number.
            amount: What the payer types where the page has no amount.

        Returns:
            The URL that the payer is sent to.

        Raises:
            LookupError: There is none.
            ValueError: The page does not take the number or the amount.
        """
        url = pay_newest_page(self._gateway, ref, number, amount)
        await self._gateway.finish()
        return url

    async def webhooks_sent(self) -> None:
        """Wait until every webhook under way has been delivered or given up."""
        await self._gateway.dispatcher.idle()

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
            OSError: The port cannot be had, or the database not be used.
        """
        if self._database is not None:
            await self._recall(self._database)
        application = web.Application()
        application.add_routes(page_routes(self._gateway))  # first: the exchanges take every path that is left
        application.add_routes(self._exchanges.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        connections = Connections(cast("web.Server", runner.server), self.script.draw_fault, self._refuse)
        try:
            listener = Listener(self._host, self._port, connections)
        except OSError:
            await runner.cleanup()
            await self._forget()
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
        await self._forget()

    async def _recall(self, database: Path | str) -> None:
        from .restoring import ahead_of, letters_of, restore
        from .storage import Storage

        storage = Storage(database)
        entries = await storage.open()
        if not self._recalled:  # a sandbox that is started again remembers all itself
            restore(self._books, entries)
            self._gateway.clock.ahead = ahead_of(entries)
            self._recalled = True
        self._books.storage = storage
        self._gateway.dispatcher.send(letters_of(entries))

    async def _forget(self) -> None:
        await self._gateway.dispatcher.close()
        if self._books.storage is not None:
            storage, self._books.storage = self._books.storage, None
            await storage.close()

    async def outage(self, seconds: float) -> None:
        """Reset idle connections and refuse new ones for some seconds, then listen as before."""
        async with self.unreachable():
            await asyncio.sleep(seconds)

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Reset idle connections and refuse new ones as long as the block lasts: `NotSentError`."""
        listener = self._go_deaf()
        try:
            # A client that had no time to see its connection reset would send into it, and be in doubt.
            await asyncio.sleep(_NOTICE)
            yield
        finally:
            listener.reopen()

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
