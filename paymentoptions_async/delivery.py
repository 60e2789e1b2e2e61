"""From an outcome to what the caller gets: a payment, a challenge, or the error whose type tells about the money."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from .errors import (
    AuthenticationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptionsError,
    RateLimitedError,
)
from .models import lenient
from .models.challenge import Challenge
from .models.codes import find_code
from .models.outcome import Outcome, Refusal, State
from .models.payment import Payment
from .models.purchase_request import PurchaseRequest

__all__ = ["Landing", "deliver", "refused_error"]


class Landing(NamedTuple):
    """How a charge ended.

    Attributes:
        outcome: One that is not `SENDING`.
        replayed: Whether it was known from an earlier call.
        answer: The outcome's answer, where it has been read already.
        recorded: Whether the ledger has it.
    """

    outcome: Outcome
    replayed: bool = False
    answer: dict[str, Any] | None = None
    recorded: bool = True

    def read(self) -> dict[str, Any]:
        """The answer."""
        if self.answer is not None:
            return self.answer
        return orjson.loads(self.outcome.answer) if self.outcome.answer else {}


def deliver(landing: Landing, request: PurchaseRequest) -> Payment | Challenge:
    """What an outcome is to the caller.

    Args:
        landing: How the charge ended.
        request: The request that was charged; tells what the answer may leave out.

    Raises:
        PaymentOptionsError: Every outcome but a payment and a challenge.
    """
    outcome, answer = landing.outcome, landing.read()
    if outcome.state is State.PAID:
        return _payment(landing, answer, request)
    if outcome.state is State.CHALLENGED:
        return Challenge(
            redirect_url=answer["redirect_url"],
            merchant_txn_ref=request.merchant_txn_ref,
            replayed=landing.replayed,
            recorded=landing.recorded,
            attempts=outcome.attempts,
        )
    error = _error(landing, answer, request)
    if not landing.recorded:
        error.recorded = False
    raise error


def _error(landing: Landing, answer: dict[str, Any], request: PurchaseRequest) -> PaymentOptionsError:
    outcome = landing.outcome
    match outcome.state:
        case State.DECLINED:
            return _declined(landing, answer, request)
        case State.REFUSED:
            return refused_error(outcome, request.merchant_txn_ref)
        case State.PARTIAL:
            payment = _payment(landing, answer, request)
            return PartialApprovalError(
                f"only {payment.amount} {payment.currency} was approved: void, refund or complete it",
                merchant_txn_ref=request.merchant_txn_ref,
                payment=payment,
                replayed=landing.replayed,
            )
    return OutcomeUnknownError(
        f"the money may have moved ({'; '.join(outcome.evidence)}): do not charge again before this is resolved",
        merchant_txn_ref=request.merchant_txn_ref,
        attempts=outcome.attempts,
        evidence=outcome.evidence,
        transaction_id=_transaction_id(answer),
        replayed=landing.replayed,
    )


def refused_error(outcome: Outcome, reference: str) -> PaymentOptionsError:
    """What a refusal is to the caller.

    Args:
        outcome: One that is `REFUSED`.
        reference: The reference of the charge.
    """
    told = f"{'; '.join(outcome.evidence)}{_said(Landing(outcome).read())}"
    match outcome.refusal:
        case Refusal.AUTHENTICATION:
            return AuthenticationError(
                f"the gateway did not take the credentials ({told})",
                merchant_txn_ref=reference,
                status=outcome.status,
            )
        case Refusal.RATE_LIMITED:
            return RateLimitedError(
                f"the gateway asked for fewer requests ({told})",
                merchant_txn_ref=reference,
                retry_after=outcome.retry_after,
                attempts=outcome.attempts,
            )
        case Refusal.INVALID:
            return InvalidRequestError(
                f"the gateway refused the request ({told})",
                merchant_txn_ref=reference,
                status=outcome.status,
                gateway_code=outcome.gateway_code,
            )
    return NotSentError(
        f"nothing was sent ({told})",
        merchant_txn_ref=reference,
        attempts=outcome.attempts,
        evidence=outcome.evidence,
    )


def _declined(landing: Landing, answer: dict[str, Any], request: PurchaseRequest) -> DeclinedError:
    outcome = landing.outcome
    row = find_code(outcome.response_code) if outcome.response_code is not None else None
    why = row.meaning if row else "; ".join(outcome.evidence[-1:])
    return DeclinedError(
        f"declined: {why}",
        merchant_txn_ref=request.merchant_txn_ref,
        reason=outcome.reason,
        response_code=outcome.response_code,
        gateway_code=outcome.gateway_code,
        payment=_payment(landing, answer, request) if _transaction_id(answer) else None,
        replayed=landing.replayed,
    )


# --- the payment ------------------------------------------------------------------------------------------


def _payment(landing: Landing, answer: dict[str, Any], request: PurchaseRequest) -> Payment:
    details, transaction = lenient.part(answer.get("payment_details")), lenient.part(answer.get("transaction_details"))
    number = lenient.text(lenient.part(details.get("card")).get("number"))
    amount = lenient.decimal(details.get("amount"))
    return Payment(
        transaction_id=str(transaction.get("id")),
        merchant_txn_ref=request.merchant_txn_ref,
        amount=Decimal(request.amount) if amount is None else amount,
        currency=lenient.text(details.get("currency")) or request.currency,
        auth_code=lenient.text(details.get("auth_code")),
        scheme=lenient.text(details.get("scheme")),
        masked_card=number or (request.card.masked if request.card else None),
        stored_payment_method_id=lenient.text(transaction.get("stored_payment_method_id")),
        timestamp=_timestamp(transaction.get("timestamp")),
        replayed=landing.replayed,
        recorded=landing.recorded,
        attempts=landing.outcome.attempts,
        raw=answer,
    )


def _timestamp(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _transaction_id(answer: dict[str, Any]) -> str | None:
    return lenient.identity(lenient.part(answer.get("transaction_details")).get("id"))


def _said(answer: dict[str, Any]) -> str:
    """The gateway's own words, masked like the rest of its answer."""
    message = lenient.text(answer.get("message")) or lenient.text(
        lenient.part(answer.get("gateway_response")).get("message")
    )
    # A terminal must not obey what a gateway writes.
    return ": " + "".join(char if char.isprintable() else " " for char in message[:200]) if message else ""
