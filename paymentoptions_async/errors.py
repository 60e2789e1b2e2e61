"""Every error that a call can raise. The type says what happened to the money.

::

    PaymentOptionsError
    ├── ConfigurationError       not touched: a setting is missing or wrong
    ├── InvalidRequestError      not touched: refused here before sending, or by the gateway (400, 404, 406, 412)
    ├── AuthenticationError      not touched: 401, 403
    ├── RateLimitedError         not touched: 429 after the retries
    ├── NotSentError             not touched: provably no byte of the request left
    ├── NoAnswerError            not touched by this call: a question, or a change to a subscription, got no answer
    ├── WebhookRefusedError      not touched by this call: a delivery that is not believed
    ├── LedgerError              not touched by this call: the ledger cannot be read or written
    ├── BatchPausedError         not touched by this call: a batch begins nothing more, for a reason that it tells
    ├── ReferenceConflictError   not touched by this call: the reference was used with other content
    ├── ReferenceInUseError      not touched by this call: another process is charging it now
    ├── DeclinedError            not moved: the issuer or a risk rule said no
    ├── PartialApprovalError     moved in part: carries the payment
    └── OutcomeUnknownError      may have moved: never charge again before this is resolved

No error carries card data, in its text, its arguments, its notes, its cause or the locals of its traceback. All of
them can be pickled and copied.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from .models.codes import Reason
    from .models.transaction import Transaction

__all__ = [
    "AuthenticationError",
    "BatchPausedError",
    "ConfigurationError",
    "DeclinedError",
    "InvalidRequestError",
    "LedgerError",
    "NoAnswerError",
    "NotSentError",
    "OutcomeUnknownError",
    "PartialApprovalError",
    "PaymentOptionsError",
    "Problem",
    "RateLimitedError",
    "ReferenceConflictError",
    "ReferenceInUseError",
    "WebhookRefusedError",
]


class PaymentOptionsError(Exception):
    """The root of the tree.

    Attributes:
        money: What happened to the money, in words; the same for every error of a class.
        merchant_txn_ref: The reference of the charge, or the key of the operation, where the error belongs to one.
        recorded: False where the ledger could not be told of it: another process, or this one after a restart, will
            find the outcome unknown.
    """

    money: ClassVar[str] = "see the subclass"
    recorded: bool = True

    def __init__(self, message: str, *, merchant_txn_ref: str | None = None) -> None:
        super().__init__(message)
        self.merchant_txn_ref = merchant_txn_ref

    def __str__(self) -> str:
        message = str(self.args[0])
        if self.merchant_txn_ref is None:
            return message
        return f"{message} [merchant_txn_ref {self.merchant_txn_ref!r}]"


class ConfigurationError(PaymentOptionsError):
    """A setting is missing or wrong, or a client is used where it cannot work. Nothing was sent."""

    money = "not touched"


class Problem(NamedTuple):
    """One fault of a request: where it is, and the rule that it breaks. The value itself is never told."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}"


class InvalidRequestError(PaymentOptionsError):
    """The request was refused: here, before anything was sent, or by the gateway. Mend it and send it again.

    Attributes:
        problems: Every fault that was found here, all at once. Empty where the gateway refused.
        status: The gateway's HTTP status, where it was the gateway.
        gateway_code: The gateway's own code (`VAL0035`), where it gave one.
    """

    money = "not touched"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        problems: tuple[Problem, ...] = (),
        status: int | None = None,
        gateway_code: str | None = None,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.problems = problems
        self.status = status
        self.gateway_code = gateway_code


class AuthenticationError(PaymentOptionsError):
    """The gateway did not take the credentials (HTTP 401 or 403, in `status`)."""

    money = "not touched"

    def __init__(self, message: str, *, merchant_txn_ref: str | None = None, status: int | None = None) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.status = status


class RateLimitedError(PaymentOptionsError):
    """The gateway still said 429 after the last retry.

    Attributes:
        retry_after: Seconds that the gateway asked to wait, where it did.
        attempts: How many times it was asked.
    """

    money = "not touched"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        retry_after: float | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.retry_after = retry_after
        self.attempts = attempts


class NotSentError(PaymentOptionsError):
    """No byte of the request left: DNS, connect, TLS, pool or deadline. It is safe to try again.

    Attributes:
        attempts: How many times it was tried.
        evidence: What went wrong each time, oldest first.
    """

    money = "not touched"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        attempts: int = 0,
        evidence: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.attempts = attempts
        self.evidence = evidence


