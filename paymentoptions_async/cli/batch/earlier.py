"""What earlier runs have written, held against the ledger before anything is sent.

The ledger alone keeps a charge from being made twice: another one than that of the earlier runs would let what they
have left open be sent again. It may also have been told more since than the results say; then they are made to say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from ... import Ledger, Mark, Record, State
from ...batch.entries import DOUBTFUL, FINAL, Place, entry_of
from ...batch.journal import Entry, Journal, latest
from ...batch.result import ChargeOutcome, result_of
from ...batch.sources import Line
from ...delivery import deliver_record
from ...errors import PaymentOptionsError, ReferenceInUseError
from ...ledger.rules import is_unsettled
from ...operations import PURCHASE, operation_of
from ..usage import BadUsageError

__all__ = ["hold_against"]

_AT_ONCE: Final = 200
_ASKED: Final = ("amount", "currency", "card")


async def hold_against(ledger: Ledger, journal: Journal) -> None:
    """See that the ledger knows of all that is open, and have the results say what it has been told since.

    Args:
        ledger: That of this run.
        journal: The results of earlier ones.

    Raises:
        BadUsageError: It is not the ledger of the earlier runs.
        OSError: The results cannot be written.
    """
    unheard_of, corrections = list[str](), list[tuple[Entry, Entry]]()
    async for entry, record in _looked_up(ledger, journal):
        known = record if record is not None and _is_about(record, entry) else None
        if entry["outcome"] in DOUBTFUL and (known is None or _is_of_another_try(known, entry)):
            unheard_of.append(entry["merchant_txn_ref"])
        elif known is not None and _tells_more(known, entry):
            corrections.append((entry, _retold(known, entry)))
    if unheard_of:
        raise BadUsageError(
            f"the ledger knows nothing of {len(unheard_of)} charges that {journal.path} tells as open (first:"
            f" {unheard_of[0]}), and would let them be sent again. Give the --ledger of the earlier runs; nothing was"
            " sent. Where it is that one, and they were settled and pruned there: see docs/batch.md"
        )
    await asyncio.to_thread(journal.correct, corrections)


async def _looked_up(ledger: Ledger, journal: Journal) -> AsyncIterator[tuple[Entry, Record | None]]:
    """All entries of which the ledger may say something else by now."""
    contradicted = set[str]()
    if journal.telling:
        found = ledger.records(unsettled=True)
        contradicted = {record.merchant_txn_ref async for record in found if record.mark is Mark.CONTRADICTED}
    entries = (entry for entry in latest(journal.path) if _may_change(entry, contradicted))
    while page := await asyncio.to_thread(lambda: list(islice(entries, _AT_ONCE))):
        records = await asyncio.gather(*(ledger.find(entry["merchant_txn_ref"]) for entry in page))
        for entry, record in zip(page, records, strict=True):
            yield entry, record


def _may_change(entry: Entry, contradicted: set[str]) -> bool:
    if entry["outcome"] not in FINAL | DOUBTFUL:
        return False  # it is asked for again
    # What the gateway itself has told as paid nobody can take back: so the ledger need not be asked for each of those.
    is_firm = entry["outcome"] == ChargeOutcome.PAID and entry["recorded"] and not entry["replayed"]
    return not is_firm or entry["merchant_txn_ref"] in contradicted


def _is_about(record: Record, entry: Entry) -> bool:
    intent = record.intent
    is_purchase = operation_of(intent.operation) in PURCHASE.values()
    return is_purchase and (intent.amount, intent.currency, intent.card) == tuple(entry[name] for name in _ASKED)


def _is_of_another_try(record: Record, entry: Entry) -> bool:
    """Whether a record says since before an open result that nothing was charged, and so cannot have been its own."""
    if record.outcome.state is not State.REFUSED or entry["error"] == ReferenceInUseError.__name__:
        return False
    return record.changed < datetime.fromisoformat(entry["time"]).timestamp()


def _tells_more(record: Record, entry: Entry) -> bool:
    state, is_settled = record.outcome.state, not is_unsettled(record)
    if entry["outcome"] in DOUBTFUL:
        return is_settled
    # An answer was seen. That it was not charged is no word against that, and a mere doubt is none either.
    if not entry["recorded"]:
        return is_settled and state is not State.REFUSED
    return record.mark is Mark.CONTRADICTED or (is_settled and state not in (State.REFUSED, entry["outcome"]))


def _retold(record: Record, entry: Entry) -> Entry:
    """The entry as the record tells it."""
    try:
        answer = deliver_record(record)
    except PaymentOptionsError as error:
        answer = error
    result = result_of(0, record.merchant_txn_ref, answer, 0.0)
    line = Line(entry["line"], None, (), record.merchant_txn_ref)
    told = entry_of(line, result, Place(entry["gateway"], entry["merchant_id"]), datetime.now(UTC))
    return told | {name: entry[name] for name in _ASKED} | {"seconds": entry["seconds"]}
