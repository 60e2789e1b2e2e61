"""A ledger in PostgreSQL: several machines may share it. It needs the extra: `paymentoptions-async[postgres]`."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import ConfigurationError, LedgerError
from ..models.outcome import Outcome
from .base import Claim, Intent, Ledger, Record
from .resolution import Resolution
from .rows import COLUMNS, detail_of, from_row, to_row
from .rules import PRUNABLE, UNSETTLED, age_rule, as_seen, claim_rule, finish_rule, resolve_rule, stands

if TYPE_CHECKING:
    from typing import TypeAlias

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]
    Pool: TypeAlias = AsyncConnectionPool[Connection]

__all__ = ["PostgresLedger"]

T = TypeVar("T")

# Seconds for one call, a connection and its second try included.
_PATIENCE: Final = 10.0

# Seconds that a server is given to end a query that is cancelled.
_CANCEL_PATIENCE: Final = 1.0

# Unless the connection string says otherwise. A server that is gone must not be waited for by the kernel's patience.
_CONNECTION: Final = {"connect_timeout": 5, "tcp_user_timeout": 10_000}

# Any number will do, as long as it is always the same.
_MIGRATION_LOCK: Final = 0x504F6C79

_TABLE: Final = "paymentoptions_charge"
_UNSETTLED: Final = f"(state IN ({', '.join(repr(state.value) for state in UNSETTLED)}) OR mark = 'contradicted')"
_PRUNABLE: Final = f"state IN ({', '.join(repr(state.value) for state in PRUNABLE)})"

# One list of statements for each version of the schema, applied in order. A list that was released is never changed.
_MIGRATIONS: Final = (
    (
        f"""CREATE TABLE {_TABLE} (
            merchant_txn_ref text COLLATE "C" PRIMARY KEY,
            fingerprint bytea NOT NULL,
            operation text NOT NULL,
            amount text NOT NULL,
            currency text NOT NULL,
            card text,
            token text NOT NULL,
            lease_ends float8 NOT NULL,
            created float8 NOT NULL,
            changed float8 NOT NULL,
            state text NOT NULL,
            attempts integer NOT NULL,
            detail text,
            answer bytea,
            mark text,
            history text
        )""",
        f"CREATE INDEX {_TABLE}_unsettled ON {_TABLE} (merchant_txn_ref) WHERE {_UNSETTLED}",
    ),
    (f"ALTER TABLE {_TABLE} ADD COLUMN subject text",),
)

# The server's clock counts, since those of several machines differ. Tests may bring another.
_NOW: Final = "coalesce(%s::float8, extract(epoch FROM clock_timestamp())::float8)"

_ALL: Final = ", ".join(COLUMNS)
_TIMES: Final = {"lease_ends": f"{_NOW} + %s", "created": _NOW, "changed": _NOW}
_INSERT: Final = (
    f"INSERT INTO {_TABLE} ({_ALL}) VALUES ({', '.join(_TIMES.get(name, '%s') for name in COLUMNS)})"
    " ON CONFLICT DO NOTHING"
)
_RESTORE: Final = f"INSERT INTO {_TABLE} ({_ALL}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) ON CONFLICT DO NOTHING"
_SELECT: Final = f"SELECT {_ALL} FROM {_TABLE} WHERE merchant_txn_ref = %s"
_SELECT_ALL: Final = f"SELECT {_ALL} FROM {_TABLE} WHERE merchant_txn_ref = ANY(%s)"
_REPLACE: Final = f"UPDATE {_TABLE} SET {', '.join(f'{name} = %s' for name in COLUMNS)} WHERE merchant_txn_ref = %s"
_FINISH: Final = (
    f"UPDATE {_TABLE} SET state = %s, attempts = greatest(attempts, %s), detail = %s, answer = %s, changed = {_NOW}"
    " WHERE merchant_txn_ref = %s AND token = %s AND state = 'sending' AND mark IS NULL"
    " AND answer IS NULL"
)
_PAGE: Final = f"SELECT {_ALL} FROM {_TABLE} WHERE merchant_txn_ref > %s ORDER BY merchant_txn_ref LIMIT %s"
_UNSETTLED_PAGE: Final = _PAGE.replace("ORDER BY", f"AND {_UNSETTLED} ORDER BY")
_WINDOW: Final = (
    "SELECT max(merchant_txn_ref) FROM (SELECT merchant_txn_ref FROM"
    f" {_TABLE} WHERE merchant_txn_ref > %s ORDER BY merchant_txn_ref LIMIT 1000) AS coming"
)
_PRUNE: Final = (
    f"DELETE FROM {_TABLE} WHERE merchant_txn_ref > %s AND merchant_txn_ref <= %s AND {_PRUNABLE}"
    " AND mark IS DISTINCT FROM 'contradicted' AND changed < %s"
)


class PostgresLedger(Ledger):
    """A ledger in a PostgreSQL database, for one machine or many.

    Leases are measured by the server's clock. The tables (`paymentoptions_...`) are made at the first call, in the
    schema that comes first in the search path::

        async with PostgresLedger("postgresql://app@db/shop") as ledger:
            async with PaymentOptions(settings, ledger=ledger) as client:
                payment = await client.payments.purchase(request)

    Args:
        dsn: libpq's connection string or address.
        max_connections: How many connections are kept at the most.
        clock: Gives the seconds of the wall clock, in place of the server's.

    Raises:
        ConfigurationError: psycopg is not installed, or the connection string cannot be read.
    """

    def __init__(self, dsn: str, *, max_connections: int = 10, clock: Callable[[], float] | None = None) -> None:
        self._dsn, problem = _completed(dsn)
        del dsn  # a traceback of what is raised below shows this frame
        if problem:
            raise ConfigurationError(problem)
        self._max_connections = max_connections
        self._clock = clock
        self._pool: Pool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        """See `Ledger.claim`."""
        return await self._run(lambda server: self._claim(server, intent, token, lease))

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """See `Ledger.finish`."""
        return await self._run(lambda server: self._finish(server, claim, outcome))

    async def find(self, merchant_txn_ref: str) -> Record | None:
        """See `Ledger.find`."""

        async def work(server: Connection) -> Record | None:
            record = await _find(server, merchant_txn_ref)
            return as_seen(record, await self._now(server)) if record is not None else None

        return await self._run(work)

    async def find_all(self, references: Sequence[str]) -> dict[str, Record]:
        """See `Ledger.find_all`."""
        return {record.merchant_txn_ref: record for record in await self._records(_SELECT_ALL, ([*references],))}

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        """See `Ledger.resolve`."""

        async def work(server: Connection) -> Record:
            async with server.transaction():
                stored = await _find(server, merchant_txn_ref, lock=True)
                now = await self._now(server)
                record = resolve_rule(stored, merchant_txn_ref, resolution, now=now)
                await _store(server, record)
            return as_seen(record, now)

        return await self._run(work)

    async def page(self, *, after: str, limit: int, unsettled: bool) -> list[Record]:
        """See `Ledger.page`."""
        return await self._records(_UNSETTLED_PAGE if unsettled else _PAGE, (after, limit))

    async def prune(self, *, older_than: float) -> int:
        """See `Ledger.prune`. Done in small steps, between which charges go on."""
        age_rule(older_than)
        before, pruned = await self._run(self._now) - older_than, 0
        after: str | None = ""
        while after is not None:
            after, count = await self._run(_pruning(after, before))
            pruned += count
        return pruned

    async def close(self) -> None:
        """See `Ledger.close`."""
        self._closed = True
        async with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def __del__(self) -> None:
        if getattr(self, "_pool", None) is not None:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self, stacklevel=1)

    def __repr__(self) -> str:
        return "<PostgresLedger>"

    # --- one call ---

    async def _records(self, statement: str, values: tuple[Any, ...]) -> list[Record]:
        async def work(server: Connection) -> list[Record]:
            rows = await server.execute(statement, values)
            records = [from_row(row) for row in await rows.fetchall()]
            now = await self._now(server)
            return [as_seen(record, now) for record in records]

        return await self._run(work)

    async def _run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something on a connection; once more on another one where the first turns out to be gone.

        To do it twice is harmless: a claim is known by its token, and everything else ends as it would have the first
        time.
        """
        from psycopg import Error, OperationalError
        from psycopg_pool import PoolClosed, PoolTimeout

        async def attempts() -> T:
            pool = await self._opened()
            try:
                async with pool.connection() as server:
                    return await work(server)
            except (PoolTimeout, PoolClosed):
                raise
            except OperationalError:
                await pool.check()
                async with pool.connection() as server:
                    return await work(server)

        try:
            async with asyncio.timeout(_PATIENCE):
                return await _cancellable(attempts())
        except TimeoutError:
            why = f"no answer within {_PATIENCE:g} s"
        except (Error, OSError) as fault:
            # Not its text, which may hold the connection string.
            why = f"{type(fault).__name__} {getattr(fault, 'sqlstate', None) or ''}".rstrip()
        raise LedgerError(f"the ledger's PostgreSQL server cannot be used: {why}")

    async def _opened(self) -> Pool:
        if self._closed:
            raise ConfigurationError("the ledger is closed: make a new one")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError("the ledger belongs to another event loop: make one in each loop")
        if self._pool is None:
            async with self._opening:
                if self._closed:
                    raise ConfigurationError("the ledger is closed: make a new one")
                if self._pool is None:
                    self._pool = await self._open()
        return self._pool

    async def _open(self) -> Pool:
        from psycopg_pool import AsyncConnectionPool

        pool: Pool = AsyncConnectionPool(
            self._dsn,
            min_size=1,
            max_size=self._max_connections,
            kwargs={"autocommit": True},
            configure=_configure,
            timeout=_PATIENCE / 2,
            # After that the next call tries anew. By default it would be kept from it for minutes.
            reconnect_timeout=_PATIENCE / 2,
            open=False,
        )
        await self._prepare()
        await pool.open()
        return pool

    async def _prepare(self) -> None:
        """Bring the tables up to date, on a connection of its own: a pool tells no reason why it gets none."""
        from psycopg import AsyncConnection, OperationalError

        try:
            server: Connection = await AsyncConnection.connect(self._dsn, autocommit=True)
        except OperationalError as fault:
            why = _told(str(fault))
        else:
            async with server:
                await _configure(server)
                await _migrate(server)
            return
        raise LedgerError(f"the ledger's PostgreSQL server cannot be used: {why}")

    async def _now(self, server: Connection) -> float:
        if self._clock is not None:
            return self._clock()
        row = await (await server.execute("SELECT extract(epoch FROM clock_timestamp())::float8")).fetchone()
        return float(row[0]) if row else time.time()

    async def _claim(self, server: Connection, intent: Intent, token: str, lease: float) -> Claim | Outcome:
        if (await server.execute(_INSERT, self._fresh(intent, token, lease))).rowcount:
            return Claim(intent.merchant_txn_ref, token)
        async with server.transaction():
            stored = await _find(server, intent.merchant_txn_ref, lock=True)
            if stored is None:
                raise LedgerError("the record was pruned in this very moment: ask again")
            answer = claim_rule(stored, intent, token=token, now=await self._now(server), lease=lease)
            if isinstance(answer, Outcome):
                return answer
            await _store(server, answer)
        return Claim(intent.merchant_txn_ref, token, answer.outcome.attempts)

    def _fresh(self, intent: Intent, token: str, lease: float) -> list[Any]:
        """The values of `_INSERT`: a new record, whose times the server makes."""
        now = self._clock() if self._clock is not None else None
        fresh = claim_rule(None, intent, token=token, now=0.0, lease=lease)
        assert isinstance(fresh, Record)  # noqa: S101  # there was none before
        times = {"lease_ends": (now, lease), "created": (now,), "changed": (now,)}
        row = dict(zip(COLUMNS, to_row(fresh), strict=True))
        return [value for name in COLUMNS for value in times.get(name, (row[name],))]

    async def _finish(self, server: Connection, claim: Claim, outcome: Outcome) -> bool:
        now = self._clock() if self._clock is not None else None
        written = (outcome.state.value, outcome.attempts, detail_of(outcome), outcome.answer, now)
        if (await server.execute(_FINISH, (*written, claim.merchant_txn_ref, claim.token))).rowcount:
            return True
        async with server.transaction():
            record = await self._ended(server, claim, outcome)
            if record is None and await _find(server, claim.merchant_txn_ref) is not None:
                record = await self._ended(server, claim, outcome)  # it was claimed in this very moment
        return record is not None and stands(record, claim, outcome)

    async def _ended(self, server: Connection, claim: Claim, outcome: Outcome) -> Record | None:
        """The record after the end of a claim; `None` where there is none, or was none a moment ago."""
        stored = await _find(server, claim.merchant_txn_ref, lock=True)
        record = finish_rule(stored, claim, outcome, now=await self._now(server))
        if record is not None and stored is None:
            return record if (await server.execute(_RESTORE, to_row(record))).rowcount else None
        if record is not None and record is not stored:
            await _store(server, record)
        return record


