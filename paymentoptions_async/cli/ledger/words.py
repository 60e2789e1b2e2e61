"""A record as it is told to people."""

from __future__ import annotations

from typing import Final

import orjson

from ... import HostedPage, Record, State
from ...ledger.telling import is_alarming, record_json, time_text
from ...operations import operation_of
from ..exits import ExitCode
from ..outcomes import CARRIED_OUT
from ..output import Rows, write_json, write_rows
from ..values import shown

__all__ = ["COLUMNS", "REF_HELP", "in_columns", "in_rows", "tell_record"]

REF_HELP: Final = "The merchant_txn_ref, or the key of a capture, void or refund."
COLUMNS: Final = ("reference", "state", "amount", "currency", "card", "operation", "attempts", "transaction", "changed")


def in_columns(record: Record) -> tuple[str, ...]:
    """One line of a table, in the order of `COLUMNS`."""
    intent, outcome = record.intent, record.outcome
    state = f"{_state(record)} ({record.mark})" if record.mark else _state(record)
    told = (intent.operation, outcome.attempts, outcome.transaction_id, time_text(record.changed))
    return tuple(
        str(value) if value is not None else ""
        for value in (record.merchant_txn_ref, state, intent.amount, intent.currency, intent.card, *told)
    )


def in_rows(record: Record) -> Rows:
    """All of it, for one person to read."""
    told = record_json(record)
    for name in ("operation", "of_transaction", "amount", "currency", "card", "attempts", "transaction_id"):
        yield name.replace("_", " "), None if told[name] == "" else told[name]
    for name in ("created", "changed"):
        yield name, told[name]
    yield "lease ends", told["lease_ends"]
    for name in ("status", "reason", "response_code", "gateway_code", "refusal"):
        yield name.replace("_", " "), told[name]
    for seen in record.outcome.evidence:
        yield "evidence", seen
    for event in record.history:
        yield "history", f"{time_text(event.at)} {event.what}, by {event.by}: {event.reason}"
    if told["answer"] is not None:
        yield "answer", orjson.dumps(told["answer"]).decode()


def tell_record(record: Record, *, as_json: bool) -> None:
    """Write all of it."""
    if as_json:
        write_json(record_json(record))
        return
    mark = f", {record.mark}" if record.mark else ""
    code = ExitCode.UNKNOWN if is_alarming(record) else ExitCode.OK
    write_rows(f"{shown(record.merchant_txn_ref)}: {_state(record)}{mark}", in_rows(record), exit_code=code)


def _state(record: Record) -> str:
    """The state in the words of its operation: what is paid may be authorised, captured, voided or refunded."""
    state, operation = record.outcome.state, operation_of(record.intent.operation)
    if state is State.PAID:
        return CARRIED_OUT[operation.result]
    if state is State.CHALLENGED and operation.waiting is HostedPage:
        return "page open"
    return state.value
