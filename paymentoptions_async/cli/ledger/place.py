"""Where the ledger is."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ... import ConfigurationError, Ledger, PostgresLedger, SqliteLedger
from ..usage import without_secrets

__all__ = ["LedgerOption", "NoLedgerError", "default_file", "file_of", "open_ledger", "place_of"]

_VARIABLE: Final = "PAYMENTOPTIONS_LEDGER"

# What looks like an address, or like libpq's `host=db password=...`, is no file: it may hold a password.
_NO_FILE: Final = re.compile(r"\s*(?:[A-Za-z][\w+.-]+:/|\w+\s*=)")

# An address that is read in one way only. In any other a part of the password may pass for a host, and psycopg tells
# hosts and ports where it cannot connect.
_HOST: Final = r"(?:\[[\da-fA-F:.%]*\]|[^@/?:,\[\]]*)(?::\d*)?"
_ADDRESS: Final = re.compile(
    rf"postgres(?:ql)?://(?:[^@/?]*@)?(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<name>[^@?]*))?(?:\?[^@]*)?", re.ASCII
)

_AMBIGUOUS: Final = (
    "the ledger's address can be read in several ways: in a user, a password or an option write %40 for @, %2F for /"
    " and %3F for ?; a port is a number"
)

LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="WHERE",
        envvar=_VARIABLE,
        help="A file, or a postgresql:// address. Else paymentoptions/ledger.db in the user's state folder.",
        show_default=False,
    ),
]
"""The option of every command that has to do with the ledger."""


class NoLedgerError(Exception):
    """There is none where it is looked for."""


def place_of(where: str | None) -> str:
    """The place as it may be shown: of an address nothing that could be a password.

    Args:
        where: What was given; `None` for the default.

    Raises:
        ConfigurationError: It is neither a file nor such an address.
    """
    if (path := file_of(where)) is not None:
        return without_secrets(str(path))
    parts = _ADDRESS.fullmatch(where or "")
    if parts is None:
        return "PostgreSQL"
    return f"PostgreSQL at {parts['hosts'] or 'this machine'}{'/' + parts['name'] if parts['name'] else ''}"


def file_of(where: str | None) -> Path | None:
    """The file; `None` where it is a PostgreSQL database.

    Args:
        where: What was given; `None` for the default.

    Raises:
        ConfigurationError: It is neither a file nor such an address.
    """
    if where is None:
        return default_file()
    if _is_address(where):
        if _ADDRESS.fullmatch(where) is None:
            raise ConfigurationError(_AMBIGUOUS)
        return None
    if not where or _NO_FILE.match(where):
        raise ConfigurationError("the ledger is a file, or an address that begins with postgresql:// or postgres://")
    return Path(where)


def default_file() -> Path:
    """Where the ledger is unless something else is said.

    Raises:
        ConfigurationError: This user has no folder of the kind.
    """
    try:
        return _state_folder() / "paymentoptions" / "ledger.db"
    except RuntimeError:
        raise ConfigurationError("this user has no home folder to keep the ledger in: give --ledger") from None


def open_ledger(where: str | None, *, make: bool) -> Ledger:
    """The ledger, to be used with `async with`.

    Args:
        where: What was given; `None` for the default.
        make: Whether a file that does not exist is made.

    Raises:
        NoLedgerError: There is no such file.
        ConfigurationError: The address cannot be read, psycopg is missing, or the default folder cannot be made.
    """
    path = file_of(where)
    if path is None:
        return PostgresLedger(where or "", max_connections=2)
    if not make and not path.exists():
        raise NoLedgerError(f"no ledger at {path}")
    if make and path == default_file():
        # No other folder is made: where a disk is not mounted, an empty ledger would have forgotten every charge.
        _make_folder(path.parent)
    return SqliteLedger(path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationError(f"the ledger's folder {folder} cannot be made: {fault.strerror}") from None


def _is_address(where: str) -> bool:
    return where.startswith(("postgresql://", "postgres://"))


def _state_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    # The rule of XDG: one that is not absolute does not count. Else the ledger would change with the folder.
    given = Path(os.environ.get("XDG_STATE_HOME") or "")
    return given if given.is_absolute() else Path.home() / ".local" / "state"
