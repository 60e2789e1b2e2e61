"""What earlier runs have left open, held against the ledger before anything is sent.

The ledger alone keeps such a charge from being made twice: another one than that of the earlier runs would let it be
sent again. It may also have been told more since than the results say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any, Final

import orjson

from ... import Ledger, Record, State
from ...batch.entries import FINAL, OPEN
from ...batch.journal import Journal, raw_open
from ...ledger.rules import is_unsettled
from ..usage import BadUsageError

__all__ = ["hold_against"]

_AT_ONCE: Final = 200


async def hold_against(ledger: Ledger, journal: Journal) -> None:
    """See that the ledger knows of all that is open, and have asked again what it has settled since.

    Args:
        ledger: That of this run.
        journal: The results of earlier ones.

    Raises:
        BadUsageError: It is not the ledger of the earlier runs.
    """
    unheard_of, first = 0, None
    async for entry, record in _looked_up(ledger, journal):
        if entry["outcome"] in FINAL:
            if not entry["recorded"] and record is not None and _is_told(record):
                journal.reopen(entry)
        elif entry["outcome"] in OPEN and record is None:
            unheard_of, first = unheard_of + 1, first or entry["merchant_txn_ref"]
    if unheard_of:
        raise BadUsageError(
            f"the ledger knows nothing of {unheard_of} charges that {journal.path} tells as open (first: {first}), and"
            " would let them be sent again. Give the --ledger of the earlier runs; nothing was sent"
        )


async def _looked_up(ledger: Ledger, journal: Journal) -> AsyncIterator[tuple[dict[str, Any], Record | None]]:
    lines = raw_open(journal.path)
    while page := await asyncio.to_thread(lambda: [orjson.loads(line) for line in islice(lines, _AT_ONCE)]):
        records = await asyncio.gather(*(ledger.find(entry["merchant_txn_ref"]) for entry in page))
        for entry, record in zip(page, records, strict=True):
            yield entry, record


def _is_told(record: Record) -> bool:
    """Whether it says how the charge ended. That it was not charged is no word against an answer that was seen."""
    return not is_unsettled(record) and record.outcome.state is not State.REFUSED
