"""`paymentoptions ledger list` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ... import Record, State
from ..exits import ExitCode
from ..output import write_json, write_rows, write_text
from ..usage import tell_error
from ..values import shown
from .place import LedgerOption, records_of, work_on
from .words import COLUMNS, in_columns, in_rows, is_alarming, record_json

__all__ = ["list_records", "show"]

# A table is for people. Who wants more than this reads JSON.
_LONGEST_TABLE: Final = 1000


def list_records(
    *,
    ledger: LedgerOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Settled ones as well.")] = False,
    state: Annotated[
        list[State] | None, typer.Option(help="Only these states; may be given again.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object for each record, on a line.")] = False,
) -> None:
    """List what somebody has to look at: unknown, contradicted, waiting for a payer, being charged.

    Exits 3 where money may have moved and nobody knows (unknown), or may have
    moved twice (contradicted), and 0 where there is nothing of the kind: a
    timed job can raise the alarm by it.

    For example:

        paymentoptions ledger list

        paymentoptions ledger list --all --state declined --json
    """
    wanted = frozenset(state or State)

    kept: list[Record] = []
    count, alarm = 0, False
    for record in records_of(ledger, unsettled=not everything):
        alarm = alarm or is_alarming(record)
        if record.outcome.state not in wanted:
            continue
        count += 1
        if as_json:
            write_json(record_json(record))
        elif count <= _LONGEST_TABLE:
            kept.append(record)
    if not as_json:
        _write_table(sorted(kept, key=lambda record: record.changed))
        write_text(_summary(count))
    raise typer.Exit(ExitCode.UNKNOWN if alarm else ExitCode.OK)


def _summary(count: int) -> str:
    if count > _LONGEST_TABLE:
        return f"{count} records, the first {_LONGEST_TABLE} by reference are shown: --json shows all.\n"
    return f"{count} record{'' if count == 1 else 's'}.\n"


def _write_table(records: Iterable[Record]) -> None:
    lines = [tuple(map(shown, in_columns(record))) for record in records]
    if not lines:
        return
    if sys.stdout.isatty():
        _write_framed(lines)
        return
    widths = [max(map(len, column)) for column in zip(COLUMNS, *lines, strict=True)]
    for line in (COLUMNS, *lines):
        write_text("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _write_framed(lines: list[tuple[str, ...]]) -> None:
    table = Table(*COLUMNS)
    for line in lines:
        table.add_row(*map(Text, line))
    console = Console()
    with console.capture() as capture:
        console.print(table)
    write_text(capture.get())


def show(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The merchant_txn_ref.", show_default=False)],
    *,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Show all that is known of one reference.

    Exits 1 where nothing is known of it.

    For example:

        paymentoptions ledger show order-1234
    """
    record = work_on(ledger, lambda store: store.find(reference))
    if record is None:
        tell_error("the ledger has no record of this reference")
        raise typer.Exit(ExitCode.REFUSED)
    if as_json:
        write_json(record_json(record))
        return
    mark = f", {record.mark}" if record.mark else ""
    code = ExitCode.UNKNOWN if is_alarming(record) else ExitCode.OK
    write_rows(f"{shown(record.merchant_txn_ref)}: {record.outcome.state}{mark}", in_rows(record), exit_code=code)
