"""`batch run` on the same file again: what is believed of the results, of the note and of the ledger."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paymentoptions_async import LedgerError, SqliteLedger

from ...batch.entries import entry, written
from ...batch.files import body
from ..conftest import Cli
from ..elsewhere import Elsewhere
from .shop import charges, entries, outcomes

RESULTS = "charges.results.jsonl"


def test_a_second_run_charges_only_what_was_never_sent(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    elsewhere.faults += ["reset:after_commit"]
    assert cli("batch", "run", charges(tmp_path, 5), "--concurrency", "1").code == 3
    assert outcomes(tmp_path / RESULTS) == {"paid": 4, "unknown": 1}
    told = cli("batch", "run", charges(tmp_path, 7))
    assert told.code == 3
    assert outcomes(tmp_path / RESULTS) == {"paid": 6, "unknown": 1}
    assert len(entries(tmp_path / "charges.unknown.jsonl")) == 1
    assert elsewhere.gateway.total_charges() == 7


def test_what_a_person_has_settled_is_told_by_the_next_run(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    elsewhere.faults += ["reset:after_commit"]
    cli("batch", "run", charges(tmp_path, 1))
    words = ("--by", "Kim", "--reason", "portal", "--transaction-id", "tx-1")
    assert cli("ledger", "resolve", "pay-1", "--paid", *words).code == 0
    assert cli("batch", "run", charges(tmp_path, 1)).code == 0
    (entry,) = entries(tmp_path / RESULTS)
    assert (entry["outcome"], entry["replayed"]) == ("paid", True)
    assert elsewhere.gateway.total_charges() == 1


def test_without_its_results_a_second_run_asks_the_ledger(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    cli("batch", "run", charges(tmp_path, 4))
    (tmp_path / RESULTS).unlink()
    assert cli("batch", "run", charges(tmp_path, 4)).code == 0
    assert {entry["replayed"] for entry in entries(tmp_path / RESULTS)} == {True}
    assert elsewhere.gateway.total_charges() == 4


def test_results_that_were_lost_are_told_anew_by_the_ledger(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    path, results = charges(tmp_path, 4), tmp_path / RESULTS
    cli("batch", "run", path)
    kept = results.read_bytes().splitlines(keepends=True)[:2]
    results.write_bytes(b"".join(kept))
    assert cli("batch", "run", path).code == 0
    assert [entry["replayed"] for entry in entries(results)] == [False, False, True, True]
    assert elsewhere.gateway.total_charges() == 4


def test_a_ledger_that_fails_ends_no_doubt(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = charges(tmp_path, 1)
    elsewhere.faults += ["reset:after_commit"]
    cli("batch", "run", path)
    with monkeypatch.context() as patch:
        patch.setattr(SqliteLedger, "claim", out_of_reach)
        assert cli("batch", "run", path).code == 3
    assert outcomes(tmp_path / "charges.unknown.jsonl") == {"unknown": 1}
    assert cli("batch", "run", path, "--ledger", tmp_path / "another.db").code == 2
    assert elsewhere.gateway.total_charges() == 1


def test_a_line_that_was_mended_meanwhile_ends_no_doubt(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    elsewhere.faults += ["reset:after_commit"]
    cli("batch", "run", charges(tmp_path, 1))
    address = body()["billing_address"] | {"email": "mended@example.com"}
    assert cli("batch", "run", charges(tmp_path, 1, billing_address=address)).code == 3
    assert outcomes(tmp_path / RESULTS) == {"unknown": 1}


def emptied(folder: Path) -> None:
    charges(folder, 1, card=body()["card"] | {"cvc": ""})


def replaced(folder: Path) -> None:
    charges(folder, 1, amount="2000")


def cut(folder: Path) -> None:
    (folder / "charges.csv").write_bytes(b"".join((folder / "charges.csv").read_bytes().splitlines(keepends=True)[:1]))


@pytest.mark.parametrize("changed", [emptied, replaced, cut])
def test_an_open_result_stays_with_its_charge(
    changed: Callable[[Path], None], cli: Cli, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    elsewhere.faults += ["reset:after_commit"]
    cli("batch", "run", charges(tmp_path, 1))
    changed(tmp_path)
    assert cli("batch", "run", tmp_path / "charges.csv", "--skip-bad").code == 2
    assert outcomes(tmp_path / RESULTS) == {"unknown": 1}


def test_a_ledger_that_was_there_before_the_doubt_is_refused(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = charges(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setenv("PAYMENTOPTIONS_API_KEY", "of nobody")
        cli("batch", "run", path, "--ledger", tmp_path / "a.db")
    elsewhere.faults += ["reset:after_commit"]
    assert cli("batch", "run", path, "--ledger", tmp_path / "b.db").code == 3
    assert cli("batch", "run", path, "--ledger", tmp_path / "a.db").code == 2
    assert elsewhere.gateway.total_charges() == 1


def test_another_ledger_than_that_of_the_results_is_refused(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    path = charges(tmp_path, 5)
    elsewhere.faults += ["reset:after_commit"]
    assert cli("batch", "run", path, "--concurrency", "1").code == 3
    told = cli("batch", "run", path, "--ledger", tmp_path / "another.db")
    assert told.code == 2
    assert "the ledger knows nothing of 1 charges" in told.err
    assert "(first: pay-1)" in told.err
    assert elsewhere.gateway.total_charges() == 5
    assert outcomes(tmp_path / RESULTS) == {"paid": 4, "unknown": 1}


def test_a_charge_that_the_ledger_could_not_be_told_of_has_to_be_looked_at(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(SqliteLedger, "finish", out_of_reach)
        told = cli("batch", "run", charges(tmp_path, 1))
    assert (told.code, cli("batch", "run", charges(tmp_path, 1)).code) == (3, 3)
    assert told.out.startswith("1 OF 1 PAID, 1 NOT RECORDED.")
    assert "to look at" in told.out
    (found,) = entries(tmp_path / "charges.unknown.jsonl")
    assert (found["outcome"], found["money"]) == ("paid", "moved once; the ledger does not say so")
    assert found["transaction_id"] == elsewhere.gateway.transactions("pay-1")[0].id
    assert elsewhere.gateway.total_charges() == 1


async def out_of_reach(*_: object) -> None:
    raise LedgerError("out of reach")


def test_what_a_run_left_that_was_killed_while_it_wrote_a_table_goes(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    killed = (
        "import os, pathlib, sys; from paymentoptions_async.cli.ledger.files import write_file;"
        "write_file(pathlib.Path(sys.argv[1]), (os.kill(os.getpid(), 9) for _ in '1'), force=True, ledger=None)"
    )
    subprocess.run([sys.executable, "-c", killed, tmp_path / "charges.results.csv"], check=False)
    mine = tmp_path / ".charges.results.csv.bak"
    mine.touch()
    assert len(list(tmp_path.glob(".charges*"))) == 2
    cli("batch", "run", charges(tmp_path, 1))
    assert list(tmp_path.glob(".charges*")) == [mine]


def test_results_of_other_charges_are_not_taken_for_these(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    cli("batch", "run", charges(tmp_path, 3))
    told = cli("batch", "run", charges(tmp_path, 3, amount="2000"))
    assert told.code == 2
    assert "the result of another charge for line 2" in told.err
    assert elsewhere.gateway.total_charges() == 3


def test_a_looked_through_file_is_not_looked_through_again(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paymentoptions_async.cli.batch.marks._MANY", 2)
    monkeypatch.setenv("PAYMENTOPTIONS_API_KEY", "of nobody")
    path = charges(tmp_path, 50)
    cli("batch", "run", path)
    assert (tmp_path / "charges.checked.json").exists()
    monkeypatch.setenv("PAYMENTOPTIONS_API_KEY", elsewhere.gateway.settings().api_key.reveal())
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["paymentoptions_async.cli.batch.run"], "look_over", None)
        assert cli("batch", "run", path).code == 0
    assert not (tmp_path / "charges.checked.json").exists()


def test_results_of_another_file_are_noticed_although_this_one_was_looked_through(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paymentoptions_async.cli.batch.marks._MANY", 2)
    path = charges(tmp_path, 50)
    with monkeypatch.context() as patch:
        patch.setenv("PAYMENTOPTIONS_API_KEY", "of nobody")
        cli("batch", "run", path)
    assert (tmp_path / "charges.checked.json").exists()
    written(tmp_path / RESULTS, entry(3, amount="7", gateway=elsewhere.gateway.base_url))
    told = cli("batch", "run", path)
    assert told.code == 2
    assert "the result of another charge for line 3" in told.err
    assert elsewhere.gateway.total_charges() == 0
