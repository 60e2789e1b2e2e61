"""A ledger whose file outlives every process: each of them has its own way to it, which may fail on either side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from paymentoptions_async import LedgerError, MemoryLedger, Record, Resolution
from paymentoptions_async.ledger.base import Claim, Intent, Ledger
from paymentoptions_async.models.outcome import Outcome

__all__ = ["Access"]

T = TypeVar("T")


class Access(Ledger):
    """One process's way to the file. The rules are the package's own, and a call is carried out in one moment.

    Args:
        file: What is stored.
        rng: Draws pauses and faults.
        failed: Is told the reference of a call that fails.
        is_away: Whether all of them fail now.
        trouble: The share of the calls that fail, before or after they are carried out.
    """

    def __init__(
        self,
        file: MemoryLedger,
        rng: Random,
        failed: Callable[[str], None],
        is_away: Callable[[], bool],
        trouble: float,
    ) -> None:
        self._file, self._rng, self._failed, self._is_away, self.trouble = file, rng, failed, is_away, trouble

    async def _call(self, reference: str, carry_out: Callable[[], Awaitable[T]]) -> T:
        rng = self._rng
        share = rng.random()
        await asyncio.sleep(rng.random() * 0.01)
        if share < self.trouble / 2 or self._is_away():
            self._failed(reference)
            raise LedgerError("the ledger is away")
        result = await carry_out()
        await asyncio.sleep(rng.random() * 0.01)
        if share < self.trouble:
            self._failed(reference)
            raise LedgerError("the ledger's answer was lost")
        return result

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        reference = intent.merchant_txn_ref
        return await self._call(reference, lambda: self._file.claim(intent, token=token, lease=lease))

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        return await self._call(claim.merchant_txn_ref, lambda: self._file.finish(claim, outcome))

    async def find(self, merchant_txn_ref: str) -> Record | None:
        return await self._call(merchant_txn_ref, lambda: self._file.find(merchant_txn_ref))

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        return await self._call(merchant_txn_ref, lambda: self._file.resolve(merchant_txn_ref, resolution))

    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        return await self._file.page(after=after, limit=limit, unsettled=unsettled)

    async def prune(self, *, older_than: float) -> int:
        return await self._file.prune(older_than=older_than)

    async def close(self) -> None:
        pass
