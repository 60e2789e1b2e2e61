"""A batch as it is in its table, and what a person does with it. All of it is blocking: use it in a thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from ..errors import InvalidRequestError
from .jobs import defer
from .tables import BATCH, CHARGE, LANE, Standing

if TYPE_CHECKING:
    from .tables import Server

__all__ = ["COLUMNS", "Batch", "Figures", "entries", "figures", "find", "resume"]

COLUMNS: Final = "id, name, key_id, digest, total, chunk, api_version, rate, paused"
# Seconds; several times as long as it takes a worker to tell how it is doing.
_SEEN_LATELY: Final = 10.0
# Of what was begun nowhere, the first worker was at a wrong place perhaps: then the next one decides.
_LET_GO: Final = (
    f"UPDATE {BATCH} SET gateway = NULL, merchant_id = NULL WHERE id = %s AND NOT EXISTS (SELECT FROM {CHARGE}"
    f" WHERE batch = id AND amount IS NOT NULL AND standing > %s)"
)


class Batch(NamedTuple):
    """What was submitted.

    Attributes:
        id: Ours.
        name: The person's.
        key_id: Of the key under which it was submitted.
        digest: A keyed hash of its charges, without any CVC.
        total: How many charges it has.
        chunk: How many of them are handed out at once.
        api_version: Of the vendor's operation.
        rate: Charges a second, of all workers together.
        paused: Why nothing of it is begun, where that is so.
    """

    id: str
    name: str
    key_id: str
    digest: bytes
    total: int
    chunk: int
    api_version: int
    rate: float | None
    paused: str | None


class Figures(NamedTuple):
    """How far a batch is.

    Attributes:
        total: How many charges it has.
        outcomes: How many ended how.
        paused: Why nothing is begun, where that is so.
        workers: How many workers are at it.
        in_flight: How many charges they have under way.
        limit: How many they may have.
    """

    total: int
    outcomes: Counter[str]
    paused: str | None
    workers: int
    in_flight: int
    limit: int

    @property
    def done(self) -> int:
        """How many charges have a result."""
        return self.outcomes.total()


def find(server: Server, name: str) -> Batch:
    """The batch of a name.

    Args:
        server: The connection.
        name: As it was submitted.

    Raises:
        InvalidRequestError: There is none.
    """
    row = server.execute(f"SELECT {COLUMNS} FROM {BATCH} WHERE name = %s", (name,)).fetchone()
    if row is None:
        raise InvalidRequestError("there is no batch of this name")
    return Batch(*row)


def figures(server: Server, batch: Batch) -> Figures:
    """How far it is now.

    Args:
        server: The connection.
        batch: The batch.
    """
    counted = server.execute(
        f"SELECT outcome, count(*) FROM {CHARGE} WHERE batch = %s AND standing > %s GROUP BY outcome",
        (batch.id, Standing.OPEN),
    )
    outcomes = Counter({str(outcome): int(count) for outcome, count in counted.fetchall()})
    row: Any = server.execute(
        "SELECT paused, count(*) FILTER (WHERE most > 0), coalesce(sum(in_flight), 0), coalesce(sum(most), 0)"
        f" FROM {BATCH} LEFT JOIN {LANE} ON batch = id AND seen > clock_timestamp() - %s * interval '1 second'"
        " WHERE id = %s GROUP BY id",
        (_SEEN_LATELY, batch.id),
    ).fetchone()
    return Figures(batch.total, outcomes, *row)


def resume(server: Server, batch: Batch) -> int:
    """Have it go on: what the gateway did nothing about is begun again, and all that is open is handed out anew.

    Args:
        server: The connection.
        batch: The batch.

    Returns:
        How many charges are open now.
    """
    server.execute(f"UPDATE {BATCH} SET paused = NULL WHERE id = %s", (batch.id,))
    if batch.paused is not None:
        server.execute(_LET_GO, (batch.id, Standing.NOT_BEGUN))
    server.execute(
        f"UPDATE {CHARGE} SET standing = %s, tries = 0, outcome = NULL, entry = NULL"
        " WHERE batch = %s AND standing = %s AND sealed IS NOT NULL",
        (Standing.OPEN, batch.id, Standing.NOT_BEGUN),
    )
    found = server.execute(
        f"SELECT number / %s AS place, count(*) FROM {CHARGE} WHERE batch = %s AND standing = %s"
        " AND sealed IS NOT NULL GROUP BY place ORDER BY place",
        (batch.chunk, batch.id, Standing.OPEN),
    ).fetchall()
    defer(server, batch.id, batch.chunk, [int(place) * batch.chunk for place, _ in found])
    return sum(int(count) for _, count in found)


def entries(server: Server, batch: Batch) -> Iterator[dict[str, Any]]:
    """The results that there are, in the order of the file.

    Args:
        server: The connection.
        batch: The batch.
    """
    with server.cursor(name="paymentoptions_entries") as cursor:
        cursor.itersize = 1000
        cursor.execute(
            f"SELECT entry FROM {CHARGE} WHERE batch = %s AND standing > %s ORDER BY number", (batch.id, Standing.OPEN)
        )
        for (entry,) in cursor:
            yield orjson.loads(entry)
