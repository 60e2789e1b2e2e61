"""Where the gateway and the payer come back to."""

from __future__ import annotations

import attrs

from .rules import text

__all__ = ["ReturnUrls"]


@attrs.frozen(kw_only=True)
class ReturnUrls:
    """Addresses of yours, at most 255 characters each.

    Attributes:
        webhook_url: The gateway posts the outcome here.
        success_url: The payer lands here after a payment with 3-D Secure.
        decline_url: The payer lands here after a refused one.
        cancel_url: For hosted pages: the payer lands here after giving up.
    """

    webhook_url: str = attrs.field(metadata=text(255))
    success_url: str = attrs.field(metadata=text(255))
    decline_url: str = attrs.field(metadata=text(255))
    cancel_url: str | None = attrs.field(default=None, metadata=text(255))
