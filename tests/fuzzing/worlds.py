"""What the targets have in common: settings, orders of every operation, and a gateway that answers what it is told."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Coroutine
from typing import Any, Final

import attrs

from paymentoptions_async import (
    HostedPageRequest,
    PurchaseRequest,
    RetryPolicy,
    Settings,
    Subscription,
)
from paymentoptions_async.models.follow_up_request import CaptureRequest, RefundRequest, VoidRequest
from paymentoptions_async.operations import AUTHORIZE, CAPTURE, HOSTED_PAGE, PURCHASE, REFUND, SUBSCRIBE, VOID
from paymentoptions_async.orders import Order, Orders
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.transport.reply import Reply

from ..helpers import SAMPLES, request, token_request

__all__ = ["ANSWERS", "ORDERS", "REFERENCE", "RUNTIME", "SETTINGS", "STATUSES", "Answering", "run", "runner"]

REFERENCE: Final = "qwe"
SETTINGS: Final = Settings(
    api_key="an api key", x_api_key="another key", merchant_id="shop", base_url="http://127.0.0.1:9",
    retry=RetryPolicy(max_attempts=1), ledger_secret="a secret for the ledger of the fuzzers",
    webhook_secret="a secret for the webhooks of the fuzzers", log_level="critical",
)  # fmt: skip
STATUSES: Final = (201, 200, 400, 401, 402, 404, 406, 412, 429, 204, 302, 409, 100, 500, 504, 999)
_PURCHASE: Final = SAMPLES / "purchase.response.201.json"
_FILES: Final = sorted(SAMPLES.glob("*.response.*json"), key=lambda file: (file != _PURCHASE, file.name))
ANSWERS: Final = tuple(file.read_bytes() for file in _FILES)
"""The vendor's samples, that of a purchase first."""


async def _at_once(_seconds: float) -> None:
    """No pause."""


RUNTIME: Final = Runtime(sleep=_at_once, random=lambda: 0.5, clock=lambda: 0.0, token=lambda: "token")


def _orders() -> tuple[Order, ...]:
    orders = Orders(SETTINGS)
    trial = Subscription(
        plan_name="p", cycle_type="DAYS", cycle_interval=1, subscription_end_type="CYCLE", has_trial_period=True
    )
    page = HostedPageRequest.from_json((SAMPLES / "hosted_page.request.json").read_bytes())
    page = attrs.evolve(page, merchant_txn_ref=REFERENCE)
    plan = PurchaseRequest.from_json((SAMPLES / "subscription_create.request.json").read_bytes())
    plan = request(REFERENCE, subscription=plan.subscription)
    return (
        orders.purchase(PURCHASE[1], request(REFERENCE)),
        orders.purchase(PURCHASE[2], request(REFERENCE)),
        orders.purchase(PURCHASE[2], token_request(REFERENCE)),
        orders.purchase(AUTHORIZE[2], request(REFERENCE)),
        orders.follow_up(CAPTURE, CaptureRequest(transaction_id="t1", amount="1000"), "capture-1"),
        orders.follow_up(VOID, VoidRequest(transaction_id="t1"), "void-1"),
        orders.follow_up(REFUND, RefundRequest(transaction_id="t1", amount="1000"), "refund-1"),
        orders.purchase(SUBSCRIBE, plan),
        orders.purchase(SUBSCRIBE, request(REFERENCE, subscription=trial)),
        orders.hosted_page(HOSTED_PAGE, page),
        orders.hosted_page(HOSTED_PAGE, attrs.evolve(page, amount="")),
    )


ORDERS: Final = _orders()
"""One of each operation."""


class Answering:
    """In the place of the transport: one answer to everything that is asked."""

    reply = Reply(500, b"")

    def check(self) -> None:
        """It is always open."""

    async def get(self, *_path: str) -> Reply:
        return self.reply

    async def status(self, _transaction_id: str) -> Reply:
        return self.reply

    async def change(self, parcel: Any, *_path: str) -> Reply:
        parcel.sent = True
        return self.reply


runner: Final = asyncio.Runner()
"""The one loop of the targets."""
atexit.register(runner.close)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Carry it out on it."""
    runner.run(work)
