"""The result of a call, as it is told to people and to machines.

`--json` writes one object with these keys; all of them are always there, `null` where they do not apply:

* `outcome`: what was carried out: `paid`, `authorised`, `captured`, `voided` or `refunded`; what waits for the payer:
  `challenge` or `page`; else `declined`, `refused`, `not_sent`, `partial`, `in_use`, `unknown` or `usage`. Of calls
  that move no money also `no_answer`; of `status` also `carried_out`; of subscriptions `listed`, `found`, `paused`,
  `resumed` or `cancelled`
* `money`: `moved once`, `reserved, not moved`, `released, not moved`, `moved back once`, `not moved yet`, `not moved`,
  `not touched`, `not touched by this call`, `moved in part` or `may have moved`; of `status` also `as its operation
  says`
* `exit_code`: the exit code of the process
* `merchant_txn_ref`: the reference of the charge; of `wait`, where it raised, whatever was waited for
* `operation_key`: the key of a capture, void or refund
* `asked`: `amount` (text as it was given), `currency`, `card`, masked, and `of_transaction`, the id of the transaction
  that a capture, void or refund was to be done to; `null` where nothing was to be done or no request was read
* `payment`: every member of what was carried out: `Payment`, `Authorization`, `Capture`, `Void` or `Refund`; not
  `null` exactly where that is known to have happened, in whole or in part
* `challenge`: every member of `Challenge`
* `page`: every member of `HostedPage`
* `status`: every member of `TransactionStatus`
* `subscriptions`: a list: every member of each `SubscriptionDetails`
* `error`: `type`, `message`, `reason`, `response_code`, `gateway_code`, `status`, `retry_after`, `attempts`,
  `transaction_id`, `replayed`, `recorded`, `lease_ends`, `problems` (a list of `path` and `rule`), `evidence` (a
  list) and `payment` (what a declined charge was answered; nothing of it was charged)
* `sandbox`: with `--sandbox`, `charges`: how often money moved by the sandbox's own books; else `null`

Amounts are text, since JSON numbers are floats in many languages; times are ISO 8601.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from .. import Challenge, HostedPage, Payment, PaymentOptionsError, SubscriptionDetails, TransactionStatus
from ..models.follow_up import FollowUp
from ..models.transaction import Transaction
from .exits import ExitCode
from .outcomes import CARRIED_OUT, OF_ERROR, OF_STATE
from .values import as_json

__all__ = [
    "Asked", "Ending", "Result", "of_answer", "of_bad_usage", "of_error", "of_silence", "of_status", "of_stop",
    "of_subscriptions", "of_wait",
]  # fmt: skip

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
    payment: Transaction | None = None

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


@attrs.frozen(kw_only=True)
class Asked:
    """What was asked for.

    Attributes:
        amount: As it was given.
        currency: Its code; `None` where it is that of the transaction.
        card: The card, masked; `None` where none pays.
        of_transaction: The id of the transaction that something was to be done to.
    """

    amount: str | None = None
    currency: str | None = None
    card: str | None = None
    of_transaction: str | None = None


@attrs.frozen(kw_only=True)
class Result:
    """What became of a call. The module's docstring tells the members.

    Attributes:
        sandbox_charges: `sandbox.charges` of the JSON object.
    """

    outcome: str
    money: str
    exit_code: ExitCode
    merchant_txn_ref: str | None = None
    operation_key: str | None = None
    asked: Asked | None = None
    payment: Transaction | None = None
    challenge: Challenge | None = None
    page: HostedPage | None = None
    status: TransactionStatus | None = None
    subscriptions: tuple[SubscriptionDetails, ...] | None = None
    error: Ending | None = None
    sandbox_charges: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` writes."""
        charges, subscriptions = self.sandbox_charges, self.subscriptions
        return {
            "outcome": self.outcome,
            "money": self.money,
            "exit_code": int(self.exit_code),
            "merchant_txn_ref": self.merchant_txn_ref,
            "operation_key": self.operation_key,
            "asked": as_json(self.asked),
            "payment": as_json(self.payment),
            "challenge": as_json(self.challenge),
            "page": as_json(self.page),
            "status": as_json(self.status),
            "subscriptions": None if subscriptions is None else [as_json(one) for one in subscriptions],
            "error": self.error.as_json() if self.error else None,
            "sandbox": None if charges is None else {"charges": charges},
        }


def of_answer(answer: Transaction | Challenge | HostedPage) -> Result:
    """Of a call that returned what was carried out, or what waits for the payer."""
    if isinstance(answer, Challenge):
        return Result(
            outcome="challenge",
            money="not moved yet",
            exit_code=ExitCode.REFUSED,
            merchant_txn_ref=answer.merchant_txn_ref,
            challenge=answer,
        )
    if isinstance(answer, HostedPage):
        return Result(
            outcome="page",
            money="not moved yet",
            exit_code=ExitCode.OK,
            merchant_txn_ref=answer.merchant_txn_ref,
            page=answer,
        )
    begun = answer.subscription if isinstance(answer, Payment) else None
    return Result(
        outcome=CARRIED_OUT[type(answer)],
        money=answer.money,
        exit_code=ExitCode.OK,
        merchant_txn_ref=answer.merchant_txn_ref or None,
        operation_key=answer.operation_key if isinstance(answer, FollowUp) else None,
        payment=answer,
        subscriptions=None if begun is None else (begun,),
    )


def of_wait(answer: Transaction | Challenge | HostedPage) -> Result:
    """Of a wait that returned. A page that still waits for its payer is not what was waited for."""
    result = of_answer(answer)
    return result if result.page is None else attrs.evolve(result, exit_code=ExitCode.REFUSED)


def of_status(status: TransactionStatus) -> Result:
    """Of a status query that was answered."""
    outcome, money, exit_code = OF_STATE.get(status.state, ("unknown", "may have moved", ExitCode.UNKNOWN))
    return Result(
        outcome=outcome,
        money=money,
        exit_code=exit_code,
        merchant_txn_ref=status.merchant_txn_ref,
        status=status,
    )


def of_subscriptions(outcome: str, *subscriptions: SubscriptionDetails) -> Result:
    """Of a question about subscriptions, or a change to one, that was answered.

    Args:
        outcome: The word for it.
        subscriptions: What was answered.
    """
    return Result(outcome=outcome, money="not touched by this call", exit_code=ExitCode.OK, subscriptions=subscriptions)


def of_error(error: PaymentOptionsError) -> Result:
    """Of a call that raised."""
    _, outcome, exit_code = next(row for row in OF_ERROR if isinstance(error, row[0]))
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
    """Of a call that could not be tried."""
    return Result(
        outcome="usage",
        money="not touched",
        exit_code=ExitCode.USAGE,
        error=Ending("BadUsageError", message),
    )


def of_stop(why: str, *, reference: str | None, may_have_moved: bool, notes: tuple[str, ...]) -> Result:
    """Of a call that moves money and was ended by what knows nothing of it: Ctrl-C, SIGTERM, a bug.

    Args:
        why: What ended it.
        reference: What the ledger knows it by.
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


def of_silence(why: str, *, exit_code: ExitCode) -> Result:
    """Of a call that moves no money and was ended so.

    Args:
        why: What ended it.
        exit_code: Whether something is unknown now.
    """
    return Result(
        outcome="no_answer",
        money="not touched by this call",
        exit_code=exit_code,
        error=Ending("Stopped", why),
    )
