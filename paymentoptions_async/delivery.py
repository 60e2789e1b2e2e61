"""From an outcome to what the caller gets: a payment, a challenge, or the error whose type tells about the money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

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
from .ledger.base import Intent, Mark, Record
from .models import lenient
from .models.challenge import Challenge
from .models.codes import find_code
from .models.follow_up import Capture, Refund, Void
from .models.hosted_page import HostedPage
from .models.outcome import NAMED_BY, Outcome, Refusal, State
from .models.payment import Authorization, Payment
from .models.transaction import Transaction
from .operations import operation_of

__all__ = ["Landing", "deliver", "deliver_record", "reference_of", "refused_error", "timestamp"]


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


def deliver(landing: Landing, intent: Intent) -> Any:
    """What an outcome is to the caller: `result` or `waiting` of its operation.

    Args:
        landing: How the charge ended.
        intent: What was asked for; tells what the answer may leave out.

    Raises:
        PaymentOptionsError: Every outcome but these two.
    """
    outcome, answer = landing.outcome, landing.read()
    if outcome.state is State.PAID:
        return _transaction(landing, answer, intent)
    if outcome.state is State.CHALLENGED and (waiting := _waiting(landing, answer, intent)) is not None:
        return waiting
    error = _error(landing, answer, intent)
    if not landing.recorded:
        error.recorded = False
    raise error


def deliver_record(record: Record) -> Any:
    """What a record that is not `SENDING` is to a later call; see `deliver`."""
    is_sound = record.mark is not Mark.CONTRADICTED
    return deliver(Landing(record.outcome, replayed=True, recorded=is_sound), record.intent)


def _waiting(landing: Landing, answer: dict[str, Any], intent: Intent) -> Challenge | HostedPage | None:
    """What sends the payer on; `None` where a ledger that was damaged does not hold it any more."""
    is_page = operation_of(intent.operation).waiting is HostedPage
    url = lenient.text(answer.get("url" if is_page else "redirect_url"))
    if url is None:
        return None
    told: dict[str, Any] = {
        "merchant_txn_ref": intent.merchant_txn_ref,
        "replayed": landing.replayed,
        "recorded": landing.recorded,
        "attempts": landing.outcome.attempts,
    }
    if not is_page:
        return Challenge(redirect_url=url, transaction_id=_transaction_id(answer), **told)
    amount = lenient.decimal(answer.get("amount"))
    return HostedPage(
        id=lenient.identity(answer.get("id")) or "",
        url=url,
        amount=amount if amount is not None or not intent.amount else Decimal(intent.amount),
        currency=intent.currency,
        raw=answer,
        **told,
    )


def _error(landing: Landing, answer: dict[str, Any], intent: Intent) -> PaymentOptionsError:
    outcome = landing.outcome
    match outcome.state:
        case State.DECLINED:
            return _declined(landing, answer, intent)
        case State.REFUSED:
            return refused_error(outcome, intent.merchant_txn_ref)
        case State.PARTIAL:
            payment = _transaction(landing, answer, intent)
            return PartialApprovalError(
                f"only {payment.amount} {_plain(payment.currency)} was approved: {_PARTIAL[type(payment)]}",
                merchant_txn_ref=intent.merchant_txn_ref,
                payment=payment,
                replayed=landing.replayed,
            )
    return OutcomeUnknownError(
        f"the money may have moved ({_seen(outcome.evidence)}): do not {_verb(intent)} again before this is resolved",
        merchant_txn_ref=intent.merchant_txn_ref,
        attempts=outcome.attempts,
        evidence=outcome.evidence,
        transaction_id=_transaction_id(answer),
        replayed=landing.replayed,
    )


_PARTIAL: Final[dict[type[Transaction], str]] = {
    Payment: "void, refund or complete it",
    Authorization: "it is reserved; capture or void it",
    Capture: "the rest is released",
    Void: "look into the portal for the rest",
    Refund: "the rest was not given back",
}


def _verb(intent: Intent) -> str:
    return intent.operation if operation_of(intent.operation).is_follow_up else "charge"


def refused_error(outcome: Outcome, reference: str | None) -> PaymentOptionsError:
    """What a refusal is to the caller.

    Args:
        outcome: One that is `REFUSED`.
        reference: The reference of the charge.
    """
    told = f"{_seen(outcome.evidence)}{_said(Landing(outcome).read())}"
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


def _declined(landing: Landing, answer: dict[str, Any], intent: Intent) -> DeclinedError:
    outcome = landing.outcome
    row = find_code(outcome.response_code) if outcome.response_code is not None else None
    why = row.meaning if row else _seen(outcome.evidence[-1:])
    return DeclinedError(
        f"declined: {why}",
        merchant_txn_ref=intent.merchant_txn_ref,
        reason=outcome.reason,
        response_code=outcome.response_code,
        gateway_code=outcome.gateway_code,
        payment=_transaction(landing, answer, intent) if _transaction_id(answer) else None,
        replayed=landing.replayed,
    )


# --- the transaction --------------------------------------------------------------------------------------


def _transaction(landing: Landing, answer: dict[str, Any], intent: Intent) -> Transaction:
    details, transaction = lenient.part(answer.get("payment_details")), lenient.part(answer.get("transaction_details"))
    number = lenient.text(lenient.part(details.get("card")).get("number"))
    amount = lenient.decimal(details.get("amount"))
    operation = operation_of(intent.operation)
    made: Transaction = operation.result(
        transaction_id=str(transaction.get("id")),
        amount=Decimal(intent.amount or 0) if amount is None else amount,
        currency=lenient.text(details.get("currency")) or intent.currency,
        auth_code=lenient.text(details.get("auth_code")),
        scheme=lenient.text(details.get("scheme")),
        masked_card=number or intent.card,
        stored_payment_method_id=lenient.text(transaction.get("stored_payment_method_id")),
        timestamp=timestamp(transaction.get("timestamp")),
        replayed=landing.replayed,
        recorded=landing.recorded,
        attempts=landing.outcome.attempts,
        raw=answer,
        **_names(answer, intent),
    )
    return made


def _names(answer: dict[str, Any], intent: Intent) -> dict[str, Any]:
    if not operation_of(intent.operation).is_follow_up:
        return {"merchant_txn_ref": intent.merchant_txn_ref}
    return {
        "merchant_txn_ref": reference_of(answer) or "",
        "operation_key": intent.merchant_txn_ref,
        "of_transaction": intent.subject or "",
    }


def reference_of(answer: dict[str, Any]) -> str | None:
    """The `merchant_txn_ref` that an answer or a webhook names, in either of its places."""
    for name in ("transaction_details", "merchant_details"):
        reference = lenient.identity(lenient.part(answer.get(name)).get("merchant_txn_ref"))
        if reference is not None:
            return reference
    return None


def timestamp(value: object) -> datetime | None:
    """A time as the gateway writes it."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _transaction_id(answer: dict[str, Any]) -> str | None:
    if NAMED_BY in answer:
        return None
    return lenient.identity(lenient.part(answer.get("transaction_details")).get("id"))


def _said(answer: dict[str, Any]) -> str:
    """The gateway's own words, masked like the rest of its answer."""
    message = lenient.text(answer.get("message")) or lenient.text(
        lenient.part(answer.get("gateway_response")).get("message")
    )
    return f": {_plain(message[:200])}" if message else ""


def _seen(evidence: Sequence[str]) -> str:
    return _plain("; ".join(evidence))


def _plain(text: str) -> str:
    # A terminal must not obey what a gateway writes, or what stands in a ledger.
    return "".join(char if char.isprintable() else " " for char in text)
