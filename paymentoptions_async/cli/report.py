"""A result in words."""

from __future__ import annotations

import shlex
from typing import Final

from .exits import ExitCode
from .output import Rows, write_json, write_rows, write_text
from .result import Result
from .rows import asked_rows, error_rows, page_rows, payment_rows, status_rows, subscription_rows
from .usage import tell_error
from .values import shown

__all__ = ["report"]

# What is not listed is told by the outcome itself.
_TITLES: Final = {
    "challenge": "NOT PAID YET",
    "page": "PAGE MADE, NOT PAID YET",
    "partial": "DONE IN PART",
}
_UNRECORDED: Final = "the ledger could not be told of this: keep it, the next run will call it unknown"
# {name} is what the ledger knows it by, {value} the same as it is typed.
_NEXT: Final = {
    "challenge": "send the payer's browser to the address below; the webhook confirms what came of it",
    "page": "send the payer's browser to the address below; the webhook confirms what came of it",
    "declined": "a new try needs a new {name}",
    "refused": "mend what is told here, then run it again",
    "not_sent": "it is safe to run it again",
    "partial": "void, refund or complete it",
    "in_use": (
        "another run is at it, or was killed while it was: run the same again after the end of its lease,"
        " and do not do it under another {name}"
    ),
    "unknown": (
        "look it up in the gateway's portal, then settle it with `paymentoptions ledger resolve {value}`:"
        " the same again sends nothing, and under another {name} it may be done a second time"
    ),
    "no_answer": "run it again: it moves no money",
}


def report(result: Result, *, as_json: bool) -> None:
    """Write the result: for machines an object, for people first of all what happened to the money.

    Args:
        result: What became of a call.
        as_json: Whether machines read it.
    """
    if as_json:
        write_json(result.as_json())
    elif result.exit_code is ExitCode.USAGE and result.error:
        tell_error(shown(result.error.message))
    else:
        word = _TITLES.get(result.outcome) or result.outcome.replace("_", " ").upper()
        write_rows(f"{word}. Money: {result.money}.", _rows(result), exit_code=result.exit_code)
        waiting = result.challenge.redirect_url if result.challenge else result.page.url if result.page else None
        if waiting is not None:
            # By itself, since a frame would break it over lines and it is there to be copied.
            write_text(f"{shown(waiting)}\n")


def _rows(result: Result) -> Rows:
    yield "next", _next(result)
    yield "reference", result.merchant_txn_ref
    yield "key", result.operation_key
    yield from _ledger_rows(result)
    if result.payment:
        yield from payment_rows(result.payment)
    elif result.page:
        yield from page_rows(result.page)
    elif result.asked:
        yield from asked_rows(result.asked)
    if result.status:
        yield from status_rows(result.status)
    for one in result.subscriptions or ():
        yield from subscription_rows(one, whole=result.outcome != "listed")
    if result.error:
        yield from error_rows(result.error)
    if result.sandbox_charges is not None:
        yield "sandbox", f"its own books say: money moved {result.sandbox_charges} time(s)"


def _next(result: Result) -> str | None:
    text = _NEXT.get(result.outcome)
    name = "reference" if result.operation_key is None else "key"
    value = result.operation_key or result.merchant_txn_ref
    return text and text.format(name=name, value="REF" if value is None else shlex.quote(value))


def _ledger_rows(result: Result) -> Rows:
    members = result.error.members if result.error else {}
    answer = result.payment or result.challenge or result.page
    replayed, recorded = (
        (answer.replayed, answer.recorded) if answer else (members.get("replayed"), members.get("recorded", True))
    )
    if replayed:
        yield "replayed", "known from an earlier run; nothing was sent by this one"
    if not recorded:
        yield "not recorded", _UNRECORDED
