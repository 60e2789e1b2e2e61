"""What results come to: exact sums, and distributions of which only bins are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async.batch.latencies import Latencies
from paymentoptions_async.batch.tally import Tally
from paymentoptions_async.batch.timeline import Timeline

from .entries import entry


def tally_of(*entries: dict[str, Any]) -> Tally:
    tally = Tally()
    for one in entries:
        tally.add(one)
    return tally


def test_money_is_summed_exactly_and_apart_by_what_happened_to_it() -> None:
    tally = tally_of(
        *(entry(number, amount="0.1", moved="0.1", currency="USD") for number in range(10)),
        entry(11, "partial", amount="10", moved="4.5", currency="USD"),
        entry(12, "unknown", amount="3.33", currency="USD"),
        entry(13, "challenge", amount="2", currency="USD"),
        entry(14, "declined", amount="1", currency="USD"),
        entry(15, "not_sent", amount="1", currency="USD"),
        entry(16, amount="7", moved="7"),
    )
    usd = tally.money["USD"]
    assert (usd.paid, usd.partial, usd.unknown) == (Decimal("1.0"), Decimal("4.5"), Decimal("3.33"))
    assert (usd.waiting, usd.not_moved) == (Decimal(2), Decimal("7.5"))
    assert tally.money["JPY"].paid == 7


def test_what_the_ledger_does_not_say_is_counted() -> None:
    assert tally_of(entry(1), entry(2, recorded=False), entry(3, "declined", recorded=False)).unrecorded == 2


def test_declines_are_counted_by_what_the_code_means() -> None:
    tally = tally_of(
        entry(1, "declined", response_code=51, reason="insufficient_funds"),
        entry(2, "declined", response_code=51, reason="insufficient_funds"),
        entry(3, "declined", gateway_code="ERR3008", reason="risk_rule"),
    )
    assert tally.declines == {"insufficient funds (51)": 2, "risk rule (ERR3008)": 1}


def test_reasons_without_end_are_counted_together() -> None:
    tally = tally_of(*(entry(number, "unknown", evidence=[f"seen {number}"]) for number in range(1000)))
    assert len(tally.troubles) == 201
    assert tally.troubles.total() == 1000


@pytest.mark.parametrize(
    "changes", [{"replayed": True}, {"seconds": None}, {"outcome": "unknown", "error": "ReferenceInUseError"}]
)
def test_what_was_not_sent_now_is_not_timed(changes: dict[str, Any]) -> None:
    assert tally_of(entry(1, **changes)).latencies.count == 0


durations = st.lists(st.floats(0.0002, 500), min_size=1, max_size=300)


@given(durations, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_right_to_two_per_cent(seconds: list[float], part: float) -> None:
    latencies = Latencies()
    for one in seconds:
        latencies.add(one)
    ordered = sorted(seconds)
    exact = next(one for place, one in enumerate(ordered, 1) if place >= part * len(ordered) - 1e-9)
    assert latencies.quantile(part) == pytest.approx(exact, rel=0.021)
    assert sum(count for *_, count in latencies.bars(20)) == len(seconds)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.001, 5)), min_size=1, max_size=400))
def test_a_timeline_loses_no_charge_however_long_it_gets(steps: list[tuple[float, float]]) -> None:
    timeline, now, busy = Timeline(), 1000.0, 0.0
    ends = []
    for pause, seconds in steps:
        now += pause
        ends.append((now, now + seconds))
    for began, ended in sorted(ends, key=lambda times: times[1]):
        timeline.add(began, ended, "paid")
        busy += ended - began
    stretches = list(timeline.stretches())
    assert len(stretches) <= 120
    assert sum(one.paid * one.seconds for one in stretches) == pytest.approx(len(steps))
    # What began before the first that ended is cut off at the left.
    assert sum(one.under_way * one.seconds for one in stretches) <= busy + 1e-6


def test_the_pause_between_two_runs_is_left_out_and_marked() -> None:
    timeline = Timeline()
    for start in (0.0, 7200.0):
        for step in range(10):
            timeline.add(start + step, start + step + 0.5, "paid")
    assert timeline.pauses == [pytest.approx(9.5)]
    assert timeline.seconds == pytest.approx(19.0)
