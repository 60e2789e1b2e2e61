"""A payment card."""

from __future__ import annotations

import attrs

from ..redaction import Secret, mask_pan
from .rules import digits, text

__all__ = ["Card"]


def _secret(value: str | Secret) -> Secret:
    given: object = value
    # What is no text becomes a secret that breaks its field's rule. Raising here would show the value in a frame.
    return Secret(given) if isinstance(given, (str, Secret)) else Secret("")


@attrs.frozen(kw_only=True)
class Card:
    """A card as it is typed in. Number and CVC become `Secret` at once; nothing shows them again.

    Attributes:
        number: The card number (PAN), 12 to 16 digits, given as text.
        cvc: The security code, 3 or 4 digits, given as text.
        expiry_month: Two digits, `01` to `12`.
        expiry_year: Two digits.
        name: The cardholder's name, at most 255 characters.
    """

    number: Secret = attrs.field(converter=_secret, metadata=digits(12, 16))
    cvc: Secret = attrs.field(converter=_secret, metadata=digits(3, 4))
    expiry_month: str = attrs.field(metadata=digits(2, 2, within=range(1, 13)))
    expiry_year: str = attrs.field(metadata=digits(2, 2))
    name: str = attrs.field(metadata=text(255))

    @property
    def masked(self) -> str:
        """The first six and the last four digits."""
        return mask_pan(self.number.reveal())
