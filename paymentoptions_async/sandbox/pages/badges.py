"""States as coloured words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..plans import SubscriptionState
from ..state import TransactionState
from .markup import Markup, fill

if TYPE_CHECKING:
    from .texts import Words

__all__ = ["answer_badge", "state_badge", "subscription_badge"]

_BADGE: Final = '<span class="badge {tone}">{text}</span>'
_TONES: Final = {
    TransactionState.PENDING: "wait",
    TransactionState.AUTHORISED: "held",
    TransactionState.CAPTURED: "good",
    TransactionState.COMPLETED: "good",
    TransactionState.DECLINED: "bad",
    TransactionState.TIMED_OUT: "wait",
}
_SUBSCRIPTION_TONES: Final = {SubscriptionState.ACTIVE: "good", SubscriptionState.PAUSED: "wait"}


def state_badge(words: Words, state: TransactionState) -> Markup:
    """The state of a transaction."""
    return fill(_BADGE, tone=_TONES.get(state, ""), text=words(f"state.{state.value}"))


def subscription_badge(words: Words, state: SubscriptionState) -> Markup:
    """The state of a subscription."""
    return fill(_BADGE, tone=_SUBSCRIPTION_TONES.get(state, ""), text=words(f"subscription.status.{state.value}"))


def answer_badge(words: Words, status: int | None, *, sent: bool = True) -> Markup:
    """An HTTP status, or that none came, or that nothing was sent."""
    if not sent:
        return fill(_BADGE, tone="", text=words("detail.not_sent"))
    if status is None:
        return fill(_BADGE, tone="bad", text=words("detail.no_answer"))
    return fill(_BADGE, tone="good" if 200 <= status < 300 else "bad", text=status)
