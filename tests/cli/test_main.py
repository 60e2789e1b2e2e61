"""The entry point, the help, and mistakes in the arguments."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from paymentoptions_async.cli.app import app

from .conftest import Cli
from .processes import CARD, clean_environment, run


def _commands(group: Any, names: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = (*names, name)
        found |= _commands(command, inner) if hasattr(command, "commands") else {" ".join(inner): command}
    return found


COMMANDS = _commands(typer.main.get_command(app))


def run_without(module: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.modules[{module!r}] = None;"
        "from paymentoptions_async.cli import main; sys.argv = ['paymentoptions', '--help']; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_without_the_extra_one_line_tells_what_to_install(module: str) -> None:
    ended = run_without(module)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "pip install 'paymentoptions-async[cli]'" in ended.stderr


def test_another_missing_module_is_not_taken_for_the_extra() -> None:
    ended = run_without("paymentoptions_async.cli.doctor")
    assert ended.returncode == 1
    assert "ModuleNotFoundError" in ended.stderr


def test_the_package_runs_as_a_module() -> None:
    ended = run("--version")
    assert ended == (0, f"paymentoptions-async {version('paymentoptions-async')}\n", "")


def test_no_command_shows_the_help_and_is_a_usage_error(cli: Cli) -> None:
    ended = cli()
    assert ended.code == 2
    assert "purchase" in ended.out + ended.err


def test_the_help_lists_the_exit_codes() -> None:
    told = CliRunner().invoke(app, ["--help"]).output
    for code in ("0", "1", "2", "3", "130"):
        assert re.search(rf"^ *{code}  ", told, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_help_with_an_example(name: str) -> None:
    told = CliRunner().invoke(app, [*name.split(), "--help"])
    assert told.exit_code == 0
    assert f"paymentoptions {name}" in told.output.partition("For example:")[2]


REMEMBERED = {"purchase", "authorize", "capture", "void", "refund", "wait", "subscription create", "page"}


def test_every_command_of_the_ledger_takes_ledger_and_json() -> None:
    for name, command in COMMANDS.items():
        flags = {flag for part in command.params for flag in part.opts}
        assert "--json" in flags
        of_the_ledger = name.startswith(("ledger ", "batch ")) and name != "batch report"
        assert ("--ledger" in flags) == (name in REMEMBERED or of_the_ledger)


def all_flags() -> list[str]:
    return [flag for command in COMMANDS.values() for part in command.params for flag in part.opts]


def test_no_flag_takes_a_card_number_or_a_cvc() -> None:
    flags = all_flags()
    assert "--amount" in flags
    assert {flag for flag in flags if re.search("number|pan|cvc|cvv|card$", flag)} == {"--store-card", "--echo-card"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["purchase", CARD],
        ["purchase", "body.json", CARD, "987"],
        ["purchase", f"--card-number={CARD}"],
        ["purchase", f"--{CARD}"],
        ["purchase", "--expiry", CARD, "--ref", "r"],
        ["purchase", "--sandbox", "--fault", CARD],
        ["purchase", "--api-version", CARD],
        ["purchase", "--timeout", "5200 0000 0000 1005"],
        ["sandbox", "--fault", CARD],
        ["sandbox", "--duplicates", CARD],
        ["authorize", CARD],
        ["page", "--wallet", "gcash", CARD, "987"],
        ["capture", CARD, "--amount", "1", "--key", "k"],
        ["capture", "tx", "--amount", "1", "--key", CARD],
        ["refund", "tx", "--amount", "1", "--key", "k", "--notes", f"card {CARD} 12/30"],
        ["refund", "tx", "--amount", CARD, "--key", "k"],
        ["refund", "tx", "--amount", "1"],
        ["void", "tx", "--key", "k", CARD],
        ["status", CARD],
        ["wait", CARD],
        ["wait", "ref", "--for", CARD],
        ["subscription", "pause", CARD],
        ["subscription", "get", "id", CARD],
        ["subscription", CARD],
        ["batch", "run", CARD],
        ["batch", "run", "charges.csv", CARD],
        ["batch", "run", CARD, "--results", f"{CARD}.jsonl", "--sandbox"],
        ["batch", "run", "charges.csv", "--map", f"{CARD}.toml"],
        ["batch", "run", "charges.csv", "--map", f"x={CARD}"],
        ["batch", "report", CARD],
        ["ledger", CARD],
        ["ledger", "list", CARD],
        ["ledger", "list", "--state", CARD],
        ["ledger", "show", "ref", CARD, "987"],
        ["ledger", "resolve", CARD, "--by", "987"],
        ["ledger", "prune", "--yes", "--older-than", CARD],
        [CARD],
    ],
)
def test_a_card_number_in_the_wrong_place_is_not_shown_again(cli: Cli, arguments: list[str]) -> None:
    ended = cli(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert "Error: " in ended.err
    assert "1005" not in ended.err
    assert "987" not in ended.err
