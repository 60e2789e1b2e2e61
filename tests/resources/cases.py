"""What the tests of the resources have in common."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs

from paymentoptions_async import Authorization, HostedPageRequest, Payment, PaymentOptions, PurchaseRequest
from paymentoptions_async.sandbox import Sandbox

from ..helpers import SAMPLES, request

LOST: Final = (
    "reset:before_read", "reset:after_read", "close:after_read", "reset:after_commit", "close:after_commit",
    "reset:in_headers", "close:in_headers", "reset:in_body", "close:in_body", "garbage", "garbage_body", "empty_body",
    "big_body", "500:before_commit", "500:after_commit", "502:after_commit", "503", "504:before_commit", "504",
)  # fmt: skip
"""Faults after which nobody can know whether the request was carried out."""


class Wire:
    """Counts the requests that arrive, and strikes those that come next."""

    def __init__(self, *faults: str | None) -> None:
        self.requests = 0
        self._next = deque(faults)

    def __call__(self) -> str | None:
        self.requests += 1
        return self._next.popleft() if self._next else None

    def strike(self, *faults: str | None) -> None:
        """Let the next requests meet these."""
        self._next.extend(faults)


@attrs.frozen
class FollowUp:
    """Capture, void or refund, so that one test can be made of all three.

    Attributes:
        name: Of the method, and of the kind of transaction.
        amount: What it is asked for.
    """

    name: str
    amount: str | None

    async def prepare(self, client: PaymentOptions, reference: str = "ref") -> str:
        """Make what it is done to, and give its id."""
        if self.name == "refund":
            return (await paid(client, reference)).transaction_id
        return (await authorised(client, reference)).transaction_id

    def call(self, client: PaymentOptions, transaction_id: str, key: str = "key", **changes: Any) -> Awaitable[Any]:
        """Do it."""
        given = {"amount": self.amount} if self.amount is not None else {}
        method: Callable[..., Awaitable[Any]] = getattr(client.payments, self.name)
        return method(transaction_id, operation_key=key, **{**given, **changes})

    def done(self, gateway: Sandbox, reference: str = "ref") -> int:
        """How many times the gateway has carried it out."""
        return sum(
            one.kind.value == self.name and one.state.value in ("captured", "completed", "refunded", "partly_refunded")
            for one in gateway.transactions(reference)
        )


CAPTURE: Final = FollowUp("capture", "1000")
VOID: Final = FollowUp("void", None)
REFUND: Final = FollowUp("refund", "400")
FOLLOW_UPS: Final = (CAPTURE, VOID, REFUND)


async def begin_outage(gateway: Sandbox, seconds: float) -> asyncio.Task[None]:
    """Let the gateway be gone, and the client's idle connections know it."""
    outage = asyncio.create_task(gateway.outage(seconds))
    await asyncio.sleep(0.02)
    return outage


async def paid(client: PaymentOptions, reference: str = "ref", **changes: Any) -> Payment:
    payment = await client.payments.purchase(request(reference, **changes))
    assert isinstance(payment, Payment)
    return payment


async def authorised(client: PaymentOptions, reference: str = "ref", **changes: Any) -> Authorization:
    authorization = await client.payments.authorize(request(reference, **changes))
    assert isinstance(authorization, Authorization)
    return authorization


def plan_request(reference: str = "ref", *, amount: str = "1000", **plan: Any) -> PurchaseRequest:
    """The vendor's own subscription, with a card that needs no challenge and another plan."""
    body = PurchaseRequest.from_json((SAMPLES / "subscription_create.request.json").read_bytes())
    assert body.subscription is not None
    subscription = attrs.evolve(body.subscription, **{"has_discount": False, **plan})
    return request(reference, amount=amount, subscription=subscription)


def page_request(reference: str = "ref", *, sample: str = "hosted_page", **changes: Any) -> HostedPageRequest:
    """The vendor's own page."""
    wanted = HostedPageRequest.from_json((SAMPLES / f"{sample}.request.json").read_bytes())
    return attrs.evolve(wanted, merchant_txn_ref=reference, **changes)
