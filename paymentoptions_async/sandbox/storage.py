"""A database for the books: whole objects by kind and key, written in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cattrs.preconf.orjson import make_converter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CONVERTER", "Entries", "Storage"]

Entries = dict[str, dict[str, bytes]]
T = TypeVar("T")

CONVERTER: Final = make_converter()
CONVERTER.register_unstructure_hook(Decimal, str)
CONVERTER.register_structure_hook(Decimal, lambda value, _: Decimal(value))
CONVERTER.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))

_PATIENCE: Final = 0.5
_TABLE: Final = "CREATE TABLE IF NOT EXISTS entries (kind TEXT, key TEXT, json BLOB, PRIMARY KEY (kind, key))"
_WRITE: Final = "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json"
_DROP: Final = "DELETE FROM entries WHERE kind = ? AND key = ?"


class Storage:
    """An SQLite file. What is put is written by the next `commit`.

    Args:
        path: The file; it is made where there is none.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox")
        self._pending: dict[tuple[str, str], bytes | None] = {}
        self._turn = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> Entries:
        """Open the file and give what is in it, by kind and key.

        Raises:
            OSError: It cannot be opened, is no such database, or another sandbox has it open.
        """
        try:
            return await self._in_thread(self._open)
        except sqlite3.Error as fault:
            await self._in_thread(self._close)
            self._thread.shutdown(wait=False)
            raise OSError(f"the sandbox's database cannot be used: {fault}") from fault

    def put(self, kind: str, key: str, value: object) -> None:
        """Keep an object as it is now."""
        self._pending[kind, key] = CONVERTER.dumps(value)

    def drop(self, kind: str, key: str) -> None:
        """Keep an object no longer."""
        self._pending[kind, key] = None

    async def commit(self) -> None:
        """Return when all that was put before is in the file. Who comes meanwhile is written in one go."""
        async with self._turn:
            if self._pending:
                batch, self._pending = self._pending, {}
                try:
                    await self._in_thread(lambda: self._write(batch))
                except sqlite3.Error:
                    # What has been put since is newer. The rest is tried again with the next commit.
                    self._pending = {**batch, **self._pending}
                    raise

    async def close(self) -> None:
        """Commit, and let the file go."""
        await self.commit()
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # Shielded: what was taken to be written is written, though a request that waits for it is ended.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    # --- in the thread ----------------------------------------------------------------------------

    def _open(self) -> Entries:
        self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=_PATIENCE)
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_TABLE)
        entries: Entries = {}
        for kind, key, json in self._connection.execute("SELECT kind, key, json FROM entries ORDER BY rowid"):
            entries.setdefault(kind, {})[key] = json
        return entries

    def _write(self, batch: dict[tuple[str, str], bytes | None]) -> None:
        connection: Any = self._connection
        with suppress(sqlite3.OperationalError):  # none is open
            connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        written = [(*name, json) for name, json in batch.items() if json is not None]
        connection.executemany(_WRITE, written)
        connection.executemany(_DROP, [name for name, json in batch.items() if json is None])
        connection.execute("COMMIT")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
