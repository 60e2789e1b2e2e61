"""What a result says about the gateway's health, apart from the money."""

from __future__ import annotations

from enum import StrEnum

from ..errors import AuthenticationError, InvalidRequestError, RateLimitedError, ReferenceInUseError
from .result import ChargeOutcome, ChargeResult

__all__ = ["Signal", "signal_of"]


class Signal(StrEnum):
    """What the end of a call tells of the gateway.

    Attributes:
        ANSWERED: It was asked, and spoke: how long that took can be compared.
        THROTTLED: It asked for fewer requests.
        LOST: It could not be reached, or its answer was lost or is unclear.
        SILENT: It was not asked. Nothing can be learned.
    """

    ANSWERED = "answered"
    THROTTLED = "throttled"
    LOST = "lost"
    SILENT = "silent"


def signal_of(result: ChargeResult) -> Signal:
    """What a result tells of the gateway."""
    error = result.error
    if result.replayed or isinstance(error, ReferenceInUseError):
        return Signal.SILENT
    if isinstance(error, RateLimitedError):
        return Signal.THROTTLED
    if result.outcome in (ChargeOutcome.NOT_SENT, ChargeOutcome.UNKNOWN):
        return Signal.LOST
    if result.outcome is ChargeOutcome.REFUSED:
        told = isinstance(error, InvalidRequestError | AuthenticationError) and error.status is not None
        return Signal.ANSWERED if told else Signal.SILENT
    return Signal.ANSWERED
