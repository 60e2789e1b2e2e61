"""Values in the forms in which they are written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

__all__ = ["as_json", "shown"]


def as_json(value: Any) -> Any:
    """The value as `json.dumps` takes it: models as objects, amounts as text, times in ISO 8601."""
    if attrs.has(type(value)):
        return attrs.asdict(value, value_serializer=lambda *args: _plain(args[-1]))
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
    return value


def shown(value: object) -> str:
    """The value as text for a terminal. What the gateway sends cannot move the cursor or set colours."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
