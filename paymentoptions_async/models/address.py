"""A postal address with its contact."""

from __future__ import annotations

import attrs

from .rules import letters, text

__all__ = ["Address"]


@attrs.frozen(kw_only=True)
class Address:
    """Where the payer, or the parcel, is.

    Attributes:
        country: ISO 3166-1 alpha-2 code.
        email: At most 45 characters.
        phone_number: At most 20 characters.
        address1: Street and number, at most 199 characters.
        city: At most 65 characters.
        state: At most 65 characters.
        postal_code: At most 45 characters.
        address2: A second line, at most 199 characters.
    """

    country: str = letters(2, "a country code of two capital letters (ISO 3166-1)")
    email: str = text(45)
    phone_number: str = text(20)
    address1: str = text(199)
    city: str = text(65)
    state: str = text(65)
    postal_code: str = text(45)
    address2: str | None = text(199, default=None)
