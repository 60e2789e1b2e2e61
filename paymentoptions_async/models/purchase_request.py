"""The body of a purchase or an authorisation."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import attrs

from ..errors import Problem
from ..redaction import Secret, in_flight, shown_text
from .address import Address
from .browser_info import BrowserInfo
from .card import Card
from .payment_method import PaymentMethod
from .request import Request
from .return_urls import ReturnUrls
from .rules import amount, ip_address, letters, model, text
from .subscription import Subscription

__all__ = ["PurchaseRequest"]

_SEPARATORS: Final = re.compile(r"[ -]")


def _sealed_unless_card(value: Card | None) -> Card | None:
    given: Any = value
    # A card given as a plain mapping would be shown by our repr; the field's rule names the fault later.
    return given if given is None or isinstance(given, Card) else Secret("")  # type: ignore[return-value]


@attrs.frozen(kw_only=True, repr=False)
class PurchaseRequest(Request):
    """What to charge, to whom, and under which reference (gateway/API.md, "Purchase body").

    Attributes:
        amount: `str`, `int` or `Decimal`, at most 10 characters; sent as given, never converted. The vendor has
            not published the unit for currencies with two decimals. An `int` goes out as a JSON number, a
            `Decimal` as text.
        currency: ISO 4217 code.
        merchant_txn_ref: Your own reference, at most 45 characters. It names this charge for ever: a second
            call with it charges nothing.
        customer_ip: The payer's address, IPv4 or IPv6.
        return_url: Where gateway and payer come back to.
        billing_address: Where the payer lives.
        time_zone: IANA name.
        card: Needed unless a stored payment method or a wallet pays.
        merchant_id: Yours; where `None`, that of the settings goes out.
        shipping_address: Where the goods go.
        browser_info: The payer's browser; wanted for 3-D Secure.
        payment_method: To make a token, or to pay with one.
        subscription: The plan, for subscriptions.
    """

    amount: str | int | Decimal = attrs.field(metadata=amount())
    currency: str = attrs.field(metadata=letters(3, "a currency code of three capital letters (ISO 4217)"))
    card: Card | None = attrs.field(default=None, converter=_sealed_unless_card, metadata=model(Card))
    merchant_txn_ref: str = attrs.field(metadata=text(45))
    customer_ip: str = attrs.field(metadata=ip_address())
    merchant_id: str | None = attrs.field(default=None, metadata=text(128))
    return_url: ReturnUrls = attrs.field(metadata=model(ReturnUrls))
    billing_address: Address = attrs.field(metadata=model(Address))
    shipping_address: Address | None = attrs.field(default=None, metadata=model(Address))
    browser_info: BrowserInfo | None = attrs.field(default=None, metadata=model(BrowserInfo))
    payment_method: PaymentMethod | None = attrs.field(default=None, metadata=model(PaymentMethod))
    subscription: Subscription | None = attrs.field(default=None, metadata=model(Subscription))
    time_zone: str = attrs.field(metadata=text(128))

    def __repr__(self) -> str:
        with in_flight(self.card.number if isinstance(self.card, Card) else None):
            return Request.__repr__(self)

    def _problems_together(self) -> list[Problem]:
        return _payer_problems(self)

    def shown_reference(self) -> str | None:
        """The reference, masked."""
        if not isinstance(self.merchant_txn_ref, str):
            return None
        with in_flight(self.card.number if isinstance(self.card, Card) else None):
            return shown_text(self.merchant_txn_ref, 45)


def _payer_problems(request: PurchaseRequest) -> list[Problem]:
    method, card = request.payment_method, request.card
    token = method is not None and method.stored_payment_method_id is not None
    if card is None:
        wallet = method is not None and method.type != "scheme"
        return [] if token or wallet else [Problem("card", "required unless a stored payment method pays")]
    if token:
        return [Problem("card", "none where payment_method.stored_payment_method_id pays")]
    if card.number.reveal() in _SEPARATORS.sub("", request.merchant_txn_ref):
        return [Problem("merchant_txn_ref", "a reference that does not hold the card number")]
    return []
