"""The exact points at which a process ends itself: between two steps, and in the middle of those that write."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final, NoReturn

import psycopg

from paymentoptions_async.ledger import Ledger, postgres, sqlite
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.parcel import Parcel

from .places import Place, SqlitePlace

Arm = Callable[[Place], None]


def die() -> NoReturn:
    """As `kill -9` by somebody else: nothing is tidied up, and no thread goes on."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("alive")


def before(owner: Any, name: str) -> Arm:
    """Where a function would begin."""
    return lambda place: setattr(owner, name, lambda *_, **__: die())


def after(owner: Any, name: str) -> Arm:
    """Where an asynchronous function has ended, before its caller knows."""
    real = getattr(owner, name)

    async def dying(*values: Any, **named: Any) -> None:
        await real(*values, **named)
        die()

    return lambda place: setattr(owner, name, dying)


def at_ledger(name: str, when: Callable[[Any, str], Arm]) -> Arm:
    """Before or after a call of the ledger, whichever it is."""

    def arm(place: Place) -> None:
        kind: type[Ledger] = sqlite.SqliteLedger if isinstance(place, SqlitePlace) else postgres.PostgresLedger
        when(kind, name)(place)

    return arm


def opening(place: Place) -> None:
    """Where the file is made and empty, or the server is connected, and nothing is in it yet."""
    if isinstance(place, SqlitePlace):
        before(sqlite, "_prepare")(place)
    else:
        before(postgres, "_migrate")(place)


def writing(what: str) -> Arm:
    """In the middle of writing: the transaction is not committed, or its server has not answered yet.

    Args:
        what: How the statement begins that writes, up to the name of the table.
    """

    def arm(place: Place) -> None:
        if isinstance(place, SqlitePlace):
            _watch(place, what, _die_soon)
        else:
            _kill_at_statement(f"{what} {place.table}")

    return arm


def committing(what: str, byte: int) -> Arm:
    """In the middle of the commit itself, of which so many bytes get into the write-ahead log. Of SQLite only.

    Args:
        what: As with `writing`.
        byte: The first one that is not written.
    """

    def arm(place: Place) -> None:
        assert isinstance(place, SqlitePlace)
        log = place.path.with_name(f"{place.path.name}-wal")
        # The kernel ends a process that writes over the limit. Python has it told an error instead.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _watch(place, what, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + byte,) * 2))

    return arm


def _die_soon() -> None:
    # Whoever was told too early has the time to act on it.
    time.sleep(0.02)
    die()


def _watch(place: Place, what: str, act: Callable[[], None]) -> None:
    """Do something between a statement and the one that follows it."""
    _WatchedFile.awaited, _WatchedFile.act = f"{what} {place.table}", act
    sqlite3.connect = partial(sqlite3.connect, factory=_WatchedFile)  # type: ignore[assignment]


class _WatchedFile(sqlite3.Connection):
    awaited: ClassVar[str]
    act: ClassVar[Callable[[], None]]
    _is_next = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if self._is_next:
            type(self).act()
        self._is_next = sql.startswith(self.awaited)
        return super().execute(sql, *values)


def _kill_at_statement(beginning: str) -> None:
    real = psycopg.AsyncConnection.execute

    async def execute(self: Any, query: Any, *values: Any, **named: Any) -> Any:
        asked = asyncio.ensure_future(real(self, query, *values, **named))
        if str(query).startswith(beginning):
            # One turn of the loop, in which it goes out.
            await asyncio.sleep(0)
            die()
        return await asked

    psycopg.AsyncConnection.execute = execute  # type: ignore[method-assign]


POINTS: Final[dict[str, Arm]] = {
    "before the store is made": opening,
    "while the store is made": writing("CREATE TABLE"),
    "before the claim": at_ledger("claim", before),
    "while the claim is written": writing("INSERT INTO"),
    "at the first byte of the claim's commit": committing("INSERT INTO", 0),
    "in the middle of the claim's commit": committing("INSERT INTO", 6000),
    "after the claim": at_ledger("claim", after),
    "before the request": before(Gateway, "post"),
    "after the request": after(Parcel, "write_with_length"),
    "while the answer is read": before(Gateway, "_read"),
    "after the answer": after(Gateway, "post"),
    "before the finish": at_ledger("finish", before),
    "while the finish is written": writing("UPDATE"),
    "at the first byte of the finish's commit": committing("UPDATE", 0),
    "in the middle of the finish's commit": committing("UPDATE", 6000),
    "after the finish": at_ledger("finish", after),
}
