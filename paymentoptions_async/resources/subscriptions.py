"""`client.subscriptions`."""

from __future__ import annotations

from ..charging import Charging
from ..errors import Problem
from ..inquiring import Inquiring
from ..models.challenge import Challenge
from ..models.payment import Payment
from ..models.purchase_request import PurchaseRequest
from ..models.request import refusal
from ..models.subscription_details import SubscriptionDetails
from ..operations import SUBSCRIBE
from ..watching import Watch

__all__ = ["Subscriptions"]


class Subscriptions:
    """Charges that the gateway repeats by itself.

    `create` is guarded by the ledger as a purchase is. The others move no money by themselves: they raise
    `NoAnswerError` where no answer came, and can be called again.
    """

    def __init__(self, charging: Charging, inquiring: Inquiring, watch: Watch) -> None:
        self._charging = charging
        self._inquiring = inquiring
        self._watch = watch

    async def create(self, request: PurchaseRequest) -> Payment | Challenge:
        """Begin a subscription with its first payment: `POST /subscription/payment`.

        Args:
            request: As for `payments.purchase`, with its `subscription`.

        Returns:
            The first `Payment`, whose `subscription` tells the id where the answer does; or a `Challenge`.

        Raises:
            PaymentOptionsError: As `payments.purchase`.
        """
        if request.subscription is None:
            raise refusal([Problem("subscription", "required")])
        return await self._watch.call("subscription.create", self._charging.charge(SUBSCRIBE, request))

    async def list(self) -> list[SubscriptionDetails]:
        """All subscriptions: `GET /subscription/list`.

        Raises:
            NoAnswerError: No answer came that can be used.
            PaymentOptionsError: The gateway refused: credentials, rate.
        """
        return await self._watch.call("subscription.list", self._inquiring.subscriptions())

    async def get(self, subscription_id: str) -> SubscriptionDetails:
        """One subscription: `GET /subscription/{id}`.

        Raises:
            InvalidRequestError: The gateway knows no such subscription.
            NoAnswerError: No answer came that can be used.
            PaymentOptionsError: The gateway refused: credentials, rate.
        """
        return await self._watch.call("subscription.get", self._inquiring.subscription(subscription_id))

    async def pause(self, subscription_id: str) -> SubscriptionDetails:
        """Charge no further cycles for now: `POST /subscription/{id}/pause` (path inferred).

        Raises:
            InvalidRequestError: The gateway knows no such subscription, or it cannot be paused.
            NotSentError: Nothing left.
            NoAnswerError: It may have been paused: ask with `get`, or pause it again.
            PaymentOptionsError: The gateway refused: credentials, rate.
        """
        work = self._inquiring.change_subscription(subscription_id, "pause")
        return await self._watch.call("subscription.pause", work)

    async def resume(self, subscription_id: str) -> SubscriptionDetails:
        """Go on with a paused one: `POST /subscription/{id}/resume`. Raises as `pause`."""
        work = self._inquiring.change_subscription(subscription_id, "resume")
        return await self._watch.call("subscription.resume", work)

    async def cancel(self, subscription_id: str) -> SubscriptionDetails:
        """End it for good: `POST /subscription/{id}/cancel`. Raises as `pause`."""
        work = self._inquiring.change_subscription(subscription_id, "cancel")
        return await self._watch.call("subscription.cancel", work)
