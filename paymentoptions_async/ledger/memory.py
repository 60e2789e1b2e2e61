"""A ledger that lives as long as its process."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..models.outcome import Outcome
from .base import Claim, Record, claim_rule, finish_rule

__all__ = ["MemoryLedger"]


class MemoryLedger:
    """Keeps every reference of this process from being charged twice. A restart forgets them all.

    Args:
        clock: Gives the seconds of the wall clock.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._records: dict[str, Record] = {}

    async def claim(self, merchant_txn_ref: str, fingerprint: bytes, lease: float) -> Claim | Outcome:
        """See `Ledger.claim`."""
        answer = claim_rule(
            self._records.get(merchant_txn_ref),
            merchant_txn_ref,
            fingerprint,
            now=self._clock(),
            lease=lease,
        )
        if isinstance(answer, Outcome):
            return answer
        self._records[merchant_txn_ref] = answer
        return Claim(merchant_txn_ref, answer.token, answer.outcome.attempts)

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """See `Ledger.finish`."""
        record = self._records[claim.merchant_txn_ref]
        self._records[claim.merchant_txn_ref] = finish_rule(record, claim, outcome)
