"""`paymentoptions ledger list` and `show`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ... import Record, State
from ...ledger.rules import UNSETTLED
from ...ledger.telling import is_alarming, record_json
from ..exits import ExitCode
from ..output import write_lines, write_text
from ..usage import tell_error
from ..values import shown
from .place import LedgerOption
from .words import COLUMNS, REF_HELP, in_columns, tell_record
from .work import records_of, work_on

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

    The table begins with what has waited longest; JSON comes in the order of
    the references. The table's states are in the words of the operation, such
    as refunded; --state takes the ledger's own, for which that is paid.

    For example:

        paymentoptions ledger list

        paymentoptions ledger list --all --state declined --json
    """
    wanted = frozenset(state or State)
    # A settled state that is asked for by name is looked for among the settled ones.
    unsettled = not everything and (state is None or wanted <= set(UNSETTLED))
    alarm = False

    def chosen(records: Iterator[Record]) -> Iterator[Record]:
        nonlocal alarm
        for record in records:
            alarm = alarm or is_alarming(record)
            if record.outcome.state in wanted:
                yield record

    with records_of(ledger, unsettled=unsettled) as records:
        if as_json:
            write_lines(json.dumps(record_json(record)) + "\n" for record in chosen(records))
        else:
            _write_people(chosen(records))
    raise typer.Exit(ExitCode.UNKNOWN if alarm else ExitCode.OK)


def _write_people(records: Iterator[Record]) -> None:
    kept: list[Record] = []
    count = 0
    for count, record in enumerate(records, 1):
        if count <= _LONGEST_TABLE:
            kept.append(record)
    _write_table(sorted(kept, key=lambda record: record.changed))
    write_text(_summary(count))


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
    reference: Annotated[str, typer.Argument(metavar="REF", help=REF_HELP, show_default=False)],
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
    tell_record(record, as_json=as_json)
