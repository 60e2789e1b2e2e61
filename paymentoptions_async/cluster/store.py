"""What a worker reads and writes of the tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from ..batch.result import ChargeOutcome, ChargeResult
from ..errors import AuthenticationError, RateLimitedError
from .batches import COLUMNS, Batch
from .sealing import RowKey, Sealed
from .tables import BATCH, CHARGE, LANE, Standing

if TYPE_CHECKING:
    from typing import TypeAlias

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[Any]]

__all__ = ["Known", "Landed", "Row", "State", "Store", "standing_of"]

_PAGE: Final = 500

# What was not sent is begun so many times before that is its result.
_TRIES: Final = 3

# The body goes with the result, in one statement: a charge that has ended has no CVC any more.
_AGAIN: Final = f"%(again)s AND standing = {Standing.OPEN} AND tries < {_TRIES - 1} AND sealed IS NOT NULL"
_DOUBT: Final = ChargeOutcome.UNKNOWN.value
_LAND: Final = (
    f"UPDATE {CHARGE} SET tries = tries + 1, standing = CASE WHEN {_AGAIN} THEN standing ELSE %(standing)s END,"
    f" outcome = CASE WHEN {_AGAIN} THEN NULL ELSE %(outcome)s END,"
    f" entry = CASE WHEN {_AGAIN} THEN NULL ELSE %(entry)s END,"
    " sealed = CASE WHEN %(keeps)s THEN sealed END, key_id = CASE WHEN %(keeps)s THEN key_id END"
    " WHERE batch = %(batch)s AND number = %(number)s AND (standing < %(standing)s"
    f" OR standing = %(standing)s AND outcome = '{_DOUBT}' AND %(outcome)s <> '{_DOUBT}') RETURNING standing"
)
_CORRECT: Final = (
    f"UPDATE {CHARGE} SET standing = %s, outcome = %s, entry = %s, sealed = NULL, key_id = NULL"
    " WHERE batch = %s AND number = %s AND standing = %s AND outcome IS NOT DISTINCT FROM %s"
)
_KNOWN: Final = f"SELECT number, merchant_txn_ref, line, amount, currency, card, standing, entry FROM {CHARGE}"
_PASSED: Final = (
    f"{_KNOWN} WHERE batch = %s AND merchant_txn_ref = ANY(%s) AND amount IS NOT NULL"
    f" AND standing IN ({Standing.NOT_BEGUN}, {Standing.SETTLED})"
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


class Row(NamedTuple):
    """A charge that has no result yet.

    Attributes:
        key: Which it is.
        line: The number of its line in the file.
        sealed: Its body.
    """

    key: RowKey
    line: int
    sealed: Sealed


class Landed(NamedTuple):
    """A charge that has one.

    Attributes:
        key: Which it is.
        standing: How much is known.
        entry: What it was.
        comes_again: Whether it is to be begun again, unless it was so a few times already.
    """

    key: RowKey
    standing: int
    entry: dict[str, Any]
    comes_again: bool = False


class Known(NamedTuple):
    """A charge of which the ledger may know more than its result says.

    Attributes:
        key: Which it is.
        line: The number of its line in the file.
        standing: Of its result, where it has one.
        asked: What was asked, by the names that an entry has for it.
        entry: The result.
    """

    key: RowKey
    line: int
    standing: int
    asked: dict[str, str | None]
    entry: dict[str, Any] | None

    @property
    def outcome(self) -> str | None:
        """That of its result."""
        return self.entry["outcome"] if self.entry else None


class State(NamedTuple):
    """Whether a batch goes on.

    Attributes:
        paused: Why not.
        is_open: Whether anything of it has no result.
    """

    paused: str | None
    is_open: bool


def standing_of(result: ChargeResult) -> int:
    """How much a result tells.

    Args:
        result: Of a charge.
    """
    if result.outcome is ChargeOutcome.NOT_SENT or isinstance(result.error, AuthenticationError | RateLimitedError):
        # Recorded or not: whether it can be begun again is the ledger's to say, when that is tried.
        return Standing.NOT_BEGUN
    if not getattr(result.payment or result.challenge or result.error, "recorded", True):
        return Standing.UNSETTLED
    if result.outcome in (ChargeOutcome.UNKNOWN, ChargeOutcome.CHALLENGE):
        return Standing.UNSETTLED
    return Standing.SETTLED


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

    async def known(self, batch: str, standing: int) -> AsyncIterator[Known]:
        """All charges of a standing.

        Args:
            batch: The id.
            standing: Which.
        """
        after = -1
        while rows := await self._rows(
            f"{_KNOWN} WHERE batch = %s AND standing = %s AND number > %s ORDER BY number LIMIT %s",
            (batch, standing, after, _PAGE),
        ):
            for row in rows:
                yield _known(batch, row)
            after = rows[-1][0]

    async def passed(self, batch: str, references: Sequence[str]) -> list[Known]:
        """What counts as not begun or as settled, but for lines that were wrong: those never were charges.

        Args:
            batch: The id.
            references: Of the charges.
        """
        return [_known(batch, row) for row in await self._rows(_PASSED, (batch, references))]

    async def correct(self, found: Known, landed: Landed) -> None:
        """Write down what the ledger says, unless the row has changed since.

        Args:
            found: What was there.
            landed: What is to be there.
        """
        entry = orjson.dumps(landed.entry).decode()
        told = (landed.standing, landed.entry["outcome"], entry)
        await self._do(_CORRECT, [(*told, found.key.batch, found.key.number, found.standing, found.outcome)])

    async def erase(self, batch: str) -> None:
        """Erase the bodies of a batch, for good.

        Args:
            batch: The id.
        """
        await self._do(f"UPDATE {CHARGE} SET sealed = NULL, key_id = NULL WHERE batch = %s", [(batch,)])

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as server:
            return await (await server.execute(statement, values)).fetchall()

    async def _do(self, statement: str, values: Sequence[Any]) -> None:
        async with self._pool.connection() as server, server.cursor() as cursor:
            await cursor.executemany(statement, values)


def _known(batch: str, row: Any) -> Known:
    number, reference, line, amount, currency, card, standing, entry = row
    asked = {"amount": amount, "currency": currency, "card": card}
    return Known(RowKey(batch, number, reference), line, standing, asked, orjson.loads(entry) if entry else None)


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
