"""`paymentoptions batch report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...batch.journal import JournalError
from ..exits import ExitCode
from ..ledger.work import faults_told
from ..output import write_json, write_rows
from ..usage import BadUsageError, without_numbers
from .deriving import tally_of, write_page
from .places import report_of
from .summary import exit_code_of, summary_json, summary_rows, title_of

__all__ = ["report"]


def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS.jsonl", help="What `batch run` has written.", show_default=False)
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Else beside the results.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Make one page of the results of a batch: what was paid, what was not and why, how long it took.

    The page holds everything that it shows and asks for nothing elsewhere.
    Card data is not in it. It can be made while the batch still runs.

    It exits as `batch run` would: 0 where all were paid, 1 where not, 3
    where something is unknown.

    For example:

        paymentoptions batch report charges.results.jsonl -o tuesday.html
    """
    with faults_told():
        page = report_of(results) if output is None else output
        if page.suffix != ".html":
            raise BadUsageError("--output: a name that ends in .html")
        try:
            tally = tally_of(results)
        except JournalError as fault:
            raise BadUsageError(str(fault)) from None
        except OSError as fault:
            raise BadUsageError(f"cannot read {without_numbers(str(results))}: {fault.strerror}") from None
        write_page(tally, page, title=_title(results), left=0, ledger=None)
    code: ExitCode = exit_code_of(tally, left=0, stopped=False)
    if as_json:
        write_json({**summary_json(tally), "report": str(page), "exit_code": code})
    else:
        write_rows(title_of(tally, left=0), [*summary_rows(tally), ("report", page)], exit_code=code)
    raise typer.Exit(code)


def _title(results: Path) -> str:
    return without_numbers(results.name.removesuffix(".jsonl").removesuffix(".results"))
