"""A ledger whose file outlives every process: each of them has its own way to it, which may fail on either side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, NoReturn, TypeVar

from paymentoptions_async import LedgerError, MemoryLedger, Record, Resolution
from paymentoptions_async.ledger.base import Claim, Intent, Ledger
from paymentoptions_async.models.outcome import Outcome

from .history import History

__all__ = ["Access"]

T = TypeVar("T")

# Seconds that a call takes at the most, there and back.
_SHORT: Final = 0.01
_LONG: Final = 8.0


class Access(Ledger):
    """One process's way to the file. The rules are the package's own, and a call is carried out in one moment.

    Args:
        file: What is stored.
        rng: Draws pauses and faults.
        history: Is told where an end may be lacking in the file.
        is_away: Whether all of them fail now.
        trouble: The share of the calls that fail, before or after they are carried out.
        slow: The share of the pauses that are of seconds.
    """

    def __init__(
        self,
        file: MemoryLedger,
        rng: Random,
        history: History,
        is_away: Callable[[], bool],
        trouble: float,
        slow: float,
    ) -> None:
        self._file, self._rng, self._history, self._is_away = file, rng, history, is_away
        self._trouble, self._slow = trouble, slow

    async def _pause(self) -> None:
        longest = _LONG if self._slow and self._rng.random() < self._slow else _SHORT
        await asyncio.sleep(self._rng.random() * longest)

    async def _call(
        self, carry_out: Callable[[], Awaitable[T]], failed: Callable[[bool, BaseException], None] = lambda *_: None
    ) -> T:
        share = self._rng.random()
        is_done = False
        try:
            await self._pause()
            if share < self._trouble / 2 or self._is_away():
                _fail("the ledger is away")
            result = await carry_out()
            is_done = True
            await self._pause()
            if share < self._trouble:
                _fail("the ledger's answer was lost")
        except (LedgerError, asyncio.CancelledError) as fault:
            failed(is_done, fault)
            raise
        return result

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        def failed(is_done: bool, fault: BaseException) -> None:
            if is_done:
                self._history.store_failed.add(intent.merchant_txn_ref)
                if isinstance(fault, LedgerError):
                    self._history.stuck.add(intent.merchant_txn_ref)

        return await self._call(lambda: self._file.claim(intent, token=token, lease=lease), failed)

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        def failed(is_done: bool, _fault: BaseException) -> None:
            # Its process tells what it has not heard to be written, until it is written once more.
            self._history.store_failed.add(claim.merchant_txn_ref)
            if not is_done and outcome.attempts == 0:
                self._history.stuck.add(claim.merchant_txn_ref)

        return await self._call(lambda: self._file.finish(claim, outcome), failed)

    async def find(self, merchant_txn_ref: str) -> Record | None:
        def failed(_is_done: bool, _fault: BaseException) -> None:
            self._history.store_failed.add(merchant_txn_ref)

        return await self._call(lambda: self._file.find(merchant_txn_ref), failed)

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        return await self._call(lambda: self._file.resolve(merchant_txn_ref, resolution))

    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        return await self._file.page(after=after, limit=limit, unsettled=unsettled)

    async def prune(self, *, older_than: float) -> int:
        return await self._file.prune(older_than=older_than)

    async def close(self) -> None:
        pass


def _fail(why: str) -> NoReturn:
    raise LedgerError(why)
