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

    plan_name: str = attrs.field(metadata=text())
    cycle_type: str = attrs.field(metadata=text())
    cycle_interval: int = attrs.field(metadata=number(_COUNT))
    subscription_end_type: str = attrs.field(metadata=text())
    plan_desc: str | None = attrs.field(default=None, metadata=text())
    max_cycle_count: int | None = attrs.field(default=None, metadata=number(_COUNT))
    has_trial_period: bool | None = attrs.field(default=None, metadata=flag())
    trial_period_duration_type: str | None = attrs.field(default=None, metadata=text())
    trial_period_duration: int | None = attrs.field(default=None, metadata=number(_COUNT))
    has_discount: bool | None = attrs.field(default=None, metadata=flag())
    discount_percentage: int | None = attrs.field(default=None, metadata=number(range(101)))
    discount_duration: int | None = attrs.field(default=None, metadata=number(_COUNT))
