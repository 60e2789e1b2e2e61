"""Holding results against the ledger, whose word is the truth: somebody may have told it more since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from ..batch.entries import Place, entry_of
from ..batch.result import ChargeOutcome, ChargeResult, result_of
from ..batch.sources import Line
from ..delivery import deliver_record
from ..errors import NotSentError, OutcomeUnknownError, PaymentOptionsError, ReferenceConflictError
from ..ledger.base import Ledger, Record
from ..models.outcome import State
from ..operations import PURCHASE
from .rows import Known, Landed, standing_of
from .store import Store
from .tables import Standing

__all__ = ["Purged", "purge", "settle"]

_NOWHERE: Final = Place("", "")
_PURCHASES: Final = frozenset(operation.path for operation in PURCHASE.values())
_ASKED: Final = ("amount", "currency", "card")
# What a result says of the money. The rest, such as its time, is how that was learned.
_WORD: Final = ("outcome", "recorded", "transaction_id", "moved")

_CHARGING: Final = "it was being charged when its result was asked for"
_HELD: Final = "a worker had it, and may begin it yet, when its body was erased"


class Purged(NamedTuple):
    """What became of the charges that had no result.

    Attributes:
        not_begun: How many were not begun, and cannot be any more.
        unknown: How many are unknown: they were begun, or a worker may begin them within a minute.
    """

    not_begun: int
    unknown: int


async def settle(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> int:
    """Hold every result against the ledger.

    Args:
        store: The tables.
        ledger: What was charged.
        batch: The id.
        now: The wall clock.

    Returns:
        How many results are other ones now.
    """
    count = 0
    async for page in store.known(batch, (Standing.NOT_BEGUN, Standing.UNSETTLED, Standing.SETTLED)):
        records = await ledger.find_all([found.key.merchant_txn_ref for found in page])
        for found in page:
            landed = _better(found, records.get(found.key.merchant_txn_ref), now())
            if landed is not None:
                count += await store.correct(found, landed)
    return count


def _better(found: Known, record: Record | None, at: datetime) -> Landed | None:
    """What the ledger says of a charge; `None` where its result says so, or stands whatever the ledger says."""
    if record is None:
        has_come_to_nothing = _evidence(found) == [_HELD] and not found.is_held
        return _landed(found, _not_begun(found), at) if has_come_to_nothing else None
    if not _is_its(found, record) or _outweighs(found, record):
        return None
    landed = _landed(found, _told(found, record), at)
    former = found.entry or {}
    return None if all(landed.entry[name] == former.get(name) for name in _WORD) else landed


def _evidence(found: Known) -> Any:
    return (found.entry or {}).get("evidence")


def _is_its(found: Known, record: Record) -> bool:
    """Whether a record is of this charge, and not of another one that was made under its reference."""
    intent = record.intent
    return intent.operation in _PURCHASES and all(getattr(intent, name) == found.asked[name] for name in _ASKED)


def _outweighs(found: Known, record: Record) -> bool:
    """Whether a result stands whatever the record says."""
    is_in_conflict = (found.entry or {}).get("error") == ReferenceConflictError.__name__
    state = record.outcome.state
    if state is State.SENDING:
        # Its content was the same but for the secret, or for what no record tells: a refusal would be a lie.
        return not is_in_conflict
    if state is State.REFUSED:
        # That nothing was charged, be it a person's word, settles a doubt and no answer that was seen.
        return found.outcome != ChargeOutcome.UNKNOWN
    # An answer of the gateway's that was seen, and of which the ledger has not heard.
    is_answered = found.standing != Standing.NOT_BEGUN and found.outcome != ChargeOutcome.UNKNOWN
    return is_answered and not is_in_conflict and state is State.UNKNOWN and record.mark is None


async def purge(store: Store, ledger: Ledger, batch: str, now: Callable[[], datetime]) -> Purged:
    """Erase every body that is left, each in one statement with the result that its charge has from then on.

    What no worker holds is not begun any more. What one holds, or is charging, is unknown: `settle` tells later.

    Args:
        store: The tables.
        ledger: What was charged.
        batch: The id.
        now: The wall clock.
    """
    await store.pause(batch, "its bodies were erased by `batch purge`")
    outcomes: list[str] = []
    is_over = False
    while not is_over:
        is_over = True
        async for page in store.known(batch, (Standing.OPEN,)):
            records = await ledger.find_all([found.key.merchant_txn_ref for found in page])
            for found in page:
                landed = _landed(found, _left(found, records.get(found.key.merchant_txn_ref)), now())
                if await store.correct(found, landed):
                    outcomes.append(landed.entry["outcome"])
                else:
                    is_over = False  # a worker has begun to hold it, or has told its result
    await store.erase(batch)
    return Purged(outcomes.count(ChargeOutcome.NOT_SENT), outcomes.count(ChargeOutcome.UNKNOWN))


def _left(found: Known, record: Record | None) -> ChargeResult:
    """What becomes of a charge whose body is erased."""
    if record is not None and _is_its(found, record) and (record.outcome.state is not State.REFUSED):
        return _told(found, record)
    # Of a worker that lives its result comes, and replaces this one.
    return _doubt(found, _HELD) if found.is_held else _not_begun(found)


def _not_begun(found: Known) -> ChargeResult:
    reference = found.key.merchant_txn_ref
    return _result(found, NotSentError("nothing was sent (the body was erased)", merchant_txn_ref=reference))


def _doubt(found: Known, why: str) -> ChargeResult:
    message = f"the money may have moved ({why}): do not charge again before this is resolved"
    error = OutcomeUnknownError(message, merchant_txn_ref=found.key.merchant_txn_ref, evidence=(why,))
    return _result(found, error)


def _told(found: Known, record: Record) -> ChargeResult:
    if record.outcome.state is State.SENDING:
        return _doubt(found, _CHARGING)
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
    place = {name: former.get(name) for name in Place._fields if former.get(name)}
    entry = entry_of(line, result, _NOWHERE, at) | found.asked | place
    return Landed(found.key, standing_of(result), entry)
