"""Where the results of a run go, and that nothing of somebody else's is written over."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from ...batch.entries import MEMBERS
from ...batch.journal import MARK
from ..sheet import csv_line
from ..usage import BadUsageError
from .flags import ResultFlags

__all__ = ["HTML_MARK", "Places", "check_ours", "places_of", "report_of"]

HTML_MARK: Final = "<!doctype html>\n<!-- paymentoptions batch report -->\n"

_ENDS: Final = (".gz", ".csv", ".jsonl", ".ndjson", ".json", ".txt")
_MARKS: Final = {
    ".json": b'{"checked":',
    ".jsonl": MARK,
    ".csv": csv_line(MEMBERS).encode(),
    ".html": HTML_MARK.encode(),
}


@attrs.frozen
class Places:
    """The files of a run.

    Attributes:
        results: The journal: every result as it comes.
        table: The same as CSV, written at the end.
        unknown: What somebody has to look at, likewise.
        report: The page for people; `None` where none is wanted.
        note: That the file was looked through; see `marks`.
    """

    results: Path
    table: Path
    unknown: Path
    report: Path | None
    note: Path

    def derived(self) -> tuple[Path, ...]:
        """What is made of the results at the end of each run."""
        return tuple(path for path in (self.table, self.unknown, self.report) if path is not None)


def places_of(charges: str, flags: ResultFlags, *, sandbox: bool) -> Places:
    """The files of a run.

    Args:
        charges: The input.
        flags: What was given.
        sandbox: Whether the embedded gateway is charged: its results are kept apart from all others.

    Raises:
        BadUsageError: There is no name to go by, or something else is there.
    """
    if flags.results is None and (charges == "-" or charges.startswith("/dev/")):
        raise BadUsageError("give --results: there is no file beside which the results could be")
    if flags.results is not None:
        if flags.results.suffix != ".jsonl":
            raise BadUsageError("--results: a name that ends in .jsonl")
        base = flags.results.with_name(flags.results.name.removesuffix(".jsonl").removesuffix(".results"))
        results = flags.results
    else:
        base = _base(Path(charges))
        base = base.with_name(f"{base.name}.sandbox") if sandbox else base
        results = _beside(base, "results.jsonl")
    if flags.results_csv is not None and flags.results_csv.suffix != ".csv":
        raise BadUsageError("--results-csv: a name that ends in .csv")
    table = flags.results_csv or _beside(base, "results.csv")
    report = None if flags.no_report else _beside(base, "report.html")
    places = Places(results, table, _beside(base, "unknown.jsonl"), report, _beside(base, "checked.json"))
    _check(places, charges)
    return places


def report_of(results: Path) -> Path:
    """Where the report of such results is by default."""
    return _beside(results.with_name(results.name.removesuffix(".jsonl").removesuffix(".results")), "report.html")


def _base(path: Path) -> Path:
    while path.suffix in _ENDS and path.stem:
        path = path.with_suffix("")
    return path


def _beside(base: Path, end: str) -> Path:
    return base.with_name(f"{base.name}.{end}")


def _check(places: Places, charges: str) -> None:
    files = [places.results, places.note, *places.derived()]
    if charges != "-":
        files.append(Path(charges))
    if len({file.resolve() for file in files}) < len(files):
        raise BadUsageError("charges and results: each a file of its own")
    for path in (places.results, places.note, *places.derived()):
        check_ours(path)


def check_ours(path: Path) -> None:
    """See that a file may be replaced: it is not there, is empty, or begins as what is written there does.

    Args:
        path: Its suffix says what.

    Raises:
        BadUsageError: It may not, or cannot be read.
    """
    mark = _MARKS[path.suffix]
    try:
        if path.exists() and not path.is_file():
            raise BadUsageError(f"{path} is no file")
        found = _beginning(path, len(mark)) if path.exists() else b""
    except OSError as fault:
        raise BadUsageError(f"cannot read {path}: {fault.strerror}") from None
    if not mark.startswith(found):
        raise BadUsageError(f"{path} is there already, and is not of a batch: it is not written over")


def _beginning(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        return file.read(length)
