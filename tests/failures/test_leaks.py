"""What a durable ledger leaves on a disk, searched byte by byte."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs
import pytest

from paymentoptions_async import (
    PaymentOptions,
    PaymentOptionsError,
    PostgresLedger,
    PurchaseRequest,
    Secret,
    SqliteLedger,
)
from paymentoptions_async.ledger import Ledger
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.sandbox import Sandbox

from ..helpers import APPROVED, DECLINED, FAST, THREE_D_SECURE, request
from ..leaks.search import digests, spellings
from .servers import Server

SECRET: Final = "the-ledger's-own-secret-and-no-other"
FORMER: Final = "the-secret-that-was-there-before-it"
REFUSED: Final = "5200000000001006"
NUMBERS: Final = (APPROVED, DECLINED, THREE_D_SECURE, REFUSED)
KEYS: Final = ("sandbox-api-key", "sandbox-x-api-key")
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


NEVER: Final = {
    **{f"{text[:9]} as {spelled!r}": spelled for text in (*NUMBERS, SECRET, FORMER) for spelled in spellings(text)},
    **{f"digest of {number[:9]}": digest for number in NUMBERS for digest in digests(number)},
    **{
        f"{key} as {spelled!r}": spelled
        for key in ("sandbox-api-key", "sandbox-x-api-key")
        for spelled in spellings(key)
    },
    **{f"a cvc as {spelled!r}": spelled for name in ('"cvc"', '"cvv"') for spelled in spellings(name)},
}


def found_in(content: bytes) -> list[str]:
    return [what for what, spelled in NEVER.items() if spelled in content]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_search_finds_what_is_there_however_it_is_spelled() -> None:
    body = f'{{"card":{{"cvc":"739","number":"{APPROVED}"}}}}'.encode()
    for content in (body, body.hex().encode(), base64.b64encode(body), base64.b64encode(b" " + body)):
        told = str(found_in(b"before" + content + b"after"))
        assert "520000000 as" in told
        assert "a cvc as" in told
    assert not found_in(b"520000******1005, and the fingerprint " + bytes(range(256)))


async def charge_everything(ledger: Ledger) -> None:
    """Every way for a charge to end, at a gateway that tells the whole card again."""
    orders = [
        (1, {}), (2, {}), (1, {"number": DECLINED}), (2, {"number": THREE_D_SECURE}), (1, {"number": REFUSED}),
        (1, {"amount": "9000010"}), (1, {"amount": "9000068"}), (1, {}),
    ]  # fmt: skip
    faults = [*[None] * (len(orders) - 1), "reset:after_commit"]
    async with Sandbox(echo_card="full", faults=faults) as gateway:
        settings = gateway.settings(
            ledger_secret=SECRET, former_ledger_secrets=[FORMER], timeouts=FAST, log_level="critical"
        )
        async with PaymentOptions(settings, ledger=ledger) as client:
            # Once more each: that reads, compares and refuses.
            for number, (version, changes) in [*enumerate(orders)] * 2:
                order = request(f"reference-{number}", **changes)
                try:
                    await client.payments.purchase(order, version=2 if version == 2 else 1)
                except PaymentOptionsError:
                    assert changes or number == len(orders) - 1


@pytest.mark.asyncio
async def test_a_file_and_what_stands_beside_it_hold_no_card_no_cvc_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "charges.db"
    async with SqliteLedger(path) as ledger:
        await charge_everything(ledger)
        in_use = contents(tmp_path)
    assert sorted(in_use) == ["charges.db", "charges.db-shm", "charges.db-wal"]
    for content in (b"".join(in_use.values()), b"".join(contents(tmp_path).values())):
        assert b"reference-0" in content
        assert b"520000******1005" in content
        assert found_in(content) == []


@pytest.fixture
def talkative(own_server: Server) -> Iterator[Server]:
    """It writes every statement into its log, with all values."""
    own_server.run(
        "ALTER SYSTEM SET log_statement = 'all'",
        "ALTER SYSTEM SET log_min_duration_statement = 0",
        "ALTER SYSTEM SET log_connections = on",
        "ALTER SYSTEM SET wal_compression = off",
        "SELECT pg_reload_conf()",
    )
    yield own_server
    own_server.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


@pytest.mark.asyncio
async def test_a_server_and_its_log_hold_no_card_no_cvc_and_no_secret(talkative: Server) -> None:
    async with PostgresLedger(talkative.schema()) as ledger:
        await charge_everything(ledger)
    talkative.run("CHECKPOINT")
    files = contents(Path(talkative.data))
    log = files["log"]
    assert b"INSERT INTO paymentoptions_charge" in log
    assert b"reference-0" in log
    assert b"520000******1005".hex().encode() in log, "the masked answer, as a value of a statement"
    everything = b"".join(files.values())
    assert everything.count(b"520000******1005") > log.count(b"520000******1005")
    assert found_in(everything) == []


# --- nothing depends on the CVC ---------------------------------------------------------------------------


async def charged_with(cvc: str, ledger: Ledger) -> None:
    """The same charge, at the same moment, answered with the same id; only the CVC is another."""
    order: PurchaseRequest = request("ref")
    assert order.card is not None
    order = attrs.evolve(order, card=attrs.evolve(order.card, cvc=Secret(cvc)))
    runtime = Runtime(token=lambda: "token")
    async with Sandbox(ids=lambda: "an-id", now=lambda: NOW, port=0) as gateway:
        # The port is a part of the address: it must not be what sets them apart.
        settings = gateway.settings(ledger_secret=SECRET, timeouts=FAST)
        client = PaymentOptions(settings, ledger=ledger, runtime=runtime)
        client.payments._charging._orders._fingerprints._address = b"https://gateway"
        async with client:
            await client.payments.purchase(order)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.asyncio
async def test_no_column_depends_on_the_cvc(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seen = []
    for cvc in ("100", "739", "9999"):
        if kind == "sqlite":
            path = tmp_path / f"{cvc}.db"
            async with SqliteLedger(path, clock=lambda: 1.0) as ledger:
                await charged_with(cvc, ledger)
            with closing(sqlite3.connect(path)) as file:
                seen.append(file.execute("SELECT * FROM charge").fetchall())
        else:
            server: Server = request.getfixturevalue("own_server")
            dsn = server.schema()
            async with PostgresLedger(dsn, clock=lambda: 1.0) as postgres:
                await charged_with(cvc, postgres)
            seen.append(server.ask(dsn, "SELECT json_agg(row_to_json(charge)) FROM paymentoptions_charge AS charge"))
    assert len(seen[0]) == 1
    assert "an-id" in str(seen[0]) or b"an-id".hex() in str(seen[0]), "the answer is there"
    assert seen[0] == seen[1] == seen[2]
