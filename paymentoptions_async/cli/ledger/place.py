"""Where the ledger is, and work on it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

import typer

from ... import ConfigurationError, InvalidRequestError, Ledger, PostgresLedger, Record, SqliteLedger
from ...errors import PaymentOptionsError
from ..exits import ExitCode
from ..usage import BadUsageError, tell_error

__all__ = ["LedgerOption", "NoLedgerError", "open_ledger", "place_of", "records_of", "work_on"]

T = TypeVar("T")

_VARIABLE: Final = "PAYMENTOPTIONS_LEDGER"
_PAGE: Final = 500

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
    """The place as it may be shown: an address without user and password.

    Args:
        where: What was given; `None` for the default.
    """
    if not _is_address(where):
        return str(_path(where))
    parts = urlsplit(where or "")
    return f"PostgreSQL at {parts.hostname or 'this machine'}{parts.path}"


def open_ledger(where: str | None, *, make: bool) -> Ledger:
    """The ledger, to be used with `async with`.

    Args:
        where: What was given; `None` for the default.
        make: Whether a file that does not exist is made.

    Raises:
        NoLedgerError: There is no such file.
        ConfigurationError: The address cannot be read, or psycopg is missing.
    """
    if where is not None and _is_address(where):
        return PostgresLedger(where, max_connections=2)
    path = _path(where)
    if make:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not path.exists():
        raise NoLedgerError(f"no ledger at {path}")
    return SqliteLedger(path)


def work_on(where: str | None, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Do something with a ledger that is there, and end the command where that fails.

    Args:
        where: What was given; `None` for the default.
        work: What to do.
    """
    with _faults_told(), _opened(where) as (ledger, runner):
        return runner.run(_done(work(ledger)))


def records_of(where: str | None, *, unsettled: bool) -> Iterator[Record]:
    """The records of a ledger that is there, page by page; end the command where that fails.

    Args:
        where: What was given; `None` for the default.
        unsettled: Only those that somebody has to look at.
    """
    with _faults_told(), _opened(where) as (ledger, runner):
        after = ""
        while page := runner.run(ledger.page(after=after, limit=_PAGE, unsettled=unsettled)):
            yield from page
            after = page[-1].merchant_txn_ref


@contextmanager
def _opened(where: str | None) -> Iterator[tuple[Ledger, asyncio.Runner]]:
    ledger = open_ledger(where, make=False)
    with asyncio.Runner() as runner:
        try:
            yield ledger, runner
        finally:
            runner.run(ledger.close())


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except (BadUsageError, ConfigurationError, InvalidRequestError) as mistake:
        tell_error(str(mistake))
        raise typer.Exit(ExitCode.USAGE) from None
    except (NoLedgerError, PaymentOptionsError, OSError) as fault:
        tell_error(str(fault))
        raise typer.Exit(ExitCode.REFUSED) from None


async def _done(work: Awaitable[T]) -> T:
    return await work


def _is_address(where: str | None) -> bool:
    return where is not None and where.startswith(("postgresql://", "postgres://"))


def _path(where: str | None) -> Path:
    if where is not None:
        return Path(where)
    return _state_folder() / "paymentoptions" / "ledger.db"


def _state_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
