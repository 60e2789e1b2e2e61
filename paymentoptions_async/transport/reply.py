"""What one attempt brings back: an answer, or a fault and whether the request may have left before it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import attrs

__all__ = ["Fault", "Reply", "retry_after"]


@attrs.frozen
class Reply:
    """An HTTP answer, read to its end.

    Attributes:
        status: The HTTP status.
        body: Its bytes; cut off where they are more than any answer has.
        complete: Whether that is all of them.
        retry_after: Seconds that the gateway asked to wait.
    """

    status: int
    body: bytes = attrs.field(repr=False)  # it may echo the card
    complete: bool = True
    retry_after: float | None = None


class Fault(NamedTuple):
    """No answer came.

    Attributes:
        sent: Whether a byte of the request may have left. `False` is a proof, `True` a doubt.
        what: What was seen, free of card data. Its last word is the class of it.
        status: The HTTP status, where the answer broke off after that.
    """

    sent: bool
    what: str
    status: int | None = None


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` asks for, given as seconds or as a date (RFC 9110, 10.2.3).

    Args:
        header: Its value, or `None`.
        now: The time that a date is counted from.
    """
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
