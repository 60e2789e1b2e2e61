"""What the sandbox's books hold: transactions, cards, pages. No full card number, no CVC."""

from __future__ import annotations

from datetime import datetime  # cattrs reads the annotations of what is kept in a database
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import attrs

from .rules import CardRule, Decision

__all__ = ["HostedPage", "Kind", "PageState", "StoredCard", "Transaction", "TransactionState"]

_NOTHING: Final = Decimal(0)


class Kind(StrEnum):
    """What a transaction was made for."""

    PURCHASE = "purchase"
    AUTHORISATION = "authorisation"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CYCLE = "cycle"


class TransactionState(StrEnum):
    """What has become of a transaction."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    COMPLETED = "completed"


_MOVE_MONEY: Final = frozenset({Kind.PURCHASE, Kind.CAPTURE, Kind.CYCLE})
_MOVED: Final = frozenset({TransactionState.CAPTURED, TransactionState.PARTLY_REFUNDED, TransactionState.REFUNDED})


@attrs.frozen
class StoredCard:
    """What is kept of a card: enough to decide by it and to name it, too little to use it."""

    masked: str
    scheme: str
    rule: CardRule
    name: str
    exp_month: str
    exp_year: str


@attrs.define(eq=False)
class Transaction:
    """One transaction, with all that its answers say.

    Attributes:
        id: The gateway's id.
        ref: The gateway's counter.
        timestamp: As it is written into the answer.
        kind: What it was made for.
        state: What has become of it.
        decision: What was decided. While the payer is waited for, that is a challenge.
        card: The card that paid; `None` of a wallet, and of a page that nobody has paid yet.
        token: The id under which the card is stored, where it is.
        request: The members of the body that the answers repeat; none of the card.
        addresses: The addresses of the body by their names, shared with the transactions that have the same.
        return_urls: Where the gateway and the payer come back to, shared likewise.
        parent: The id of the transaction that this one captures, voids or refunds.
        origin: The counter of the transaction that the card was asked for with: the auth code is made of it.
        captured: How much has moved to the merchant; of an authorisation, how much of it was captured.
        refunded: How much of that has moved back.
        challenge: The token of its 3-D Secure page.
        page: The id of its hosted page.
        wallet: The wallet that pays, such as `gcash`.
    """

    id: str
    ref: int
    timestamp: str
    kind: Kind
    state: TransactionState
    decision: Decision
    card: StoredCard | None
    token: str | None
    request: dict[str, Any]
    addresses: dict[str, Any]
    return_urls: dict[str, Any]
    parent: str | None = None
    origin: int = attrs.field(default=attrs.Factory(lambda self: self.ref, takes_self=True))
    captured: Decimal = _NOTHING
    refunded: Decimal = _NOTHING
    challenge: str | None = None
    page: str | None = None
    wallet: str | None = None

    @property
    def merchant_txn_ref(self) -> str:
        """The merchant's own reference."""
        ref: str = self.request["merchant_txn_ref"]
        return ref

    @property
    def amount(self) -> Decimal:
        """How much was approved, or asked where nothing was."""
        return self.decision.amount

    @property
    def currency(self) -> str:
        """ISO 4217."""
        currency: str = self.request["currency"]
        return currency

    @property
    def masked_card(self) -> str | None:
        """The first six and the last four digits."""
        return self.card.masked if self.card else None

    @property
    def scheme(self) -> str | None:
        """The scheme of the card, or the wallet."""
        if self.card is not None:
            return self.card.scheme
        return self.wallet and self.wallet.upper()

    @property
    def charged(self) -> bool:
        """Whether money has moved to the merchant by this transaction, whatever was refunded later."""
        return self.kind in _MOVE_MONEY and self.state in _MOVED

    @property
    def balance(self) -> Decimal:
        """What the merchant still has of it; of an authorisation nothing, since its capture has it."""
        return self.captured - self.refunded if self.kind in _MOVE_MONEY else _NOTHING


class PageState(StrEnum):
    """Whether a hosted page can be paid."""

    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"


@attrs.define(eq=False)
class HostedPage:
    """A payment page of the gateway's, to be paid once.

    Attributes:
        id: The last part of its address.
        ref: The merchant's own reference.
        amount: What is to be paid; `None` where the payer types it.
        currency: ISO 4217.
        wallet: The wallet that pays, such as `gcash`; `None` for cards.
        return_urls: `webhook_url`, `success_url`, `decline_url`, perhaps `cancel_url`.
        expiry: Until when it can be paid.
        transaction: The id of its transaction, which is pending until the payer has acted.
        state: Whether it can be paid.
    """

    id: str
    ref: str
    amount: Decimal | None
    currency: str
    wallet: str | None
    return_urls: dict[str, Any]
    expiry: datetime
    transaction: str
    state: PageState = PageState.OPEN
