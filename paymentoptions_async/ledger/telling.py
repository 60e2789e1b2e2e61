"""A record as it is told: whether it is alarming, and all of it for machines but fingerprint and token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from ..models.outcome import State
from .base import Mark, Record

__all__ = ["is_alarming", "is_askable", "record_json", "time_text"]


def is_alarming(record: Record) -> bool:
    """Whether money may have moved and nobody knows, or may have moved twice."""
    return record.outcome.state is State.UNKNOWN or record.mark is Mark.CONTRADICTED


def is_askable(record: Record) -> bool:
    """Whether it is unknown, and the gateway can be asked: something has told the id of the transaction."""
    outcome = record.outcome
    return outcome.state is State.UNKNOWN and (outcome.transaction_id or outcome.named_id) is not None


def record_json(record: Record) -> dict[str, Any]:
    """One object. Amounts are text, times ISO 8601; `lease_ends` is `null` unless it is being charged."""
    intent, outcome = record.intent, record.outcome
    return {
        "merchant_txn_ref": record.merchant_txn_ref,
        "state": outcome.state,
        "mark": record.mark,
        "operation": intent.operation,
        "of_transaction": intent.subject,
        "amount": intent.amount,
        "currency": intent.currency,
        "card": intent.card,
        "attempts": outcome.attempts,
        "transaction_id": outcome.transaction_id,
        "created": time_text(record.created),
        "changed": time_text(record.changed),
        "lease_ends": time_text(record.lease_ends) if outcome.state is State.SENDING else None,
        "status": outcome.status,
        "reason": outcome.reason,
        "response_code": outcome.response_code,
        "gateway_code": outcome.gateway_code,
        "refusal": outcome.refusal,
        "evidence": list(outcome.evidence),
        "history": [{**event._asdict(), "at": time_text(event.at)} for event in record.history],
        "answer": orjson.loads(outcome.answer) if outcome.answer else None,
    }


def time_text(seconds: float) -> str:
    """A time of the wall clock, as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
