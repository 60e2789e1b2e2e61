"""The fault as a value."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from paymentoptions_async.sandbox import Fault, Sandbox
from paymentoptions_async.sandbox.faults import FAULT_KINDS, draw_from

EVERY_POSITION = [
    f"{kind}:{at}" for kind, rule in FAULT_KINDS.items() if len(rule.positions) > 1 for at in rule.positions
]


@pytest.mark.parametrize(
    "text",
    [
        *EVERY_POSITION,
        *("garbage", "garbage_body", "empty_body", "big_body"),
        *("refuse:0.05", "refuse:2", "drip:0.125", "429:1", "429:0.1", "429:date"),
    ],
)
def test_the_text_form_round_trips(text: str) -> None:
    assert str(Fault.parse(text)) == text
    assert Fault.parse(str(Fault.parse(text))) == Fault.parse(text)


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("reset", "reset:after_commit"),
        ("hang", "hang:after_commit"),
        ("500", "500:after_commit"),
        ("refuse", "refuse:0.05"),
        ("drip", "drip:0.05"),
        ("429", "429:1"),
    ],
)
def test_what_is_left_out_is_the_worst_case(short: str, whole: str) -> None:
    assert str(Fault.parse(short)) == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "explode",
        "explode:after_commit",
        "reset:sometime",
        "reset:0.5",
        "hang:in_body",
        "500:in_headers",
        "garbage:before_read",
        "refuse:soon",
        "refuse:-1",
        "refuse:nan",
        "drip:date",
    ],
)
def test_a_text_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|float"):
        Fault.parse(text)


def test_a_fault_takes_no_seconds_where_it_has_no_duration() -> None:
    with pytest.raises(ValueError, match="takes no seconds"):
        Fault("reset", seconds=1.0)


def test_a_fault_is_a_frozen_value() -> None:
    assert Fault("reset", at="in_body") == Fault.parse("reset:in_body")
    with pytest.raises(AttributeError):
        Fault("reset").kind = "close"  # type: ignore[misc]


def test_an_iterable_gives_one_fault_a_request_and_then_none() -> None:
    draw = draw_from(["reset", None, Fault("garbage")])
    assert [draw() for _ in range(4)] == [Fault("reset"), None, Fault("garbage"), None]


def test_an_endless_iterable_is_read_as_it_is_drawn() -> None:
    draw = draw_from(cycle(["reset", None]))
    assert list(islice(iter(draw, 0), 3)) == [Fault("reset"), None, Fault("reset")]


def test_a_callable_is_asked_for_each_request() -> None:
    texts: list[str | None] = ["hang", None]
    draw = draw_from(texts.pop)
    assert [draw(), draw()] == [None, Fault("hang")]


def test_a_sandbox_refuses_a_list_with_a_text_that_is_no_fault() -> None:
    with pytest.raises(ValueError, match="no fault 'explode'"):
        Sandbox(faults=["reset", "explode"])
