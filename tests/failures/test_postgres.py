"""A PostgreSQL server that is gone, restarted, frozen, out of reach or not as it should be."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest
from psycopg_pool.base import AttemptWithBackoff

from paymentoptions_async import (
    ConfigurationError,
    LedgerError,
    NotSentError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PostgresLedger,
    ReferenceInUseError,
    Timeouts,
    recording,
)
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.ledger import postgres as postgres_ledger
from paymentoptions_async.models.outcome import State
from paymentoptions_async.sandbox import Sandbox

from ..helpers import APPROVED, CVC, FAST, request, sandbox_client
from ..test_charging import everything_shown, shows
from .servers import Server, impatient

SECRET: Final = "the-ledger's-own-secret"
PASSWORD: Final = "se-cret-pass-word"

# Before it was ever reached, and after.
GONE: Final = "PostgreSQL server cannot be used: (PoolTimeout|nobody listens at its socket)"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    monkeypatch.setattr(recording, "_RELEASE_PATIENCE", 0.1)


@asynccontextmanager
async def charging(ledger: PostgresLedger, **sandbox: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    """A sandbox and a client of it with a durable ledger."""
    async with sandbox_client(client={"ledger": ledger}, settings={"ledger_secret": SECRET}, **sandbox) as both:
        yield both


def claim(ledger: PostgresLedger, reference: str) -> Any:
    """The right to send it, asked for directly."""
    return ledger.claim(Intent(reference, bytes(32)), token=reference, lease=60)


# --- gone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_in_use", [True, False])
@pytest.mark.asyncio
async def test_a_server_that_is_gone_lets_nothing_be_sent_and_is_used_again(
    own_server: Server, is_in_use: bool
) -> None:
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (gateway, client):
        if is_in_use:
            await client.payments.purchase(request("before"))
        with own_server.gone():
            for reference in ("ref", "before"):
                with pytest.raises(NotSentError, match=GONE):
                    await client.payments.purchase(request(reference))
            with pytest.raises(LedgerError, match=GONE):
                await ledger.find("ref")
            assert gateway.attempts("ref") == 0
        assert not (await client.payments.purchase(request("ref"))).replayed
        assert (await client.payments.purchase(request("before"))).replayed is is_in_use
        assert gateway.total_charges() == 2


@pytest.mark.parametrize("at_once", [1, 20])
@pytest.mark.asyncio
async def test_a_restart_between_two_purchases_is_not_noticed(own_server: Server, at_once: int) -> None:
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (gateway, client):
        for turn in range(2):
            calls = (client.payments.purchase(request(f"{turn}-{number}")) for number in range(at_once))
            assert all(payment.recorded for payment in await asyncio.gather(*calls))
            with own_server.gone():
                pass
        assert (await client.payments.purchase(request("0-0"))).replayed
        assert gateway.total_charges() == 2 * at_once


@pytest.mark.asyncio
async def test_a_server_that_was_gone_for_long_is_used_as_soon_as_it_is_back(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool of connections waits longer and longer between its own attempts, up to minutes."""
    monkeypatch.setattr(AttemptWithBackoff, "INITIAL_DELAY", 1.0)
    async with PostgresLedger(own_server.schema()) as ledger:
        await claim(ledger, "before")
        with own_server.gone():
            for number in range(4):
                with pytest.raises(LedgerError):
                    await claim(ledger, f"ref-{number}")
        assert isinstance(await claim(ledger, "ref"), Claim)


# --- frozen -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.asyncio
async def test_a_server_that_is_frozen_is_given_up_in_time(own_server: Server, whole: bool) -> None:
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        with own_server.frozen(whole=whole):
            begin = time.monotonic()
            with pytest.raises(NotSentError, match=r"no answer within 0\.6 s"):
                await client.payments.purchase(request("ref"))
            assert time.monotonic() - begin < 5
            assert gateway.attempts("ref") == 0
        assert isinstance(await client.payments.purchase(request("another")), Payment)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.asyncio
