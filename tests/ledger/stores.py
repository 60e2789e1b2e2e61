"""The stores that are tested, each with a clock that a test can set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from paymentoptions_async import MemoryLedger, PostgresLedger, SqliteLedger
from paymentoptions_async.ledger import Ledger


class Clock:
    """The wall clock, which stands still until a test moves it."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Store(NamedTuple):
    """A place for records.

    Attributes:
        clock: Is asked by all ledgers on it.
        open: Makes a ledger on it. On a durable one each is an object of its own, as if of another process.
        is_durable: Whether it outlives its ledger objects.
    """

    clock: Clock
    open: Callable[[], Ledger]
    is_durable: bool = True


def memory() -> Store:
    """The dictionary of one ledger object."""
    clock = Clock()
    ledger = MemoryLedger(clock=clock)
    return Store(clock, lambda: ledger, is_durable=False)


def sqlite(path: Path) -> Store:
    """A file."""
    clock = Clock()
    return Store(clock, lambda: SqliteLedger(path, clock=clock))


def postgres(dsn: str) -> Store:
    """A schema of a PostgreSQL database."""
    clock = Clock()
    return Store(clock, lambda: PostgresLedger(dsn, max_connections=4, clock=clock))
