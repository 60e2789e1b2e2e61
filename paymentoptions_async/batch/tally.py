"""What the results of a run come to: counts, exact sums, and distributions in bins, so that memory stays flat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import attrs

from ..models.codes import find_code
from .latencies import Latencies
from .result import ChargeOutcome
from .timeline import Timeline

__all__ = ["Money", "Tally"]

# What a hostile answer could make up without end is counted together beyond so many.
_MOST_REASONS: Final = 200
_OTHERS: Final = "others"
_TROUBLED: Final = (ChargeOutcome.UNKNOWN, ChargeOutcome.NOT_SENT, ChargeOutcome.REFUSED)
_IN_USE: Final = "ReferenceInUseError"
_SENT: Final = frozenset(ChargeOutcome) - {ChargeOutcome.REFUSED, ChargeOutcome.NOT_SENT}


@attrs.define
class Money:
    """The sums of one currency.

    Attributes:
        paid: What moved whole.
        partial: What moved where only a part was approved.
        unknown: What was asked and may have moved.
        waiting: What was asked and waits for its payer.
        not_moved: What was asked and did not move.
    """

    paid: Decimal = Decimal(0)
    partial: Decimal = Decimal(0)
    unknown: Decimal = Decimal(0)
    waiting: Decimal = Decimal(0)
    not_moved: Decimal = Decimal(0)

    def add(self, outcome: str, asked: Decimal, moved: Decimal) -> None:
        """Count one charge."""
        match outcome:
            case ChargeOutcome.PAID:
                self.paid += moved
            case ChargeOutcome.PARTIAL:
                self.partial += moved
                self.not_moved += max(asked - moved, Decimal(0))
            case ChargeOutcome.UNKNOWN:
                self.unknown += asked
            case ChargeOutcome.CHALLENGE:
                self.waiting += asked
            case _:
                self.not_moved += asked


class Tally:
    """Adds entries up.

    Attributes:
        outcomes: How many entries, by outcome.
        money: The sums, by currency.
        declines: How many, by what the issuer or the gateway said.
        troubles: How many of what the issuer did not decide, by outcome and what was seen last.
        replayed: How many were known from earlier runs.
        unrecorded: How many say what the ledger does not say.
        latencies: Of what was sent in these runs.
        timeline: Of the same.
        gateways: The addresses at which was charged.
        began: When the first charge began, by the wall clock.
        ended: When the last result came.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.money: defaultdict[str, Money] = defaultdict(Money)
        self.declines: Counter[str] = Counter()
        self.troubles: Counter[tuple[str, str]] = Counter()
        self.replayed = 0
        self.unrecorded = 0
        self.latencies = Latencies()
        self.timeline = Timeline()
        self.gateways: set[str] = set()
        self.began: float | None = None
        self.ended: float | None = None

    @property
    def total(self) -> int:
        """How many entries there are."""
        return self.outcomes.total()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count one entry."""
        outcome = str(entry["outcome"])
        self.outcomes[outcome] += 1
        self.unrecorded += not entry["recorded"]
        if entry["currency"] is not None:
            asked = Decimal(entry["amount"])
            self.money[entry["currency"]].add(outcome, asked, Decimal(entry["moved"] or 0))
        if outcome == ChargeOutcome.DECLINED:
            _count(self.declines, _reason(entry))
        elif outcome in _TROUBLED:
            _count(self.troubles, (outcome, str((entry["evidence"] or [entry["error"]])[-1])))
        if len(self.gateways) < _MOST_REASONS:
            self.gateways.add(str(entry["gateway"]))
        self._time(entry, outcome)

    def _time(self, entry: Mapping[str, Any], outcome: str) -> None:
        if entry["replayed"]:
            self.replayed += 1
            return
        if entry["seconds"] is None:
            return
        ended, seconds = datetime.fromisoformat(entry["time"]).timestamp(), float(entry["seconds"])
        self.began = ended - seconds if self.began is None else min(self.began, ended - seconds)
        self.ended = ended if self.ended is None else max(self.ended, ended)
        self.timeline.add(ended - seconds, ended, outcome)
        if outcome in _SENT and entry["error"] != _IN_USE:
            self.latencies.add(seconds)


def _reason(entry: Mapping[str, Any]) -> str:
    code, reason = entry["response_code"], entry["reason"]
    row = find_code(code) if isinstance(code, int) else None
    said = row.meaning if row else str(reason or "no reason told").replace("_", " ")
    shown = entry["gateway_code"] if code is None else code
    return said if shown is None else f"{said} ({shown})"


def _count(counter: Counter[Any], key: Any) -> None:
    if key not in counter and len(counter) >= _MOST_REASONS:
        key = (key[0], _OTHERS) if isinstance(key, tuple) else _OTHERS
    counter[key] += 1
