"""`paymentoptions ledger`, as the person on duty uses it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from functools import partial
from pathlib import Path

import pytest

from paymentoptions_async import PostgresLedger
from paymentoptions_async.sandbox import Sandbox

from .conftest import Cli
from .processes import BODY, Ended, Shell
from .records import fill, kept


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with one record of every kind; the commands find it by the environment."""
    place = tmp_path / "ledger.db"
    asyncio.run(kept(place))
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    return place


def objects(ended: Ended) -> dict[str, dict[str, object]]:
    """What was written, by reference."""
    told = [json.loads(line) for line in ended.out.splitlines()]
    return {one["merchant_txn_ref"]: one for one in told}


def test_what_somebody_has_to_look_at_is_listed_and_raises_the_alarm(cli: Cli, place: Path) -> None:
    ended = cli("ledger", "list")
    assert ended.code == 3
    lines = ended.out.splitlines()
    assert lines[0].split() == [
        "reference", "state", "amount", "currency", "card", "operation", "attempts", "transaction", "changed",
    ]  # fmt: skip
    assert {line.split()[0] for line in lines[1:-1]} == {"=unclear", "challenged-1", "dead-1"}
    assert lines[-1] == "3 records."
    assert "tx-unclear" in ended.out


def test_where_nothing_is_unknown_there_is_no_alarm(cli: Cli, place: Path) -> None:
    for reference in ("=unclear", "dead-1"):
        words = ("--declined", "--by", "Kim", "--reason", "seen")
        assert cli("ledger", "resolve", reference, *words).code == 0
    ended = cli("ledger", "list", "--json")
    assert (ended.code, set(objects(ended))) == (0, {"challenged-1"})


def test_all_or_some_states_are_listed_as_json(cli: Cli, place: Path) -> None:
    everything = objects(cli("ledger", "list", "--all", "--json"))
    assert list(everything) == sorted(everything)
    assert len(everything) == 6
    assert everything["dead-1"]["state"] == "unknown"
    assert everything["resolved-1"]["mark"] == "resolved"
    assert everything["declined-1"]["reason"] == "declined"
    some = objects(cli("ledger", "list", "--all", "--state", "paid", "--state", "declined", "--json"))
    assert set(some) == {"paid-1", "declined-1", "resolved-1"}


def test_one_record_is_shown_whole_but_for_fingerprint_and_token(cli: Cli, place: Path) -> None:
    ended = cli("ledger", "show", "resolved-1")
    assert ended.code == 0
    assert ended.out.startswith("resolved-1: declined, resolved\n")
    assert "resolved as declined, by Kim: seen in the portal" in ended.out
    told = json.loads(cli("ledger", "show", "=unclear", "--json").out)
    assert told["answer"]["transaction_details"]["id"] == "tx-unclear"
    assert told["evidence"] == ["code 68\x1b[31m"]
    assert {"token", "fingerprint"}.isdisjoint(told)
    assert "\x1b" not in cli("ledger", "show", "=unclear").out
    assert cli("ledger", "show", "nobody").code == 1


