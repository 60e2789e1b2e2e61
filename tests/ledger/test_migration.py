"""A ledger that an earlier release has made is opened, keeps its records and goes on."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from paymentoptions_async import LedgerError, PostgresLedger, SqliteLedger
from paymentoptions_async.ledger import Claim, Ledger, Record
from paymentoptions_async.ledger.rows import COLUMNS, to_row
from paymentoptions_async.models.outcome import State

from .cases import ended, given, intent, status
from .test_rules import CHANGED, CREATED, record

NEW: Final = ("subject",)
OLD: Final = tuple(name for name in COLUMNS if name not in NEW)

# As the release with schema 1 wrote them.
SQLITE_1: Final = """
CREATE TABLE charge (
    merchant_txn_ref TEXT PRIMARY KEY NOT NULL, fingerprint BLOB NOT NULL, operation TEXT NOT NULL,
    amount TEXT NOT NULL, currency TEXT NOT NULL, card TEXT, token TEXT NOT NULL, lease_ends REAL NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, detail TEXT,
    answer BLOB, mark TEXT, history TEXT
);
CREATE INDEX charge_unsettled ON charge (merchant_txn_ref)
    WHERE (state IN ('sending', 'unknown', 'challenged') OR mark = 'contradicted');
PRAGMA application_id = 1347382393;
PRAGMA user_version = 1;
"""
POSTGRES_1: Final = """
CREATE TABLE paymentoptions_ledger (version integer NOT NULL);
INSERT INTO paymentoptions_ledger (version) VALUES (1);
CREATE TABLE paymentoptions_charge (
    merchant_txn_ref text COLLATE "C" PRIMARY KEY, fingerprint bytea NOT NULL, operation text NOT NULL,
    amount text NOT NULL, currency text NOT NULL, card text, token text NOT NULL, lease_ends float8 NOT NULL,
    created float8 NOT NULL, changed float8 NOT NULL, state text NOT NULL, attempts integer NOT NULL, detail text,
    answer bytea, mark text, history text
);
CREATE INDEX paymentoptions_charge_unsettled ON paymentoptions_charge (merchant_txn_ref)
    WHERE (state IN ('sending', 'unknown', 'challenged') OR mark = 'contradicted');
"""


LEASE_ENDS: Final = time.time() + 3600


def stored(state: State) -> Record:
    """One record in each state, named by it."""
    outcome = ended(state, None if state is State.SENDING else "t1", attempts=2)
    return record(outcome, at=intent(state), lease_ends=LEASE_ENDS)


RECORDS: Final = sorted((stored(state) for state in State), key=lambda one: one.merchant_txn_ref)
ROWS: Final = [tuple(dict(zip(COLUMNS, to_row(one), strict=True))[name] for name in OLD) for one in RECORDS]


def insert(table: str, mark: str) -> str:
    return f"INSERT INTO {table} ({', '.join(OLD)}) VALUES ({', '.join([mark] * len(OLD))})"


def make_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(SQLITE_1)
        file.executemany(insert("charge", "?"), ROWS)


def make_tables(dsn: str) -> None:
    with psycopg.connect(dsn) as server:
        for statement in POSTGRES_1.split(";"):
            if statement.strip():
                server.execute(statement)
        server.cursor().executemany(insert("paymentoptions_charge", "%s"), ROWS)


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Gives ledgers on a store that the earlier release has made and filled."""
    if request.param == "sqlite":
        make_file(tmp_path / "charges.db")
        return lambda: SqliteLedger(tmp_path / "charges.db")
    dsn = request.getfixturevalue("postgres_dsn")
    make_tables(dsn)
    return lambda: PostgresLedger(dsn)


async def all_of(ledger: Ledger) -> list[Record]:
    return [one async for one in ledger.records()]


@pytest.mark.asyncio
async def test_its_records_are_what_they_were(old: Any) -> None:
    for _ in range(2):
        async with old() as ledger:
            assert await all_of(ledger) == RECORDS
            assert {one.intent.subject for one in await all_of(ledger)} == {None}
            assert {(one.created, one.changed) for one in await all_of(ledger)} == {(CREATED, CHANGED)}


@pytest.mark.asyncio
async def test_what_was_under_way_goes_on_and_what_is_new_is_kept(old: Any) -> None:
    async with old() as ledger, old() as other:
        assert await ledger.finish(Claim(State.SENDING, "mine"), ended(State.PAID, "t1"))
        assert (await other.resolve(State.UNKNOWN, status(ended(State.PAID, "t1")))).outcome.state is State.PAID
        assert given(await other.claim(intent(State.REFUSED), token="next", lease=9)).attempts == 2
        refund = intent("refund")._replace(operation="refund", subject="t1")
        given(await ledger.claim(refund, token="next", lease=9))
        kept = await other.find("refund")
    assert kept is not None
    assert kept.intent == refund


@pytest.mark.asyncio
async def test_a_later_release_is_not_touched(old: Any, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async with old() as ledger:
        await all_of(ledger)
    if "sqlite" in request.node.name:
        with closing(sqlite3.connect(tmp_path / "charges.db")) as file:
            assert file.execute("PRAGMA user_version").fetchone() == (2,)
            file.execute("PRAGMA user_version = 3")
    else:
        with psycopg.connect(request.getfixturevalue("postgres_dsn"), autocommit=True) as server:
            assert server.execute("SELECT version FROM paymentoptions_ledger ORDER BY 1").fetchall() == [(1,), (2,)]
            server.execute("INSERT INTO paymentoptions_ledger VALUES (3)")
    async with old() as ledger:
        with pytest.raises(LedgerError, match="later release"):
            await all_of(ledger)
