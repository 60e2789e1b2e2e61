"""Holding results against the ledger, whose word is the truth: somebody may have told it more since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from ..batch.entries import Place, entry_of
from ..batch.result import ChargeOutcome, ChargeResult, result_of
from ..batch.sources import Line
from ..delivery import deliver_record
from ..errors import NotSentError, PaymentOptionsError
from ..ledger.base import Ledger, Record
from ..models.outcome import State
from .store import Known, Landed, Store, standing_of
from .tables import Standing

__all__ = ["purge", "settle"]

_NOWHERE: Final = Place("", "")
_ASKED: Final = ("amount", "currency", "card", "gateway", "merchant_id")


async def settle(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> int:
    """Ask the ledger about every result that may not be the end.

    Args:
        store: The tables.
        ledger: What was charged.
        batch: The id.
        now: The wall clock.

    Returns:
        How many results are other ones now.
    """
    count = 0
    async for found in store.known(batch, Standing.UNSETTLED):
        record = await ledger.find(found.key.merchant_txn_ref)
        if record is None or record.outcome.state is State.SENDING:
            continue
        landed = _landed(found, _told(found, record), now())
        if (landed.standing, landed.entry["outcome"]) != (found.standing, (found.entry or {}).get("outcome")):
            await store.correct(found, landed)
            count += 1
    return count


async def purge(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> int:
    """Erase every body that is left. What was never begun has that as its result.

    Args:
        store: The tables.
        ledger: What was charged.
        batch: The id.
        now: The wall clock.

    Returns:
        How many charges were not begun, and cannot be any more.
    """
    await store.pause(batch, "its bodies were erased by `batch purge`")
    await store.erase(batch)
    count = 0
    async for found in store.known(batch, Standing.OPEN):
        record = await ledger.find(found.key.merchant_txn_ref)
        if record is not None and record.outcome.state is State.SENDING:
            continue  # a worker is at it
        error = NotSentError("nothing was sent (the body was erased)", merchant_txn_ref=found.key.merchant_txn_ref)
        result = _told(found, record) if record is not None else _result(found, error)
        await store.correct(found, _landed(found, result, now()))
        count += result.outcome is ChargeOutcome.NOT_SENT
    return count


def _told(found: Known, record: Record) -> ChargeResult:
    try:
        return _result(found, deliver_record(record))
    except PaymentOptionsError as error:
        return _result(found, error)


def _result(found: Known, answer_or_error: Any) -> ChargeResult:
    seconds = float((found.entry or {}).get("seconds") or 0)
    return result_of(found.key.number, found.key.merchant_txn_ref, answer_or_error, seconds)


def _landed(found: Known, result: ChargeResult, at: datetime) -> Landed:
    line = Line(found.line, None, (), found.key.merchant_txn_ref)
    former = found.entry or {}
    asked = {name: former.get(name, found.asked.get(name)) for name in _ASKED}
    entry = entry_of(line, result, _NOWHERE, at) | asked
    return Landed(found.key, standing_of(result), entry)
