"""The benchmarks run, and the page has a place for each. Nothing is said here about time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import PARTS, RESULTS, replaced
from benchmarks.measuring import server
from benchmarks.memory import held
from benchmarks.plot import Bar, Panel, draw
from benchmarks.purchase import compare, panel, table

NAMES = ("plain", "ours", "ours-sqlite")
"""Those that need no other vendor's client."""


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with server() as address:
        yield address


def test_clients_take_turns_and_the_table_and_the_plot_have_a_row_for_each(base_url: str) -> None:
    turns = compare(NAMES, base_url, 2, 8, 2)
    assert [len(turns[name]) for name in NAMES] == [2, 2, 2]
    assert all(turn.cpu > 0 and 0 < turn.middle <= turn.most for told in turns.values() for turn in told)
    assert [line.split(" | ")[0] for line in table(turns, 2)][2:] == [f"| {name}" for name in NAMES]
    assert [bar.name for bar in panel(turns, 2).bars] == [*NAMES]


@pytest.mark.parametrize("name", ["plain", "ours"])
def test_calls_are_held_in_flight(name: str) -> None:
    told = held(name, 24)
    assert told.connected == told.begun == 24


def test_a_plot_is_a_picture_whatever_the_names() -> None:
    drawn = ET.fromstring(draw([Panel("<&>", [Bar("ours", 2, 1, 3), Bar("<&>", 1, 1, 1)])]))
    assert [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")] == ["<&>", "ours", "2", "<&>", "1"]


@pytest.mark.parametrize("part", PARTS)
def test_the_page_has_one_place_for_what_a_part_measures(part: str) -> None:
    page = RESULTS.read_text()
    assert "a new block" in replaced(page, part, "a new block")
    assert (Path(RESULTS).with_name(f"{part}.py")).is_file()


def test_a_part_without_a_place_in_the_page_is_told() -> None:
    with pytest.raises(ValueError, match="0 places"):
        replaced("# Results", "purchase", "a new block")
