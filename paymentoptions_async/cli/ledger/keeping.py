"""`paymentoptions ledger export` and `prune`."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer

from ... import Ledger, State
from ..exits import ExitCode
from ..output import write_text
from ..usage import BadUsageError, tell_error
from .place import LedgerOption, place_of, records_of, work_on
from .settling import confirmed
from .words import record_json

__all__ = ["export", "prune"]

_PERIOD: Final = re.compile(r"([0-9]{1,6})([dh])", re.ASCII)
_SECONDS: Final = {"d": 86_400, "h": 3_600}

_CSV: Final = (
    "merchant_txn_ref", "state", "mark", "operation", "amount", "currency", "card", "attempts", "transaction_id",
    "created", "changed", "status", "reason", "response_code", "gateway_code", "refusal", "evidence", "history",
)  # fmt: skip

# What makes a spreadsheet compute a cell in place of showing it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


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
) -> None:
    """Write all records: one JSON object on a line, or CSV.

    The answers hold the payers' names and addresses. Card numbers are masked.

    For example:

        paymentoptions ledger export --output ledger.jsonl

        paymentoptions ledger export --csv --state unknown
    """
    wanted = frozenset(state or State)

    line = _csv_line if as_csv else _json_line
    count = 0
    with _opened(output, force=force) as stream:
        if as_csv:
            stream.write(_csv_cells(_CSV))
        for record in records_of(ledger, unsettled=unsettled):
            if record.outcome.state in wanted:
                stream.write(line(record_json(record)))
                count += 1
    if output is not None:
        write_text(f"{count} records written to {output}.\n")


@contextmanager
def _opened(output: Path | None, *, force: bool) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        number = os.open(output, flags, 0o600)
    except FileExistsError:
        tell_error(f"{output} is there already: give --force to write over it")
        raise typer.Exit(ExitCode.USAGE) from None
    except OSError as fault:
        tell_error(f"cannot write {output}: {fault.strerror}")
        raise typer.Exit(ExitCode.USAGE) from None
    with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
        yield stream


def _json_line(told: dict[str, Any]) -> str:
    return json.dumps(told) + "\n"


def _csv_line(told: dict[str, Any]) -> str:
    told["evidence"] = "; ".join(told["evidence"])
    told["history"] = "; ".join("{at} {what}, by {by}: {reason}".format(**event) for event in told["history"])
    return _csv_cells(told[name] for name in _CSV)


def _csv_cells(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(_cell, values))
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def prune(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="PERIOD", help="Such as 400d or 48h; at least a day.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    ledger: LedgerOption = None,
) -> None:
    """Forget what was settled and has not changed for so long.

    The references of what is forgotten can be charged anew, so keep records
    for longer than anybody could send an old request again. What is unknown,
    contradicted, waiting for a payer or being charged is never forgotten.

    For example:

        paymentoptions ledger prune --older-than 400d
    """

    async def forget(store: Ledger) -> int | None:
        seconds = _seconds(older_than)
        what = (
            f"What was settled more than {older_than} ago is forgotten in {place_of(ledger)}, and can be charged anew."
        )
        return await store.prune(older_than=seconds) if confirmed(what, yes=yes) else None

    count = work_on(ledger, forget)
    if count is not None:
        write_text(f"{count} records forgotten.\n")


def _seconds(period: str) -> int:
    match = _PERIOD.fullmatch(period)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if seconds < _SECONDS["d"]:
        raise BadUsageError("--older-than: days or hours such as 400d or 48h, at least a day")
    return seconds
