"""A charge whose caller goes away, and whom `asyncio.shield` keeps it from."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from paymentoptions_async import MemoryLedger, PaymentOptions, State
from paymentoptions_async.ledger import Claim
from paymentoptions_async.models.outcome import Outcome
from paymentoptions_async.sandbox import Sandbox

from ..helpers import request
from ..webhooks.cases import known


class LonelyLedger(MemoryLedger):
    """One that is told an outcome, and waits for something that nobody holds but whoever tells it.

    Attributes:
        awaited: What it waits for.
    """

    awaited: weakref.ref[asyncio.Future[None]] | None = None

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        future = asyncio.get_running_loop().create_future()
        self.awaited = weakref.ref(future)
        await future
        return await super().finish(claim, outcome)


@pytest.mark.asyncio
async def test_it_goes_on_to_its_end_though_nobody_holds_its_task(gateway: Sandbox) -> None:
    ledger = LonelyLedger()
    async with PaymentOptions(gateway.settings(), ledger=ledger) as client:

        async def pay() -> None:
            await asyncio.shield(client.payments.purchase(request("ref")))

        paying = asyncio.create_task(pay())
        while ledger.awaited is None:
            await asyncio.sleep(0.001)
        paying.cancel()
        await asyncio.wait([paying])
        del paying
        gc.collect()
        future = ledger.awaited()
        assert future is not None
        future.set_result(None)
    assert gateway.charges("ref") == 1
    assert (await known(client)).outcome.state is State.PAID
