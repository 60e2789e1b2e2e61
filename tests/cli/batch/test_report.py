"""`batch report`: what the page and the terminal tell of a file of results."""

from __future__ import annotations

import stat
import tracemalloc
from pathlib import Path

import pytest

from ...batch.entries import entry, written
from ..conftest import Cli


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return written(
        tmp_path / "payday.results.jsonl",
        *(entry(line, seconds=line / 100) for line in range(1, 81)),
        *(
            entry(line, "declined", response_code=51, reason="insufficient_funds", error="DeclinedError")
            for line in range(81, 91)
        ),
        *(entry(line, "unknown", error="OutcomeUnknownError", evidence=["HTTP 503"]) for line in range(91, 96)),
        entry(96, "partial", moved="400.50", amount="801"),
        entry(97, currency="USD", amount="0.10", moved="0.10"),
        entry(98, currency="USD", amount="0.20", moved="0.20"),
        entry(99, "refused", error="InvalidRequestError", message="<script>alert(1)</script>", seconds=None),
        entry(100, "not_sent", error="NotSentError", evidence=["<b>DNS</b>"]),
    )


def test_the_sums_are_those_of_the_results(cli: Cli, results: Path) -> None:
    told = cli("batch", "report", results, "--json")
    assert told.code == 3
    assert told.result["outcomes"] == {
        "paid": 82, "declined": 10, "refused": 1, "not_sent": 1, "unknown": 5, "challenge": 0, "partial": 1,
    }  # fmt: skip
    assert told.result["money"]["USD"]["paid"] == "0.30"
    assert told.result["money"]["JPY"] == {
        "paid": "80000", "partial": "400.50", "unknown": "5000", "waiting": "0", "not_moved": "12400.50",
    }  # fmt: skip
    assert told.result["declines"] == {"insufficient funds (51)": 10}


def test_the_page_tells_what_the_terminal_tells(cli: Cli, results: Path) -> None:
    told = cli("batch", "report", results)
    page = results.with_name("payday.report.html").read_text()
    assert told.out.startswith("82 OF 100 PAID, 5 UNKNOWN.")
    for text in ("82.0%", "insufficient funds (51)", "400.50", "80,000", "5 charges may have moved money"):
        assert text in page
    assert "<title>payday: batch report</title>" in page
    assert stat.S_IMODE(results.with_name("payday.report.html").stat().st_mode) == 0o600


def test_a_result_that_the_ledger_does_not_say_is_no_success(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "payday.results.jsonl", entry(1), entry(2, recorded=False))
    told = cli("batch", "report", path)
    assert told.code == 3
    assert told.out.startswith("2 OF 2 PAID, 1 NOT RECORDED.")
    assert "1: the ledger does not say what was answered" in told.out
    assert "1 result the ledger does not say" in path.with_name("payday.report.html").read_text()
    assert cli("batch", "report", path, "--json").result["unrecorded"] == 1


def test_what_the_gateway_says_is_no_markup(cli: Cli, results: Path) -> None:
    cli("batch", "report", results)
    page = results.with_name("payday.report.html").read_text()
    assert "<script" not in page
    assert "<b>DNS" not in page


@pytest.mark.parametrize("shown", [[], [entry(1, "refused", seconds=None, currency=None, error="InvalidRequestError")]])
def test_a_page_of_next_to_nothing_is_made_as_well(shown: list[dict[str, object]], cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "empty.jsonl", *shown)
    assert cli("batch", "report", path, "-o", tmp_path / "page.html").code == len(shown)
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.jsonl"], "cannot read"),
        (["charges.csv"], "something else than results"),
        (["good.jsonl", "-o", "page.txt"], "ends in .html"),
        (["good.jsonl", "-o", "notes.html"], "not written over"),
    ],
)
def test_a_mistake_is_told(
    arguments: list[str], told: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "charges.csv").write_text("amount\n1\n")
    (tmp_path / "notes.html").write_text("<p>mine</p>")
    written(tmp_path / "good.jsonl", entry(1))
    ended = cli("batch", "report", *arguments)
    assert ended.code == 2
    assert told in ended.err


def test_the_memory_does_not_grow_with_the_results(cli: Cli, tmp_path: Path) -> None:
    def peak_of(count: int) -> int:
        path = written(tmp_path / "many.jsonl", *(entry(line) for line in range(1, count + 1)))
        tracemalloc.start()
        cli("batch", "report", path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_of(100)
    assert peak_of(3000) < peak_of(500) + 3000 * 20