def test_a_persons_word_settles_an_unknown_and_stays_in_the_record(cli: Cli, place: Path) -> None:
    words = ("--by", "Kim", "--reason", "entry of 9:41", "--json")
    told = json.loads(cli("ledger", "resolve", "dead-1", "--paid", "--transaction-id", "tx-9", *words).out)
    assert (told["state"], told["transaction_id"]) == ("paid", "tx-9")
    assert told["history"][0]["by"] == "Kim"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "one of --paid"),
        (("dead-1",), 2, "one of --paid"),
        (("dead-1", "--paid", "--declined", "--by", "K", "--reason", "r"), 2, "one of --paid"),
        (("--paid", "--by", "K", "--reason", "r"), 2, "one REF"),
        (("dead-1", "--declined", "--reason", "r"), 2, "--by and --reason"),
        (("dead-1", "--declined", "--by", "K", "--reason", "r", "--transaction-id", "t"), 2, "goes with --paid"),
        (("dead-1", "--paid", "--by", "K", "--reason", "r"), 1, "paid without a transaction_id"),
        (("dead-1", "--not-charged", "--by", "K", "--reason", "r"), 2, "Give --yes"),
        (("paid-1", "--declined", "--by", "K", "--reason", "r"), 1, "settled as paid"),
        (("nobody", "--declined", "--by", "K", "--reason", "r"), 1, "no record"),
        (("--ask",), 2, "REF or with --all"),
        (("dead-1", "--ask", "--all"), 2, "REF or with --all"),
        (("dead-1", "--declined", "--by", "", "--reason", "r"), 2, "by: a text"),
    ],
)
def test_what_cannot_be_resolved_so_is_told_and_changes_nothing(
    cli: Cli, place: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    before = cli("ledger", "list", "--all", "--json").out
    ended = cli("ledger", "resolve", *arguments)
    assert ended.code == code
    assert told in ended.err
    assert ended.err.count("\n") == 1
    assert cli("ledger", "list", "--all", "--json").out == before


@pytest.mark.asyncio
async def test_the_gateway_is_asked_about_what_it_can_be_asked(
    tmp_path: Path,
) -> None:
    async with Sandbox() as gateway:
        cli = Shell(gateway, tmp_path / "own.db")
        unclear = await cli("purchase", BODY, "--amount", "9000068")
        assert unclear.code == 3
        assert "ledger resolve" in unclear.out
        settled = await cli("ledger", "resolve", "--ask", "--all", "--json")
        assert settled.code == 0
        assert objects(settled)["qwe"]["state"] == "paid"
        again = await cli("purchase", BODY, "--amount", "9000068", "--json")
        assert (again.code, again.result["payment"]["replayed"]) == (0, True)
        assert gateway.charges("qwe") == 1


@pytest.mark.asyncio
async def test_what_the_gateway_does_not_settle_stays_unknown(
    place: Path,
) -> None:
    async with Sandbox() as gateway:
        cli = Shell(gateway, place)
        ended = await cli("ledger", "resolve", "--ask", "--all")
        assert (ended.code, ended.out.partition("\n")[0][:29]) == (3, "=unclear: OutcomeUnknownError")
        ended = await cli("ledger", "resolve", "dead-1", "--ask", "--json")
        assert ended.code == 3
        assert "transaction id" in ended.result["error"]["message"]


@pytest.mark.asyncio
async def test_the_same_command_again_charges_nothing(tmp_path: Path) -> None:
    async with Sandbox() as gateway:
        # The default place, in a folder that is still to be made.
        cli = partial(Shell(gateway, tmp_path), PAYMENTOPTIONS_LEDGER="")
        first = await cli("purchase", BODY)
        again = await cli("purchase", BODY)
        assert (first.code, again.code, gateway.charges("qwe")) == (0, 0, 1)
        assert "nothing was sent by this one" in again.out
        other = await cli("purchase", BODY, "--amount", "7", "--json")
        assert (other.code, other.result["error"]["type"]) == (1, "ReferenceConflictError")
    file = tmp_path / "state" / "paymentoptions" / "ledger.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_without_a_secret_nothing_is_sent_and_it_is_told_how_to_make_one(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "X_API_KEY", "MERCHANT_ID"):
        monkeypatch.setenv(f"PAYMENTOPTIONS_{name}", "key")
    monkeypatch.delenv("PAYMENTOPTIONS_LEDGER_SECRET")
    ended = cli("purchase", BODY)
    assert ended.code == 2
    assert "token_hex" in ended.err


def test_an_export_is_whole_and_only_its_owners(cli: Cli, place: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    ended = cli("ledger", "export", "--output", file)
    assert (ended.code, ended.out) == (0, f"6 records written to {file}.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 6
    again = cli("ledger", "export", "--output", file)
    assert (again.code, "--force" in again.err) == (2, True)
    assert cli("ledger", "export", "--output", file, "--force", "--unsettled", "--state", "challenged").code == 0
    assert len(file.read_text().splitlines()) == 1


def test_no_cell_of_a_csv_computes_anything(cli: Cli, place: Path) -> None:
    rows = list(csv.reader(io.StringIO(cli("ledger", "export", "--csv").out)))
    assert rows[0][:3] == ["merchant_txn_ref", "state", "mark"]
    assert len(rows) == 7
    assert "'=unclear" in {row[0] for row in rows}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_what_was_settled_long_ago_is_forgotten_and_nothing_else(cli: Cli, place: Path) -> None:
    refused = cli("ledger", "prune", "--older-than", "400d")
    assert (refused.code, "Give --yes" in refused.err) == (2, True)
    told = cli("ledger", "prune", "--older-than", "400d", "--yes").out
    assert told == "3 records forgotten. Their references can be charged anew.\n"
    assert cli("ledger", "prune", "--older-than", "9600h", "--yes", "--json").result == {"forgotten": 0}
    assert set(objects(cli("ledger", "list", "--all", "--json"))) == {"=unclear", "challenged-1", "dead-1"}


@pytest.mark.parametrize("period", ["0d", "23h", "400", "-1d", "1.5d", "400y"])
def test_a_period_that_cannot_be_meant_is_refused(cli: Cli, place: Path, period: str) -> None:
    ended = cli("ledger", "prune", "--yes", f"--older-than={period}")
    assert (ended.code, "at least a day" in ended.err) == (2, True)


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("export",), ("prune", "--older-than", "9d", "--yes")])
def test_a_ledger_that_is_not_there_is_not_made(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = cli("ledger", *command, "--ledger", tmp_path / "none.db")
    assert (ended.code, ended.err) == (1, f"Error: no ledger at {tmp_path / 'none.db'}\n")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_ledger_is_told_in_a_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    ended = cli("ledger", "list", "--ledger", tmp_path / "letter.txt")
    assert ended.code == 1
    assert (
        ended.err
        == "Error: the ledger letter.txt cannot be used: it is no SQLite file, or is damaged (SQLITE_NOTADB)\n"
    )


def test_a_ledger_in_postgresql_is_found_by_its_address(cli: Cli, postgres_dsn: str) -> None:
    async def filled() -> None:
        async with PostgresLedger(postgres_dsn, clock=lambda: 1_000_000.0) as ledger:
            await fill(ledger)

    asyncio.run(filled())
    ended = cli("ledger", "list", "--ledger", postgres_dsn, "--json")
    assert (ended.code, set(objects(ended))) == (3, {"=unclear", "challenged-1", "dead-1"})


@pytest.mark.parametrize(
    "address", ["postgresql://kim:hunter22@127.0.0.1:9/shop?connect_timeout=1", "postgresql://a b:hunter22"]
)
def test_no_password_of_an_address_is_shown(cli: Cli, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paymentoptions_async.ledger.postgres._PATIENCE", 1.0)
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", address)
    for command in (("ledger", "list"), ("doctor",)):
        ended = cli(*command)
        assert ended.code in (1, 2)
        assert "hunter22" not in ended.out + ended.err


def test_an_embedded_gateway_takes_no_ledger(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = cli("purchase", "--sandbox", "--ledger", tmp_path / "x.db")
    assert (ended.code, "of no use" in ended.err) == (2, True)
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(tmp_path / "x.db"))
    assert cli("purchase", "--sandbox").code == 0
    assert not (tmp_path / "x.db").exists()
