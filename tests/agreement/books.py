"""Holds what the ledger says against what the gateway's books say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import orjson

from paymentoptions_async import Reason, Record, State
from paymentoptions_async.models import lenient
from paymentoptions_async.models.transaction import Transaction as Result
from paymentoptions_async.operations import AUTHORIZE, HOSTED_PAGE, REFUND, SUBSCRIBE, VOID, operation_of
from paymentoptions_async.sandbox.state import Kind, Transaction, TransactionState

if TYPE_CHECKING:
    from .world import World

__all__ = ["amount_of", "check_agreement", "hold_against_books"]

_DONE: Final = frozenset(
    {
        TransactionState.AUTHORISED,
        TransactionState.CAPTURED,
        TransactionState.VOIDED,
        TransactionState.PARTLY_REFUNDED,
        TransactionState.REFUNDED,
        TransactionState.COMPLETED,
    }
)
_WAITING: Final = frozenset({TransactionState.PENDING, TransactionState.TIMED_OUT})
_CARRIED_OUT: Final = (State.PAID, State.PARTIAL)


def amount_of(record: Record) -> Decimal:
    """How much a record says was carried out."""
    answer = orjson.loads(record.outcome.answer or b"{}")
    told = lenient.decimal(lenient.part(answer.get("payment_details")).get("amount"))
    return Decimal(record.intent.amount or 0) if told is None else told


def hold_against_books(world: World, result: Result) -> None:
    """What a call has returned was carried out, with that amount."""
    found = next(one for one in world.gateway.transactions() if one.id == result.transaction_id)
    assert found.state in _DONE, f"{result!r}: {found!r}"
    assert found.amount == result.amount, f"{result!r}: {found!r}"


async def check_agreement(world: World) -> Counter[tuple[str, str]]:
    """Every record that is not unknown says what the books say, and so do the totals.

    Returns:
        How many records are of which operation and in which state.
    """
    records = [record async for record in world.ledger.records()]
    by_id = {one.id: one for one in world.gateway.transactions()}
    follow_ups: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        assert record.mark is None, record
        assert record.outcome.state is not State.SENDING, record
        if operation_of(record.intent.operation).is_follow_up:
            follow_ups[str(record.intent.subject), record.intent.operation].append(record)
        else:
            own = [one for one in world.gateway.transactions(record.merchant_txn_ref) if one.parent is None]
            _check_charge(world, record, own)
    for (subject, operation), of_subject in follow_ups.items():
        kind = Kind(operation)
        _check_follow_ups(of_subject, [one for one in by_id.values() if (one.parent, one.kind) == (subject, kind)])
    assert {one.merchant_txn_ref for one in by_id.values()} <= {record.merchant_txn_ref for record in records}
    _check_balances(world, records, by_id)
    return Counter((record.intent.operation, record.outcome.state.value) for record in records)


def _done(transactions: Iterable[Transaction]) -> list[Transaction]:
    return [one for one in transactions if one.state in _DONE]


def _says_the_same(record: Record, booked: Transaction) -> bool:
    is_partial = booked.decision.reason is Reason.PARTIAL
    return booked.amount == amount_of(record) and is_partial is (record.outcome.state is State.PARTIAL)


def _check_charge(world: World, record: Record, own: Sequence[Transaction]) -> None:
    told = f"{record!r}: {own!r}"
    if operation_of(record.intent.operation) is SUBSCRIBE:
        assert len(world.gateway._books.subscriptions_of(record.merchant_txn_ref)) <= 1, told
        # A webhook of a later cycle may have told that it was begun.
        own = [one for one in own if one.id == record.outcome.transaction_id] or own[:1]
    assert len(own) <= 1, told
    match record.outcome.state:
        case State.PAID | State.PARTIAL:
            assert [one.id for one in _done(own)] == [record.outcome.transaction_id], told
            assert _says_the_same(record, own[0]), told
        case State.DECLINED:
            assert own, told
            assert not _done(own), told
        case State.REFUSED:
            assert not own, told
        case State.CHALLENGED if _can_be_learned(world, record):
            assert own[0].state in _WAITING, told


def _can_be_learned(world: World, record: Record) -> bool:
    """Whether anything tells the client that the payer has acted."""
    is_page = operation_of(record.intent.operation) is HOSTED_PAGE
    return world.has_webhooks or (world.tells_id and not is_page)


def _check_follow_ups(records: Sequence[Record], booked: Sequence[Transaction]) -> None:
    """The gateway's books know no operation keys: so all that was done to one transaction is compared at once."""
    told = f"{records!r}: {booked!r}"
    by_id, states = {one.id: one for one in booked}, Counter(record.outcome.state for record in records)
    carried_out = [record for record in records if record.outcome.state in _CARRIED_OUT]
    ids = [str(record.outcome.transaction_id) for record in carried_out]
    assert len(set(ids)) == len(ids), told
    for record, its_id in zip(carried_out, ids, strict=True):
        assert by_id[its_id].state in _DONE, told
        assert _says_the_same(record, by_id[its_id]), told
    for record in records:
        if record.outcome.state is State.DECLINED:
            assert by_id[str(record.outcome.transaction_id)].state not in _DONE, told
    assert len(ids) <= len(_done(booked)) <= len(ids) + states[State.UNKNOWN], told
    assert len(booked) <= len(records) - states[State.REFUSED], told
    assert not states[State.CHALLENGED], told


def _check_balances(world: World, records: Sequence[Record], by_id: Mapping[str, Transaction]) -> None:
    """Captured minus refunded, by the ledger alone, where it leaves nothing open about a reference."""
    of_reference: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        subject = by_id.get(str(record.intent.subject))
        of_reference[record.merchant_txn_ref if subject is None else subject.merchant_txn_ref].append(record)
    for reference, told in of_reference.items():
        if not any(record.outcome.state in (State.UNKNOWN, State.CHALLENGED) for record in told):
            expected = sum(map(_moved, told)) + _later_cycles(world, reference, told)
            assert world.gateway.balance(reference) == expected, (reference, told)


def _moved(record: Record) -> Decimal:
    operation = operation_of(record.intent.operation)
    if record.outcome.state not in _CARRIED_OUT or operation in (*AUTHORIZE.values(), VOID):
        return Decimal(0)
    return -amount_of(record) if operation is REFUND else amount_of(record)


def _later_cycles(world: World, reference: str, told: Sequence[Record]) -> Decimal:
    """What a subscription has charged by itself: no ledger knows of it."""
    known = {record.outcome.transaction_id for record in told}
    cycles = (one for one in world.gateway.transactions(reference) if one.kind is Kind.CYCLE)
    return sum((one.captured for one in cycles if one.id not in known), Decimal(0))