async def test_the_deadline_holds_while_the_server_is_frozen(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(postgres_ledger, "_PATIENCE", 10.0)
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        with own_server.frozen(whole=whole):
            begin = time.monotonic()
            with pytest.raises(NotSentError, match="deadline"):
                await client.with_options(timeouts=Timeouts(total=0.2)).payments.purchase(request("ref"))
            assert time.monotonic() - begin < 5
        # The server may have carried out the claim after all, and then its lease ends it; nothing was sent anyhow.
        assert gateway.attempts("ref") == 0
        try:
            assert isinstance(await client.payments.purchase(request("ref")), Payment)
        except ReferenceInUseError:
            assert gateway.attempts("ref") == 0


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.asyncio
async def test_a_server_that_never_answers_is_given_up_in_time(deaf_port: int) -> None:
    dsn = f"postgresql://app:{PASSWORD}@127.0.0.1:{deaf_port}/shop"
    async with PostgresLedger(dsn) as ledger, charging(ledger) as (gateway, client):
        begin = time.monotonic()
        with pytest.raises(NotSentError, match="PostgreSQL server cannot be used"):
            await client.payments.purchase(request("ref"))
        assert time.monotonic() - begin < 5
        assert gateway.attempts("ref") == 0
    assert time.monotonic() - begin < 5


# --- not as it should be ----------------------------------------------------------------------------------


def _with_password(dsn: str, *, user: str = "postgres", database: str = "/postgres") -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{user}:{PASSWORD}@", path=database))


@pytest.mark.parametrize("wrong", ["database", "user", "port", "none"])
@pytest.mark.asyncio
async def test_no_error_and_no_line_shows_the_password(
    own_server: Server, wrong: str, deaf_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dsn = {
        "database": _with_password(own_server.schema(), database="/nowhere"),
        "user": _with_password(own_server.schema(), user="nobody"),
        "port": f"host=127.0.0.1 port=1 dbname=shop user=app password={PASSWORD}",
        "none": _with_password(own_server.schema()),
    }[wrong]
    told = ""
    async with PostgresLedger(dsn) as ledger, charging(ledger) as (gateway, client):
        told += repr(ledger)
        for ask in (
            lambda: client.payments.purchase(request("ref")),
            lambda: ledger.find("ref"),
            lambda: client.payments.reconcile("no such"),
        ):
            try:
                await ask()
            except PaymentOptionsError as error:
                told += everything_shown(error)
            else:
                assert wrong == "none"
        assert gateway.attempts("ref") == (wrong == "none")
        hanging = asyncio.create_task(claim(ledger, "cancelled"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await hanging
        told += everything_shown(cancelled.value)
    told += "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    for secret in (PASSWORD, APPROVED, CVC, SECRET):
        assert not shows(told, secret)


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=localhost password={PASSWORD} word",
        f"host=localhost pasword={PASSWORD}",
        f"postgresql://app:{PASSWORD}@[::1/shop",
        f"postgresql://app:{PASSWORD}%zz@localhost/shop",
        PASSWORD,
    ],
)
def test_a_connection_string_that_cannot_be_read_is_refused_at_once_and_not_shown(dsn: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^dsn: ") as caught:
        PostgresLedger(dsn)
    assert PASSWORD not in everything_shown(caught.value)


@pytest.mark.parametrize("dsn", ["postgresql:///postgres?host=/nowhere", "postgresql://localhost:1/postgres"])
@pytest.mark.asyncio
async def test_a_server_that_is_not_there_lets_nothing_be_sent(dsn: str) -> None:
    async with PostgresLedger(dsn) as ledger, charging(ledger) as (gateway, client):
        with pytest.raises(NotSentError, match="PostgreSQL server cannot be used"):
            await client.payments.purchase(request("ref"))
        assert gateway.attempts("ref") == 0


@pytest.mark.parametrize("whose", ["ROLE postgres", "DATABASE postgres"])
@pytest.mark.asyncio
async def test_a_server_that_answers_before_it_has_written_is_told_not_to(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    impatient(monkeypatch, 10)
    dsn = own_server.schema()
    own_server.run(f"ALTER {whose} SET synchronous_commit = off")
    try:
        assert own_server.ask(dsn, "SHOW synchronous_commit") == "off"

        async def setting(server: Any) -> tuple[int, str]:
            await server.execute("SELECT pg_sleep(0.05)")
            row = await (
                await server.execute("SELECT pg_backend_pid(), current_setting('synchronous_commit')")
            ).fetchone()
            return row[0], row[1]

        async with PostgresLedger(dsn, max_connections=4) as ledger:
            seen = await asyncio.gather(*(ledger._run(setting) for _ in range(8)))
        assert len({pid for pid, _ in seen}) > 1
        assert {value for _, value in seen} == {"on"}
    finally:
        own_server.run(f"ALTER {whose} RESET synchronous_commit")


@pytest.mark.asyncio
async def test_a_server_that_waits_for_a_standby_is_left_so(own_server: Server) -> None:
    dsn = own_server.schema()
    own_server.run("ALTER ROLE postgres SET synchronous_commit = 'remote_apply'")
    try:
        async with PostgresLedger(dsn) as ledger:

            async def setting(server: Any) -> Any:
                return await (await server.execute("SHOW synchronous_commit")).fetchone()

            assert await ledger._run(setting) == ("remote_apply",)
    finally:
        own_server.run("ALTER ROLE postgres RESET synchronous_commit")


@pytest.mark.asyncio
async def test_several_that_make_the_tables_at_once_make_them_once(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, 10)
    dsn = own_server.schema()
    ledgers = [PostgresLedger(dsn, max_connections=1) for _ in range(8)]
    try:
        answers = await asyncio.gather(*(claim(ledger, f"{number}") for number, ledger in enumerate(ledgers)))
        assert all(isinstance(answer, Claim) for answer in answers)
        assert len([record async for record in ledgers[0].records()]) == 8
    finally:
        await asyncio.gather(*(ledger.close() for ledger in ledgers))
    assert own_server.ask(dsn, "SELECT count(*) = max(version) FROM paymentoptions_ledger")


@pytest.mark.asyncio
async def test_tables_of_a_later_release_are_left_alone(own_server: Server) -> None:
    dsn = own_server.schema()
    async with PostgresLedger(dsn) as ledger:
        await claim(ledger, "before")
    own_server.do(dsn, "INSERT INTO paymentoptions_ledger (version) VALUES (99)")
    async with PostgresLedger(dsn) as ledger, charging(ledger) as (gateway, client):
        with pytest.raises(NotSentError, match=r"a later release \(schema 99\): nothing was changed"):
            await client.payments.purchase(request("ref"))
        assert own_server.ask(dsn, "SELECT count(*) FROM paymentoptions_charge") == 1
        assert gateway.attempts("ref") == 0
        own_server.do(dsn, "DELETE FROM paymentoptions_ledger WHERE version = 99")
        assert isinstance(await client.payments.purchase(request("ref")), Payment)


@pytest.mark.asyncio
async def test_a_server_that_has_become_read_only_lets_nothing_be_sent(own_server: Server) -> None:
    async with PostgresLedger(own_server.schema()) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        own_server.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            await asyncio.sleep(0.1)
            with pytest.raises(NotSentError, match="ReadOnlySqlTransaction 25006"):
                await client.payments.purchase(request("ref"))
            assert gateway.attempts("ref") == 0
        finally:
            own_server.run(
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            )
        await asyncio.sleep(0.1)
        assert isinstance(await client.payments.purchase(request("ref")), Payment)


@pytest.mark.asyncio
async def test_tables_that_are_dropped_in_use_are_not_made_anew_but_missed(own_server: Server) -> None:
    dsn = own_server.schema()
    async with PostgresLedger(dsn) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        own_server.do(dsn, "DROP TABLE paymentoptions_charge")
        for reference in ("ref", "before"):
            with pytest.raises(NotSentError, match="UndefinedTable 42P01"):
                await client.payments.purchase(request(reference))
        assert (gateway.attempts("ref"), gateway.charges("before")) == (0, 1)


@pytest.mark.asyncio
async def test_connections_that_cannot_be_had_let_nothing_be_sent(own_server: Server) -> None:
    """All are taken, and stay so for longer than the ledger is patient."""
    release = asyncio.Event()

    async def hold(server: Any) -> None:
        await release.wait()

    async with PostgresLedger(own_server.schema(), max_connections=1) as ledger, charging(ledger) as (gateway, client):
        await client.payments.purchase(request("before"))
        holding = asyncio.create_task(ledger._run(hold))
        await asyncio.sleep(0.01)
        with pytest.raises(NotSentError, match="PoolTimeout"):
            await client.payments.purchase(request("ref"))
        release.set()
        await holding
        assert gateway.attempts("ref") == 0
        payment = await client.with_options(timeouts=FAST).payments.purchase(request("ref"))
        assert payment.recorded
        record = await ledger.find("ref")
        assert record is not None
        assert record.outcome.state is State.PAID
