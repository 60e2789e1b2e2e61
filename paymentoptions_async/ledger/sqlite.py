"""A ledger in a file: it survives a crash, a kill and a power cut, and several processes may share it."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import LedgerError, PaymentOptionsError
from ..models.outcome import Outcome
from .base import Claim, Intent, Ledger, Record
from .group_commit import GroupCommit
from .resolution import Resolution
from .rows import COLUMNS, detail_of, from_row, to_row
from .rules import PRUNABLE, UNSETTLED, age_rule, as_seen, claim_rule, finish_rule, resolve_rule, stands

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["SqliteLedger"]

# "POly": tells a ledger from any other SQLite file.
_APPLICATION: Final = 0x504F6C79

# Seconds that a commit waits for another process's.
_LOCK_PATIENCE: Final = 5.0

_UNSETTLED: Final = f"(state IN ({', '.join(repr(state.value) for state in UNSETTLED)}) OR mark = 'contradicted')"
_PRUNABLE: Final = f"state IN ({', '.join(repr(state.value) for state in PRUNABLE)})"

# One list of statements for each version of the schema, applied in order. A list that was released is never changed.
_MIGRATIONS: Final = (
    (
        """CREATE TABLE charge (
            merchant_txn_ref TEXT PRIMARY KEY NOT NULL,
            fingerprint BLOB NOT NULL,
            operation TEXT NOT NULL,
            amount TEXT NOT NULL,
            currency TEXT NOT NULL,
            card TEXT,
            token TEXT NOT NULL,
            lease_ends REAL NOT NULL,
            created REAL NOT NULL,
            changed REAL NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            detail TEXT,
            answer BLOB,
            mark TEXT,
            history TEXT
        )""",
        f"CREATE INDEX charge_unsettled ON charge (merchant_txn_ref) WHERE {_UNSETTLED}",
    ),
    ("ALTER TABLE charge ADD COLUMN subject TEXT",),
)

_ALL: Final = ", ".join(COLUMNS)
_INSERT: Final = f"INSERT INTO charge ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT DO NOTHING"
_SELECT: Final = f"SELECT {_ALL} FROM charge WHERE merchant_txn_ref = ?"
_REPLACE: Final = f"UPDATE charge SET {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE merchant_txn_ref = ?"
_FINISH: Final = (
    "UPDATE charge SET state = ?, attempts = max(attempts, ?), detail = ?, answer = ?, changed = ?"
    " WHERE merchant_txn_ref = ? AND token = ? AND state = 'sending' AND mark IS NULL AND answer IS NULL"
)
_PAGE: Final = f"SELECT {_ALL} FROM charge WHERE merchant_txn_ref > ? ORDER BY merchant_txn_ref LIMIT ?"
_UNSETTLED_PAGE: Final = _PAGE.replace("ORDER BY", f"AND {_UNSETTLED} ORDER BY")
_WINDOW: Final = (
    "SELECT max(merchant_txn_ref) FROM"
    " (SELECT merchant_txn_ref FROM charge WHERE merchant_txn_ref > ? ORDER BY merchant_txn_ref LIMIT 1000)"
)
_PRUNE: Final = (
    f"DELETE FROM charge WHERE merchant_txn_ref > ? AND merchant_txn_ref <= ? AND {_PRUNABLE}"
    " AND mark IS NOT 'contradicted' AND changed < ?"
)


class SqliteLedger(Ledger):
    """A ledger in one file on a local disk.

    A claim is on the disk before anything is sent, and an outcome before `purchase()` returns (write-ahead log,
    `synchronous=FULL`). Several processes of one machine may share the file; for several machines there is
    `PostgresLedger`. The file is made, readable by its owner alone, at the first call. It holds no card number in clear
    and no CVC in any form; the masked answers are personal data all the same::

        async with SqliteLedger("charges.db") as ledger, PaymentOptions(settings, ledger=ledger) as client:
            payment = await client.payments.purchase(request)

    Args:
        path: Of the file. Beside it stand its write-ahead log and its index (`-wal`, `-shm`): copy it with SQLite's
            own backup, not file by file.
        clock: Gives the seconds of the wall clock; called in a thread of the ledger's.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = _File(Path(path))
        self._commits = GroupCommit(self._file)

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        """See `Ledger.claim`."""
        return await self._commits.submit(lambda file: _claim(file, intent, token, self._clock(), lease))

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """See `Ledger.finish`."""
        return await self._commits.submit(lambda file: _finish(file, claim, outcome, self._clock()))

    async def find(self, merchant_txn_ref: str) -> Record | None:
        """See `Ledger.find`."""
        record = await self._commits.submit(lambda file: _find(file, merchant_txn_ref))
        return as_seen(record, self._clock()) if record is not None else None

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        """See `Ledger.resolve`."""
        return await self._commits.submit(lambda file: _resolve(file, merchant_txn_ref, resolution, self._clock()))

    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        """See `Ledger.page`."""
        records = await self._commits.submit(lambda file: _page(file, after, limit, unsettled))
        now = self._clock()
        return [as_seen(record, now) for record in records]

    async def prune(self, *, older_than: float) -> int:
        """See `Ledger.prune`. Done in small steps, between which charges go on."""
        age_rule(older_than)
        before, pruned = self._clock() - older_than, 0
        after: str | None = ""
        while after is not None:
            after, count = await self._commits.submit(_pruning(after, before))
            pruned += count
        return pruned

    async def close(self) -> None:
        """See `Ledger.close`."""
        await self._commits.close()

    def __del__(self) -> None:
        if (commits := getattr(self, "_commits", None)) and commits.is_open:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self, stacklevel=1)

    def __repr__(self) -> str:
        return f"<SqliteLedger {self._file.path.name}>"


