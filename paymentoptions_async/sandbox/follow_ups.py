"""`POST /capture`, `/void` and `/refund`: find what they are about, check, decide, book, answer. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .answers import Answer, refusal
from .booking import book_follow_up
from .contract import Refusal, check_credentials, check_follow_up
from .envelopes import follow_up_envelope
from .gateway import Call, Gateway, Operation
from .rules import CardRule, decision_of, moves_money
from .state import Kind, Transaction, TransactionState
from .status import UNKNOWN_TRANSACTION, told_transaction

if TYPE_CHECKING:
    from .rules import Decision

__all__ = ["CAPTURE", "REFUND", "VOID"]

# gateway/API.md, "Errors": ERR3019 and ERR3020 by their response codes.
_NOTHING_LEFT: Final = -8019
_MORE_THAN_IS_LEFT: Final = -8020

_Follow = Callable[[Gateway, Transaction, dict[str, Any]], Transaction | Refusal]


def _follow_up(gateway: Gateway, call: Call, *, follow: _Follow, with_amount: bool) -> Answer:
    error_body = gateway.switches.error_body
    if why := check_credentials(call.headers) or check_follow_up(call.body, with_amount=with_amount):
        return refusal(why, error_body)
    body = call.body or {}
    parent = told_transaction(gateway, body["transactionId"])
    if parent is None:
        return refusal(UNKNOWN_TRANSACTION, error_body)
    followed = follow(gateway, parent, body)
    if isinstance(followed, Refusal):
        return refusal(followed, error_body)
    return follow_up_envelope(followed, gateway.switches)


def _capture(gateway: Gateway, authorisation: Transaction, body: dict[str, Any]) -> Transaction | Refusal:
    amount = Decimal(str(body["amount"]))
    if why := _not_open(authorisation):
        return why
    if amount > authorisation.amount:
        return Refusal(400, "amount: at most what was authorised")
    transaction = book_follow_up(gateway, authorisation, Kind.CAPTURE, gateway.decide(CardRule(), amount, version=1))
    if transaction.charged:
        authorisation.state = TransactionState.CAPTURED
        authorisation.captured = transaction.captured
        gateway.books.change(authorisation)
    return transaction


def _void(gateway: Gateway, authorisation: Transaction, _body: dict[str, Any]) -> Transaction | Refusal:
    if why := _not_open(authorisation):
        return why
    transaction = book_follow_up(gateway, authorisation, Kind.VOID, decision_of(0, authorisation.amount))
    authorisation.state = TransactionState.VOIDED
    gateway.books.change(authorisation)
    return transaction


def _refund(gateway: Gateway, paid: Transaction, body: dict[str, Any]) -> Transaction | Refusal:
    if not paid.charged:
        return Refusal(400, "transactionId: of a captured transaction")
    decision = _refund_decision(gateway, paid, Decimal(str(body["amount"])))
    transaction = book_follow_up(gateway, paid, Kind.REFUND, decision)
    if moves_money(decision, unclear_charges=gateway.switches.unclear_charges):
        paid.refunded += decision.amount
        paid.state = TransactionState.PARTLY_REFUNDED if paid.balance else TransactionState.REFUNDED
        gateway.books.change(paid)
    return transaction


def _refund_decision(gateway: Gateway, paid: Transaction, amount: Decimal) -> Decision:
    if not paid.balance:
        return decision_of(_NOTHING_LEFT, amount)
    if amount > paid.balance:
        return decision_of(_MORE_THAN_IS_LEFT, amount)
    return gateway.decide(CardRule(), amount, version=1)


def _not_open(authorisation: Transaction) -> Refusal | None:
    """Why an authorisation cannot be captured or voided."""
    if authorisation.kind is not Kind.AUTHORISATION:
        return Refusal(400, "transactionId: of an authorisation")
    match authorisation.state:
        case TransactionState.AUTHORISED:
            return None
        case TransactionState.CAPTURED:
            return Refusal(400, "transactionId: captured already")
        case TransactionState.VOIDED:
            return Refusal(400, "transactionId: voided already")
    return Refusal(400, "transactionId: not authorised")


CAPTURE: Final = Operation(partial(_follow_up, follow=_capture, with_amount=True))
VOID: Final = Operation(partial(_follow_up, follow=_void, with_amount=False))
REFUND: Final = Operation(partial(_follow_up, follow=_refund, with_amount=True))
