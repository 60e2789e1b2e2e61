"""`client.hosted_pages`."""

from __future__ import annotations

from ..charging import Charging
from ..models.hosted_page import HostedPage, HostedPageRequest
from ..models.payment import Payment
from ..operations import HOSTED_PAGE
from ..watching import Watch

__all__ = ["HostedPages"]


class HostedPages:
    """Pages of the gateway's on which the payer types the card, or pays by a wallet."""

    def __init__(self, charging: Charging, watch: Watch) -> None:
        self._charging = charging
        self._watch = watch

    async def create(self, request: HostedPageRequest) -> HostedPage | Payment:
        """Have a page made: `POST /hpp/generate/link`. With a wallet as `payment_method` it is that wallet's page.

        The ledger keeps it under its `merchant_txn_ref` as it keeps a challenge: the same call again gives the same
        page, and `payments.wait` ends when the webhook has settled it.

        Args:
            request: What is to be paid, and under which reference.

        Returns:
            The `HostedPage`: nothing is paid until the payer has been at its `url`. Or, once it is paid, the `Payment`.

        Raises:
            PaymentOptionsError: As `payments.purchase`. After an `OutcomeUnknownError` a page may have been made of
                which nobody knows the address.
        """
        return await self._watch.call("hosted_page.create", self._charging.open_page(HOSTED_PAGE, request))
