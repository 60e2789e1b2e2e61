"""`client.payments`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeVar

from ..charging import Charging
from ..course import outcome_word
from ..errors import Problem
from ..hooks import Word
from ..inquiring import Inquiring
from ..ledger.base import Record
from ..models.challenge import Challenge
from ..models.follow_up import Capture, Refund, Void
from ..models.follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from ..models.hosted_page import HostedPage
from ..models.payment import Authorization, Payment
from ..models.purchase_request import PurchaseRequest
from ..models.request import refusal
from ..models.transaction import Transaction
from ..models.transaction_status import TransactionStatus
from ..operations import AUTHORIZE, CAPTURE, PURCHASE, REFUND, VOID, Operation
from ..reconciling import Reconciling
from ..waiting import Waiting
from ..watching import Watch

__all__ = ["Payments"]

T = TypeVar("T", bound=Transaction)


class Payments:
    """Card payments.

    What `purchase` raises is raised by `authorize`, `capture`, `void` and `refund` as well, and means the same for the
    money: nothing is sent twice, whatever happens, under one `merchant_txn_ref` or `operation_key`.
    """

    def __init__(
        self, charging: Charging, reconciling: Reconciling, waiting: Waiting, inquiring: Inquiring, watch: Watch
    ) -> None:
        self._charging = charging
        self._reconciling = reconciling
        self._waiting = waiting
        self._inquiring = inquiring
        self._watch = watch

    async def purchase(self, request: PurchaseRequest, *, version: Literal[1, 2] = 1) -> Payment | Challenge:
        """Authorise and capture at once: `POST /payment`, or `POST /paymentv2`.

        Call it again with the same request whenever you like: what was charged under its `merchant_txn_ref` is
        answered again, and nothing is sent.

        Args:
            request: What to charge, and under which reference.
            version: 2 is for new integrations, and the entry to 3-D Secure; the vendor will withdraw 1.

        Returns:
            A `Payment`: the money moved, once. Or a `Challenge`: nothing is paid until the payer has been at its
            `redirect_url`; then `wait` tells.

        Raises:
            InvalidRequestError: Not touched. A field breaks its rule, or the gateway refused the request.
            AuthenticationError: Not touched. Wrong credentials.
            RateLimitedError: Not touched. 429 after the retries.
            NotSentError: Not touched. No byte of the request left.
            ConfigurationError: Not touched. The client is closed, or belongs to another event loop.
            ReferenceConflictError: Not touched by this call. The reference stands for another charge.
            ReferenceInUseError: Not touched by this call. Another client is charging it.
            DeclinedError: Not moved. The issuer or a risk rule said no.
            PartialApprovalError: Moved in part.
            OutcomeUnknownError: May have moved. Do not charge again before it is resolved.
        """
        work = self._charging.charge(_version_of(PURCHASE, version, request), request)
        return await self._watch.call("purchase", work)

    async def authorize(self, request: PurchaseRequest, *, version: Literal[1, 2] = 1) -> Authorization | Challenge:
        """Reserve the amount: `POST /authorization`, or `POST /authorizationv2`. Then `capture` or `void` it.

        Args:
            request: As for `purchase`.
            version: As for `purchase`.

        Returns:
            An `Authorization`: reserved, and nothing moved. Or a `Challenge`.

        Raises:
            PaymentOptionsError: As `purchase`. "May have moved" is here: may have been reserved.
        """
        work = self._charging.charge(_version_of(AUTHORIZE, version, request), request)
        return await self._watch.call("authorize", work)

    async def capture(
        self,
        transaction_id: str,
        *,
        amount: str | int | Decimal,
        operation_key: str,
        notes: str | None = None,
        merchant_id: str | None = None,
    ) -> Capture:
        """Take what was authorised: `POST /capture`. It can be done once; a smaller amount releases the rest.

        The gateway's request has no reference of yours (gateway/API.md), so you name the operation. Under that name
        the ledger guards it as it guards a purchase: the same call again is answered from the ledger.

        Args:
            transaction_id: Of the authorisation.
            amount: What to take; sent as given, never converted.
            operation_key: Your own name of this capture, at most 128 characters, such as `capture-order-17`. The ledger
                keeps it among your references: no `merchant_txn_ref` may be the same.
            notes: A remark that the gateway keeps.
            merchant_id: Where it is not that of the settings.

        Returns:
            The `Capture`: moved, once. Its `transaction_id` is the one to refund.

        Raises:
            PaymentOptionsError: As `purchase`; `merchant_txn_ref` of the error is the operation key. It is repeated
                only where provably nothing left.
        """
        request = CaptureRequest(transaction_id=transaction_id, amount=amount, notes=notes, merchant_id=merchant_id)
        return await self._watch.call("capture", self._charging.follow_up(CAPTURE, request, operation_key))

    async def void(self, transaction_id: str, *, operation_key: str, merchant_id: str | None = None) -> Void:
        """Give up an authorisation that was not captured: `POST /void`. Nothing moves, and nothing will.

        Args:
            transaction_id: Of the authorisation.
            operation_key: Your own name of it; see `capture`.
            merchant_id: Where it is not that of the settings.

        Raises:
            PaymentOptionsError: As `capture`.
        """
        request = VoidRequest(transaction_id=transaction_id, merchant_id=merchant_id)
        return await self._watch.call("void", self._charging.follow_up(VOID, request, operation_key))

    async def refund(
        self,
        transaction_id: str,
        *,
        amount: str | int | Decimal,
        operation_key: str,
        notes: str | None = None,
        merchant_id: str | None = None,
    ) -> Refund:
        """Give money back, all of it or a part: `POST /refund`.

        **A refund whose answer was lost is never sent again, by nobody:** the gateway could not tell the second one
        from another part. It is an `OutcomeUnknownError` until somebody has looked into the portal and resolved it.

        Args:
            transaction_id: Of what was captured: a payment's, or after authorise and capture the capture's.
            amount: How much goes back; sent as given, never converted.
            operation_key: Your own name of this refund; see `capture`. Each part needs one of its own.
            notes: A remark that the gateway keeps.
            merchant_id: Where it is not that of the settings.

        Raises:
            PaymentOptionsError: As `capture`. More than is left is a `DeclinedError` (`ERR3019`, `ERR3020`).
        """
        request = RefundRequest(transaction_id=transaction_id, amount=amount, notes=notes, merchant_id=merchant_id)
        return await self._watch.call("refund", self._charging.follow_up(REFUND, request, operation_key))

    async def status(self, transaction_id: str) -> TransactionStatus:
        """Ask what a transaction has come to: `GET /transaction/status/{id}`. Nothing is written down; see `reconcile`.

        Args:
            transaction_id: The gateway's id.

        Raises:
            InvalidRequestError: The gateway knows no such transaction.
            AuthenticationError: Wrong credentials.
            RateLimitedError: 429 after the retries.
            NoAnswerError: No answer came that can be used. Nothing is touched by asking.
        """
        return await self._watch.call("status", self._inquiring.status(transaction_id))

    async def wait(
        self,
        reference: str,
        *,
        timeout: float,  # noqa: ASYNC109  # of the wait, not of a call
    ) -> Payment | Authorization | Capture | Void | Refund | Challenge | HostedPage:
        """Wait until a challenge, a hosted page or an unknown outcome is settled.

        A webhook that came to this client ends the wait at once; one that came to another process that shares the
        ledger ends it at the next look. Where the gateway's id is known it is asked for the status as well.

        Args:
            reference: The `merchant_txn_ref`, or the operation key.
            timeout: Seconds, at most a day. 0 looks once, into the ledger alone.

        Returns:
            What the ledger knows at the end: a `Payment` (or what else the operation gives) once it is settled, still
            the `Challenge` or `HostedPage` where the time is over before that.

        Raises:
            InvalidRequestError: The ledger knows no such reference.
            DeclinedError: Not moved: the payer or the issuer said no.
            OutcomeUnknownError: Still unknown when the time is over.
            ReferenceInUseError: Still being charged when the time is over.
            PaymentOptionsError: What else `purchase` would raise now.
        """
        settled: Payment | Authorization | Capture | Void | Refund | Challenge | HostedPage
        settled = await self._watch.call("wait", self._waiting.wait(reference, timeout), _settled)
        return settled

    async def reconcile(self, merchant_txn_ref: str) -> Record:
        """Ask the gateway what became of a charge that is open, and write that into the ledger.

        It can be asked only by its own transaction id (`GET /transaction/status/{id}`), so this helps where an answer
        or a webhook told the id. Where none came there is a person (`Ledger.resolve`).

        Args:
            merchant_txn_ref: The reference of the charge, or the operation key.

        Returns:
            The record: settled now or before, or still waiting for its payer. A later `purchase()` with this reference
            tells the same.

        Raises:
            InvalidRequestError: The ledger has no such record.
            OutcomeUnknownError: It stays unknown: no transaction id is known, or the gateway does not settle it.
            ReferenceInUseError: It is being charged now.
            AuthenticationError: Wrong credentials.
            RateLimitedError: 429 after the retries.
            NotSentError: The gateway could not be asked.
            LedgerError: The ledger cannot be read or written.
        """
        work = self._reconciling.reconcile(merchant_txn_ref)
        return await self._watch.call("reconcile", work, lambda record: outcome_word(record.outcome))


def _settled(awaited: object) -> Word:
    return "challenge" if isinstance(awaited, Challenge | HostedPage) else "paid"


def _version_of(
    versions: Mapping[int, Operation[T, Challenge]], version: int, request: PurchaseRequest
) -> Operation[T, Challenge]:
    if version not in versions:
        raise refusal([Problem("version", "1 or 2")])
    if request.subscription is not None:
        raise refusal([Problem("subscription", "none: subscriptions.create begins one")])
    return versions[version]