def _completed(dsn: str) -> tuple[str, str | None]:
    """The connection string with what it leaves out, or else why there is none. An error's frames would show it."""
    try:
        import psycopg_pool  # noqa: F401
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict, make_conninfo
    except ImportError:
        return "", "PostgresLedger needs psycopg: paymentoptions-async[postgres]"
    with suppress(ProgrammingError):  # its own text shows part of the string
        given: dict[str, Any] = {**_CONNECTION, **conninfo_to_dict(dsn)}
        return make_conninfo(**given), None
    return "", "dsn: a connection string or address as libpq reads it"


# What libpq says of a connection that it does not get. It is not repeated: its words show parts of an address, and of
# a password that is not written as it should be.
_TROUBLES: Final = {
    "Connection refused": "connection refused",
    "No such file": "nobody listens at its socket",
    "resolve host": "its host is not known",
    "timeout expired": "no answer in time",
    "SSL": "TLS does not come about",
}


def _told(words: str) -> str:
    if "FATAL:" in words:
        # The server's own: it was reached, so the address was read rightly.
        return " ".join(words.rpartition("FATAL:")[2].split())
    return next((told for sign, told in _TROUBLES.items() if sign in words), "no connection")


async def _cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Do something, and end soon after a cancel even where the server is frozen.

    At a cancel psycopg asks the server to end its query and waits up to ten seconds for that. At a second one it closes
    the connection.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            task.cancel()
            await asyncio.wait((task,), timeout=_CANCEL_PATIENCE)
        finally:
            task.cancel()
        raise


