"""The plan of a subscription."""

from __future__ import annotations

import attrs

from .rules import flag, number, text

__all__ = ["Subscription"]

_COUNT = range(1 << 31)


@attrs.frozen(kw_only=True)
class Subscription:
    """What is charged again, how often and until when (samples/subscription_create.request.json).

    Attributes:
        plan_name: The plan's name.
        cycle_type: The unit of a cycle, such as `DAYS`.
        cycle_interval: How many units a cycle has.
        subscription_end_type: How it ends, such as `CYCLE`: after `max_cycle_count` cycles.
        plan_desc: The plan in words.
        max_cycle_count: After how many cycles it ends.
        has_trial_period: Whether it starts with a trial.
        trial_period_duration_type: The unit of the trial.
        trial_period_duration: How many units the trial has.
        has_discount: Whether the first cycles cost less.
        discount_percentage: By how many hundredths.
        discount_duration: For how many cycles.
    """

    plan_name: str = text()
    cycle_type: str = text()
    cycle_interval: int = number(_COUNT)
    subscription_end_type: str = text()
    plan_desc: str | None = text(default=None)
    max_cycle_count: int | None = number(_COUNT, default=None)
    has_trial_period: bool | None = flag(default=None)
    trial_period_duration_type: str | None = text(default=None)
    trial_period_duration: int | None = number(_COUNT, default=None)
    has_discount: bool | None = flag(default=None)
    discount_percentage: int | None = number(range(101), default=None)
    discount_duration: int | None = number(_COUNT, default=None)
