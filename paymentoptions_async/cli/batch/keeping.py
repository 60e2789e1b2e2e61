"""`paymentoptions batch resume`, `results` and `purge`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import orjson
import typer

from ... import Ledger, PostgresLedger
from ..ledger.files import write_file
from ..ledger.place import LedgerOption
from ..ledger.settling import confirm
from ..ledger.work import faults_told
from ..logs import configure_logs
from ..output import write_json, write_lines, write_text
from ..usage import BadUsageError
from ..values import shown
from .places import check_ours
from .servers import NameArgument, dsn_of, found

if TYPE_CHECKING:
    from ...cluster.store import Store

__all__ = ["purge", "results", "resume"]

T = TypeVar("T")
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]


def resume(name: NameArgument, *, ledger: LedgerOption = None, as_json: JsonOption = False) -> None:
    """Have a paused batch go on, and begin again what the gateway has done nothing about.

    That is what was not sent, and what was refused for its credentials or
    its rate. It is harmless at any time, and puts right whatever has gone
    wrong with the handing out.

    For example:

        paymentoptions batch resume payday
    """
    configure_logs(verbose=False)
    with faults_told():
        dsn_of(ledger)
        from ...cluster.batches import resume as go_on

        with found(ledger, name) as (server, batch):
            count = go_on(server, batch)
    if as_json:
        write_json({"name": name, "open": count})
    else:
        write_text(f"{count} charges are open, and handed out to the workers.\n")


def results(
    name: NameArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.jsonl", help="Else stdout.", show_default=False),
    ] = None,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --output: tell of it as one JSON object.")] = False,
) -> None:
    """Write the results that there are, in the order of the file, as `batch run` writes them.

    All of them are held against the ledger first.
    `batch report` makes a page of such a file.

    For example:

        paymentoptions batch results payday -o payday.results.jsonl
    """
    configure_logs(verbose=False)
    with faults_told():
        if output is not None and output.suffix != ".jsonl":
            raise BadUsageError("--output: a name that ends in .jsonl")
        if output is not None:
            check_ours(output)
        from ...cluster.batches import entries
        from ...cluster.settling import settle

        with found(ledger, name) as (_, batch):
            pass
        _do(ledger, lambda store, records: settle(store, records, batch.id, lambda: datetime.now(UTC)))
        with found(ledger, name) as (server, batch):
            lines = (orjson.dumps(entry).decode() + "\n" for entry in entries(server, batch))
            if output is None:
                write_lines(lines)
            else:
                write_file(output, lines, force=True, ledger=ledger)
    if output is None:
        return
    if as_json:
        write_json({"name": name, "file": str(output)})
    else:
        write_text(f"Results written to {shown(output)}.\n")


def purge(
    name: NameArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase every card that is left of a batch. What was not begun cannot be charged from it any more.

    The results stay, and what was not begun has `not_sent` as its result.
    What a worker is at, or may begin yet, is unknown: `batch results` tells
    more when the worker has, or after a minute.

    For example:

        paymentoptions batch purge payday
    """
    configure_logs(verbose=False)
    with faults_told():
        with found(ledger, name) as (_, batch):
            pass
        from ...cluster.settling import purge as erase

        confirm(f"Every card that is left of batch {shown(name)} is erased.", yes=yes)
        purged = _do(ledger, lambda store, records: erase(store, records, batch.id, lambda: datetime.now(UTC)))
    if as_json:
        write_json({"name": name, **purged._asdict()})
        return
    write_text(f"No card is left. {purged.not_begun} charges were not begun.\n")
    if purged.unknown:
        write_text(f"{purged.unknown} are unknown: ask for the results after a minute.\n")


def _do(ledger: str | None, work: Callable[[Store, Ledger], Awaitable[T]]) -> T:
    dsn = dsn_of(ledger)
    from psycopg_pool import AsyncConnectionPool

    from ...cluster.store import Store
    from ...cluster.tables import faults_told as server_faults_told

    async def done() -> T:
        async with (
            PostgresLedger(dsn, max_connections=2) as records,
            AsyncConnectionPool(dsn, min_size=1, max_size=2, open=False) as pool,
        ):
            return await work(Store(pool), records)

    with server_faults_told():
        return asyncio.run(done())
