"""The way of a webhook: queued, delayed, delivered, repeated, tried again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from .envelopes import webhook_payload
from .records import DeliveryRecord, masked_text
from .webhooks import Letter, WebhookPolicy, is_of_this_machine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .books import Books
    from .clock import Clock
    from .gateway import Switches
    from .state import Transaction

__all__ = ["Dispatcher"]

_PATIENCE: Final = 5.0
_EARLY_PATIENCE: Final = 2.0
_FOREIGN: Final = "not sent: not an address of this machine"
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "paymentoptions-sandbox"}


class Dispatcher:
    """Sends the webhooks of one sandbox.

    Args:
        policy: When and how.
        switches: How a transaction is told.
        books: Where each attempt is noted.
        clock: The sandbox's time.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        policy: WebhookPolicy,
        switches: Switches,
        books: Books,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._policy = policy
        self._switches = switches
        self._books = books
        self._clock = clock
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._fresh: list[asyncio.Task[None]] = []
        self._waiting: defaultdict[str, list[Letter]] = defaultdict(list)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def announce(self, transaction: Transaction) -> None:
        """Send what a transaction has come to, soon. One that waits for the payer has come to nothing yet."""
        if not self._policy.enabled or transaction.decision.challenge:
            return
        ref, url = transaction.merchant_txn_ref, transaction.return_urls.get("webhook_url")
        if not is_of_this_machine(url):
            self._note(Letter("", ref, str(url), "", ""), 0, None, _FOREIGN)
            return
        payload = webhook_payload(transaction, self._switches)
        key, body = str(self._books.next_serial()), orjson.dumps(payload).decode()
        letter = Letter(key, ref, str(url), body, masked_text(payload))
        if self._books.storage is not None:
            self._books.storage.put("letter", letter.key, letter)
        self.send([letter])

    def send(self, letters: Iterable[Letter]) -> None:
        """Let webhooks go their way."""
        for letter in letters:
            task = asyncio.get_running_loop().create_task(self._deliver(letter))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            if self._policy.early:
                self._fresh.append(task)

    async def early(self) -> None:
        """Wait for the webhooks that go out before an answer, where they do."""
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            await asyncio.wait(fresh, timeout=_EARLY_PATIENCE)

    async def idle(self) -> None:
        """Wait until every webhook under way has been delivered or given up."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, letter: Letter) -> None:
        if self._books.storage is not None:
            await self._books.storage.commit()
        delay = self._policy.delay() if callable(self._policy.delay) else self._policy.delay
        if self._policy.reorder:
            self._waiting[letter.ref].append(letter)
        if delay:
            await self._sleep(delay)
        if not self._policy.reorder:
            await self._deliver_all(letter)
            return
        async with self._turns[letter.ref]:
            await self._deliver_all(self._waiting[letter.ref].pop())

    async def _deliver_all(self, letter: Letter) -> None:
        for _ in range(self._policy.repeats):
            await self._deliver_once(letter)
        if self._books.storage is not None:
            self._books.storage.drop("letter", letter.key)
            await self._books.storage.commit()

    async def _deliver_once(self, letter: Letter) -> None:
        for attempt in range(1, self._policy.retries + 2):
            if attempt > 1:
                await self._sleep(self._policy.pause * 2 ** (attempt - 2))
            status, fault = await self._attempt(letter)
            self._note(letter, attempt, status, fault)
            if status is not None and 200 <= status < 300:
                return

    async def _attempt(self, letter: Letter) -> tuple[int | None, str | None]:
        try:
            async with self._ready().post(letter.url, data=letter.body.encode(), allow_redirects=False) as response:
                return response.status, None
        except TimeoutError:
            return None, f"no answer within {_PATIENCE:g} s"
        except (aiohttp.ClientError, OSError) as fault:
            return None, type(fault).__name__

    def _ready(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=_HEADERS,
                timeout=aiohttp.ClientTimeout(total=_PATIENCE),
                # A connection that is kept may be closed just when it is used again: that is no fault of the receiver.
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _note(self, letter: Letter, attempt: int, status: int | None, fault: str | None) -> None:
        record = DeliveryRecord(
            serial=self._books.next_serial(),
            ref=letter.ref,
            time=self._clock(),
            url=letter.url,
            attempt=attempt,
            status=status,
            fault=fault,
            body=letter.shown,
        )
        self._books.note_delivery(record)
