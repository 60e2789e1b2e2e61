"""A note that a file was looked through and is good, so that a run that is started again begins sooner.

It is kept for great files only, and as long as their batch is not done. It knows the files by size, time and inode:
what was changed is looked through again. Every line is held against its rules once more when it is charged, and
against its result, where it has one, at each start.
"""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from ...batch.entries import Place
from ..ledger.files import write_file
from .checking import Findings
from .flags import SourceFlags

__all__ = ["forget", "recall", "remember", "signature_of"]

_MANY: Final = 5000
_COUNTS: Final = ("lines", "last", "cards")


def signature_of(charges: str, flags: SourceFlags, place: Place) -> dict[str, Any] | None:
    """What a look through a file depends on; `None` where it comes through a pipe.

    Args:
        charges: The input.
        flags: How it is read.
        place: Where it is charged.
    """
    files = [charges, *([flags.defaults] if flags.defaults else []), *(flags.map or [])]
    if not Path(charges).is_file():
        return None
    stats = [_stat(Path(file)) for file in files]
    return {"checked": stats, "map": flags.map or [], "gateway": place.gateway, "merchant_id": place.merchant_id}


def _stat(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def recall(note: Path, signature: dict[str, Any] | None) -> Findings | None:
    """What was found when the same files were looked through; `None` where they were not.

    Args:
        note: Where it would be told.
        signature: Of the files.
    """
    try:
        told = json.loads(note.read_bytes())
        same = signature is not None and {name: told[name] for name in signature} == signature
        sums = defaultdict(Decimal, {currency: Decimal(amount) for currency, amount in told["sums"].items()})
        lines, last, cards = (int(told[name]) for name in _COUNTS)
        return Findings(lines=lines, last=last, cards=cards, sums=sums) if same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return None


def remember(note: Path, signature: dict[str, Any] | None, findings: Findings) -> None:
    """Note what was found, where the file is good and so great that it is worth it.

    Args:
        note: Where.
        signature: Of the files.
        findings: What was found.
    """
    if signature is None or findings.bad or findings.lines < _MANY:
        return
    sums = {currency: str(amount) for currency, amount in findings.sums.items()}
    counts = {name: getattr(findings, name) for name in _COUNTS}
    told = {**signature, **counts, "sums": sums}
    write_file(note, [json.dumps(told) + "\n"], force=True, ledger=None)


def forget(note: Path) -> None:
    """The batch is done."""
    note.unlink(missing_ok=True)
