"""Writing results: one JSON object for machines, a few lines for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TextIO

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .exits import ExitCode
from .values import shown

__all__ = ["Rows", "fitted", "write_json", "write_lines", "write_rows", "write_text"]

Rows = Iterable[tuple[str, object]]
"""Names and values; a value that is `None` is left out."""

_COLOURS: Final = {ExitCode.OK: "green", ExitCode.UNKNOWN: "red"}


def write_json(content: Mapping[str, Any]) -> None:
    """Write one object on one line of stdout."""
    write_text(json.dumps(content, default=str) + "\n")


def write_text(text: str) -> None:
    """Write to stdout. Where that is gone or full the text goes to stderr: what is known of money is not lost."""
    try:
        _write(sys.stdout, text)
    except OSError:
        _forget_stdout()
        with suppress(OSError):
            _write(sys.stderr, text)


def write_lines(lines: Iterable[str]) -> None:
    """Write to stdout as they come. They are no result that must not be lost: where stdout is gone they end.

    Args:
        lines: Each with its end.

    Raises:
        OSError: Nobody reads them, or nothing takes them.
    """
    try:
        for line in lines:
            sys.stdout.write(fitted(line, sys.stdout))
        sys.stdout.flush()
    except OSError:
        _forget_stdout()
        raise


def fitted(text: str, stream: TextIO) -> str:
    """The text with what the stream cannot write escaped."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _write(stream: TextIO, text: str) -> None:
    stream.write(fitted(text, stream))
    stream.flush()


def _forget_stdout() -> None:
    # Python flushes it once more at exit, and would turn the failure of that into an exit code of its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_rows(title: str, rows: Rows, *, exit_code: ExitCode) -> None:
    """Write a title and rows: framed in a terminal, plain lines elsewhere.

    Args:
        title: The most important thing.
        rows: What else there is.
        exit_code: Chooses the colour.
    """
    told = [(name, shown(value)) for name, value in rows if value is not None]
    if sys.stdout.isatty():
        _write_panel(title, told, _COLOURS.get(exit_code, "yellow"))
    else:
        write_text(_plain(title, told))


def _plain(title: str, rows: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([title, *lines]) + "\n"


def _write_panel(title: str, rows: list[tuple[str, str]], colour: str) -> None:
    # `Text` throughout: what the gateway sends is no markup.
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    console = Console()
    with console.capture() as capture:
        console.print(Text(title, style=f"bold {colour}"))
        console.print(Panel(table, border_style=colour, expand=False))
    write_text(capture.get())
