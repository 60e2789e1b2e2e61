"""Members of an answer, read however they are written. What cannot be read is `None` or empty."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

__all__ = ["decimal", "identity", "integer", "part", "text"]

_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,8})?")


def part(value: object) -> dict[str, Any]:
    """A nested object, perhaps an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def identity(value: object) -> str | None:
    """An id, which may be written as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def integer(value: object) -> int | None:
    """A whole number, as far as 64 bits go: what is longer means nothing, and no ledger could keep it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**63 else None
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def decimal(value: object) -> Decimal | None:
    """An amount."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    written = str(value)
    return Decimal(written) if _DECIMAL.fullmatch(written) else None
