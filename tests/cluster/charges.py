"""Batches to be submitted, and what is in the tables afterwards."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from paymentoptions_async.batch.sources import Source
from paymentoptions_async.cluster import Sealer, submit
from paymentoptions_async.cluster.batches import Batch
from paymentoptions_async.sandbox import Sandbox

BODY: Final[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "examples" / "purchase.json").read_bytes())
CARD: Final = str(BODY["card"]["number"])
CVC: Final = "0731"
"""No number in a table begins so."""
KEY: Final = bytes(range(32))
SECRET: Final = "a secret of the tests' ledger"


def sealer() -> Sealer:
    return Sealer(KEY)


def body_of(number: int, **members: Any) -> dict[str, Any]:
    card = {**BODY["card"], "cvc": CVC}
    return {**BODY, "card": card, "merchant_txn_ref": f"order-{number:05}", **members}


def jsonl(bodies: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


def source_of(bodies: Iterable[dict[str, Any]]) -> Source:
    return Source(io.BytesIO(jsonl(bodies)))


def source(count: int) -> Source:
    return source_of(body_of(number) for number in range(count))


def rows(dsn: str, statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as server:
        return server.execute(statement, values).fetchall()


def outcomes(dsn: str) -> Counter[str | None]:
    return Counter(row[0] for row in rows(dsn, "SELECT outcome FROM paymentoptions_batch_charge"))


def secrets_in(text: str, *numbers: str) -> list[str]:
    """Which of these numbers stand in a text, by themselves: keys and times may hold any four digits."""
    return [number for number in (*numbers, CARD, CVC) if re.search(rf"(?<![\w.]){number}(?![\w.])", text)]


def dump(dsn: str) -> str:
    """All that can be read in the tables."""
    return re.sub(r"\\\\x[0-9a-f]{40,}", "(sealed)", b"".join(_everything(dsn)).decode())


def _everything(dsn: str) -> Iterator[bytes]:
    with psycopg.connect(dsn, autocommit=True) as server:
        tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        for (table,) in tables:
            with server.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                for part in copy:
                    yield bytes(part)


async def submitted(dsn: str, count: int, **options: Any) -> Batch:
    return await submitted_bodies(dsn, [body_of(number) for number in range(count)], **options)


async def submitted_bodies(dsn: str, bodies: list[dict[str, Any]], **options: Any) -> Batch:
    return await asyncio.to_thread(lambda: submit(dsn, source_of(bodies), sealer(), name="payday", **options))


async def query(dsn: str, statement: str, *values: Any) -> list[Any]:
    return await asyncio.to_thread(rows, dsn, statement, *values)


def charged(gateway: Sandbox, count: int) -> list[int]:
    return [gateway.charges(f"order-{number:05}") for number in range(count)]
