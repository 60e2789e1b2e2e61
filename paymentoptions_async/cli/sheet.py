"""CSV that a spreadsheet shows and does not compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from .values import shown

__all__ = ["csv_line"]

# What makes a spreadsheet compute a cell in place of showing it, the wide forms of East Asia as well.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_line(values: Iterable[object]) -> str:
    """One line with its end. A cell that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(_cell, values))
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else shown(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
