"""Charges of a batch as they go between the tables and a worker."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..batch.result import ChargeOutcome, ChargeResult
from ..errors import AuthenticationError, RateLimitedError, ReferenceConflictError
from .sealing import RowKey, Sealed
from .tables import Standing

__all__ = ["Known", "Landed", "Row", "State", "standing_of"]


class Row(NamedTuple):
    """A charge that has no result yet.

    Attributes:
        key: Which it is.
        line: The number of its line in the file.
        sealed: Its body.
    """

    key: RowKey
    line: int
    sealed: Sealed


class Landed(NamedTuple):
    """A charge that has one.

    Attributes:
        key: Which it is.
        standing: How much is known.
        entry: What it was.
        comes_again: Whether it is to be begun again, unless it was so a few times already.
    """

    key: RowKey
    standing: int
    entry: dict[str, Any]
    comes_again: bool = False


class Known(NamedTuple):
    """A charge of which the ledger may know more than its result says.

    Attributes:
        key: Which it is.
        line: The number of its line in the file.
        standing: Of its result, where it has one.
        asked: What was asked, by the names that an entry has for it.
        entry: The result.
        is_held: Whether a worker may have its body and begin it.
    """

    key: RowKey
    line: int
    standing: int
    asked: dict[str, str | None]
    entry: dict[str, Any] | None
    is_held: bool = False

    @property
    def outcome(self) -> str | None:
        """That of its result."""
        return self.entry["outcome"] if self.entry else None


class State(NamedTuple):
    """Whether a batch goes on.

    Attributes:
        paused: Why not.
        is_open: Whether anything of it has no result.
    """

    paused: str | None
    is_open: bool


def standing_of(result: ChargeResult) -> int:
    """How much a result tells.

    Args:
        result: Of a charge.
    """
    if result.outcome is ChargeOutcome.NOT_SENT or isinstance(result.error, AuthenticationError | RateLimitedError):
        # Recorded or not: whether it can be begun again is the ledger's to say, when that is tried.
        return Standing.NOT_BEGUN
    if not getattr(result.payment or result.challenge or result.error, "recorded", True):
        return Standing.UNSETTLED
    if result.outcome in (ChargeOutcome.UNKNOWN, ChargeOutcome.CHALLENGE):
        return Standing.UNSETTLED
    if isinstance(result.error, ReferenceConflictError):
        return Standing.UNSETTLED  # it may be this very charge, under another secret: see `settle`
    return Standing.SETTLED
