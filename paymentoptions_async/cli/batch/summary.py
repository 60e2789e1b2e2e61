"""What a batch has come to, in a terminal and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import attrs

from ...batch.result import ChargeOutcome
from ...batch.tally import Money, Tally
from ..exits import ExitCode
from ..output import Rows

__all__ = ["UNCERTAIN", "exit_code_of", "money_words", "quantiles", "summary_json", "summary_rows", "title_of"]

UNCERTAIN: Final = "may have moved"
_QUANTILES: Final = (0.5, 0.9, 0.99)
_MOST_REASONS: Final = 5
_MONEY: Final = (
    ("paid", "paid"),
    ("partial", "moved in part"),
    ("unknown", UNCERTAIN),
    ("waiting", "waits for its payer"),
    ("not_moved", "not moved"),
)


def exit_code_of(tally: Tally, *, left: int, stopped: bool) -> ExitCode:
    """How the command ends.

    Args:
        tally: All results.
        left: How many lines have none.
        stopped: Whether the run was stopped from outside.
    """
    if tally.outcomes[ChargeOutcome.UNKNOWN] or tally.unrecorded:
        return ExitCode.UNKNOWN
    if left and stopped:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if not left and tally.outcomes[ChargeOutcome.PAID] == tally.total else ExitCode.REFUSED


def title_of(tally: Tally, *, left: int) -> str:
    """The most important thing.

    Args:
        tally: All results.
        left: How many lines have none.
    """
    paid, total = tally.outcomes[ChargeOutcome.PAID], tally.total + left
    if paid == total and not tally.unrecorded:
        return f"ALL {total} PAID." if total else "NOTHING TO CHARGE."
    unknown = tally.outcomes[ChargeOutcome.UNKNOWN]
    told = [f"{paid} OF {total} PAID"]
    told += [f"{unknown} UNKNOWN"] if unknown else []
    told += [f"{tally.unrecorded} NOT RECORDED"] if tally.unrecorded else []
    told += [f"{left} NOT BEGUN"] if left else []
    return f"{', '.join(told)}."


def summary_rows(tally: Tally) -> Rows:
    """The results in words."""
    for outcome in ChargeOutcome:
        if count := tally.outcomes[outcome]:
            yield outcome.value.replace("_", " "), f"{count} ({count / tally.total:.1%})"
    if tally.unrecorded:
        yield "not recorded", f"{tally.unrecorded}: the ledger does not say what was answered, so keep these results"
    for currency, sums in groupby(money_words(tally), itemgetter(0)):
        yield currency, ", ".join(f"{amount} {words}" for _, words, amount in sums)
    for reason, count in tally.declines.most_common(_MOST_REASONS):
        yield "declined by", f"{count}: {reason}"
    for (kind, seen), count in tally.troubles.most_common(_MOST_REASONS):
        yield f"{kind.replace('_', ' ')} by", f"{count}: {seen}"
    if tally.replayed:
        yield "replayed", f"{tally.replayed}, known from earlier runs"
    if tally.latencies.count and tally.timeline.seconds:
        yield "speed", f"{tally.latencies.count / tally.timeline.seconds:.1f} charges a second"
        yield "latency", ", ".join(f"p{part * 100:.0f} {seconds * 1000:.0f} ms" for part, seconds in quantiles(tally))


def money_words(tally: Tally) -> Iterator[tuple[str, str, str]]:
    """The sums that are not nothing: currency, what happened to it, amount."""
    for currency, money in sorted(tally.money.items()):
        for name, words in _MONEY:
            if amount := getattr(money, name):
                yield currency, words, f"{amount:,f}"


def summary_json(tally: Tally) -> dict[str, Any]:
    """The same for machines: amounts are text, durations seconds."""
    seconds = tally.timeline.seconds
    return {
        "results": tally.total,
        "outcomes": {outcome.value: tally.outcomes[outcome] for outcome in ChargeOutcome},
        "money": {currency: _money_json(money) for currency, money in sorted(tally.money.items())},
        "declines": dict(tally.declines.most_common()),
        "replayed": tally.replayed,
        "unrecorded": tally.unrecorded,
        "seconds": round(seconds, 3),
        "per_second": round(tally.latencies.count / seconds, 1) if seconds else None,
        "latency": {f"p{part * 100:.0f}": round(value, 4) for part, value in quantiles(tally)},
    }


def _money_json(money: Money) -> dict[str, str]:
    return {name: f"{amount:f}" for name, amount in attrs.asdict(money).items()}


def quantiles(tally: Tally) -> Iterator[tuple[float, float]]:
    """Which part of the charges took how long at the most, in seconds."""
    for part in _QUANTILES:
        if (seconds := tally.latencies.quantile(part)) is not None:
            yield part, seconds
