"""`client.payments`."""

from __future__ import annotations

from typing import Final, Literal

from ..charging import Charging
from ..ledger.base import Record
from ..models.challenge import Challenge
from ..models.payment import Payment
from ..models.purchase_request import PurchaseRequest
from ..reconciling import Reconciling

__all__ = ["Payments"]

# gateway/API.md, "Operations".
_PURCHASE: Final = {1: "payment", 2: "paymentv2"}


class Payments:
    """Card payments."""

    def __init__(self, charging: Charging, reconciling: Reconciling) -> None:
        self._charging = charging
        self._reconciling = reconciling

    async def purchase(self, request: PurchaseRequest, *, version: Literal[1, 2] = 1) -> Payment | Challenge:
        """Authorise and capture at once: `POST /payment`, or `POST /paymentv2`.

        Call it again with the same request whenever you like: what was charged under its `merchant_txn_ref` is
        answered again, and nothing is sent.

        Args:
            request: What to charge, and under which reference.
            version: 2 is for new integrations, and the entry to 3-D Secure; the vendor will withdraw 1.

        Returns:
            A `Payment`: the money moved, once. Or a `Challenge`: nothing is paid until the payer has been at its
            `redirect_url`.

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
        return await self._charging.charge(_PURCHASE[version], request)

    async def reconcile(self, merchant_txn_ref: str) -> Record:
        """Ask the gateway what became of a charge of unknown outcome, and write that into the ledger.

        It can be asked only by its own transaction id (`GET /transaction/status/{id}`), so this helps where an answer
        came that told the id and left the outcome unclear. Where none came, there is the webhook or a person
        (`Ledger.resolve`).

        Args:
            merchant_txn_ref: The reference of the charge.

        Returns:
            The record, settled now or before. A later `purchase()` with this reference tells the same.

        Raises:
            InvalidRequestError: The ledger has no such record.
            OutcomeUnknownError: It stays unknown: no transaction id is known, or the gateway does not settle it.
            ReferenceInUseError: It is being charged now.
            AuthenticationError: Wrong credentials.
            RateLimitedError: 429 after the retries.
            NotSentError: The gateway could not be asked.
            LedgerError: The ledger cannot be read or written.
        """
        return await self._reconciling.reconcile(merchant_txn_ref)
