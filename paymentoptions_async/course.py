"""A watched call that is under way: what is known of it, and how that is told when it ends."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

import attrs

from .errors import (
    AuthenticationError,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    LedgerError,
    NoAnswerError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
    WebhookRefusedError,
)
from .hooks import Call, Ending, Word
from .models.outcome import Outcome, Refusal, State
from .transport.parcel import Parcel
from .transport.reply import Fault, Reply

__all__ = ["Course", "attempt_ended", "attempt_failed", "outcome_word", "under_way"]

_STATES: Final[dict[State, Word]] = {
    State.PAID: "paid",
    State.PARTIAL: "partial",
    State.CHALLENGED: "challenge",
    State.DECLINED: "declined",
    State.REFUSED: "refused",
    State.UNKNOWN: "unknown",
}

# The word, and the class of fault where no attempt tells a better one.
_ERRORS: Final[dict[type[BaseException], tuple[Word, str | None]]] = {
    DeclinedError: ("declined", None),
    PartialApprovalError: ("partial", None),
    OutcomeUnknownError: ("unknown", None),
    NotSentError: ("not_sent", "ledger"),
    ConfigurationError: ("not_sent", "configuration"),
    InvalidRequestError: ("refused", "invalid"),
    AuthenticationError: ("refused", "authentication"),
    RateLimitedError: ("refused", "rate_limited"),
    ReferenceConflictError: ("refused", "conflict"),
    ReferenceInUseError: ("refused", "in_use"),
    NoAnswerError: ("no_answer", None),
    LedgerError: ("no_answer", "ledger"),
}

# By the name of the exception, the last word of the evidence. What is not listed is told by its name.
_FAULTS: Final = {
    "ClientConnectorDNSError": "dns",
    "ClientConnectorError": "connect",
    "ClientProxyConnectionError": "connect",
    "ConnectionTimeoutError": "connect_timeout",
    "ClientConnectorSSLError": "tls",
    "ClientConnectorCertificateError": "tls",
    "ServerFingerprintMismatch": "tls",
    "SocketTimeoutError": "timeout",
    "TimeoutError": "timeout",
    "ClientOSError": "reset",
    "ClientConnectionResetError": "reset",
    "ConnectionResetError": "reset",
    "BrokenPipeError": "reset",
    "ServerDisconnectedError": "disconnected",
    "ClientPayloadError": "truncated",
    "ClientResponseError": "not_http",
}

_CUT_OFF: Final = "cut_off"


def attempt_ended(reply: Reply | Fault, parcel: Parcel | None, seconds: float) -> Ending:
    """How an attempt ended that has brought something back.

    Args:
        reply: What it has brought.
        parcel: What it was to send. Of a question it is not asked whether it has left.
        seconds: How long it took.
    """
    if isinstance(reply, Fault):
        name = reply.what.rpartition(" ")[2]
        return _unanswered(parcel, _FAULTS.get(name, name), seconds, reply.status)
    fault = "status_5xx" if reply.status >= 500 else None if reply.complete else "oversized"
    return Ending(outcome="answered", seconds=seconds, sent=True, fault=fault, status=reply.status)


def attempt_failed(error: BaseException, parcel: Parcel | None, seconds: float) -> Ending:
    """How an attempt ended that was cut off, or has met a bug; likewise."""
    return _unanswered(parcel, type(error).__name__ if isinstance(error, Exception) else _CUT_OFF, seconds)


def _unanswered(parcel: Parcel | None, fault: str, seconds: float, status: int | None = None) -> Ending:
    sent = parcel is None or parcel.sent
    return Ending(outcome="lost" if sent else "not_sent", seconds=seconds, sent=sent, fault=fault, status=status)


def outcome_word(outcome: Outcome) -> Word:
    """The word of an outcome that is not `SENDING`."""
    return "not_sent" if outcome.refusal is Refusal.NOT_SENT else _STATES[outcome.state]


@attrs.define(eq=False)
class Course:
    """A call that is under way, and what is known of it so far.

    Attributes:
        call: The call.
        attempts: How many attempts it has made.
        number: How many of them at the request that is being made now.
        earlier_attempts: How many the ledger knows of from earlier calls; `None` where it is no charge.
        sent: Whether a request may have left.
        fault: The class of what went wrong with the last attempt, where something did.
        status: The HTTP status that it was answered with.
    """

    call: Call
    attempts: int = 0
    number: int = 0
    earlier_attempts: int | None = None
    sent: bool = False
    fault: str | None = None
    status: int | None = None
    _landed: tuple[Outcome, bool, bool] | None = None

    def land(self, outcome: Outcome, *, replayed: bool, recorded: bool) -> None:
        """Note what became of the charge."""
        self._landed = outcome, replayed, recorded

    def note(self, ending: Ending) -> None:
        """Note how an attempt ended."""
        self.sent = self.sent or ending.sent
        self.fault, self.status = ending.fault, ending.status

    def ended(self, word: Word, seconds: float) -> Ending:
        """How the call ended that has returned."""
        return self._ending(word, None, seconds)

    def failed(self, error: BaseException, seconds: float) -> Ending:
        """How the call ended that has raised."""
        word, fault = _told(error)
        if isinstance(error, PaymentOptionsError) and word in ("unknown", "not_sent", "no_answer"):
            # An attempt that was cut off, and its call was not: that was the deadline. It is so as well where a charge
            # was claimed, and not even one attempt was begun.
            late = "deadline" if word == "not_sent" and self._landed is not None else fault
            fault = "deadline" if self.fault == _CUT_OFF else self.fault or late
        return self._ending(word, fault, seconds)

    def _ending(self, word: Word, fault: str | None, seconds: float) -> Ending:
        told: dict[str, Any] = {"seconds": seconds, "sent": self.sent, "attempts": self.attempts, "fault": fault}
        if self._landed is None:
            return Ending(outcome=word, status=self.status, **told)
        outcome, replayed, recorded = self._landed
        return Ending(
            outcome=outcome_word(outcome),
            status=outcome.status,
            reason=outcome.reason,
            # One that nobody has published has no reason, and may be any number.
            response_code=None if outcome.reason is None else outcome.response_code,
            replayed=replayed,
            recorded=recorded,
            **told,
        )


def _told(error: BaseException) -> tuple[Word, str | None]:
    if not isinstance(error, Exception):
        return "cancelled", "cancelled"
    if isinstance(error, WebhookRefusedError):
        return "refused", f"webhook_{error.status}"
    kinds = (_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS)
    return next(kinds, ("bug", type(error).__name__))


under_way: Final[ContextVar[Course | None]] = ContextVar("under_way", default=None)
"""The call that the running task makes, where somebody watches it."""
