"""What a worker reads and writes of the tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from ..batch.entries import Place
from ..batch.result import ChargeOutcome
from .batches import COLUMNS, Batch
from .rows import Known, Landed, Row, State
from .sealing import RowKey, Sealed
from .tables import BATCH, CHARGE, LANE, Standing

if TYPE_CHECKING:
    from typing import TypeAlias

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[Any]]

__all__ = ["Store"]

_PAGE: Final = 500

# What was not sent is begun so many times before that is its result.
_TRIES: Final = 3

# Seconds after which nobody begins any more what he has held: a worker has forgotten it long before (`lane`), and what
# he began before that is in the ledger.
_HOLD: Final = 60

# The body goes with the result, in one statement: a charge that has ended has no CVC any more.
_AGAIN: Final = f"%(again)s AND standing = {Standing.OPEN} AND tries < {_TRIES - 1} AND sealed IS NOT NULL"
_DOUBT: Final = ChargeOutcome.UNKNOWN.value
# Of those that are not settled, what was refused tells nothing about an earlier try.
_TELLS_NOTHING: Final = f"('{_DOUBT}', '{ChargeOutcome.REFUSED.value}')"
_LAND: Final = (
    f"UPDATE {CHARGE} SET tries = tries + 1, standing = CASE WHEN {_AGAIN} THEN standing ELSE %(standing)s END,"
    f" outcome = CASE WHEN {_AGAIN} THEN NULL ELSE %(outcome)s END,"
    f" entry = CASE WHEN {_AGAIN} THEN NULL ELSE %(entry)s END,"
    " sealed = CASE WHEN %(keeps)s THEN sealed END, key_id = CASE WHEN %(keeps)s THEN key_id END"
    " WHERE batch = %(batch)s AND number = %(number)s AND (standing < %(standing)s"
    f" OR standing = %(standing)s AND outcome = '{_DOUBT}' AND %(outcome)s NOT IN {_TELLS_NOTHING}) RETURNING standing"
)
_IS_HELD: Final = f"coalesce(held > clock_timestamp() - {_HOLD} * interval '1 second', false)"
_CORRECT: Final = (
    f"UPDATE {CHARGE} SET standing = %s, outcome = %s, entry = %s, sealed = NULL, key_id = NULL"
    " WHERE batch = %s AND number = %s AND standing = %s AND outcome IS NOT DISTINCT FROM %s"
    f" AND (%s OR NOT {_IS_HELD})"
)
# Of lines that were wrong there is no amount: those never were charges.
_KNOWN: Final = (
    f"SELECT number, merchant_txn_ref, line, amount, currency, card, standing, entry, {_IS_HELD} FROM {CHARGE}"
    " WHERE batch = %s AND standing = ANY(%s) AND number > %s AND amount IS NOT NULL ORDER BY number LIMIT %s"
)
_HOLD_SOME: Final = (
    f"UPDATE {CHARGE} SET held = clock_timestamp() WHERE batch = %(batch)s AND number = ANY(%(numbers)s)"
    f" AND standing = {Standing.OPEN} AND sealed IS NOT NULL"
    f" AND EXISTS (SELECT FROM {BATCH} WHERE id = %(batch)s AND paused IS NULL) RETURNING number"
)
_ADOPT: Final = (
    f"UPDATE {BATCH} SET gateway = coalesce(gateway, %s), merchant_id = coalesce(merchant_id, %s) WHERE id = %s"
    " RETURNING gateway, merchant_id"
)
_REPORT: Final = (
    f"INSERT INTO {LANE} (batch, worker, in_flight, most, seen) VALUES (%s, %s, %s, %s, clock_timestamp())"
    " ON CONFLICT (batch, worker) DO UPDATE SET in_flight = excluded.in_flight, most = excluded.most,"
    " seen = excluded.seen"
)
_OPEN: Final = f"EXISTS (SELECT FROM {CHARGE} AS charge WHERE charge.batch = batch.id AND standing = {Standing.OPEN})"
_HANDFUL: Final = "%(count)s * interval '1 second' / rate"
_TAKE: Final = (
    f"UPDATE {BATCH} SET next_token = greatest(next_token, clock_timestamp()) + {_HANDFUL} WHERE id = %(batch)s"
    f" RETURNING extract(epoch FROM next_token - {_HANDFUL} - clock_timestamp())::float8"
)


class Store:
    """The tables, over a pool of connections.

    Args:
        pool: Of the worker.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def batch(self, batch: str) -> Batch | None:
        """A batch; `None` where it is gone.

        Args:
            batch: Its id.
        """
        rows = await self._rows(f"SELECT {COLUMNS} FROM {BATCH} WHERE id = %s", (batch,))
        return Batch(*rows[0]) if rows else None

    async def open_rows(self, batch: str, first: int, last: int) -> list[Row]:
        """What has no result yet.

        Args:
            batch: The id.
            first: The first number.
            last: The last one.
        """
        rows = await self._rows(
            f"SELECT number, merchant_txn_ref, line, key_id, sealed FROM {CHARGE} WHERE batch = %s"
            " AND number BETWEEN %s AND %s AND standing = %s AND sealed IS NOT NULL ORDER BY number",
            (batch, first, last, Standing.OPEN),
        )
        return [Row(RowKey(batch, row[0], row[1]), row[2], Sealed(row[3], row[4])) for row in rows]

    async def hold(self, batch: str, numbers: Sequence[int]) -> set[int]:
        """Mark charges as such that a worker may begin from now on.

        Args:
            batch: The id.
            numbers: Of the charges.

        Returns:
            Which of them it may: not those that have a result, or none of a batch that is paused, purged or gone.
        """
        rows = await self._rows(_HOLD_SOME, {"batch": batch, "numbers": [*numbers]})
        return {row[0] for row in rows}

    async def adopt(self, batch: str, place: Place) -> Place | None:
        """Have a batch charged at a place, unless it is charged at another one already.

        Args:
            batch: The id.
            place: Where a worker charges.

        Returns:
            Where the batch is charged; `None` where it is gone.
        """
        rows = await self._rows(_ADOPT, (*place, batch))
        return Place(*rows[0]) if rows else None

    async def states(self, batches: Iterable[str]) -> dict[str, State]:
        """Which of them go on.

        Args:
            batches: The ids.
        """
        rows = await self._rows(f"SELECT id, paused, {_OPEN} FROM {BATCH} AS batch WHERE id = ANY(%s)", ([*batches],))
        return {row[0]: State(row[1], row[2]) for row in rows}

    async def report(self, worker: str, lanes: Iterable[tuple[str, int, int]]) -> None:
        """Tell how a worker is doing, for those who watch.

        Args:
            worker: Its name.
            lanes: The ids of its batches, how many charges are under way there, and how many may be.
        """
        await self._do(_REPORT, [(batch, worker, in_flight, most) for batch, in_flight, most in lanes])

    async def pause(self, batch: str, reason: str) -> None:
        """Have all workers begin nothing more of it. The first reason stays.

        Args:
            batch: The id.
            reason: Why.
        """
        await self._do(f"UPDATE {BATCH} SET paused = %s WHERE id = %s AND paused IS NULL", [(reason, batch)])

    async def take(self, batch: str, count: int) -> float:
        """Take tokens of the batch's common bucket.

        The bucket is kept as the moment at which its next token falls, by the server's clock.

        Args:
            batch: The id.
            count: How many.

        Returns:
            In how many seconds the first of them falls. The others follow, each when its time has come.
        """
        rows = await self._rows(_TAKE, {"batch": batch, "count": count})
        return max(0.0, rows[0][0]) if rows else 0.0

    async def land(self, landed: Sequence[Landed]) -> list[bool]:
        """Write results down, each where no better one is.

        Args:
            landed: The results.

        Returns:
            Of each whether there is a result now, and it is not begun again.
        """
        told: list[bool] = []
        if not landed:
            return told
        async with self._pool.connection() as server, server.cursor() as cursor:
            await cursor.executemany(_LAND, [_values(one) for one in landed], returning=True)
            async for written in cursor.results():
                row = await written.fetchone()
                told.append(row is None or row[0] > Standing.OPEN)
        return told

    async def known(self, batch: str, standings: Sequence[int]) -> AsyncIterator[list[Known]]:
        """All charges of some standings, some at a time. Lines that were wrong are none.

        Args:
            batch: The id.
            standings: Which.
        """
        after = -1
        while rows := await self._rows(_KNOWN, (batch, [*standings], after, _PAGE)):
            yield [_known(batch, row) for row in rows]
            after = rows[-1][0]

    async def correct(self, found: Known, landed: Landed) -> bool:
        """Write down what the ledger says, and erase the body, unless the row has changed since.

        Args:
            found: What was there. Where it was not held, it must not be held now.
            landed: What is to be there.

        Returns:
            Whether it is there now.
        """
        told = (landed.standing, landed.entry["outcome"], orjson.dumps(landed.entry).decode())
        there = (found.key.batch, found.key.number, found.standing, found.outcome, found.is_held)
        async with self._pool.connection() as server:
            return bool((await server.execute(_CORRECT, (*told, *there))).rowcount)

    async def erase(self, batch: str) -> None:
        """Erase the bodies of all that has a result, for good.

        Args:
            batch: The id.
        """
        await self._do(
            f"UPDATE {CHARGE} SET sealed = NULL, key_id = NULL WHERE batch = %s AND standing > %s",
            [(batch, Standing.OPEN)],
        )

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as server:
            return await (await server.execute(statement, values)).fetchall()

    async def _do(self, statement: str, values: Sequence[Any]) -> None:
        async with self._pool.connection() as server, server.cursor() as cursor:
            await cursor.executemany(statement, values)


def _known(batch: str, row: Any) -> Known:
    number, reference, line, amount, currency, card, standing, entry, is_held = row
    asked = {"amount": amount, "currency": currency, "card": card}
    told = orjson.loads(entry) if entry else None
    return Known(RowKey(batch, number, reference), line, standing, asked, told, is_held)


def _values(landed: Landed) -> dict[str, Any]:
    return {
        "batch": landed.key.batch,
        "number": landed.key.number,
        "standing": landed.standing,
        "outcome": landed.entry["outcome"],
        "entry": orjson.dumps(landed.entry).decode(),
        "keeps": landed.standing == Standing.NOT_BEGUN,
        "again": landed.comes_again,
    }
