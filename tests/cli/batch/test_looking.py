"""`--check` and `--dry-run`: everything is told, and nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...batch.files import CVC, bodies, body, csv_bytes, flat, jsonl_bytes
from ...helpers import APPROVED
from ..conftest import Cli
from ..elsewhere import Elsewhere
from .shop import charges


def test_a_good_file_is_told_good_without_any_setting(cli: Cli, tmp_path: Path) -> None:
    told = cli("batch", "run", charges(tmp_path, 3), "--check")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Every line is good. Nothing was sent.")
    assert [path.name for path in tmp_path.iterdir()] == ["charges.csv"]


def test_every_bad_line_is_told_with_its_number_and_reason(cli: Cli, tmp_path: Path) -> None:
    path = charges(tmp_path, 2, body("pay-3", amount="-1"), body("pay-1"))
    told = cli("batch", "run", path, "--check")
    assert told.code == 2
    first, second, title = told.out.splitlines()[:3]
    assert first.startswith("line 4: amount: a number that is not negative, in at most 10 characters")
    assert second == "line 5: merchant_txn_ref: a reference of its own: it stands on line 2 as well"
    assert title == "2 of 4 lines are bad. Nothing was sent."
    assert APPROVED not in told.out


def test_check_tells_machines_the_same(cli: Cli, tmp_path: Path) -> None:
    told = cli("batch", "run", charges(tmp_path, 1, body("pay-2", currency="yen")), "--check", "--json").result
    assert (told["lines"], told["bad"], told["with_card"], told["exit_code"]) == (2, 1, 1, 2)
    assert told["asked"] == {"JPY": "1000"}
    assert [(line["line"], line["merchant_txn_ref"]) for line in told["bad_lines"]] == [(3, "pay-2")]


def test_a_dry_run_tells_what_the_ledger_knows_already(cli: Cli, tmp_path: Path, elsewhere: Elsewhere) -> None:
    path = charges(tmp_path, 3)
    assert cli("batch", "run", path, "--dry-run", "--json").result["new"] == 3
    assert cli("batch", "run", charges(tmp_path, 2)).code == 0
    told = cli("batch", "run", charges(tmp_path, 5), "--dry-run", "--json").result
    assert (told["lines"], told["new"], told["known"], told["asked"]) == (5, 3, {"paid": 2}, {"JPY": "5000"})
    assert elsewhere.gateway.total_charges() == 2


def test_a_map_and_defaults_may_be_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('"Order" = "merchant_txn_ref"\n"Total" = "amount"\n')
    (tmp_path / "map.json").write_text('{"Note": ""}')
    defaults = {name: value for name, value in body().items() if name not in ("merchant_txn_ref", "amount")}
    (tmp_path / "body.json").write_text(json.dumps(defaults))
    (tmp_path / "orders.csv").write_text("Order,Total,Note,Town\nA-1,5,x,Kobe\n")
    flags = ["--map", tmp_path / "map.toml", "--map", tmp_path / "map.json", "--map", "Town=billing_address.city"]
    told = cli("batch", "run", tmp_path / "orders.csv", *flags, "--defaults", tmp_path / "body.json", "--check")
    assert (told.code, told.err) == (0, "")


def test_a_card_number_in_a_map_is_told_by_no_digit(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("merchant_txn_ref\nA-1\n")
    pair = f"a{APPROVED}=amount"
    told = cli("batch", "run", tmp_path / "orders.csv", "--map", pair, "--map", pair, "--check")
    assert (told.code, "twice" in told.err, APPROVED in told.err) == (2, True, False)


@pytest.mark.parametrize("name", ["map.toml", "map.json"])
def test_a_map_that_is_nested_beyond_reason_is_told(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a=" * name.endswith("toml") + "[" * 3000)
    (tmp_path / "orders.csv").write_text("merchant_txn_ref\nA-1\n")
    told = cli("batch", "run", tmp_path / "orders.csv", "--map", tmp_path / name, "--check")
    assert told.code == 2
    assert name in told.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--check", "--dry-run"], "one of them"),
        (["--fault-rate", "0.1"], "need --sandbox"),
        (["--seed", "1"], "need --sandbox"),
        (["--sandbox", "--ledger", "x.db"], "of no use with --sandbox"),
        (["--map", "nonsense"], "NAME=PATH"),
        (["--map", "x.toml"], "cannot read"),
        (["--map", "Mail=billing_address.mail"], "no member of a body"),
        (["--results", "x.csv"], "ends in .jsonl"),
        (["--results-csv", "x.jsonl"], "ends in .csv"),
        ([], "not set in the environment"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_tried(arguments: list[str], told: str, cli: Cli, tmp_path: Path) -> None:
    ended = cli("batch", "run", charges(tmp_path, 1), *arguments)
    assert ended.code == 2
    assert told in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["charges.csv"]


def test_a_file_without_a_header_shows_no_card_data(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "charges.csv"
    path.write_text(",".join(flat(body()).values()) + "\n")
    told = cli("batch", "run", path, "--check")
    assert told.code == 2
    assert APPROVED not in told.err
    assert CVC not in told.err


def test_stdin_is_looked_at_as_well(cli: Cli) -> None:
    assert cli("batch", "run", "-", "--check", stdin=jsonl_bytes(bodies(2)).decode()).code == 0


def test_results_of_stdin_need_a_name(cli: Cli) -> None:
    told = cli("batch", "run", "-", "--sandbox", stdin=csv_bytes(bodies(1)).decode())
    assert (told.code, told.err) == (2, "Error: give --results: there is no file beside which the results could be\n")
