"""What docs/commands.md says is what the command does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from paymentoptions_async.cli.exits import EXIT_TABLE, ExitCode

from .test_main import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
LINES = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip().startswith("paymentoptions ")
]


def named(words: list[str]) -> str:
    two, one = " ".join(words[1:3]), words[1]
    return two if two in COMMANDS else one


def flags_there_are(command: str) -> set[str]:
    return {flag for part in COMMANDS[command].params for flag in part.opts}


@pytest.mark.parametrize("line", LINES)
def test_every_example_names_a_command_and_flags_that_there_are(line: str) -> None:
    words = shlex.split(line)
    assert {word for word in words if word.startswith("--")} <= flags_there_are(named(words))


def test_every_command_is_in_the_table_and_has_an_example() -> None:
    assert {
        named(f"paymentoptions {row}".split()) for row in re.findall(r"^\| `paymentoptions (.*?)`", PAGE, re.MULTILINE)
    } == (set(COMMANDS))
    assert {named(shlex.split(line)) for line in LINES} == set(COMMANDS)


def test_every_exit_code_is_in_the_table_and_in_the_help() -> None:
    codes = {str(int(code)) for code in ExitCode}
    assert set(re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)) == codes
    assert set(re.findall(r"^ *(\d+)  \w", EXIT_TABLE, re.MULTILINE)) == codes
