"""Faults that are answers: valid HTTP with the wrong content."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from .answers import Answer, html_page, json_error

if TYPE_CHECKING:
    from .faults import Fault

__all__ = ["answer_of"]

_BIG: Final = 3 * 512 * 1024


def answer_of(fault: Fault, now: datetime) -> Answer | None:
    """What is answered instead of the truth; `None` where the fault is one of the connection.

    Args:
        fault: Drawn for this request.
        now: UTC, for a `Retry-After` that is a date.
    """
    match fault.kind:
        case "garbage_body":
            return Answer(201, b"<!-- not json -->")
        case "empty_body":
            return Answer(201)
        case "big_body":
            return Answer(201, b"\x00garbage" * (_BIG // 8))
        case "429":
            return json_error(429, {"Retry-After": _retry_after(fault, now)})
        case "500" | "503":
            return json_error(int(fault.kind))
        case "502" | "504":
            return html_page(int(fault.kind))
    return None


def _retry_after(fault: Fault, now: datetime) -> str:
    # RFC 9110, 10.2.3: seconds, or an HTTP date.
    if fault.as_date:
        return format_datetime(now + timedelta(seconds=fault.seconds or 0.0), usegmt=True)
    return f"{fault.seconds:.15g}"
