"""From a request to what goes out, what the ledger may know of it, and what its answer is held against."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from .errors import Problem
from .fingerprint import Fingerprints
from .ledger.base import Intent
from .models.follow_up_request import CaptureRequest, FollowUpRequest
from .models.hosted_page import HostedPageRequest
from .models.purchase_request import PurchaseRequest
from .models.request import Request, refusal
from .models.rules import amount_text
from .models.subscription import Subscription
from .models.wire import Body, request_body
from .operations import SUBSCRIBE, VOID, Operation, operation_of
from .redaction import redact_text
from .settings import Settings
from .verdict import Asked

__all__ = ["Order", "Orders", "asked_of"]

_LONGEST_KEY: Final = 128


class Order(NamedTuple):
    """One operation, ready to go."""

    operation: Operation[Any, Any]
    body: Body
    intent: Intent
    asked: Asked

    @property
    def reference(self) -> str:
        """What the ledger knows it by."""
        return self.intent.merchant_txn_ref


class Orders:
    """Makes orders, by one client's settings.

    Args:
        settings: Has the merchant's id, and the keys of the fingerprints.
    """

    def __init__(self, settings: Settings) -> None:
        self._merchant_id = settings.merchant_id
        self._fingerprints = Fingerprints(settings)

    def purchase(self, operation: Operation[Any, Any], request: PurchaseRequest) -> Order:
        """Of a charge."""
        card = request.card
        # The plan may take less for the first cycles, and then nobody here knows how much.
        told = "" if operation is SUBSCRIBE and _varies(request.subscription) else amount_text(request.amount)
        asked = Asked(
            request.merchant_txn_ref,
            Decimal(told) if told else None,
            request.currency,
            card.number if card else None,
            card.cvc if card else None,
        )
        intent = Intent(
            request.merchant_txn_ref, b"", amount=told, currency=request.currency, card=card.masked if card else None
        )
        return self._order(operation, request, intent, asked)

    def hosted_page(self, operation: Operation[Any, Any], request: HostedPageRequest) -> Order:
        """Of a page on which the payer pays."""
        intent = Intent(
            request.merchant_txn_ref, b"", operation.path, amount_text(request.amount), currency=request.currency
        )
        return self._order(operation, request, intent, asked_of(intent)._replace(link="url"))

    def follow_up(self, operation: Operation[Any, Any], request: FollowUpRequest, operation_key: str) -> Order:
        """Of a capture, void or refund.

        Args:
            operation: Which one.
            request: Its body.
            operation_key: The caller's name of it.

        Raises:
            InvalidRequestError: The key breaks its rule.
        """
        _check_key(operation_key)
        amount = amount_text(request.amount) if isinstance(request, CaptureRequest) else ""
        intent = Intent(operation_key, b"", operation.path, amount, subject=request.transaction_id)
        return self._order(operation, request, intent, asked_of(intent))

    def _order(self, operation: Operation[Any, Any], request: Request, intent: Intent, asked: Asked) -> Order:
        body = request_body(request, self._merchant_id)
        fingerprint, *former = self._fingerprints.of(operation.path, body)
        intent = intent._replace(operation=operation.path, fingerprint=fingerprint, former_fingerprints=tuple(former))
        return Order(operation, body, intent, asked)


def asked_of(intent: Intent) -> Asked:
    """What an answer about a charge of the ledger's is held against."""
    operation = operation_of(intent.operation)
    amount = Decimal(intent.amount) if intent.amount else None
    if operation is VOID:
        amount = Decimal(0)  # it asks for none, and whatever was reserved is released
    if operation.is_follow_up:
        # The answer names the charge that it was done to, which its key says nothing of.
        return Asked(None, amount, intent.currency or None, link=None)
    return Asked(intent.merchant_txn_ref, amount, intent.currency or None)


def _varies(plan: Subscription | None) -> bool:
    return plan is not None and bool(plan.has_discount or plan.has_trial_period)


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise refusal([Problem("operation_key", f"a text of 1 to {_LONGEST_KEY} printable characters")])
    if redact_text(key) != key:
        raise refusal([Problem("operation_key", "a name that holds no card number")])
