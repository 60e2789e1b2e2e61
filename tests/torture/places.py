"""Where the ledgers of the killed processes are, and what is in them by the word of the store itself."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self

import psycopg

from paymentoptions_async import PostgresLedger, SqliteLedger
from paymentoptions_async.ledger import Ledger

STORES: Final = ("sqlite", "postgres")

Clock = Callable[[], float]

_COLUMNS: Final = "merchant_txn_ref, state, token, mark"
_HOT: Final = ("", "-wal", "-journal")
_CHARGER: Final = "charger"
_JUDGE: Final = "judge"


class Row(NamedTuple):
    """What is written of one reference."""

    state: str
    token: str
    mark: str | None


class Place(Protocol):
    """A store. It goes into a process as a value: only what is opened there is in use there."""

    @property
    def table(self) -> str:
        """The name of the table of charges."""

    def ledger(self, clock: Clock) -> Ledger:
        """One more ledger on it, of the process that asks."""

    async def quiet(self) -> None:
        """Wait until nothing of a dead process is being carried out any more."""

    def rows(self) -> dict[str, Row] | None:
        """All that is committed, read without the package. `None` where no process has come as far as to make it."""


class SqlitePlace(NamedTuple):
    """A file."""

    path: Path
    table: str = "charge"

    def ledger(self, clock: Clock) -> Ledger:
        return SqliteLedger(self.path, clock=clock)

    async def quiet(self) -> None:
        """A dead process does nothing."""

    def rows(self) -> dict[str, Row] | None:
        # Of a copy: whoever opens the file itself would mend what the next process is to find as the kill left it.
        with tempfile.TemporaryDirectory(dir=self.path.parent) as folder:
            for end in _HOT:
                part = self.path.with_name(self.path.name + end)
                if part.exists():
                    shutil.copy(part, folder)
            with closing(sqlite3.connect(Path(folder) / self.path.name)) as copy:
                is_made = copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self.table,)).fetchone()
                return _rows(copy.execute(f"SELECT {_COLUMNS} FROM {self.table}")) if is_made else None


class PostgresPlace(NamedTuple):
    """A schema of a server."""

    dsn: str
    table: str = "paymentoptions_charge"

    @classmethod
    def of(cls, dsn: str) -> Self:
        """At this address, which has parameters already."""
        return cls(f"{dsn}&application_name={_CHARGER}")

    def ledger(self, clock: Clock) -> Ledger:
        return PostgresLedger(self.dsn, max_connections=4, clock=clock)

    async def quiet(self) -> None:
        # The server goes on with what it was told before it sees that nobody is there to hear the answer.
        async with asyncio.timeout(30):
            while self._is_busy():
                await asyncio.sleep(0.002)

    def rows(self) -> dict[str, Row] | None:
        with psycopg.connect(self.dsn, autocommit=True, application_name=_JUDGE) as server:
            is_made = server.execute("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", (self.table,)).fetchone()
            return _rows(server.execute(f"SELECT {_COLUMNS} FROM {self.table}")) if is_made else None

    def _is_busy(self) -> bool:
        with psycopg.connect(self.dsn, autocommit=True, application_name=_JUDGE) as server:
            busy = server.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s LIMIT 1", (_CHARGER,))
            return busy.fetchone() is not None


def _rows(told: Iterable[Any]) -> dict[str, Row]:
    return {reference: Row(state, token, mark) for reference, state, token, mark in told}
