"""An export is whole, its owner's alone, and never costs a ledger."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from paymentoptions_async import Record, SqliteLedger
from paymentoptions_async.cli.ledger import keeping
from paymentoptions_async.cli.sheet import _cell
from paymentoptions_async.ledger import Intent, Ledger
from paymentoptions_async.ledger.telling import record_json

from .conftest import Cli
from .processes import clean_environment, command
from .records import kept

MANY = 5_000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "ledger.db"
    asyncio.run(kept(place))
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    return place


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with more records than a pipe holds."""
    place = tmp_path_factory.mktemp("many") / "ledger.db"

    async def fill() -> None:
        async with SqliteLedger(place, clock=lambda: 1_000_000.0) as ledger:
            claims = (
                ledger.claim(Intent(f"注文-{number:05}", b"f", "payment", "1", "JPY"), token=f"{number}", lease=1)
                for number in range(MANY)
            )
            await asyncio.gather(*claims)

    asyncio.run(fill())
    return place


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_the_ledger_itself_is_never_written_over(cli: Cli, place: Path, end: str) -> None:
    before = cli("ledger", "list", "--all", "--json").out
    ended = cli("ledger", "export", "--force", "--output", f"{place}{end}")
    assert (ended.code, "the ledger itself" in ended.err) == (2, True)
    assert cli("ledger", "list", "--all", "--json").out == before


def test_neither_is_it_by_another_name_nor_another_ledger(cli: Cli, place: Path, tmp_path: Path) -> None:
    link, other = tmp_path / "link", tmp_path / "other.db"
    link.symlink_to(place)
    asyncio.run(kept(other))
    for output in (link, other):
        ended = cli("ledger", "export", "--force", "--output", output)
        assert ended.code == 2
    assert cli("ledger", "list", "--all", "--json", "--ledger", other).out.count("\n") == 6


def test_what_is_replaced_is_its_owners_alone_and_no_device(cli: Cli, place: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "export.jsonl"
    open_to_all.write_text("old")
    open_to_all.chmod(0o644)
    assert cli("ledger", "export", "--force", "--output", open_to_all).code == 0
    assert stat.S_IMODE(open_to_all.stat().st_mode) == 0o600
    assert cli("ledger", "export", "--force", "--output", os.devnull).code == 2
    assert not Path(os.devnull).is_file()


def test_an_export_that_fails_leaves_what_was_there(
    cli: Cli, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text("old")
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    for output in (old, new):
        for ledger in (tmp_path / "none.db", tmp_path / "letter.txt"):
            assert cli("ledger", "export", "--force", "--output", output, "--ledger", ledger).code == 1
    assert cli("ledger", "export", "--output", new, "--ledger", tmp_path / "letter.txt").code == 1
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.glob("*.jsonl*")) == ["old.jsonl"]
    assert not list(tmp_path.glob(".old*"))


def test_csv_or_json_and_not_both(cli: Cli, place: Path) -> None:
    assert cli("ledger", "export", "--json").out == cli("ledger", "export").out
    assert cli("ledger", "export", "--json", "--csv").code == 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_cell_begins_a_formula(start: str) -> None:
    assert _cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["\t=1+1", "\r=1+1", "\n=1+1", "\x1b[31m"])
def test_no_cell_steers_a_terminal_or_hides_a_formula(text: str) -> None:
    cell = _cell(text)
    assert cell.isprintable()
    assert not cell.startswith(("=", "+", "-", "@"))


def ran(*arguments: object, stdout: object, **environment: str) -> tuple[int, str]:
    with subprocess.Popen(
        command("ledger", *arguments),
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**environment),
    ) as process:
        if process.stdout is not None:
            process.stdout.readline()
            process.stdout.close()
        return process.wait(30), process.stderr.read()


@pytest.mark.parametrize("arguments", [("export",), ("export", "--csv"), ("list", "--json")])
def test_a_reader_that_goes_away_ends_it_in_one_line(many: Path, arguments: tuple[str, ...]) -> None:
    code, err = ran(*arguments, "--ledger", many, stdout=subprocess.PIPE)
    assert (code, err) == (1, "Error: cannot be read or written: Broken pipe\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_is_told_in_one_line(many: Path) -> None:
    with Path("/dev/full").open("w") as full:
        code, err = ran("export", "--ledger", many, stdout=full)
    assert (code, err) == (1, "Error: cannot be read or written: No space left on device\n")


def test_what_the_terminal_cannot_write_is_escaped(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as stdout:
        code, err = ran("export", "--csv", "--ledger", many, stdout=stdout, PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert r"\u6ce8\u6587-00000" in out.read_text()


def test_records_are_read_and_written_page_by_page(
    cli: Cli, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    page = SqliteLedger.page

    async def watched(self: SqliteLedger, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        seen.append(f"{limit} read")
        return await page(self, after=after, limit=limit, unsettled=unsettled)

    def written(record: Record) -> dict[str, Any]:
        seen.append("written")
        return record_json(record)

    monkeypatch.setattr(SqliteLedger, "page", watched)
    monkeypatch.setattr(keeping, "record_json", written)
    file = tmp_path / "export.csv"
    assert cli("ledger", "export", "--csv", "--output", file, "--ledger", many).code == 0
    assert len(list(csv.reader(io.StringIO(file.read_text())))) == MANY + 1
    assert seen == [*["500 read", *["written"] * 500] * (MANY // 500), "500 read"]


def test_a_table_for_people_ends_and_says_so(cli: Cli, many: Path) -> None:
    ended = cli("ledger", "list", "--ledger", many)
    assert ended.code == 3
    assert ended.out.splitlines()[-1] == f"{MANY} records, the first 1000 by reference are shown: --json shows all."


def test_a_settled_state_is_found_by_its_name(cli: Cli, place: Path) -> None:
    for arguments in ((), ("--all",)):
        told = cli("ledger", "list", "--json", "--state", "paid", *arguments).out
        assert [json.loads(line)["merchant_txn_ref"] for line in told.splitlines()] == ["paid-1"]


def test_a_record_that_cannot_be_read_is_told_in_one_line(
    cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(self: Ledger, reference: str) -> Record | None:
        raise ValueError("'settled' is not a valid State")

    monkeypatch.setattr(SqliteLedger, "find", damaged)
    ended = cli("ledger", "show", "dead-1")
    assert (ended.code, ended.err) == (1, "Error: a record of the ledger cannot be read (ValueError)\n")
