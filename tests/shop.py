"""A shop: a sandbox, a client of it, and the endpoint that takes its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs
from aiohttp import web

from paymentoptions_async import HostedPageRequest, PaymentOptions, PurchaseRequest, WebhookEvent
from paymentoptions_async.sandbox import Sandbox

from .helpers import sandbox_client

__all__ = ["WEBHOOK_SECRET", "Shop", "open_endpoint", "open_shop"]

WEBHOOK_SECRET: Final = "a secret for the webhooks of the tests"

R = TypeVar("R", PurchaseRequest, HostedPageRequest)


@attrs.define
class Shop:
    """What a merchant has.

    Attributes:
        gateway: The sandbox.
        client: Its client.
        base: Where the endpoint is.
        events: The deliveries that were believed.
    """

    gateway: Sandbox
    client: PaymentOptions
    base: str
    events: list[WebhookEvent]

    def addressed(self, request: R) -> R:
        """The request, with the webhook's address in it."""
        url = self.client.webhooks.url(self.base, request.merchant_txn_ref)
        changed: R = attrs.evolve(request, return_url=attrs.evolve(request.return_url, webhook_url=url))
        return changed


@asynccontextmanager
async def open_endpoint(client: PaymentOptions, events: list[WebhookEvent]) -> AsyncIterator[str]:
    """Serve a client's webhooks, and give the address."""

    async def note(event: WebhookEvent) -> None:
        events.append(event)

    application = web.Application()
    application.router.add_post("/webhooks/{token}", client.webhooks.handler(note))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}/webhooks"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_shop(*, settings: dict[str, Any] | None = None, **given: Any) -> AsyncIterator[Shop]:
    """A shop; `given` is for `sandbox_client`."""
    told = {"webhook_secret": WEBHOOK_SECRET, **(settings or {})}
    async with sandbox_client(settings=told, **given) as (gateway, client):
        events: list[WebhookEvent] = []
        async with open_endpoint(client, events) as base:
            yield Shop(gateway, client, base, events)
