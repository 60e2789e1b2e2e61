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

    country: str = attrs.field(metadata=letters(2, "a country code of two capital letters (ISO 3166-1)"))
    email: str = attrs.field(metadata=text(45))
    phone_number: str = attrs.field(metadata=text(20))
    address1: str = attrs.field(metadata=text(199))
    city: str = attrs.field(metadata=text(65))
    state: str = attrs.field(metadata=text(65))
    postal_code: str = attrs.field(metadata=text(45))
    address2: str | None = attrs.field(default=None, metadata=text(199))
