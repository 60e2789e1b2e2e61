"""The tables of batches: which there are, how they are made, and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError, LedgerError

if TYPE_CHECKING:
    from typing import TypeAlias

    from psycopg import Connection

    Server: TypeAlias = Connection[tuple[Any, ...]]

__all__ = ["BATCH", "CHARGE", "LANE", "Standing", "connected", "faults_told", "prepare"]

BATCH: Final = "paymentoptions_batch"
CHARGE: Final = "paymentoptions_batch_charge"
LANE: Final = "paymentoptions_batch_lane"
_VERSION: Final = "paymentoptions_batch_schema"

# Any number will do, as long as it is always the same.
_MIGRATION_LOCK: Final = 0x504F4261

_PATIENCE: Final = {"connect_timeout": 5, "tcp_user_timeout": 10_000}


class Standing:
    """How much is known of a charge. A result is written over one of a lower standing only.

    So a worker that was frozen and comes late cannot undo what another one has learned since.
    """

    OPEN: Final = 0
    """Nothing, so far."""
    NOT_BEGUN: Final = 1
    """The gateway has done nothing, and the body is kept: `resume` begins it again."""
    UNSETTLED: Final = 2
    """Unknown, waiting for its payer, or not in the ledger as it was told. The ledger may know more later."""
    SETTLED: Final = 3
    """All there is to know."""


# One list of statements for each version of the schema, applied in order. A list that was released is never changed.
_MIGRATIONS: Final = (
    (
        f"""CREATE TABLE {BATCH} (
            id text PRIMARY KEY,
            name text NOT NULL UNIQUE,
            created timestamptz NOT NULL DEFAULT clock_timestamp(),
            key_id text NOT NULL,
            digest bytea,
            total integer NOT NULL DEFAULT 0,
            chunk integer NOT NULL,
            api_version smallint NOT NULL,
            rate float8,
            next_token timestamptz NOT NULL DEFAULT clock_timestamp(),
            paused text
        )""",
        f"""CREATE TABLE {CHARGE} (
            batch text NOT NULL REFERENCES {BATCH} ON DELETE CASCADE,
            number integer NOT NULL,
            line integer NOT NULL,
            merchant_txn_ref text,
            amount text,
            currency text,
            card text,
            key_id text,
            sealed bytea,
            standing smallint NOT NULL,
            tries smallint NOT NULL DEFAULT 0,
            outcome text,
            entry text,
            PRIMARY KEY (batch, number)
        )""",
        f"""CREATE TABLE {LANE} (
            batch text NOT NULL REFERENCES {BATCH} ON DELETE CASCADE,
            worker text NOT NULL,
            in_flight integer NOT NULL,
            most integer NOT NULL,
            seen timestamptz NOT NULL,
            PRIMARY KEY (batch, worker)
        )""",
        f"CREATE INDEX {CHARGE}_standing ON {CHARGE} (batch, standing, outcome)",
    ),
    (
        f"ALTER TABLE {CHARGE} ADD COLUMN held timestamptz",
        f"ALTER TABLE {BATCH} ADD COLUMN gateway text, ADD COLUMN merchant_id text",
    ),
)


@contextmanager
def faults_told() -> Iterator[None]:
    """Raise `LedgerError` for what goes wrong at the server, without its text, which may hold a password."""
    try:
        from psycopg import Error
    except ImportError:
        raise ConfigurationError("a batch on several machines needs paymentoptions-async[cluster]") from None
    try:
        yield
    except Error as fault:
        why = f"{type(fault).__name__} {getattr(fault, 'sqlstate', None) or ''}".rstrip()
    else:
        return
    raise LedgerError(f"the batches' PostgreSQL server cannot be used: {why}")


@contextmanager
def connected(dsn: str) -> Iterator[Server]:
    """A connection whose statements are one transaction, with the tables made. Blocking: use it in a thread.

    Args:
        dsn: libpq's connection string or address.

    Raises:
        LedgerError: The server cannot be used.
        ConfigurationError: The extra is not installed.
    """
    with faults_told():
        import psycopg

        server: Server
        with psycopg.connect(dsn, autocommit=True, **_PATIENCE) as server:  # type: ignore[arg-type]
            prepare(server)
            with server.transaction():
                yield server


def prepare(server: Server) -> None:
    """Make the tables, and those of Procrastinate, where there are none.

    Args:
        server: A connection that commits by itself.

    Raises:
        LedgerError: The tables are of a later release.
    """
    with server.transaction():
        server.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        _migrate(server)
        if not _is_there(server, "procrastinate_jobs"):
            from procrastinate.schema import SchemaManager

            server.execute(SchemaManager.get_schema())


def _migrate(server: Server) -> None:
    server.execute(f"CREATE TABLE IF NOT EXISTS {_VERSION} (version integer NOT NULL)")
    row = server.execute(f"SELECT max(version) FROM {_VERSION}").fetchone()
    version = row[0] or 0 if row else 0
    if version > len(_MIGRATIONS):
        raise LedgerError(f"the tables are of a later release (schema {version}): nothing was changed")
    for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
        for statement in statements:
            server.execute(statement)
        server.execute(f"INSERT INTO {_VERSION} (version) VALUES (%s)", (number,))


def _is_there(server: Server, table: str) -> bool:
    row = server.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return bool(row and row[0])
