"""`batch run` from its first line to its files, on a sandbox in a thread."""

from __future__ import annotations

import asyncio
import csv
import errno
import os
import runpy
import signal
import stat
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from paymentoptions_async.batch.journal import Journal
from paymentoptions_async.cli.batch.earlier import hold_against
from paymentoptions_async.cli.batch.running import _charge

from ...batch.files import CVC, bodies, body, csv_bytes, jsonl_bytes
from ...helpers import APPROVED
from ..conftest import Cli
from ..elsewhere import Elsewhere
from ..processes import BODY, SECRET, clean_environment, command, environment_of
from .shop import DECLINED, charges, entries, outcomes

RESULTS = "charges.results.jsonl"


def declined(reference: str) -> dict[str, object]:
    return body(reference, card={**body()["card"], **DECLINED})


def test_every_line_has_one_result_and_the_files_are_their_owners(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    told = cli("batch", "run", charges(tmp_path, 20, declined("no-1"), body("part", amount="9000010")))
    assert told.code == 1
    assert told.out.startswith("20 OF 22 PAID.")
    results = entries(tmp_path / RESULTS)
    assert sorted(entry["line"] for entry in results) == list(range(2, 24))
    assert outcomes(tmp_path / RESULTS) == {"paid": 20, "declined": 1, "partial": 1}
    assert [entry["merchant_txn_ref"] for entry in entries(tmp_path / "charges.unknown.jsonl")] == ["part"]
    with (tmp_path / "charges.results.csv").open(newline="") as file:
        assert [row["line"] for row in csv.DictReader(file)] == [str(entry["line"]) for entry in results]
    made = [path for path in tmp_path.iterdir() if path.name.startswith("charges.") and path.suffix != ".db"]
    assert len(made) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.name != "charges.csv"} == {0o600}
    assert elsewhere.gateway.total_charges() == 21


