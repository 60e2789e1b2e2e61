"""What became of one charge of a batch, as a value: nothing is raised there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath
from traceback import extract_tb
from typing import Final

import attrs

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    RateLimitedError,
    ReferenceConflictError,
)
from ..models.challenge import Challenge
from ..models.payment import Payment

__all__ = ["ChargeOutcome", "ChargeResult", "result_of"]


class ChargeOutcome(StrEnum):
    """How a charge of a batch ended.

    Attributes:
        PAID: The money moved, once.
        DECLINED: The issuer or a risk rule said no.
        REFUSED: Refused here or by the gateway; not touched.
        NOT_SENT: Provably nothing left; not touched.
        UNKNOWN: The money may have moved. Never charge it anew before that is resolved.
        CHALLENGE: 3-D Secure: not moved until the payer has been at its page.
        PARTIAL: Less was approved than was asked, and that much moved.
    """

    PAID = "paid"
    DECLINED = "declined"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    CHALLENGE = "challenge"
    PARTIAL = "partial"


_MONEY: Final = {ChargeOutcome.PAID: "moved once", ChargeOutcome.CHALLENGE: "not moved yet"}

# By the first row that fits. What is not listed counts as unknown: a new error must not pass for a no. One whose
# reference is being charged by somebody else is among that: this call moved nothing, the other one may have.
_OF_ERROR: Final[
    tuple[tuple[type[PaymentOptionsError] | tuple[type[PaymentOptionsError], ...], ChargeOutcome], ...]
] = (
    (DeclinedError, ChargeOutcome.DECLINED),
    ((NotSentError, ConfigurationError), ChargeOutcome.NOT_SENT),
    (
        (InvalidRequestError, AuthenticationError, RateLimitedError, ReferenceConflictError),
        ChargeOutcome.REFUSED,
    ),
    (PartialApprovalError, ChargeOutcome.PARTIAL),
)


@attrs.frozen(kw_only=True)
class ChargeResult:
    """What became of one charge of a batch.

    Attributes:
        number: Its place in the input, from 0.
        merchant_txn_ref: Its reference; masked, or empty, where the request's own was refused.
        outcome: How it ended.
        payment: What was charged: of one that is paid, or moved in part.
        challenge: Where the payer has to go.
        error: What `purchase` would have raised; its type says what happened to the money.
        seconds: How long the call took.
    """

    number: int
    merchant_txn_ref: str
    outcome: ChargeOutcome
    payment: Payment | None = None
    challenge: Challenge | None = None
    error: PaymentOptionsError | None = None
    seconds: float

    @property
    def money(self) -> str:
        """What happened to the money, in words."""
        return _MONEY[self.outcome] if self.error is None else self.error.money

    @property
    def replayed(self) -> bool:
        """Whether it was known from an earlier call, and nothing was sent by this one."""
        return bool(getattr(self.payment or self.challenge or self.error, "replayed", False))


def result_of(
    number: int, reference: str, answer_or_error: Payment | Challenge | Exception, seconds: float
) -> ChargeResult:
    """The result of what a call returned or raised.

    Args:
        number: Its place in the input.
        reference: The reference, as it may be shown.
        answer_or_error: What was returned or raised. What is none of ours is a bug, and unknown.
        seconds: How long the call took.
    """
    payment: Payment | None = None
    challenge: Challenge | None = None
    error: PaymentOptionsError | None = None
    match answer_or_error:
        case Payment():
            outcome, payment = ChargeOutcome.PAID, answer_or_error
        case Challenge():
            outcome, challenge = ChargeOutcome.CHALLENGE, answer_or_error
        case PaymentOptionsError():
            outcome, error = _outcome_of(answer_or_error), answer_or_error
        case _:
            outcome, error = ChargeOutcome.UNKNOWN, _bug(reference, answer_or_error)
    if isinstance(error, PartialApprovalError) and isinstance(error.payment, Payment):
        payment = error.payment
    return ChargeResult(
        number=number,
        merchant_txn_ref=reference,
        outcome=outcome,
        payment=payment,
        challenge=challenge,
        error=error,
        seconds=seconds,
    )


def _outcome_of(error: PaymentOptionsError) -> ChargeOutcome:
    return next((outcome for kinds, outcome in _OF_ERROR if isinstance(error, kinds)), ChargeOutcome.UNKNOWN)


def _bug(reference: str, bug: object) -> OutcomeUnknownError:
    # Its type and its place only: the text of a foreign error may hold anything.
    why = f"a bug: {type(bug).__name__}"
    if isinstance(bug, BaseException) and (frames := extract_tb(bug.__traceback__)):
        why += f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}"
    return OutcomeUnknownError(
        f"the money may have moved ({why}): do not charge again before this is resolved",
        merchant_txn_ref=reference,
        evidence=(why,),
    )