async def _configure(server: Connection) -> None:
    # A server may be set up to answer before it has written; what we are told must be on the disk.
    await server.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


async def _migrate(server: Connection) -> None:
    async with server.transaction():
        await server.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        await server.execute("CREATE TABLE IF NOT EXISTS paymentoptions_ledger (version integer NOT NULL)")
        row = await (await server.execute("SELECT max(version) FROM paymentoptions_ledger")).fetchone()
        version = row[0] or 0 if row else 0
        if version > len(_MIGRATIONS):
            raise LedgerError(f"the tables are of a later release (schema {version}): nothing was changed")
        for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
            for statement in statements:
                await server.execute(statement)
            await server.execute("INSERT INTO paymentoptions_ledger (version) VALUES (%s)", (number,))


async def _find(server: Connection, merchant_txn_ref: str, *, lock: bool = False) -> Record | None:
    statement = f"{_SELECT} FOR UPDATE" if lock else _SELECT
    row = await (await server.execute(statement, (merchant_txn_ref,))).fetchone()
    return from_row(row) if row is not None else None


async def _store(server: Connection, record: Record) -> None:
    await server.execute(_REPLACE, (*to_row(record), record.merchant_txn_ref))


def _pruning(after: str, before: float) -> Callable[[Connection], Awaitable[tuple[str | None, int]]]:
    """One step: what it has come to, `None` at the end, and how many are gone."""

    async def step(server: Connection) -> tuple[str | None, int]:
        row = await (await server.execute(_WINDOW, (after,))).fetchone()
        end = row[0] if row else None
        return end, (await server.execute(_PRUNE, (after, end, before))).rowcount if end is not None else 0

    return step