class NoAnswerError(PaymentOptionsError):
    """No answer came that can be used, to a call that moves no money: a question, or a change to a subscription.

    A change may have been made all the same: ask with `subscriptions.get`, or make it again.

    Attributes:
        attempts: How many attempts were made.
        evidence: What was seen, oldest first.
    """

    money = "not touched by this call"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        attempts: int = 0,
        evidence: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.attempts = attempts
        self.evidence = evidence


class WebhookRefusedError(PaymentOptionsError):
    """A delivery that is not believed: forged, unreadable, too large, or not confirmed by the gateway.

    Attributes:
        status: The HTTP status to answer it with: 400, 403, 413, or 503 where it should come again.
    """

    money = "not touched by this call"

    def __init__(self, message: str, *, merchant_txn_ref: str | None = None, status: int = 403) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.status = status


class LedgerError(PaymentOptionsError):
    """The ledger cannot be read or written: full, locked, damaged, out of reach. Raised by ledgers.

    A charge never raises it: where the ledger gives no right to send it is `NotSentError`, and where an outcome cannot
    be written down the outcome itself is told, with `recorded` false.
    """

    money = "not touched by this call"


class BatchPausedError(PaymentOptionsError):
    """A batch begins nothing more, since what fails would meet every further request as well; its text says what.

    It speaks of the requests that were not begun: nothing of them was sent. Each one that was begun has its result.

    Attributes:
        begun: How many were begun, counted in the order of the input.
    """

    money = "not touched by this call"

    def __init__(self, message: str, *, merchant_txn_ref: str | None = None, begun: int = 0) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.begun = begun


class DeclinedError(PaymentOptionsError):
    """The issuer or a risk rule said no. A new try needs a new `merchant_txn_ref`.

    Attributes:
        reason: The class of the decline.
        response_code: The acquirer's code, as in `response_codes.csv`.
        gateway_code: The gateway's own code (`ERR3008`), where it gave one.
        payment: What the gateway answered, where it answered a whole transaction; nothing of it was charged.
        replayed: Whether this is the stored answer to an earlier call, with nothing sent by this one.
    """

    money = "not moved"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        reason: Reason | None = None,
        response_code: int | None = None,
        gateway_code: str | None = None,
        payment: Transaction | None = None,
        replayed: bool = False,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.reason = reason
        self.response_code = response_code
        self.gateway_code = gateway_code
        self.payment = payment
        self.replayed = replayed


class ReferenceConflictError(PaymentOptionsError):
    """This `merchant_txn_ref` was used before, with other content. This call sent nothing."""

    money = "not touched by this call"


class ReferenceInUseError(PaymentOptionsError):
    """Another call, client or process is charging this `merchant_txn_ref` now. This call sent nothing.

    Attributes:
        lease_ends: Until when the other one may be at it (UTC); after that its outcome counts as unknown. `None` where
            it is a call of this same client.
    """

    money = "not touched by this call"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        lease_ends: datetime | None = None,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.lease_ends = lease_ends


class PartialApprovalError(PaymentOptionsError):
    """Less was approved than was asked: part of the money moved.

    Attributes:
        payment: The payment, with the amount that was approved: void it, refund it or complete it.
        replayed: Whether this is the stored answer to an earlier call, with nothing sent by this one.
    """

    money = "moved in part"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        payment: Transaction | None = None,
        replayed: bool = False,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.payment = payment
        self.replayed = replayed


class OutcomeUnknownError(PaymentOptionsError):
    """The money may have moved, and nobody here can know. Do not charge again before this is resolved.

    It is resolved by the gateway's webhook, by a status query where `transaction_id` is known, or by a person in
    the gateway's portal.

    Attributes:
        attempts: How many attempts were made under the reference, those included that never left.
        evidence: What was seen each time, oldest first.
        transaction_id: The gateway's id, where an answer held one.
        replayed: Whether this was known from an earlier call, with nothing sent by this one.
    """

    money = "may have moved"

    def __init__(
        self,
        message: str,
        *,
        merchant_txn_ref: str | None = None,
        attempts: int = 0,
        evidence: tuple[str, ...] = (),
        transaction_id: str | None = None,
        replayed: bool = False,
    ) -> None:
        super().__init__(message, merchant_txn_ref=merchant_txn_ref)
        self.attempts = attempts
        self.evidence = evidence
        self.transaction_id = transaction_id
        self.replayed = replayed
