"""What is made of the results at the end: the table, what somebody has to look at, the sums, the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...batch.entries import MEMBERS
from ...batch.journal import latest, raw_open
from ...batch.tally import Tally
from ..ledger.files import write_file
from ..sheet import csv_line
from .places import Places, check_ours

__all__ = ["derive", "tally_of", "write_page"]


def derive(places: Places, ledger: str | None) -> Tally:
    """Write the table and what is to be looked at anew, and add everything up.

    Args:
        places: Of the files.
        ledger: Where the ledger is; it is never written over.

    Raises:
        BadUsageError: A file cannot be made there.
        OSError: The disk is full, or the like.
    """
    tally = Tally()
    to_look_at = (line.decode() for line in raw_open(places.results))
    for path, lines in ((places.table, _table(places.results, tally)), (places.unknown, to_look_at)):
        _sweep(path)
        write_file(path, lines, force=True, ledger=ledger)
    return tally


def _sweep(path: Path) -> None:
    """Take away what runs that were killed while they wrote it have left: the journal's lock says that none lives."""
    begins = f".{path.name}."
    for part in path.parent.iterdir():
        if part.name.startswith(begins) and part.name.removeprefix(begins).isdecimal():
            part.unlink(missing_ok=True)


def _table(results: Path, tally: Tally) -> Iterator[str]:
    yield csv_line(MEMBERS)
    for entry in latest(results):
        tally.add(entry)
        yield csv_line("; ".join(value) if isinstance(value := entry[name], list) else value for name in MEMBERS)


def tally_of(results: Path) -> Tally:
    """Everything added up.

    Args:
        results: A journal.

    Raises:
        JournalError: It is none.
        OSError: It cannot be read.
    """
    tally = Tally()
    for entry in latest(results):
        tally.add(entry)
    return tally


def write_page(tally: Tally, path: Path, *, title: str, left: int, ledger: str | None) -> None:
    """Write the page for people.

    Args:
        tally: What is shown.
        path: Where.
        title: The name of the batch.
        left: How many lines have no result.
        ledger: Where the ledger is; it is never written over.

    Raises:
        BadUsageError: It cannot be made there, or something else is there.
    """
    from .page import page_of

    check_ours(path)
    write_file(path, [page_of(tally, title=title, left=left)], force=True, ledger=ledger)
