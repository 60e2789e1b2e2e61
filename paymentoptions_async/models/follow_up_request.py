"""The bodies of capture, void and refund: what is done to a transaction that is there."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ..errors import Problem
from ..redaction import redact_text
from .request import Request
from .rules import amount, text

__all__ = ["CaptureRequest", "FollowUpRequest", "RefundRequest", "VoidRequest"]


@attrs.frozen(kw_only=True, repr=False)
class FollowUpRequest(Request):
    """What all three have.

    Attributes:
        transaction_id: The gateway's id of the transaction.
        merchant_id: Yours; where `None`, that of the settings goes out.
    """

    transaction_id: str = attrs.field(metadata=text(128))
    merchant_id: str | None = attrs.field(default=None, metadata=text(128))


@attrs.frozen(kw_only=True, repr=False)
class VoidRequest(FollowUpRequest):
    """Gives up an authorisation that was not captured (samples/void.request.json)."""


@attrs.frozen(kw_only=True, repr=False)
class CaptureRequest(FollowUpRequest):
    """Takes what was authorised, once; a smaller amount releases the rest (samples/capture.request.json).

    Attributes:
        amount: `str`, `int` or `Decimal`, at most 10 characters; sent as given, never converted.
        notes: A remark of yours, which the gateway keeps.
    """

    amount: str | int | Decimal = attrs.field(metadata=amount())
    notes: str | None = attrs.field(default=None, metadata=text())

    def _problems_together(self) -> list[Problem]:
        if self.notes is not None and redact_text(self.notes) != self.notes:
            return [Problem("notes", "a text that holds no card number")]
        return []


@attrs.frozen(kw_only=True, repr=False)
class RefundRequest(CaptureRequest):
    """Gives money back, all of it or a part; the same members as a capture (samples/refund.request.json)."""
