"""Every transaction comes into being here, and here becomes what it comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs

from paymentoptions_async.redaction import mask_pan, redact_text

from .clock import stamp
from .rules import moves_money, rule_of, scheme_of
from .state import Kind, StoredCard, Transaction, TransactionState

if TYPE_CHECKING:
    from .gateway import Gateway
    from .rules import Decision

__all__ = ["book", "book_follow_up", "card_of", "settle", "typed_card"]

_REPEATED: Final = ("merchant_txn_ref", "merchant_id", "customer_ip", "currency")
_ADDRESSES: Final = ("billing_address", "shipping_address")
_NOTHING: Final = Decimal(0)
_NO_ADDRESS: Final = "127.0.0.1"
_DONE: Final = {
    Kind.PURCHASE: TransactionState.CAPTURED,
    Kind.CYCLE: TransactionState.CAPTURED,
    Kind.CAPTURE: TransactionState.CAPTURED,
    Kind.AUTHORISATION: TransactionState.AUTHORISED,
    Kind.VOID: TransactionState.COMPLETED,
    Kind.REFUND: TransactionState.COMPLETED,
}


def card_of(gateway: Gateway, body: dict[str, Any]) -> StoredCard | None:
    """The card that pays by this body; `None` where its token is not known."""
    card = body.get("card")
    if card is None:
        return gateway.books.cards.get(body["payment_method"]["stored_payment_method_id"])
    return typed_card(card["number"], card["expiry_month"], card["expiry_year"], card["name"])


def typed_card(number: str, expiry_month: str, expiry_year: str, name: str) -> StoredCard:
    """What is kept of a card that was typed in."""
    return StoredCard(
        masked=mask_pan(number),
        scheme=scheme_of(number),
        rule=rule_of(number),
        name=redact_text(name),
        exp_month=expiry_month,
        exp_year=expiry_year,
    )


def book(
    gateway: Gateway, body: dict[str, Any], card: StoredCard | None, kind: Kind, decision: Decision
) -> Transaction:
    """Write a new transaction down, and tell it to its webhook unless the payer is asked first."""
    challenge = gateway.ids() if decision.challenge and card is not None else None
    addresses, return_urls = _shared_parts(gateway, body)
    transaction = Transaction(
        id=gateway.ids(),
        ref=gateway.books.next_ref(),
        timestamp=stamp(gateway.now()),
        kind=kind,
        state=TransactionState.PENDING,
        decision=decision,
        card=card,
        token=_token(gateway, body, decision),
        request=_requested(body),
        addresses=addresses,
        return_urls=return_urls,
        challenge=challenge,
    )
    if not decision.challenge:
        _conclude(gateway, transaction)
    gateway.books.enter(transaction)
    gateway.dispatcher.announce(transaction)
    return transaction


def book_follow_up(gateway: Gateway, parent: Transaction, kind: Kind, decision: Decision) -> Transaction:
    """Write a capture, void or refund down, and tell it to the webhook of its parent."""
    transaction = attrs.evolve(
        parent,
        id=gateway.ids(),
        ref=gateway.books.next_ref(),
        timestamp=stamp(gateway.now()),
        kind=kind,
        decision=decision,
        parent=parent.id,
        token=None,
        challenge=None,
        page=None,
        captured=_NOTHING,
        refunded=_NOTHING,
    )
    _conclude(gateway, transaction)
    gateway.books.enter(transaction)
    gateway.dispatcher.announce(transaction)
    return transaction


def settle(
    gateway: Gateway, transaction: Transaction, decision: Decision, state: TransactionState | None = None
) -> None:
    """Let a pending transaction come to something, and tell it to its webhook.

    Args:
        gateway: Where it was made.
        transaction: It is changed.
        decision: What was decided at last.
        state: What becomes of it; by default what the decision says.
    """
    transaction.decision = decision
    _conclude(gateway, transaction)
    if state is not None:
        transaction.state = state
    gateway.books.change(transaction, charged=transaction.charged)
    gateway.dispatcher.announce(transaction)


def _conclude(gateway: Gateway, transaction: Transaction) -> None:
    """State, money and token, by the decision."""
    decision = transaction.decision
    moved = moves_money(decision, unclear_charges=gateway.switches.unclear_charges)
    transaction.state = _DONE[transaction.kind] if moved else TransactionState.DECLINED
    if moved and transaction.kind is Kind.CYCLE and not decision.amount:
        transaction.state = TransactionState.COMPLETED  # a trial, or a cycle that costs nothing
    if transaction.state is TransactionState.CAPTURED:
        transaction.captured = decision.amount
    if not decision.approved:
        transaction.token = None
    elif transaction.token is not None and transaction.card is not None:
        gateway.books.store_card(transaction.token, transaction.card)


def _requested(body: dict[str, Any]) -> dict[str, Any]:
    """The members of a body that the answers repeat. A hosted page's body may lack the payer's address."""
    return {name: body.get(name) or _NO_ADDRESS for name in _REPEATED}


def _shared_parts(gateway: Gateway, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The addresses, and the URLs to come back to."""
    addresses = {name: body[name] for name in _ADDRESSES if body.get(name) is not None}
    return gateway.books.shared(addresses), gateway.books.shared(body["return_url"])


def _token(gateway: Gateway, body: dict[str, Any], decision: Decision) -> str | None:
    # gateway/API.md, "make a token" and "pay by token".
    method = body.get("payment_method") or {}
    if body.get("card") is None:
        token: str | None = method.get("stored_payment_method_id")
        return token
    wanted = method.get("store_payment_method") and (decision.approved or decision.challenge)
    return gateway.ids() if wanted else None
