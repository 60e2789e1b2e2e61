"""A subscription as the gateway keeps it (samples/subscription_cancel.response.200.json).

A member that is missing, or of a type that the vendor has not shown, is `None` here and stands in `raw` as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

__all__ = ["SubscriptionDetails", "SubscriptionPlan", "SubscriptionTransaction"]


@attrs.frozen
class SubscriptionPlan:
    """What is charged, and how often. A percentage is in hundredths, a duration in units or cycles."""

    name: str | None = None
    desc: str | None = None
    billing_cycle_type: str | None = None
    billing_cycle_interval: int | None = None
    amount: Decimal | None = None
    ccy: str | None = None
    trial_period_duration: int | None = None
    trial_period_duration_type: str | None = None
    plan_discount_percentage: int | None = None
    plan_discount_duration: int | None = None


@attrs.frozen
class SubscriptionTransaction:
    """One charge of a subscription."""

    id: str | None = None
    ref: str | None = None
    cycle: int | None = None
    status: str | None = None
    transaction_date: str | None = None
    amount: Decimal | None = None
    ccy: str | None = None
    event: str | None = None


@attrs.frozen
class SubscriptionDetails:
    """A subscription, its plan and what it has charged.

    Attributes:
        id: The gateway's id: show, pause, resume and cancel ask for it.
        type: How it ends, such as `CYCLE`.
        max_cycle_count: After how many cycles.
        status: Such as `ACTIVE`, `PAUSED` or `CANCELLED`; text, since no list of them is published.
        completed_payment_cycle: How many cycles are over.
        last_payment_status: Such as `SUCCESSFUL`.
        next_payment_date: ISO 8601, by the gateway's clock.
        next_payment_cycle: The number of the cycle that is charged then.
        subscription_plan_details: The plan.
        transactions: What was charged, in the order of the answer.
        raw: The whole of it as it came.
    """

    id: str | None = None
    type: str | None = None
    max_cycle_count: int | None = None
    status: str | None = None
    completed_payment_cycle: int | None = None
    last_payment_status: str | None = None
    next_payment_date: str | None = None
    next_payment_cycle: int | None = None
    subscription_plan_details: SubscriptionPlan | None = None
    transactions: tuple[SubscriptionTransaction, ...] = ()
    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
