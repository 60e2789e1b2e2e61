"""What is drawn from a seed: a scenario is plain data, and so is what goes wrong with a request."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

import attrs

__all__ = ["NEVER_ARRIVES", "REFUSALS", "RETRY_COST", "TOTAL", "Act", "Decision", "Kind", "Scenario", "Trouble", "Way"]


TOTAL: Final = 4.0
"""Seconds that a call may take."""
RETRY_COST: Final = 5
"""Tokens for a retry. A charge that is answered at its first attempt gives one back."""


class Way(StrEnum):
    """What the network does with one request.

    Attributes:
        THROUGH: Carries it, and its answer.
        REFUSED: Refuses the connection.
        CUT: Resets it after some bytes of the request.
        SWALLOWED: Loses it whole; nothing ever comes back.
        MUTE: Carries it, and loses the answer; nothing ever comes back.
        TORN: Carries it, and resets the connection after some bytes of the answer.
        ENDED: Carries it, and ends the connection in good order after some bytes of the answer.
        CRASH_BEFORE: The gateway dies before it has booked anything.
        CRASH_AFTER: The gateway dies after it has booked, before it answers.
    """

    THROUGH = "through"
    REFUSED = "refused"
    CUT = "cut"
    SWALLOWED = "swallowed"
    MUTE = "mute"
    TORN = "torn"
    ENDED = "ended"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"


NEVER_ARRIVES: Final = frozenset({Way.REFUSED, Way.CUT, Way.SWALLOWED, Way.CRASH_BEFORE})
"""What is sent so is never booked."""


class Decision(StrEnum):
    """What the gateway makes of a charge that reaches it.

    Attributes:
        PAID: Approved.
        PARTIAL: Approved in part.
        DECLINED: The issuer says no.
        CHALLENGED: 3-D Secure.
        UNCLEAR_PAID: An answer of class unclear, and the money moved.
        UNCLEAR: The same, and it did not.
        GARBLED_PAID: An answer that is no JSON, and the money moved.
        BROKEN_PAID: HTTP 500, and the money moved.
        BROKEN: HTTP 500, and it did not.
        INVALID: HTTP 400.
        UNAUTHENTICATED: HTTP 401.
        BUSY: HTTP 429.
    """

    PAID = "paid"
    PARTIAL = "partial"
    DECLINED = "declined"
    CHALLENGED = "challenged"
    UNCLEAR_PAID = "unclear_paid"
    UNCLEAR = "unclear"
    GARBLED_PAID = "garbled_paid"
    BROKEN_PAID = "broken_paid"
    BROKEN = "broken"
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    BUSY = "busy"


REFUSALS: Final = frozenset({Decision.INVALID, Decision.UNAUTHENTICATED, Decision.BUSY})
"""Answers that say that nothing was touched."""


@attrs.frozen(kw_only=True)
class Trouble:
    """One request's fate.

    Attributes:
        way: What the network does.
        after: Where `way` cuts: a share of the bytes.
        there: Seconds to the gateway.
        thought: Seconds in it.
        back: Seconds from it.
        pieces: How many the answer comes in.
        decision: What the gateway says to a charge.
        hangs_up_after: Seconds after which the gateway closes the idle connection; `None` is never.
    """

    way: Way
    after: float
    there: float
    thought: float
    back: float
    pieces: int
    decision: Decision
    hangs_up_after: float | None


class Kind(StrEnum):
    """What somebody does.

    Attributes:
        PURCHASE: Charges a reference.
        OTHER: Charges a reference with other content.
        BATCH: Charges some references by `charge_many`.
        RECONCILE: Asks what became of a reference.
        WAIT: Waits for it.
        KILL: Ends a process; another one takes its place after some seconds.
        FREEZE: Stops one for some seconds.
        CLOSE: Closes a client in good order, and opens another one.
        JUMP: Sets the wall clock on or back.
        PAYER: Answers the challenges of a reference.
        PERSON: Looks into the portal, and resolves a reference that is unknown and that nobody is at.
        OUTAGE: Takes the ledger's file away for some seconds.
    """

    PURCHASE = "purchase"
    OTHER = "other"
    BATCH = "batch"
    RECONCILE = "reconcile"
    WAIT = "wait"
    KILL = "kill"
    FREEZE = "freeze"
    CLOSE = "close"
    JUMP = "jump"
    PAYER = "payer"
    PERSON = "person"
    OUTAGE = "outage"


@attrs.frozen(kw_only=True)
class Act:
    """Something that is done at some time.

    Attributes:
        at: Seconds from the beginning.
        kind: What.
        process: By which process, or to which one.
        reference: Of what.
        seconds: How long, how far; or after how long a purchase is cancelled, where that is not 0.
        says_yes: For the payer.
    """

    at: float
    kind: Kind
    process: int = 0
    reference: str = ""
    seconds: float = 0.0
    says_yes: bool = True


@attrs.frozen(kw_only=True)
class Scenario:
    """All that a seed stands for.

    Attributes:
        seed: The seed; what comes up while it runs (troubles, pauses) is drawn from it as well.
        duplicates: What the gateway does with a reference that it has decided already.
        repeats: Whether the client repeats what may have been sent.
        processes: How many.
        references: All that are ever charged.
        acts: What is done, in the order of time.
        trouble: The share of requests that something goes wrong with.
        store_trouble: The share of the ledger's calls that fail.
        store_slow: The share of its pauses that are of seconds.
        webhooks: Whether the gateway tells by itself.
        budget: The tokens that a client has for its retries; one costs `RETRY_COST`.
    """

    seed: int
    duplicates: Literal["charge", "reject"]
    repeats: bool
    processes: int
    references: tuple[str, ...]
    acts: tuple[Act, ...]
    trouble: float
    store_trouble: float
    store_slow: float
    webhooks: bool
    budget: int