def test_what_is_told_of_a_charge(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    cli("batch", "run", charges(tmp_path, 1, declined("no-1")))
    paid, refused = sorted(entries(tmp_path / RESULTS), key=lambda entry: entry["line"])
    told = {
        name: paid[name] for name in ("merchant_txn_ref", "outcome", "money", "amount", "currency", "moved", "card")
    }
    assert told == {
        "merchant_txn_ref": "pay-1", "outcome": "paid", "money": "moved once", "amount": "1000", "currency": "JPY",
        "moved": "1000", "card": "520000******1005",
    }  # fmt: skip
    assert (refused["money"], refused["reason"], refused["response_code"], refused["moved"]) == (
        "not moved", "insufficient_funds", 51, None,
    )  # fmt: skip
    assert paid["transaction_id"] == elsewhere.gateway.transactions("pay-1")[0].id
    assert paid["gateway"] == elsewhere.gateway.base_url


def test_no_card_data_is_in_any_file_or_line(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    elsewhere.faults += ["503:before_commit", "garbage"]
    told = cli("batch", "run", charges(tmp_path, 3), "--verbose")
    made = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "charges.csv")
    for text in (told.out, told.err, made.decode("utf-8", "replace")):
        assert APPROVED not in text
        assert f'"{CVC}"' not in text


def test_bad_lines_stop_a_run_before_anything_is_sent(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    told = cli("batch", "run", charges(tmp_path, 2, body("pay-1"), body("bad", currency="yen")))
    assert told.code == 2
    assert "2 of 4 lines are bad, and nothing was sent" in told.err
    assert elsewhere.gateway.total_charges() == 0
    assert not (tmp_path / RESULTS).exists()


def test_bad_lines_are_results_where_they_are_left_out(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    path = charges(tmp_path, 2, body("pay-1"), body("bad", currency="yen"))
    assert cli("batch", "run", path, "--skip-bad").code == 1
    assert cli("batch", "run", path, "--skip-bad").code == 1
    results = {entry["line"]: entry for entry in entries(tmp_path / RESULTS)}
    assert {line: entry["outcome"] for line, entry in results.items()} == {
        2: "paid", 3: "paid", 4: "refused", 5: "refused",
    }  # fmt: skip
    assert results[4]["message"].endswith("it stands on line 2 as well")
    assert (results[5]["money"], results[5]["merchant_txn_ref"]) == ("not touched", "bad")
    assert elsewhere.gateway.total_charges() == 2


def test_a_sandbox_run_leaves_no_result_that_a_real_one_would_believe(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    path = charges(tmp_path, 3)
    for _ in range(2):
        assert cli("batch", "run", path, "--sandbox").code == 0
    assert outcomes(tmp_path / "charges.sandbox.results.jsonl") == {"paid": 3}
    assert elsewhere.gateway.total_charges() == 0
    told = cli("batch", "run", path, "--results", tmp_path / "charges.sandbox.results.jsonl")
    assert (told.code, elsewhere.gateway.total_charges()) == (2, 0)
    assert "another gateway" in told.err


@pytest.mark.parametrize("name", [RESULTS, "charges.results.csv", "charges.unknown.jsonl", "charges.report.html"])
def test_a_file_of_somebody_else_is_not_written_over(name: str, cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    (tmp_path / name).write_text("my own notes\n")
    told = cli("batch", "run", charges(tmp_path, 1))
    assert told.code == 2
    assert (tmp_path / name).read_text() == "my own notes\n"
    assert elsewhere.gateway.total_charges() == 0


def test_a_gateway_that_refuses_the_credentials_pauses_the_run(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_API_KEY", "of nobody")
    told = cli("batch", "run", charges(tmp_path, 50), "--concurrency", "2", "--json")
    assert told.code == 1
    assert "the batch was paused" in told.result["trouble"]
    assert told.result["left"] > 40
    monkeypatch.setenv("PAYMENTOPTIONS_API_KEY", elsewhere.gateway.settings().api_key.reveal())
    assert cli("batch", "run", charges(tmp_path, 50)).code == 0
    assert outcomes(tmp_path / RESULTS) == {"paid": 50}


def test_a_cvc_in_the_file_is_warned_of(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    told = cli("batch", "run", charges(tmp_path, 2))
    assert told.err.startswith("Warning: 2 of 2 lines hold a card with its CVC. PCI DSS forbids")


def test_nothing_but_the_result_is_on_stdout_for_machines(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    told = cli("batch", "run", charges(tmp_path, 2, declined("no-1")), "--json", "--no-report", "--quiet").result
    assert (told["outcomes"]["paid"], told["left"], told["exit_code"]) == (2, 0, 1)
    assert told["money"]["JPY"] == {
        "paid": "2000", "partial": "0", "unknown": "0", "waiting": "0", "not_moved": "1000",
    }  # fmt: skip
    assert not (tmp_path / "charges.report.html").exists()


def test_what_comes_through_a_pipe_is_charged_and_kept_nowhere(tmp_path: Path, elsewhere: Elsewhere) -> None:
    arguments = command("batch", "run", "-", "--results", tmp_path / "piped.jsonl")
    environment = clean_environment(
        **environment_of(elsewhere.gateway), PAYMENTOPTIONS_LEDGER=str(tmp_path / "ledger.db"), TMPDIR=str(tmp_path)
    )
    assert environment["PAYMENTOPTIONS_LEDGER_SECRET"] == SECRET
    done = subprocess.run(arguments, input=jsonl_bytes(bodies(3)), capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"a file without a name" in done.stderr
    assert outcomes(tmp_path / "piped.jsonl") == {"paid": 3}
    assert not [path for path in tmp_path.iterdir() if APPROVED.encode() in path.read_bytes()]


def test_a_batch_of_gzipped_csv_finds_its_names(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    import gzip

    path = tmp_path / "charges.csv.gz"
    path.write_bytes(gzip.compress(csv_bytes(bodies(2))))
    assert cli("batch", "run", path, "--api-version", "2").code == 0
    assert outcomes(tmp_path / RESULTS) == {"paid": 2}


def test_results_that_cannot_be_written_stop_the_run_and_the_next_one_tells_them(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = charges(tmp_path, 50)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", full)
        told = cli("batch", "run", path, "--concurrency", "2", "--json")
    assert told.code == 1
    assert "results cannot be written (No space left on device)" in told.result["trouble"]
    assert elsewhere.gateway.total_charges() < 50
    assert cli("batch", "run", path).code == 0
    assert outcomes(tmp_path / RESULTS) == {"paid": 50}
    assert elsewhere.gateway.total_charges() == 50


def test_bad_lines_whose_results_cannot_be_written_stop_it_as_well(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "charges.jsonl"
    # More than may wait to be written, and then a good one.
    path.write_bytes(jsonl_bytes([*({"merchant_txn_ref": f"bad-{number}"} for number in range(2100)), body()]))
    monkeypatch.setattr(Journal, "write", full)
    told = cli("batch", "run", path, "--skip-bad", "--json")
    assert (told.code, told.result["left"]) == (1, 2101)
    assert elsewhere.gateway.total_charges() == 0


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_bug_is_no_promise_that_nothing_is_in_doubt(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paymentoptions_async.cli.batch.running.entry_of", None)
    told = cli("batch", "run", charges(tmp_path, 5), "--json")
    assert (told.code, told.result["trouble"].startswith("a fault that it cannot go on with (TypeError)")) == (3, True)


def test_results_that_were_removed_meanwhile_are_no_promise_either(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "compact", lambda journal: journal.path.unlink())
    told = cli("batch", "run", charges(tmp_path, 1))
    assert told.code == 3
    assert "cannot be read any more (No such file or directory)" in told.err
    assert "not all files" not in told.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_table_is_written_hides_no_doubt(
    number: signal.Signals, cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "compact", lambda _: os.kill(os.getpid(), number))
    handler = signal.getsignal(number)
    elsewhere.faults += ["reset:after_commit"]
    told = cli("batch", "run", charges(tmp_path, 1))
    assert (told.code, "1 UNKNOWN" in told.out) == (3, True)
    assert "The results are being written." in told.err
    assert signal.getsignal(number) is handler


def test_a_signal_behind_the_last_charge_hides_no_doubt_either(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*given: Any) -> None:
        await _charge(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr("paymentoptions_async.cli.batch.running._charge", interrupted)
    elsewhere.faults += ["reset:after_commit"]
    told = cli("batch", "run", charges(tmp_path, 1))
    assert (told.code, "1 UNKNOWN" in told.out) == (3, True)


def test_lines_that_come_while_it_runs_wait_for_the_next_run(
    cli: Cli, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "charges.jsonl"
    path.write_bytes(jsonl_bytes(bodies(3)))

    async def grows(*given: Any) -> None:
        await hold_against(*given)
        await asyncio.to_thread(path.write_bytes, jsonl_bytes(bodies(5)))

    with monkeypatch.context() as patch:
        patch.setattr("paymentoptions_async.cli.batch.running.hold_against", grows)
        told = cli("batch", "run", path)
    assert (told.code, told.out.startswith("ALL 3 PAID.")) == (1, True)
    assert "the file has more lines than when it was looked through" in told.out
    assert elsewhere.gateway.total_charges() == 3
    assert cli("batch", "run", path).code == 0
    assert elsewhere.gateway.total_charges() == 5


def test_the_shipped_example_is_good_and_as_its_maker_makes_it(cli: Cli) -> None:
    example = BODY.with_name("charges.csv")
    told = cli("batch", "run", example, "--check", "--json").result
    assert (told["lines"], told["bad"]) == (1000, 0)
    made = runpy.run_path(str(BODY.with_name("make_charges.py")))
    chance = Random(2026)
    rows = [made["COLUMNS"], *(made["line"](number, chance) for number in range(1, 1001))]
    with example.open(newline="") as file:
        assert list(csv.reader(file)) == [list(row) for row in rows]
