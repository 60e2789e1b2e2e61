"""Files of charges, as bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from paymentoptions_async.batch.sources import Line, Source

from ..helpers import APPROVED, SEED

__all__ = ["CVC", "bodies", "body", "csv_bytes", "flat", "jsonl_bytes", "lines_of"]

CVC: Final = "739"


def body(reference: str = "pay-1", **changes: Any) -> dict[str, Any]:
    """The vendor's own body, with another reference."""
    whole: dict[str, Any] = json.loads(SEED)
    whole["card"] |= {"number": APPROVED, "cvc": CVC}
    return {**whole, "merchant_txn_ref": reference, **changes}


def bodies(count: int, **changes: Any) -> list[dict[str, Any]]:
    """So many, each with a reference of its own."""
    return [body(f"pay-{number}", **changes) for number in range(1, count + 1)]


def jsonl_bytes(whole: Iterable[Mapping[str, Any]]) -> bytes:
    """A body on each line."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in whole)


def flat(whole: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """A body as the cells of a line, by dotted paths."""
    cells: dict[str, str] = {}
    for name, value in whole.items():
        if isinstance(value, Mapping):
            cells |= flat(value, f"{before}{name}.")
        else:
            cells[before + name] = str(value).lower() if isinstance(value, bool) else str(value)
    return cells


def csv_bytes(whole: Iterable[Mapping[str, Any]]) -> bytes:
    """The same as CSV with a header."""
    rows = [flat(one) for one in whole]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def lines_of(data: bytes, **more: Any) -> list[Line]:
    """All lines that are read of it."""
    return list(Source(io.BytesIO(data), **more).lines())
