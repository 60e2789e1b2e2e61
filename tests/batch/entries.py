"""Results as they stand in a file, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from paymentoptions_async.batch.entries import MEMBERS

__all__ = ["GATEWAY", "entry", "written"]

GATEWAY: Final = "http://127.0.0.1:1"
_START: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def entry(line: int, outcome: str = "paid", *, ends: float | None = None, **changes: Any) -> dict[str, Any]:
    """One result, a tenth of a second after the one of the line before unless it is told when."""
    moved = "1000" if outcome == "paid" else None
    at = _START + timedelta(seconds=line / 10 if ends is None else ends)
    return dict.fromkeys(MEMBERS) | {
        "line": line, "merchant_txn_ref": f"pay-{line}", "outcome": outcome, "money": "-", "amount": "1000",
        "currency": "JPY", "moved": moved, "card": "520000******1005", "evidence": [], "replayed": False,
        "recorded": True, "seconds": 0.05, "time": at.isoformat(timespec="milliseconds"), "gateway": GATEWAY,
        "merchant_id": "shop", **changes,
    }  # fmt: skip


def written(path: Path, *entries: dict[str, Any]) -> Path:
    """A file that holds them."""
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in entries))
    return path
