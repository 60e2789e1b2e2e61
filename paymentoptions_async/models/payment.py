"""A payment: the money moved, once. And an authorisation: it is reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from .transaction import Transaction

if TYPE_CHECKING:
    from .subscription_details import SubscriptionDetails

__all__ = ["Authorization", "Payment"]


@attrs.frozen(kw_only=True)
class Payment(Transaction):
    """What the gateway answered to a charge: the money moved, once."""

    money: ClassVar[str] = "moved once"

    @property
    def subscription(self) -> SubscriptionDetails | None:
        """The subscription that was begun with it, where the answer tells of one. Built at each call."""
        from .wire import read_subscription

        return read_subscription(self.raw.get("subscription_details"))


@attrs.frozen(kw_only=True)
class Authorization(Transaction):
    """The amount is reserved on the card and has not moved: capture it, or void it."""

    money: ClassVar[str] = "reserved, not moved"
