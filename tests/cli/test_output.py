"""How results look."""

from __future__ import annotations

import os
import pty
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from paymentoptions_async.cli.exits import ExitCode
from paymentoptions_async.cli.output import write_rows
from paymentoptions_async.cli.values import as_json, shown

from .processes import clean_environment, command


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("12.340"), "12.340"),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
        (ExitCode.UNKNOWN, 3),
        (None, None),
    ],
)
def test_values_in_json(value: object, expected: object) -> None:
    assert as_json(value) == expected


def test_what_the_gateway_says_cannot_steer_the_terminal() -> None:
    assert (
        shown("a\x1b[31mb\r\nc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}c"
    )


def test_what_the_gateway_says_is_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    write_rows("PAID", [("gateway", "[bold]yes[/bold]")], exit_code=ExitCode.OK)
    assert "[bold]yes[/bold]" in capsys.readouterr().out


def test_rows_without_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows("PAID", [("a", None), ("b", 0)], exit_code=ExitCode.OK)
    assert capsys.readouterr().out == "PAID\nb  0\n"


def written_to_terminal(**environment: str) -> tuple[int, str]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            command("purchase", "--sandbox"),
            clean_environment(TERM="xterm-256color", **environment),
        )
    told = b""
    while part := _part(terminal):
        told += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told.decode()


def _part(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other end is closed
        return b""


def test_a_terminal_gets_a_frame_and_colours() -> None:
    code, told = written_to_terminal()
    assert code == 0
    assert "\x1b[1;32mPAID. Money: moved once." in told
    assert "520000******1005" in told
    assert "─" in told


def test_no_color_is_obeyed() -> None:
    _, told = written_to_terminal(NO_COLOR="1")
    assert "PAID. Money: moved once." in told
    assert "32m" not in told
