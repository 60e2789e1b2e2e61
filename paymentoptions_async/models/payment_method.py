"""How a payment is made where it is not by a card typed in."""

from __future__ import annotations

import attrs

from .rules import flag, text

__all__ = ["PaymentMethod"]


@attrs.frozen(kw_only=True)
class PaymentMethod:
    """A token to be made, a token to pay with, or a wallet.

    Attributes:
        type: `scheme` for cards, or the name of a wallet such as `gcash`.
        store_payment_method: Whether the gateway keeps the card and answers a token for it.
        stored_payment_method_id: Such a token: it pays in place of a card.
    """

    type: str = attrs.field(metadata=text(128))
    store_payment_method: bool | None = attrs.field(default=None, metadata=flag())
    stored_payment_method_id: str | None = attrs.field(default=None, metadata=text(128))
