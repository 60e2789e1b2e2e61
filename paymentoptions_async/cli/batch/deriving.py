"""What is made of the results at the end: the table, what somebody has to look at, the sums, the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...batch.entries import MEMBERS, OPEN
from ...batch.journal import latest, raw_latest
from ...batch.tally import Tally
from ..ledger.files import write_file
from ..sheet import csv_line
from .places import Places, check_ours

__all__ = ["derive", "tally_of", "write_page"]

_OPEN: Final = tuple(f'"outcome":"{outcome}",'.encode() for outcome in OPEN)


def derive(places: Places, ledger: str | None) -> Tally:
    """Write table and unknown ones anew, and add everything up.

    Args:
        places: Of the files.
        ledger: Where the ledger is; it is never written over.

    Raises:
        BadUsageError: A file cannot be made there.
        OSError: The disk is full, or the like.
    """
    tally = Tally()
    write_file(places.table, _table(places.results, tally), force=True, ledger=ledger)
    write_file(places.unknown, _open_ones(places.results), force=True, ledger=ledger)
    return tally


def _table(results: Path, tally: Tally) -> Iterator[str]:
    yield csv_line(MEMBERS)
    for entry in latest(results):
        tally.add(entry)
        yield csv_line("; ".join(value) if isinstance(value := entry[name], list) else value for name in MEMBERS)


def _open_ones(results: Path) -> Iterator[str]:
    for line in raw_latest(results):
        # The member comes third, right behind a reference in which quotes are escaped.
        if any(outcome in line[:300] for outcome in _OPEN):
            yield line.decode()


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
