"""What was done and what came of it, as it is written down while a scenario runs."""

from __future__ import annotations

from typing import Any

import attrs

from .script import TOTAL, Decision

__all__ = ["Call", "History", "Sending"]


@attrs.define(eq=False)
class Sending:
    """One request for a charge, from its first byte on.

    Attributes:
        reference: Of the charge.
        process: Of which process, by its name.
        at: When its first byte was written.
        is_lost: Whether the gateway will never book it.
        arrived_at: When the gateway had all of it.
        decision: What it made of it; `None` as long as it has not.
        is_duplicate: Whether the gateway refused it as one.
        moved: How much money moved by it.
        transaction_id: The gateway's.
        told_at: When the last byte of its answer reached a process that was alive.
    """

    reference: str
    process: str
    at: float
    is_lost: bool = False
    arrived_at: float | None = None
    decision: Decision | None = None
    is_duplicate: bool = False
    moved: int = 0
    transaction_id: str | None = None
    told_at: float | None = None

    def is_within(self, call: Call) -> bool:
        """Whether its process made that call meanwhile."""
        return self.process == call.process and call.began <= self.at and (call.ended is None or self.at <= call.ended)


@attrs.define(eq=False)
class Call:
    """A call that a process made.

    Attributes:
        reference: Of what.
        process: Which one.
        began: When.
        ended: When it returned or raised; `None` where its process died before.
        result: What it returned or raised.
        is_charge: Whether it is a purchase.
        asked: How much it was to charge.
        limit: How many seconds it may take.
        was_cancelled: Whether it was cancelled by its caller.
        was_frozen: Whether its process stood still meanwhile.
        is_batched: Whether it is one of a batch, and began whenever that had a place for it.
    """

    reference: str
    process: str
    began: float
    ended: float | None = None
    result: Any = None
    is_charge: bool = True
    asked: int = 1000
    limit: float = TOTAL
    was_cancelled: bool = False
    was_frozen: bool = False
    is_batched: bool = False

    def overlaps(self, other: Call) -> bool:
        """Whether both were under way at some time."""
        return (self.ended is None or self.ended >= other.began) and (other.ended is None or other.ended >= self.began)

    def shares(self, other: Call) -> bool:
        """Whether it may be told by the same flight: it may also be the same call."""
        is_alike = (self.reference, self.process) == (other.reference, other.process)
        return is_alike and self.is_charge and self.overlaps(other)


@attrs.define
class History:
    """All of it.

    Attributes:
        sendings: In the order of their first bytes.
        calls: In the order in which they began.
        clocks_are_true: Whether no wall clock was set meanwhile.
        killed: The processes that were, by their names.
        gone: Those, and the ones that were closed while there was trouble.
        store_failed: References whose end the ledger may lack or could not tell: a right or a word was lost.
        stuck: References of which a right may stand that nobody has.
        cleared_at: When a person found that nothing was booked of a reference, so that it may be sent anew.
        settled_at: When a process first took the gateway's own word about the end of a reference, or told it.
    """

    sendings: list[Sending] = attrs.field(factory=list)
    calls: list[Call] = attrs.field(factory=list)
    clocks_are_true: bool = True
    killed: set[str] = attrs.field(factory=set)
    gone: set[str] = attrs.field(factory=set)
    store_failed: set[str] = attrs.field(factory=set)
    stuck: set[str] = attrs.field(factory=set)
    cleared_at: dict[str, float] = attrs.field(factory=dict)
    settled_at: dict[str, float] = attrs.field(factory=dict)

    def of(self, reference: str) -> list[Sending]:
        """All requests for one reference."""
        return [sending for sending in self.sendings if sending.reference == reference]
