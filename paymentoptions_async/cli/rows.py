"""The parts of a result, row by row, for people."""

from __future__ import annotations

from .. import HostedPage, SubscriptionDetails, TransactionStatus
from ..models.follow_up import FollowUp
from ..models.transaction import Transaction
from .output import Rows
from .result import Asked, Ending

__all__ = ["asked_rows", "error_rows", "page_rows", "payment_rows", "status_rows", "subscription_rows"]


def asked_rows(asked: Asked) -> Rows:
    """What was asked for."""
    yield "asked", _joined(asked.amount, asked.currency)
    yield "card", asked.card
    yield "of transaction", asked.of_transaction


def payment_rows(payment: Transaction) -> Rows:
    """What was carried out."""
    yield "amount", _joined(f"{payment.amount:f}", payment.currency)
    yield "transaction", payment.transaction_id
    if isinstance(payment, FollowUp):
        yield "of transaction", payment.of_transaction
    yield "card", _joined(payment.masked_card, payment.scheme)
    yield "auth code", payment.auth_code
    yield "stored as", payment.stored_payment_method_id
    if payment.gateway:
        yield "gateway", _joined(payment.gateway.code, payment.gateway.message)
    yield "time", payment.timestamp and payment.timestamp.isoformat()
    yield "attempts", payment.attempts


def page_rows(page: HostedPage) -> Rows:
    """A page that waits for its payer."""
    amount = "as the payer types it" if page.amount is None else f"{page.amount:f}"
    yield "amount", _joined(amount, page.currency)
    yield "page", page.id
    yield "attempts", page.attempts


def status_rows(status: TransactionStatus) -> Rows:
    """What the gateway says of a transaction."""
    yield "amount", _joined(None if status.amount is None else f"{status.amount:f}", status.currency)
    yield "transaction", status.transaction_id
    yield "type", status.transaction_type
    yield "reason", status.reason
    yield "response code", status.response_code
    yield "gateway", status.description
    yield "time", status.timestamp and status.timestamp.isoformat()


def subscription_rows(subscription: SubscriptionDetails, *, whole: bool) -> Rows:
    """A subscription.

    Args:
        subscription: As the gateway told it.
        whole: With its plan and what it has charged, and not only how it stands.
    """
    plan = subscription.subscription_plan_details
    yield "subscription", _joined(subscription.id, subscription.status, None if whole or plan is None else plan.name)
    if not whole:
        return
    if plan is not None:
        yield "plan", _joined(plan.name, plan.desc and f"({plan.desc})")
        yield "price", _joined(None if plan.amount is None else f"{plan.amount:f}", plan.ccy)
        yield "cycle", _joined(plan.billing_cycle_interval, plan.billing_cycle_type)
    yield "cycles", _of(subscription.completed_payment_cycle, subscription.max_cycle_count)
    yield "last payment", subscription.last_payment_status
    yield "next payment", subscription.next_payment_date
    for charge in subscription.transactions:
        amount = None if charge.amount is None else f"{charge.amount:f}"
        yield "charged", _joined(charge.transaction_date, amount, charge.ccy, charge.status, charge.id)


def error_rows(error: Ending) -> Rows:
    """What went wrong."""
    if not error.problems:
        yield "error", f"{error.type}: {error.message}"
    for path, rule in error.problems:
        yield "problem", f"{path}: {rule}"
    yield "reason", error.members.get("reason")
    yield "response code", error.members.get("response_code")
    yield "gateway code", error.members.get("gateway_code")
    yield "retry after", error.members.get("retry_after")
    yield "lease ends", error.members.get("lease_ends")
    yield "transaction", error.members.get("transaction_id")
    if error.payment:
        yield "transaction", error.payment.transaction_id
    for seen in error.evidence:
        yield "evidence", seen


def _joined(*parts: object) -> str | None:
    return " ".join(str(part) for part in parts if part not in (None, "")) or None


def _of(done: int | None, most: int | None) -> str | None:
    if done is None or most is None:
        return _joined(done)
    return f"{done} of {most}"
