"""Subscriptions: a plan, what has become of it, and the dates of its cycles."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

import attrs

from .state import StoredCard

__all__ = ["Cycle", "Plan", "Subscription", "SubscriptionState", "later"]

_DAYS: Final = {"DAYS": 1, "WEEKS": 7}
_MONTHS: Final = {"MONTHS": 1, "YEARS": 12}


class SubscriptionState(StrEnum):
    """What has become of a subscription."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"


@attrs.frozen
class Plan:
    """What was ordered (samples/subscription_create.request.json).

    Attributes:
        name: Of the plan.
        desc: The plan in words.
        amount: Of a cycle, without discount.
        unit: `DAYS`, `WEEKS`, `MONTHS` or `YEARS`.
        interval: How many units a cycle has.
        end_type: How it ends, such as `CYCLE`.
        cycles: After how many cycles it ends; `None` for never.
        trial_unit: The unit of the trial; `NONE` where there is none.
        trial: How many units it has.
        discount: In hundredths.
        discounted: How many cycles cost less.
    """

    name: str
    desc: str | None
    amount: Decimal
    unit: str
    interval: int
    end_type: str
    cycles: int | None
    trial_unit: str
    trial: int
    discount: int
    discounted: int

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """The plan of a checked body."""
        asked = body["subscription"]
        end_type = asked["subscription_end_type"].upper()
        has_trial, has_discount = asked.get("has_trial_period"), asked.get("has_discount")
        return cls(
            name=asked["plan_name"],
            desc=asked.get("plan_desc"),
            amount=Decimal(str(body["amount"])),
            unit=asked["cycle_type"].upper(),
            interval=asked["cycle_interval"],
            end_type=end_type,
            cycles=asked["max_cycle_count"] if end_type == "CYCLE" else None,
            trial_unit=asked["trial_period_duration_type"].upper() if has_trial else "NONE",
            trial=asked["trial_period_duration"] if has_trial else 0,
            discount=(asked.get("discount_percentage") or 0) if has_discount else 0,
            discounted=(asked.get("discount_duration") or 0) if has_discount else 0,
        )

    def amount_of(self, cycle: int) -> Decimal:
        """What a cycle costs, the first being 1."""
        return self.amount * (100 - self.discount) / 100 if cycle <= self.discounted else self.amount


@attrs.frozen
class Cycle:
    """A cycle that fell due: its number, the id of its transaction, and whether it was paid."""

    number: int
    transaction: str
    paid: bool


@attrs.define(eq=False)
class Subscription:
    """One subscription.

    Attributes:
        id: The gateway's id.
        ref: The merchant's own reference, of all its cycles.
        made_by: The id of the transaction that it was made with.
        plan: What was ordered.
        card: The card that pays.
        order: The members of the body that its cycles are booked by; none of the card.
        start: When the first cycle falls due.
        steps: How many intervals after that the next one does.
        state: What has become of it.
        cycles: Those that fell due.
    """

    id: str
    ref: str
    made_by: str
    plan: Plan
    card: StoredCard
    order: dict[str, Any]
    start: datetime
    steps: int = 0
    state: SubscriptionState = SubscriptionState.ACTIVE
    cycles: list[Cycle] = attrs.Factory(list)

    @property
    def next_cycle(self) -> int:
        """The number of the next cycle, the first being 1."""
        return len(self.cycles) + 1

    @property
    def next_date(self) -> datetime:
        """When the next cycle falls due."""
        return later(self.start, self.plan.unit, self.plan.interval * self.steps)

    def note(self, cycle: Cycle) -> None:
        """A cycle fell due."""
        self.cycles.append(cycle)
        self.steps += 1
        if self.plan.cycles is not None and len(self.cycles) >= self.plan.cycles:
            self.state = SubscriptionState.COMPLETED

    def go_on(self, now: datetime) -> None:
        """Be active again; what fell due meanwhile is left out."""
        self.state = SubscriptionState.ACTIVE
        while self.next_date < now:
            self.steps += 1


def later(moment: datetime, unit: str, count: int) -> datetime:
    """A moment some units later; the last day of a month where its day is not in that month."""
    if unit in _DAYS:
        return moment + timedelta(days=_DAYS[unit] * count)
    years, month = divmod(moment.month - 1 + _MONTHS[unit] * count, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