class _File:
    """The file, in the thread of the commits. It knows no ledger: the thread would keep one that is dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log_path = path.with_name(f"{path.name}-wal")
        self._opened: os.stat_result | None = None
        self._log: os.stat_result | None = None
        self._key: tuple[int, int] | None = None

    def connect(self) -> Connection:
        import sqlite3

        if self._opened is None:
            # The application may change its folder from now on.
            self.path, self._log_path = self.path.absolute(), self._log_path.absolute()
            _make(self.path)
        elif not os.path.samestat(self._opened, self.path.stat()):
            raise self._replaced()
        self._key = _enter(self.path)
        connection = sqlite3.connect(self.path, timeout=_LOCK_PATIENCE, isolation_level=None)
        try:
            _prepare(connection)
        except BaseException:
            self.disconnect(connection)
            raise
        # From here on they are the ledger, and no other files are.
        self._opened, self._log = self.path.stat(), self._log_path.stat()
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Undoes what was not committed."""
        with suppress(Exception):
            connection.close()
        if self._key is not None:
            _leave(self._key)
            self._key = None

    def check(self) -> None:
        """Ask whether the paths still lead to the files: what is written to a removed one is forgotten at the end.

        The log is removed under a connection where something else in this process opens and closes the ledger's file,
        since that drops all locks of the process: another one then takes itself for the last.
        """
        if self._opened is None or not os.path.samestat(self._opened, self.path.stat()):
            raise self._replaced()
        try:
            is_same = self._log is not None and os.path.samestat(self._log, self._log_path.stat())
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise LedgerError(
                f"the write-ahead log of the ledger {self.path.name} was removed while it was in use: nothing else may"
                " open the file in this process"
            )

    def _replaced(self) -> LedgerError:
        return LedgerError(f"the ledger {self.path.name} was replaced by another file while it was in use")

    def explained(self, fault: Exception) -> Exception:
        if isinstance(fault, PaymentOptionsError):
            return fault
        name = getattr(fault, "sqlite_errorname", type(fault).__name__)
        error = LedgerError(f"the ledger {self.path.name} cannot be used: {_told(name, fault)}")
        error.__cause__ = fault
        return error


_ADVICE: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_BUSY": f"another process has kept it locked for {_LOCK_PATIENCE:g} s",
    "SQLITE_CORRUPT": "it is damaged: keep it as it is, and restore a copy",
    "SQLITE_NOTADB": "it is no SQLite file, or is damaged",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_IOERR": "the disk does not read or write",
}


def _told(name: str, fault: Exception) -> str:
    family = "_".join(name.split("_")[:2])
    if isinstance(fault, OSError):
        return fault.strerror or name
    return f"{_ADVICE[family]} ({name})" if family in _ADVICE else name


