"""A page of the gateway's on which the payer pays, by card or by wallet."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from ..errors import Problem
from ..redaction import shown_text
from .address import Address
from .payment_method import PaymentMethod
from .request import Request
from .return_urls import ReturnUrls
from .rules import amount, ip_address, letters, model, text

__all__ = ["HostedPage", "HostedPageRequest"]


@attrs.frozen(kw_only=True, repr=False)
class HostedPageRequest(Request):
    """The page that is wanted (samples/hosted_page.request.json; for a wallet samples/wallet.request.json).

    Attributes:
        amount: `str`, `int` or `Decimal`, at most 10 characters; sent as given, never converted. Empty: the payer
            types it.
        currency: ISO 4217 code.
        merchant_txn_ref: Your own reference, at most 45 characters. It names this charge for ever.
        return_url: Where gateway and payer come back to; `cancel_url` is where the payer lands after giving up.
        billing_address: Where the payer lives.
        shipping_address: Where the goods go.
        merchant_id: Yours; where `None`, that of the settings goes out.
        merchant_email: Yours.
        customer_ip: The payer's address, IPv4 or IPv6.
        time_zone: IANA name.
        payment_method: A wallet, such as `PaymentMethod(type="gcash")`; `None` for a card.
    """

    amount: str | int | Decimal = attrs.field(default="", metadata=amount(may_be_empty=True))
    currency: str = attrs.field(metadata=letters(3, "a currency code of three capital letters (ISO 4217)"))
    merchant_txn_ref: str = attrs.field(metadata=text(45))
    return_url: ReturnUrls = attrs.field(metadata=model(ReturnUrls))
    billing_address: Address = attrs.field(metadata=model(Address))
    shipping_address: Address | None = attrs.field(default=None, metadata=model(Address))
    merchant_id: str | None = attrs.field(default=None, metadata=text(128))
    merchant_email: str | None = attrs.field(default=None, metadata=text(255))
    customer_ip: str | None = attrs.field(default=None, metadata=ip_address())
    time_zone: str | None = attrs.field(default=None, metadata=text(128))
    payment_method: PaymentMethod | None = attrs.field(default=None, metadata=model(PaymentMethod))

    def _problems_together(self) -> list[Problem]:
        method = self.payment_method
        if method is not None and method.stored_payment_method_id is not None:
            return [Problem("payment_method.stored_payment_method_id", "none on a page: the payer pays there")]
        return []

    def shown_reference(self) -> str | None:
        """The reference, masked."""
        given: object = self.merchant_txn_ref
        return shown_text(given, 45) if isinstance(given, str) else None


@attrs.frozen(kw_only=True)
class HostedPage:
    """A page that waits for its payer. Nothing is paid until the payer has been there.

    Attributes:
        id: The gateway's id of the page.
        url: Send the payer's browser here.
        merchant_txn_ref: The reference of the charge.
        amount: What is to be paid, as answered; `None` where the payer types it.
        currency: ISO 4217 code.
        replayed: Whether this is the stored answer to an earlier call, with nothing sent by this one.
        recorded: Whether the ledger says so. If not, it could not be told yet, or something contradicts it.
        attempts: How many attempts were made under this reference, those included that never left.
        raw: The whole answer as it came.
    """

    id: str
    url: str
    merchant_txn_ref: str
    amount: Decimal | None = None
    currency: str = ""
    replayed: bool = False
    recorded: bool = True
    attempts: int = 1
    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
