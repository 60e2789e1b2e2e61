"""The report as one page of HTML, that can be mailed, printed and read on a phone. There is no script in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from ...batch.result import ChargeOutcome
from ...batch.tally import Tally
from ...sandbox.pages.markup import Markup, fill
from .places import HTML_MARK
from .plots import area_plot, bar_list, histogram, line_plot, split_bar
from .style import STYLE
from .summary import UNCERTAIN, money_words, quantiles

__all__ = ["page_of"]

_PAGE: Final = """<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}: batch report</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<header>
<h1>{title}</h1>
<p class="soft">{when}</p>
</header>
{notice}
<div class="tiles">{tiles}</div>
{sections}
<footer class="soft small">Durations and speed are of charges that were sent; those known from earlier runs are counted,
and not timed. Card numbers are nowhere in this page. Times are UTC.</footer>
</main>
</body>
</html>
"""
_NOTICE: Final = '<p class="notice {kind}" role="note">{text}</p>'
_TILE: Final = '<div class="tile {kind}"><b>{value}</b><span>{name}</span></div>'
_SECTION: Final = '<section class="{kind}"><h2>{name}</h2>{content}</section>'
_MONEY: Final = (
    '<tr class="{first}"><th scope="rowgroup">{name}</th><td class="{kind}">{words}</td>'
    '<td class="number {kind}">{amount}</td></tr>'
)
_MOST_BARS: Final = 8

NAMES: Final[dict[str, tuple[str, str]]] = {
    ChargeOutcome.PAID: ("Paid", "good"),
    ChargeOutcome.PARTIAL: ("Paid in part", "wait"),
    ChargeOutcome.CHALLENGE: ("Waiting for the payer", "wait"),
    ChargeOutcome.DECLINED: ("Declined", "calm"),
    ChargeOutcome.REFUSED: ("Refused", "mute"),
    ChargeOutcome.NOT_SENT: ("Not sent", "mute"),
    ChargeOutcome.UNKNOWN: ("Unknown", "bad"),
}


def page_of(tally: Tally, *, title: str, left: int) -> str:
    """The page.

    Args:
        tally: What is shown.
        title: The name of the batch.
        left: How many lines have no result yet.
    """
    return HTML_MARK + fill(
        _PAGE,
        title=title,
        style=STYLE,
        when=_when(tally),
        notice=list(_notices(tally, left)),
        tiles=list(_tiles(tally, left)),
        sections=list(_sections(tally)),
    )


def _when(tally: Tally) -> str:
    where = ", ".join(sorted(filter(None, tally.gateways)))
    if tally.began is None or tally.ended is None:
        return f"Charged at {where}" if where else ""
    began, ended = (datetime.fromtimestamp(at, UTC) for at in (tally.began, tally.ended))
    end = f"{ended:%H:%M:%S}" if began.date() == ended.date() else f"{ended:%d %B %Y, %H:%M:%S}"
    return f"{began:%d %B %Y, %H:%M:%S} to {end} UTC, charged at {where}"


def _notices(tally: Tally, left: int) -> Iterator[Markup]:
    if unknown := tally.outcomes[ChargeOutcome.UNKNOWN]:
        yield fill(
            _NOTICE,
            kind="bad",
            text=f"{_count(unknown, 'charge')} may have moved money, and nobody knows yet. Do not charge them under"
            " another reference: look them up in the gateway's portal, and settle them in the ledger.",
        )
    if tally.unrecorded:
        yield fill(
            _NOTICE,
            kind="bad",
            text=f"{_count(tally.unrecorded, 'result')} the ledger does not say: keep the results, and settle them in"
            " the ledger.",
        )
    if left:
        yield fill(_NOTICE, kind="wait", text=f"{_count(left, 'charge')} not begun: run the batch again.")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _tiles(tally: Tally, left: int) -> Iterator[Markup]:
    total = tally.total + left
    yield _tile(f"{total:,}", "charges")
    paid = tally.outcomes[ChargeOutcome.PAID]
    yield _tile(f"{paid / total:.1%}" if total else "-", "paid", "good")
    declined = tally.outcomes[ChargeOutcome.DECLINED]
    yield _tile(f"{declined / total:.1%}" if total else "-", "declined")
    unknown = tally.outcomes[ChargeOutcome.UNKNOWN]
    yield _tile(f"{unknown:,}", "unknown", "bad" if unknown else "")
    if seconds := tally.timeline.seconds:
        yield _tile(f"{tally.latencies.count / seconds:,.0f}/s", "speed")
    if (median := tally.latencies.quantile(0.5)) is not None:
        yield _tile(duration(median), "median time")


def _tile(value: str, name: str, kind: str = "") -> Markup:
    return fill(_TILE, value=value, name=name, kind=kind)


def _sections(tally: Tally) -> Iterator[Markup]:
    outcomes = [(*NAMES[name], tally.outcomes[name]) for name in NAMES if tally.outcomes[name]]
    yield _section("Outcomes", split_bar(outcomes), "wide")
    if tally.money:
        yield _section("Money by currency", _money(tally))
    if tally.declines:
        yield _section("Declines by reason", bar_list(tally.declines.most_common(_MOST_BARS), kind="calm"))
    if tally.latencies.count:
        marks = [(f"p{part * 100:.0f}", seconds) for part, seconds in quantiles(tally)]
        stretches, pauses = list(tally.timeline.stretches()), tally.timeline.pauses
        yield _section("Latency", histogram(list(tally.latencies.bars(20)), marks, duration))
        yield _section("Results per second", area_plot(stretches, pauses))
        yield _section("Charges under way", line_plot(stretches, pauses), "top")
    if tally.troubles:
        told = [(f"{NAMES[kind][0]}: {seen}", count) for (kind, seen), count in tally.troubles.most_common(_MOST_BARS)]
        yield _section("Unknown, refused or not sent, by what was seen", bar_list(told, kind="bad"))


def _section(name: str, content: Markup, kind: str = "") -> Markup:
    return fill(_SECTION, name=name, content=content, kind=kind)


def _money(tally: Tally) -> Markup:
    rows: list[Markup] = []
    last = None
    for currency, words, amount in money_words(tally):
        kind = "bad" if words == UNCERTAIN else ""
        shown = None if currency == last else currency
        rows.append(
            fill(_MONEY, first="" if shown is None else "first", kind=kind, name=shown, words=words, amount=amount)
        )
        last = currency
    return fill("<table>{rows}</table>", rows=rows)


def duration(seconds: float) -> str:
    """Seconds in the unit in which they are read best."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"
