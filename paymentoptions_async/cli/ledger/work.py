"""Work on a ledger, from commands that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import typer

from ... import ConfigurationError, Ledger, PaymentOptionsError, Record
from ..exits import ExitCode
from ..logs import configure_logs
from ..usage import BadUsageError, tell_error, without_secrets
from ..values import shown
from .place import NoLedgerError, open_ledger

__all__ = ["faults_told", "records_of", "work_on"]

T = TypeVar("T")

_PAGE: Final = 500


def work_on(where: str | None, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Do something with a ledger that is there, and end the command where that fails.

    Args:
        where: What was given; `None` for the default.
        work: What to do. It must not wait for somebody at the terminal: Ctrl-C would not reach it there.
    """
    with faults_told(), _opened(where) as (ledger, runner):
        return runner.run(_done(work(ledger)))


@contextmanager
def records_of(where: str | None, *, unsettled: bool) -> Iterator[Iterator[Record]]:
    """The records of a ledger that is there, page by page; end the command where that, or what is done there, fails.

    Args:
        where: What was given; `None` for the default.
        unsettled: Only those that somebody has to look at.
    """
    with faults_told(), _opened(where) as (ledger, runner):
        yield _pages(ledger, runner, unsettled=unsettled)


def _pages(ledger: Ledger, runner: asyncio.Runner, *, unsettled: bool) -> Iterator[Record]:
    after = ""
    while page := runner.run(ledger.page(after=after, limit=_PAGE, unsettled=unsettled)):
        yield from page
        after = page[-1].merchant_txn_ref


@contextmanager
def _opened(where: str | None) -> Iterator[tuple[Ledger, asyncio.Runner]]:
    configure_logs(verbose=False)
    ledger = open_ledger(where, make=False)
    with asyncio.Runner() as runner:
        try:
            yield ledger, runner
        finally:
            runner.run(ledger.close())


@contextmanager
def faults_told() -> Iterator[None]:
    """Tell in one line what went wrong, without showing what was typed, and end the command."""
    try:
        yield
    except (BadUsageError, ConfigurationError) as mistake:
        told, code = str(mistake), ExitCode.USAGE
    except PaymentOptionsError as fault:
        told, code = str(fault.args[0]), ExitCode.REFUSED
    except NoLedgerError as fault:
        told, code = str(fault), ExitCode.REFUSED
    except OSError as fault:
        told, code = f"cannot be read or written: {fault.strerror}", ExitCode.REFUSED
    except ValueError as fault:
        told, code = f"a record of the ledger cannot be read ({type(fault).__name__})", ExitCode.REFUSED
    else:
        return
    tell_error(without_secrets(shown(told)))
    raise typer.Exit(code)


async def _done(work: Awaitable[T]) -> T:
    return await work
