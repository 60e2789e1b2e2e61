"""Holding results against the ledger, whose word is the truth: somebody may have told it more since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Final

from ..batch.entries import Place, entry_of
from ..batch.result import ChargeOutcome, ChargeResult, result_of
from ..batch.sources import Line
from ..delivery import deliver_record
from ..errors import NotSentError, OutcomeUnknownError, PaymentOptionsError, ReferenceConflictError
from ..ledger.base import Ledger, Record
from ..models.outcome import State
from .store import Known, Landed, Store, standing_of
from .tables import Standing

__all__ = ["purge", "settle"]

_NOWHERE: Final = Place("", "")
_ASKED: Final = ("amount", "currency", "card", "gateway", "merchant_id")
_AT_ONCE: Final = 500


async def settle(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> int:
    """Ask the ledger about every result that may not be the end, and find those that it has come to doubt since.

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
        if record is not None and record.outcome.state is not State.SENDING:
            count += await _hold_against(store, found, record, now())
    async for doubtful in _doubtful(ledger):
        for found in await store.passed(batch, [*doubtful]):
            count += await _hold_against(store, found, doubtful[found.key.merchant_txn_ref], now())
    return count


async def _doubtful(ledger: Ledger) -> AsyncIterator[dict[str, Record]]:
    """The records that are unknown, wait for their payer or are contradicted, some at a time, by reference."""
    some: dict[str, Record] = {}
    async for record in ledger.records(unsettled=True):
        if record.outcome.state is not State.SENDING:
            some[record.merchant_txn_ref] = record
        if len(some) == _AT_ONCE:
            yield some
            some = {}
    if some:
        yield some


async def _hold_against(store: Store, found: Known, record: Record, at: datetime) -> bool:
    """Have a result say what the record says. Returns whether it is another one now."""
    if _outweighs(found, record):
        return False
    landed = _landed(found, _told(found, record), at)
    if (landed.standing, landed.entry["outcome"]) == (found.standing, found.outcome):
        return False
    await store.correct(found, landed)
    return True


def _outweighs(found: Known, record: Record) -> bool:
    """Whether a result stands whatever the record says."""
    if (found.entry or {}).get("error") == ReferenceConflictError.__name__:
        return True  # the record is that of another charge
    # An answer of the gateway's that was seen, and of which the ledger has not heard.
    is_answered = found.standing != Standing.NOT_BEGUN and found.outcome != ChargeOutcome.UNKNOWN
    return is_answered and record.outcome.state is State.UNKNOWN and record.mark is None


async def purge(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> int:
    """Erase every body that is left. What was never begun has that as its result, what is being charged is unknown.

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
        result = _left(found, record)
        await store.correct(found, _landed(found, result, now()))
        count += result.outcome is ChargeOutcome.NOT_SENT
    return count


def _left(found: Known, record: Record | None) -> ChargeResult:
    """What becomes of a charge whose body was erased."""
    reference = found.key.merchant_txn_ref
    if record is None:
        return _result(found, NotSentError("nothing was sent (the body was erased)", merchant_txn_ref=reference))
    if record.outcome.state is not State.SENDING:
        return _told(found, record)
    # Of a worker that lives its result comes, and replaces this one.
    why = "it was being charged when its body was erased"
    message = f"the money may have moved ({why}): do not charge again before this is resolved"
    return _result(found, OutcomeUnknownError(message, merchant_txn_ref=reference, evidence=(why,)))


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
