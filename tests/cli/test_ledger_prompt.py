"""What is asked back in a terminal, and the table there."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import typer

from paymentoptions_async.cli.ledger import settling
from paymentoptions_async.cli.ledger.settling import confirm
from paymentoptions_async.cli.usage import BadUsageError

from .conftest import Cli
from .processes import clean_environment, command
from .records import kept

NOT_CHARGED = ("resolve", "dead-1", "--not-charged", "--by", "Kim", "--reason", "not in the portal")
PRUNE = ("prune", "--older-than", "400d")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "ledger.db"
    asyncio.run(kept(place))
    monkeypatch.setenv("PAYMENTOPTIONS_LEDGER", str(place))
    return place


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, *arguments: str, place: Path) -> None:
        environment = clean_environment(PAYMENTOPTIONS_LEDGER=str(place), TERM="xterm", COLUMNS="200", NO_COLOR="1")
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execve(sys.executable, command("ledger", *arguments), environment)
        self.told = ""

    def wait_for(self, text: str) -> None:
        while text not in self.told:
            part = self._read()
            assert part, self.told
            self.told += part

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def ended(self, *, again: str = "") -> int:
        """Its exit code. Keys that come while the prompt is being made ready are lost, so they come again.

        They do so late: a Ctrl-C that comes again while the command ends would kill it.
        """
        for _ in range(10):
            while select.select([self._terminal], [], [], 4)[0]:
                if not (part := self._read()):
                    return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
                self.told += part
            self.type(again)
        raise AssertionError(f"it does not end: {self.told}")

    def close(self) -> None:
        os.close(self._terminal)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _read(self) -> str:
        try:
            return os.read(self._terminal, 4096).decode()
        except OSError:  # Linux: the other end is closed
            return ""


@pytest.fixture
def terminals(place: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("arguments", [NOT_CHARGED, PRUNE])
@pytest.mark.parametrize("keys", ["\x03", "n\n"])
def test_ctrl_c_and_no_change_nothing(
    cli: Cli, place: Path, terminals: list[Terminal], arguments: tuple[str, ...], keys: str
) -> None:
    before = cli("ledger", "list", "--all", "--json").out
    terminal = Terminal(*arguments, place=place)
    terminals.append(terminal)
    terminal.wait_for("[y/N]")
    terminal.type(keys)
    assert terminal.ended(again=keys if keys == "\x03" else "") == 130
    assert "Traceback" not in terminal.told
    assert cli("ledger", "list", "--all", "--json").out == before


def test_a_yes_is_taken_and_says_what_comes_of_it(cli: Cli, place: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(*NOT_CHARGED, place=place)
    terminals.append(terminal)
    terminal.wait_for("The next call with this reference or key will be sent to the gateway. Go on? [y/N]")
    terminal.type("y\n")
    assert terminal.ended() == 0
    assert terminal.told.count("The next call with this reference or key will be sent") == 2
    assert "resolved as refused, by Kim: not in the portal" in cli("ledger", "show", "dead-1").out


def test_the_table_in_a_terminal_is_framed_and_not_steered(place: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal("list", place=place)
    terminals.append(terminal)
    assert terminal.ended() == 3
    assert "┃" in terminal.told
    assert "=unclear" in terminal.told
    assert "520000******1005" in terminal.told


@pytest.mark.parametrize("arguments", [NOT_CHARGED, PRUNE])
def test_nobody_is_waited_for_within_a_loop(
    cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """There the first Ctrl-C would only cancel a task that cannot notice it."""
    asked: list[str] = []

    def asks(text: str, **_: object) -> bool:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        asked.append(text)
        return False

    monkeypatch.setattr(typer, "confirm", asks)
    monkeypatch.setattr(settling, "_somebody_is_there", lambda: True)
    before = cli("ledger", "list", "--all", "--json").out
    ended = cli("ledger", *arguments)
    assert (ended.code, ended.err, len(asked)) == (130, "Error: nothing was changed\n", 1)
    assert cli("ledger", "list", "--all", "--json").out == before


def test_without_any_stdin_it_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(BadUsageError, match="Give --yes"):
        confirm("It is forgotten.", yes=False)
