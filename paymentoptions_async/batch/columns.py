"""The columns of a CSV file: which member of the body each one is."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import NoneType
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import attrs

from ..errors import Problem
from ..models.purchase_request import PurchaseRequest
from ..models.wire import wire_names
from ..redaction import without_numbers
from .lines import SourceError

__all__ = ["REFERENCE", "Columns", "cells_of", "known_paths", "lay_over"]

REFERENCE: Final = "merchant_txn_ref"

_Read = Callable[[str], object]

# A name may be shown. Anything else may be a line of data where the header was forgotten.
_NAME: Final = re.compile(r"[A-Za-z][\w .-]{0,60}")
_TRUTH: Final = {"true": True, "false": False}


def _whole(cell: str) -> object:
    return int(cell) if cell.isdecimal() and cell.isascii() and len(cell) < 10 else cell


def _truth(cell: str) -> object:
    return _TRUTH.get(cell.lower(), cell)


_READS: Final[dict[type, _Read]] = {int: _whole, bool: _truth}


@cache
def known_paths() -> Mapping[str, _Read]:
    """Every member that a body may have, by its dotted path in the vendor's spelling, and how its cell is read."""
    return dict(_paths(PurchaseRequest, ""))


def _paths(kind: type[attrs.AttrsInstance], before: str) -> Iterator[tuple[str, _Read]]:
    hints = get_type_hints(kind)
    for field in attrs.fields(kind):
        kinds = [part for part in get_args(hints[field.name]) or (hints[field.name],) if part is not NoneType]
        path = before + wire_names(field.name)[0]
        if attrs.has(kinds[0]):
            yield from _paths(kinds[0], f"{path}.")
        else:
            yield path, _READS.get(kinds[0], str) if len(kinds) == 1 else str


def cells_of(line: str) -> list[str] | Problem:
    """The cells of one line. A cell never goes on in the next line: so a lost quote spoils no other line.

    Args:
        line: CSV with commas and double quotes (RFC 4180).
    """
    try:
        return next(csv.reader((line,), strict=True))
    except csv.Error:
        return Problem("$", "CSV: quotes are closed within their line, and doubled within a cell")


class _Place(NamedTuple):
    """Where a cell goes: into which object of the body, under which name, read how."""

    part: str | None
    name: str
    read: _Read


def _place(path: str) -> _Place | None:
    part, _, name = path.rpartition(".")
    return _Place(part or None, name, known_paths()[path]) if path else None


class Columns:
    """What a header says.

    Args:
        header: The names.
        given: The paths of names that are not paths themselves; an empty path leaves a column out.

    Raises:
        SourceError: A name is not known, a member stands twice, or there is no reference.
    """

    def __init__(self, header: list[str], given: Mapping[str, str]) -> None:
        names = [name.strip() for name in header]
        if missing := sorted(given.keys() - set(names)):
            raise SourceError(f"the header has no column {_shown(missing)}, which the map names")
        self.paths = [given.get(name, name) for name in names]
        self._check(names)
        self._places = [_place(path) for path in self.paths]

    def _check(self, names: list[str]) -> None:
        found = [(number, path) for number, path in enumerate(self.paths, 1) if path]
        if unknown := [(number, names[number - 1]) for number, path in found if path not in known_paths()]:
            told = ", ".join(without_numbers(name) if _NAME.fullmatch(name) else f"number {n}" for n, name in unknown)
            raise SourceError(
                f"the header has columns that are no members of a body: {told}. Name them by their paths, such as"
                " billing_address.email, or map them"
            )
        paths = [path for _, path in found]
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            raise SourceError(f"the header has several columns for {', '.join(twice)}")
        if REFERENCE not in paths:
            raise SourceError(f"the header has no column {REFERENCE}: it is what makes a second run safe")

    def body(self, cells: list[str]) -> dict[str, Any] | Problem:
        """The body of one line. An empty cell is a member that is not given.

        Args:
            cells: As many as the header has.
        """
        if len(cells) != len(self._places):
            return Problem("$", f"{len(self._places)} cells as in the header, not {len(cells)}")
        body: dict[str, Any] = {}
        for cell, place in zip(cells, self._places, strict=True):
            if place is None or not (cell := cell.strip()):
                continue
            part = body if place.part is None else body.setdefault(place.part, {})
            part[place.name] = place.read(cell)
        return body


def lay_over(defaults: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with the defaults where it has no member of its own, in objects within it as well."""
    merged = {**defaults, **body}
    for name, default in defaults.items():
        if isinstance(default, Mapping) and isinstance(own := merged[name], Mapping):
            merged[name] = lay_over(default, own) if own is not default else default
    return merged


def _shown(names: list[str]) -> str:
    return ", ".join(without_numbers(name) for name in names)
