"""The result of a purchase, as it is told to people and to machines.

`--json` writes one object with these keys; all of them are always there, `null` where they do not apply:

* `outcome`: `paid`, `challenge`, `declined`, `refused`, `not_sent`, `partial`, `in_use`, `unknown` or `usage`
* `money`: `moved once`, `not moved yet`, `not moved`, `not touched`, `not touched by this call`,
  `moved in part` or `may have moved`
* `exit_code`: the exit code of the process
* `merchant_txn_ref`: the reference of the charge
* `asked`: `amount` (text as it was given), `currency`, and `card`, masked; `null` where no request was read
* `payment`: every member of `Payment`; not `null` exactly where money is known to have moved
* `challenge`: every member of `Challenge`
* `error`: `type`, `message`, `reason`, `response_code`, `gateway_code`, `status`, `retry_after`, `attempts`,
  `transaction_id`, `replayed`, `recorded`, `lease_ends`, `problems` (a list of `path` and `rule`), `evidence` (a
  list) and `payment` (what a declined charge was answered; nothing of it was charged)
* `sandbox`: with `--sandbox`, `charges`: how often money moved by the sandbox's own books; else `null`

Amounts are text, since JSON numbers are floats in many languages; times are ISO 8601.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from .. import (
    AuthenticationError,
    Challenge,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    PartialApprovalError,
    Payment,
    PaymentOptionsError,
    PurchaseRequest,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
)
from .exits import ExitCode
from .values import as_json

__all__ = ["Asked", "Ending", "Result", "of_answer", "of_bad_usage", "of_error", "of_stop"]

_REFUSED: Final = (
    AuthenticationError,
    InvalidRequestError,
    RateLimitedError,
    ReferenceConflictError,
)
# What is not listed counts as unknown: an error that is new to this table must not pass for a no.
_OUTCOMES: Final[tuple[tuple[type | tuple[type, ...], str, ExitCode], ...]] = (
    (ConfigurationError, "usage", ExitCode.USAGE),
    (DeclinedError, "declined", ExitCode.REFUSED),
    (NotSentError, "not_sent", ExitCode.REFUSED),
    (PartialApprovalError, "partial", ExitCode.REFUSED),
    # Another run is at it, or was killed at it: this one moved nothing, and the money may have moved all the same.
    (ReferenceInUseError, "in_use", ExitCode.UNKNOWN),
    (_REFUSED, "refused", ExitCode.REFUSED),
    (object, "unknown", ExitCode.UNKNOWN),
)
_MEMBERS_OF_ERROR: Final = (
    "reason",
    "response_code",
    "gateway_code",
    "status",
    "retry_after",
    "attempts",
    "transaction_id",
    "replayed",
    "recorded",
    "lease_ends",
)


@attrs.frozen
class Ending:
    """An error in the words of the result.

    Attributes:
        type: The name of its class.
        message: What it says, without the reference.
        members: What else it knows, by name.
        problems: The faults of a request.
        evidence: What was seen, oldest first.
        payment: What a declined charge was answered.
    """

    type: str
    message: str
    members: dict[str, Any] = attrs.field(factory=dict)
    problems: tuple[tuple[str, str], ...] = ()
    evidence: tuple[str, ...] = ()
    payment: Payment | None = None

    def as_json(self) -> dict[str, Any]:
        """The object under `error`."""
        return {
            "type": self.type,
            "message": self.message,
            **{name: as_json(self.members.get(name)) for name in _MEMBERS_OF_ERROR},
            "problems": [{"path": path, "rule": rule} for path, rule in self.problems],
            "evidence": list(self.evidence),
            "payment": as_json(self.payment),
        }


@attrs.frozen
class Asked:
    """What the request asked for.

    Attributes:
        amount: As it was given.
        currency: Its code.
        card: The card, masked; `None` where a token pays.
    """

    amount: str
    currency: str
    card: str | None

    @classmethod
    def of(cls, request: PurchaseRequest) -> Asked:
        """What this request asks for."""
        card = request.card.masked if request.card else None
        return cls(str(request.amount), request.currency, card)


@attrs.frozen(kw_only=True)
class Result:
    """What became of a purchase. The module's docstring tells the members.

    Attributes:
        sandbox_charges: `sandbox.charges` of the JSON object.
    """

    outcome: str
    money: str
    exit_code: ExitCode
    merchant_txn_ref: str | None = None
    asked: Asked | None = None
    payment: Payment | None = None
    challenge: Challenge | None = None
    error: Ending | None = None
    sandbox_charges: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` writes."""
        charges = self.sandbox_charges
        return {
            "outcome": self.outcome,
            "money": self.money,
            "exit_code": int(self.exit_code),
            "merchant_txn_ref": self.merchant_txn_ref,
            "asked": as_json(self.asked),
            "payment": as_json(self.payment),
            "challenge": as_json(self.challenge),
            "error": self.error.as_json() if self.error else None,
            "sandbox": None if charges is None else {"charges": charges},
        }


def of_answer(answer: Payment | Challenge) -> Result:
    """Of a purchase that returned."""
    if isinstance(answer, Challenge):
        return Result(
            outcome="challenge",
            money="not moved yet",
            exit_code=ExitCode.REFUSED,
            merchant_txn_ref=answer.merchant_txn_ref,
            challenge=answer,
        )
    return Result(
        outcome="paid",
        money="moved once",
        exit_code=ExitCode.OK,
        merchant_txn_ref=answer.merchant_txn_ref,
        payment=answer,
    )


def of_error(error: PaymentOptionsError) -> Result:
    """Of a purchase that raised."""
    _, outcome, exit_code = next(row for row in _OUTCOMES if isinstance(error, row[0]))
    payment = getattr(error, "payment", None)
    moved = outcome == "partial"
    return Result(
        outcome=outcome,
        money=error.money,
        exit_code=exit_code,
        merchant_txn_ref=error.merchant_txn_ref,
        payment=payment if moved else None,
        error=Ending(
            type=type(error).__name__,
            message=str(error.args[0]),
            members={name: getattr(error, name, None) for name in _MEMBERS_OF_ERROR},
            problems=tuple((found.path, found.rule) for found in getattr(error, "problems", ())),
            evidence=tuple(getattr(error, "evidence", ())),
            payment=None if moved else payment,
        ),
    )


def of_bad_usage(message: str) -> Result:
    """Of a purchase that could not be tried."""
    return Result(
        outcome="usage",
        money="not touched",
        exit_code=ExitCode.USAGE,
        error=Ending("BadUsageError", message),
    )


def of_stop(why: str, *, reference: str, may_have_moved: bool, notes: tuple[str, ...]) -> Result:
    """Of a purchase that was ended by something that knows nothing of money: Ctrl-C, SIGTERM, a bug.

    Args:
        why: What ended it.
        reference: The reference of the charge.
        may_have_moved: Whether a request may have left.
        notes: What the client told when it was stopped.
    """
    ending = Ending("Stopped", why, evidence=notes)
    if may_have_moved:
        money, outcome, exit_code = "may have moved", "unknown", ExitCode.UNKNOWN
    else:
        money, outcome, exit_code = "not touched", "not_sent", ExitCode.INTERRUPTED
    return Result(
        outcome=outcome,
        money=money,
        exit_code=exit_code,
        merchant_txn_ref=reference,
        error=ending,
    )
