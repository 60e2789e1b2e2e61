"""`paymentoptions ledger export` and `prune`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ... import Record, State
from ...ledger.telling import record_json
from ..output import write_json, write_lines, write_text
from ..sheet import csv_line
from ..usage import BadUsageError
from ..values import shown
from .files import write_file
from .place import LedgerOption, place_of
from .settling import confirm
from .work import faults_told, records_of, work_on

__all__ = ["export", "prune"]

_PERIOD: Final = re.compile(r"([0-9]{1,6})([dh])", re.ASCII)
_SECONDS: Final = {"d": 86_400, "h": 3_600}

_CSV: Final = (
    "merchant_txn_ref", "state", "mark", "operation", "of_transaction", "amount", "currency", "card", "attempts",
    "transaction_id", "created", "changed", "status", "reason", "response_code", "gateway_code", "refusal",
    "evidence", "history",
)  # fmt: skip


def export(
    *,
    output: Annotated[
        Path | None,
        typer.Option(help="A file that only you can read. Else stdout.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV without the answers, in place of JSON lines.")] = False,
    unsettled: Annotated[bool, typer.Option("--unsettled", help="Only what `list` shows.")] = False,
    state: Annotated[
        list[State] | None, typer.Option(help="Only these states; may be given again.", show_default=False)
    ] = None,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, as without it.")] = False,
) -> None:
    """Write all records: one JSON object on a line, or CSV.

    The answers hold the payers' names and addresses. Card numbers are masked.
    In CSV a cell that a spreadsheet would compute begins with an apostrophe;
    JSON tells everything as it is.

    For example:

        paymentoptions ledger export --output ledger.jsonl

        paymentoptions ledger export --csv --state unknown
    """
    wanted = frozenset(state or State)
    count = 0

    def chosen(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
        nonlocal count
        for record in records:
            if record.outcome.state in wanted:
                count += 1
                yield record_json(record)

    with records_of(ledger, unsettled=unsettled) as records:
        if as_csv and as_json:
            raise BadUsageError("--csv or --json: one of them")
        lines = _csv_lines(chosen(records)) if as_csv else map(_json_line, chosen(records))
        if output is None:
            write_lines(lines)
        else:
            write_file(output, lines, force=force, ledger=ledger)
            write_text(f"{count} records written to {shown(output)}.\n")


def _csv_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield csv_line(_CSV)
    yield from map(_csv_line, records)


def _json_line(told: dict[str, Any]) -> str:
    return json.dumps(told) + "\n"


def _csv_line(told: dict[str, Any]) -> str:
    told["evidence"] = "; ".join(told["evidence"])
    told["history"] = "; ".join("{at} {what}, by {by}: {reason}".format(**event) for event in told["history"])
    return csv_line(told[name] for name in _CSV)


def prune(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="PERIOD", help="Such as 400d or 48h; at least a day.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    ledger: LedgerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object: `forgotten`, how many.")] = False,
) -> None:
    """Forget what was settled and has not changed for so long.

    The references of what is forgotten can be charged anew, so keep records
    for longer than anybody could send an old request again. What is unknown,
    contradicted, waiting for a payer or being charged is never forgotten.

    For example:

        paymentoptions ledger prune --older-than 400d
    """
    with faults_told():
        seconds = _seconds(older_than)
        confirm(
            f"What was settled more than {older_than} ago is forgotten in {shown(place_of(ledger))},"
            " and can be charged anew.",
            yes=yes,
        )
    count = work_on(ledger, lambda store: store.prune(older_than=seconds))
    if as_json:
        write_json({"forgotten": count})
    else:
        write_text(f"{count} records forgotten.{' Their references can be charged anew.' if count else ''}\n")


def _seconds(period: str) -> int:
    match = _PERIOD.fullmatch(period)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if seconds < _SECONDS["d"]:
        raise BadUsageError("--older-than: days or hours such as 400d or 48h, at least a day")
    return seconds
