"""The results on disk: what a kill leaves behind, and what is never written over."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from paymentoptions_async.batch.entries import MEMBERS, Place, identity_of, request_identity
from paymentoptions_async.batch.journal import Journal, JournalError, latest, raw_open

from ..helpers import request
from .entries import GATEWAY, entry, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def lines_in(path: Path) -> list[int]:
    return [one["line"] for one in latest(path)]


def test_what_was_written_is_known_to_the_next_run(path: Path) -> None:
    with Journal(path, gateway=GATEWAY) as journal:
        journal.write([entry(1), entry(2, "unknown"), entry(3, "declined")])
    with Journal(path, gateway=GATEWAY) as again:
        assert [again.is_done(number) for number in range(6)] == [False, True, False, True, False, False]
        assert again.earlier == {"paid": 1, "declined": 1}


@pytest.mark.parametrize("torn", [b"{", b'{"line":2,"merchant', orjson.dumps(entry(2))])
def test_a_torn_last_line_does_not_count_and_is_cut_off(path: Path, torn: bytes) -> None:
    whole = written(path, entry(1)).read_bytes()
    path.write_bytes(whole + torn)
    assert lines_in(path) == [1]
    with Journal(path, gateway=GATEWAY) as journal:
        journal.write([entry(2)])
    assert path.read_bytes() == whole + orjson.dumps(entry(2)) + b"\n"


def test_a_file_that_was_torn_in_its_first_line_begins_anew(path: Path) -> None:
    path.write_bytes(b'{"li')
    with Journal(path, gateway=GATEWAY) as journal:
        journal.write([entry(1)])
    assert lines_in(path) == [1]


def test_the_later_entry_of_a_line_counts_and_the_earlier_one_goes_at_the_end(path: Path) -> None:
    written(path, entry(1, "unknown"), entry(2), entry(1, "paid"))
    assert [one["outcome"] for one in latest(path)] == ["paid", "paid"]
    with Journal(path, gateway=GATEWAY) as journal:
        journal.compact()
    assert path.read_bytes().count(b"\n") == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("found", [b"amount,currency\n1,JPY\n", b"\0" * 100, b'{"lines": 3}\n', b'{"line":x}\n'])
def test_what_is_no_journal_is_left_as_it_is(path: Path, found: bytes) -> None:
    path.write_bytes(found)
    with pytest.raises(JournalError):
        Journal(path, gateway=GATEWAY)
    assert path.read_bytes() == found


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "unk"}, {"outcome": ["paid"]}, {"line": -5}, {"line": "1"}, {"gateway": None}, {"amount": "1,0"},
        {"amount": None}, {"moved": "NaN"}, {"time": "2026-11-24T09:00:00.@0"}, {"time": None}, {"seconds": -1},
        {"seconds": "1"}, {"evidence": [5]}, {"evidence": None}, {"recorded": 1}, {"response_code": []},
    ],
)  # fmt: skip
def test_a_damaged_entry_is_told_before_anything_is_charged(path: Path, changes: dict[str, Any]) -> None:
    kept = written(path, entry(1), entry(2) | changes).read_bytes().replace(b'"line":-5', b'"line":2,"line":-5')
    path.write_bytes(kept)
    with pytest.raises(JournalError, match="something else than results"):
        Journal(path, gateway=GATEWAY)
    assert path.read_bytes() == kept


@pytest.mark.parametrize("missing", MEMBERS)
def test_so_is_one_without_a_member(path: Path, missing: str) -> None:
    whole = entry(1)
    del whole[missing]
    with pytest.raises(JournalError):
        lines_in(written(path, whole))


def test_results_of_another_gateway_are_no_results_here(path: Path) -> None:
    written(path, entry(1, gateway="https://elsewhere.example"))
    for anew in (False, True):
        with pytest.raises(JournalError, match="another gateway"):
            Journal(path, gateway=GATEWAY, anew=anew)
    assert lines_in(path) == [1]


def test_two_runs_do_not_write_one_file(path: Path) -> None:
    with Journal(path, gateway=GATEWAY), pytest.raises(JournalError, match="another run"):
        Journal(path, gateway=GATEWAY)


def a_new_file(path: Path) -> None:
    written(path.with_name("new"), entry(1)).replace(path)


@pytest.mark.parametrize("meanwhile", [a_new_file, Path.unlink])
def test_a_file_that_was_replaced_before_it_was_locked_is_not_written(
    meanwhile: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def late(file: Any, flags: int) -> None:
        meanwhile(path)
        lock(file, flags)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(JournalError, match="until now"):
        Journal(written(path, entry(1)), gateway=GATEWAY)


def test_a_compacted_file_is_still_that_of_its_run_alone(path: Path) -> None:
    written(path, entry(1, "unknown"), entry(1))
    with Journal(path, gateway=GATEWAY) as journal:
        journal.compact()
        with pytest.raises(JournalError, match="another run"):
            Journal(path, gateway=GATEWAY)
        journal.write([entry(2)])
    assert lines_in(path) == [1, 2]


def test_what_a_run_left_that_was_killed_while_it_compacted_goes(path: Path) -> None:
    written(path, entry(1, "unknown"), entry(1))
    mine = path.with_name("mine")
    mine.write_text("my own notes")
    path.with_name(f".{path.name}.part").symlink_to(mine)
    with Journal(path, gateway=GATEWAY) as journal:
        journal.compact()
    assert sorted(found.name for found in path.parent.iterdir()) == ["mine", path.name]
    assert mine.read_text() == "my own notes"


@pytest.mark.parametrize("found", [(entry(1),), (entry(1, "unknown"), entry(1))])
def test_results_are_on_the_disk_when_a_run_is_over(
    found: tuple[dict[str, Any], ...], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    with Journal(written(path, *found), gateway=GATEWAY) as journal:
        journal.compact()
    assert path.stat().st_ino in synced


@pytest.mark.parametrize("doubt", ["unknown", "challenge"])
@pytest.mark.parametrize("later", ["refused", "not_sent"])
def test_a_later_try_that_touched_nothing_ends_no_doubt(doubt: str, later: str, path: Path) -> None:
    with Journal(written(path, entry(1, doubt), entry(2, later)), gateway=GATEWAY) as journal:
        assert journal.write([entry(1, later), entry(2, later), entry(3, later)]) == [entry(2, later), entry(3, later)]
        assert journal.write([entry(1, "declined")]) == [entry(1, "declined")]
    assert [one["outcome"] for one in latest(path)] == [later, later, "declined"]


def test_a_correction_counts_whatever_it_says(path: Path) -> None:
    found = [entry(1, "unknown"), entry(2, "declined"), entry(3, "unknown")]
    with Journal(written(path, *found), gateway=GATEWAY) as journal:
        told = [entry(1, "not_sent"), entry(2, "unknown"), entry(3)]
        journal.correct(zip(found, told, strict=True))
        assert (journal.earlier["paid"], journal.earlier["declined"], journal.telling) == (1, 0, 2)
        assert [journal.is_telling(line) for line in (1, 2, 3)] == [False, True, True]
        assert [journal.is_done(line) for line in (1, 2, 3)] == [False, False, True]
        assert journal.write([entry(1, "refused")]) == [entry(1, "refused")]
    assert [one["outcome"] for one in latest(path)] == ["unknown", "paid", "refused"]


def test_what_is_open_is_found_behind_the_longest_reference(path: Path) -> None:
    written(path, entry(1, "unknown", merchant_txn_ref="\x01" * 45))
    assert len(list(raw_open(path))) == 1


def test_somebody_has_to_look_at_what_is_open_and_at_what_the_ledger_does_not_say(path: Path) -> None:
    outcomes = ("paid", "declined", "refused", "not_sent", "unknown", "challenge", "partial")
    sound = [entry(line, outcome) for line, outcome in enumerate(outcomes, 1)]
    unrecorded = [entry(line + 10, outcome, recorded=False) for line, outcome in enumerate(outcomes, 1)]
    quoted = entry(20, message='"outcome":"unknown", ,"recorded":false,')
    written(path, *sound, *unrecorded, quoted, entry(21, recorded=False), entry(21))
    assert [orjson.loads(line)["line"] for line in raw_open(path)] == [5, 6, 7, *range(11, 18)]


def test_only_its_owner_can_read_it(path: Path) -> None:
    with Journal(path, gateway=GATEWAY):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"amount": "1001"}, False),
        ({"currency": "USD"}, False),
        ({"merchant_id": "another"}, False),
        ({"number": "4111111111111111"}, False),
    ],
)
def test_an_entry_is_about_its_own_charge_alone(changes: dict[str, str], same: bool) -> None:
    asked = request("pay-1", **{"merchant_id": None, "amount": "1000", **changes})  # type: ignore[arg-type]
    told = identity_of(entry(1, card="520000******1005", currency=request().currency))
    assert (request_identity(asked, Place(GATEWAY, "shop")) == told) is same
