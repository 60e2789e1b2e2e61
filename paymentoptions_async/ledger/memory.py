"""A ledger that lives as long as its process."""

from __future__ import annotations

import time
from collections.abc import Callable
from heapq import nsmallest
from operator import attrgetter
from typing import Final

from ..models.outcome import Outcome
from .base import Claim, Intent, Ledger, Record
from .resolution import Resolution
from .rules import age_rule, as_seen, claim_rule, finish_rule, is_prunable, is_unsettled, resolve_rule, stands

__all__ = ["MemoryLedger"]

_reference: Final = attrgetter("merchant_txn_ref")


class MemoryLedger(Ledger):
    """Keeps every reference of this process from being charged twice. A restart forgets them all.

    Args:
        clock: Gives the seconds of the wall clock.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._records: dict[str, Record] = {}

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        """See `Ledger.claim`."""
        record = self._records.get(intent.merchant_txn_ref)
        answer = claim_rule(record, intent, token=token, now=self._clock(), lease=lease)
        if isinstance(answer, Outcome):
            return answer
        self._records[intent.merchant_txn_ref] = answer
        return Claim(intent.merchant_txn_ref, token, answer.outcome.attempts)

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """See `Ledger.finish`."""
        record = self._records.get(claim.merchant_txn_ref)
        record = finish_rule(record, claim, outcome, now=self._clock())
        if record is None:
            return False
        self._records[claim.merchant_txn_ref] = record
        return stands(record, claim, outcome)

    async def find(self, merchant_txn_ref: str) -> Record | None:
        """See `Ledger.find`."""
        record = self._records.get(merchant_txn_ref)
        return as_seen(record, self._clock()) if record is not None else None

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        """See `Ledger.resolve`."""
        stored = self._records.get(merchant_txn_ref)
        now = self._clock()
        record = self._records[merchant_txn_ref] = resolve_rule(stored, merchant_txn_ref, resolution, now=now)
        return as_seen(record, now)

    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        """See `Ledger.page`."""
        now = self._clock()
        wanted = (record for record in self._records.values() if is_unsettled(record) or not unsettled)
        records = [record for record in wanted if record.merchant_txn_ref > after]
        return [as_seen(record, now) for record in nsmallest(limit, records, key=_reference)]

    async def prune(self, *, older_than: float) -> int:
        """See `Ledger.prune`."""
        age_rule(older_than)
        before = self._clock() - older_than
        old = [reference for reference, record in self._records.items() if is_prunable(record, before=before)]
        for reference in old:
            del self._records[reference]
        return len(old)

    async def close(self) -> None:
        """Nothing is to be let go: the records stay as long as the object."""
