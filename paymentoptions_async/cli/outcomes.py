"""The words for how a call ended, and the exit code of each."""

from __future__ import annotations

from typing import Final

from .. import (
    AuthenticationError,
    Authorization,
    Capture,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    LedgerError,
    NoAnswerError,
    NotSentError,
    PartialApprovalError,
    Payment,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
    Refund,
    State,
    Void,
)
from ..models.transaction import Transaction
from .exits import ExitCode

__all__ = ["CARRIED_OUT", "OF_ERROR", "OF_STATE"]

CARRIED_OUT: Final[dict[type[Transaction], str]] = {
    Payment: "paid",
    Authorization: "authorised",
    Capture: "captured",
    Void: "voided",
    Refund: "refunded",
}
"""What was carried out, by what the client returned."""

_REFUSED: Final = (
    AuthenticationError,
    InvalidRequestError,
    RateLimitedError,
    ReferenceConflictError,
)
OF_ERROR: Final[tuple[tuple[type | tuple[type, ...], str, ExitCode], ...]] = (
    (ConfigurationError, "usage", ExitCode.USAGE),
    (DeclinedError, "declined", ExitCode.REFUSED),
    (NotSentError, "not_sent", ExitCode.REFUSED),
    (PartialApprovalError, "partial", ExitCode.REFUSED),
    # Another run is at it, or was killed at it: this one moved nothing, and the money may have moved all the same.
    (ReferenceInUseError, "in_use", ExitCode.UNKNOWN),
    ((NoAnswerError, LedgerError), "no_answer", ExitCode.UNKNOWN),
    (_REFUSED, "refused", ExitCode.REFUSED),
    (object, "unknown", ExitCode.UNKNOWN),
)
"""By the first row that fits. What is not listed counts as unknown: a new error must not pass for a no."""

OF_STATE: Final[dict[State, tuple[str, str, ExitCode]]] = {
    State.PAID: ("carried_out", "as its operation says", ExitCode.OK),
    State.PARTIAL: ("partial", "moved in part", ExitCode.REFUSED),
    State.DECLINED: ("declined", "not moved", ExitCode.REFUSED),
    State.CHALLENGED: ("challenge", "not moved yet", ExitCode.REFUSED),
}
"""What a status says: outcome, money, exit code. Any other state is unknown."""
