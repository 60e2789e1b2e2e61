"""A shop in bad weather: two clients of one ledger, faults on the wire, webhooks that come as they like."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import attrs

from paymentoptions_async import PaymentOptions, RetryPolicy, Timeouts
from paymentoptions_async.ledger import Ledger
from paymentoptions_async.sandbox import Fault, Sandbox, WebhookPolicy

from ..shop import WEBHOOK_SECRET, Shop, open_endpoint
from ..test_promise import script

__all__ = ["Weather", "World", "open_world"]

_TIMEOUTS: Final = Timeouts(total=0.5, connect=0.4)
_RETRY: Final = RetryPolicy(base=0.005, cap=0.02)


class Weather:
    """What goes wrong with the requests, until it clears up. Counts them."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self.requests = 0
        self.is_bad = True
        self._faults: Iterator[Fault | None] = script(rng, share)

    def __call__(self) -> Fault | None:
        self.requests += 1
        return next(self._faults) if self.is_bad else None


@attrs.frozen
class World:
    """All that there is.

    Attributes:
        shop: The gateway, the first client, and its endpoint.
        clients: That client and another one, which stands for another process.
        ledger: What both of them know.
        weather: What goes wrong.
        has_webhooks: Whether the gateway tells by itself what has become of a charge.
        tells_id: Whether a challenge tells its id, so that it can be asked for.
    """

    shop: Shop
    clients: tuple[PaymentOptions, PaymentOptions]
    ledger: Ledger
    weather: Weather
    has_webhooks: bool
    tells_id: bool

    @property
    def gateway(self) -> Sandbox:
        """The gateway."""
        return self.shop.gateway


def webhooks_of(rng: random.Random) -> WebhookPolicy:
    """Prompt ones, late and repeated ones in any order, early ones, or none."""
    return rng.choice(
        [
            WebhookPolicy(pause=0.01),
            WebhookPolicy(pause=0.01, delay=lambda: rng.random() * 0.02, repeats=2, reorder=True),
            WebhookPolicy(pause=0.01, delay=lambda: rng.random() * 0.05, repeats=3),
            WebhookPolicy(pause=0.01, early=True),
            WebhookPolicy(enabled=False),
        ]
    )


@asynccontextmanager
async def open_world(rng: random.Random, ledger: Ledger, *, share: float = 0.25) -> AsyncIterator[World]:
    """A world, all of whose chances are drawn from one seed."""
    weather, webhooks, tells_id = Weather(rng, share), webhooks_of(rng), rng.random() < 0.5
    sandbox = Sandbox(
        faults=weather,
        webhooks=webhooks,
        challenge_tells_id=tells_id,
        unclear_charges=rng.random() < 0.5,
        declines=rng.choice(["2xx", "4xx"]),
        error_body=rng.choice(["envelope", "message", "html", "empty"]),
    )
    async with sandbox as gateway:
        told = gateway.settings(
            timeouts=_TIMEOUTS,
            retry=_RETRY,
            webhook_secret=WEBHOOK_SECRET,
            ledger_secret="the same in both processes",
            log_level="critical",
        )
        async with PaymentOptions(told, ledger=ledger) as one, PaymentOptions(told, ledger=ledger) as two:
            async with open_endpoint(one, []) as base:
                shop = Shop(gateway, one, base, [])
                yield World(shop, (one, two), ledger, weather, webhooks.enabled, tells_id)
                await gateway.webhooks_sent()