def _make(path: Path) -> None:
    """Make the file. Not left to SQLite, which would make it readable by everybody.

    One that is there is not touched: to close it again would drop the locks of other connections of this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


# The processes that have connections to each file (by device and number), one entry for each connection. It is
# inherited by a fork, as SQLite's own list of locks is; the locks are not, and a forked process would work without any.
_connected: Final[dict[tuple[int, int], list[int]]] = {}
_connecting: Final = threading.Lock()


def _enter(path: Path) -> tuple[int, int]:
    found = path.stat()
    key, process = (found.st_dev, found.st_ino), os.getpid()
    with _connecting:
        if any(other != process for other in _connected.get(key, ())):
            raise LedgerError(f"the ledger {path.name} was in use when this process was forked: use it after that only")
        _connected.setdefault(key, []).append(process)
    return key


def _leave(key: tuple[int, int]) -> None:
    with _connecting:
        _connected[key].remove(os.getpid())
        if not _connected[key]:
            del _connected[key]


def _prepare(connection: Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    # Elsewhere it changes nothing. On macOS a flush leaves it to the drive when to write.
    connection.execute("PRAGMA fullfsync = ON")
    # In one look: another process may be making the file in this very moment.
    connection.execute("BEGIN")
    version, application = _versions(connection)
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    connection.execute("COMMIT")
    if application not in (0, _APPLICATION) or version > len(_MIGRATIONS):
        raise LedgerError(f"the file is no ledger, or one of a later release (schema {version}): nothing was changed")
    if application == 0 and tables:
        raise LedgerError("the file is another application's: nothing was changed")
    _write_ahead(connection)
    if version < len(_MIGRATIONS):
        _migrate(connection)
    # The log is there from the first reading on.
    _versions(connection)


def _write_ahead(connection: Connection) -> None:
    # Here SQLite does not wait for its turn: two that make a new file at once would be told that it is locked.
    patient_until = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except Exception as fault:
            if getattr(fault, "sqlite_errorname", None) != "SQLITE_BUSY" or time.monotonic() > patient_until:
                raise
            time.sleep(0.01)
        else:
            return


def _versions(connection: Connection) -> tuple[int, int]:
    return (
        connection.execute("PRAGMA user_version").fetchone()[0],
        connection.execute("PRAGMA application_id").fetchone()[0],
    )


def _migrate(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have done it while this one waited for its turn.
    version, _ = _versions(connection)
    for statements in _MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")


def _claim(file: Connection, intent: Intent, token: str, now: float, lease: float) -> Claim | Outcome:
    answer = claim_rule(None, intent, token=token, now=now, lease=lease)
    # Nearly every reference is new, and then one statement does.
    if isinstance(answer, Record) and file.execute(_INSERT, to_row(answer)).rowcount:
        return Claim(intent.merchant_txn_ref, token)
    answer = claim_rule(_find(file, intent.merchant_txn_ref), intent, token=token, now=now, lease=lease)
    if isinstance(answer, Outcome):
        return answer
    _store(file, answer)
    return Claim(intent.merchant_txn_ref, token, answer.outcome.attempts)


def _finish(file: Connection, claim: Claim, outcome: Outcome, now: float) -> bool:
    written = (outcome.state.value, outcome.attempts, detail_of(outcome), outcome.answer, now)
    if file.execute(_FINISH, (*written, claim.merchant_txn_ref, claim.token)).rowcount:
        return True
    stored = _find(file, claim.merchant_txn_ref)
    record = finish_rule(stored, claim, outcome, now=now)
    if record is None:
        return False
    if stored is None:
        file.execute(_INSERT, to_row(record))
    elif record is not stored:
        _store(file, record)
    return stands(record, claim, outcome)


def _resolve(file: Connection, merchant_txn_ref: str, resolution: Resolution, now: float) -> Record:
    record = resolve_rule(_find(file, merchant_txn_ref), merchant_txn_ref, resolution, now=now)
    _store(file, record)
    return as_seen(record, now)


def _find(file: Connection, merchant_txn_ref: str) -> Record | None:
    row: tuple[Any, ...] | None = file.execute(_SELECT, (merchant_txn_ref,)).fetchone()
    return from_row(row) if row is not None else None


def _store(file: Connection, record: Record) -> None:
    file.execute(_REPLACE, (*to_row(record), record.merchant_txn_ref))


def _page(file: Connection, after: str, limit: int, unsettled: bool) -> list[Record]:
    return [from_row(row) for row in file.execute(_UNSETTLED_PAGE if unsettled else _PAGE, (after, limit))]


def _pruning(after: str, before: float) -> Callable[[Connection], tuple[str | None, int]]:
    """One step: what it has come to, `None` at the end, and how many are gone."""

    def step(file: Connection) -> tuple[str | None, int]:
        end: str | None = file.execute(_WINDOW, (after,)).fetchone()[0]
        return end, file.execute(_PRUNE, (after, end, before)).rowcount if end is not None else 0

    return step
