"""A purchase's result in words."""

from __future__ import annotations

from typing import Final

from .exits import ExitCode
from .output import Rows, write_json, write_rows, write_text
from .result import Ending, Result
from .usage import tell_error
from .values import shown

__all__ = ["report"]

_TITLES: Final = {
    "paid": "PAID",
    "challenge": "NOT PAID YET",
    "declined": "DECLINED",
    "refused": "REFUSED",
    "not_sent": "NOT SENT",
    "partial": "PAID IN PART",
    "in_use": "IN USE",
    "unknown": "UNKNOWN",
}
_UNRECORDED: Final = "the ledger could not be told of this: keep it, the next run will call it unknown"
_NEXT: Final = {
    "challenge": "send the payer's browser to the address below; the webhook confirms what came of it",
    "declined": "a new try needs a new reference",
    "refused": "mend what is told here, then run it again",
    "not_sent": "it is safe to run it again",
    "partial": "void, refund or complete the payment",
    "in_use": (
        "another run is charging it, or was killed while it did: run the same again after the end of its lease,"
        " and do not charge it under another reference"
    ),
    "unknown": (
        "look it up in the gateway's portal, then settle it with `paymentoptions ledger resolve`:"
        " under another reference it may be charged a second time"
    ),
}


def report(result: Result, *, as_json: bool) -> None:
    """Write the result: for machines an object, for people first of all what happened to the money.

    Args:
        result: What became of a purchase.
        as_json: Whether machines read it.
    """
    if as_json:
        write_json(result.as_json())
    elif result.exit_code is ExitCode.USAGE and result.error:
        tell_error(shown(result.error.message))
    else:
        title = f"{_TITLES[result.outcome]}. Money: {result.money}."
        write_rows(title, _rows(result), exit_code=result.exit_code)
        if result.challenge:
            # By itself, since a frame would break it over lines and it is there to be copied.
            write_text(f"{shown(result.challenge.redirect_url)}\n")


def _rows(result: Result) -> Rows:
    yield "next", _NEXT.get(result.outcome)
    yield "reference", result.merchant_txn_ref
    yield from _ledger_rows(result)
    yield from _payment_rows(result)
    if result.error:
        yield from _error_rows(result.error)
    if result.sandbox_charges is not None:
        yield "sandbox", f"its own books say: money moved {result.sandbox_charges} time(s)"


def _ledger_rows(result: Result) -> Rows:
    members = result.error.members if result.error else {}
    answer = result.payment or result.challenge
    replayed, recorded = (
        (answer.replayed, answer.recorded) if answer else (members.get("replayed"), members.get("recorded", True))
    )
    if replayed:
        yield "replayed", "known from an earlier run; nothing was sent by this one"
    if not recorded:
        yield "not recorded", _UNRECORDED


def _payment_rows(result: Result) -> Rows:
    asked, payment = result.asked, result.payment
    if payment is None:
        yield "asked", asked and f"{asked.amount} {asked.currency}"
        yield "card", asked and asked.card
        return
    yield "amount", f"{payment.amount:f} {payment.currency}"
    yield "transaction", payment.transaction_id
    yield "card", " ".join(filter(None, (payment.masked_card, payment.scheme))) or None
    yield "auth code", payment.auth_code
    yield "stored as", payment.stored_payment_method_id
    if payment.gateway:
        yield "gateway", " ".join(filter(None, (payment.gateway.code, payment.gateway.message)))
    yield "time", payment.timestamp and payment.timestamp.isoformat()
    yield "attempts", payment.attempts


def _error_rows(error: Ending) -> Rows:
    if not error.problems:
        yield "error", f"{error.type}: {error.message}"
    for path, rule in error.problems:
        yield "problem", f"{path}: {rule}"
    yield "reason", error.members.get("reason")
    yield "response code", error.members.get("response_code")
    yield "gateway code", error.members.get("gateway_code")
    yield "retry after", error.members.get("retry_after")
    yield "lease ends", error.members.get("lease_ends")
    yield "transaction", error.members.get("transaction_id")
    if error.payment:
        yield "transaction", error.payment.transaction_id
    for seen in error.evidence:
        yield "evidence", seen
