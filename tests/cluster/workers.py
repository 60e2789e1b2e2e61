"""Workers in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from paymentoptions_async import PaymentOptions, PostgresLedger, PurchaseRequest, Settings, State
from paymentoptions_async.cluster import Worker
from paymentoptions_async.sandbox import Sandbox

from ..helpers import FAST
from .charges import SECRET, rows, sealer

_OPEN = "SELECT 1 FROM paymentoptions_batch_charge WHERE standing = 0 LIMIT 1"


_OF_SETTINGS = ("api_key", "retry")


@asynccontextmanager
async def started(dsn: str, gateway: Sandbox, **options: Any) -> AsyncIterator[tuple[Worker, asyncio.Task[None]]]:
    """A worker and what it does, until that ends. Some options are settings of its client."""
    settings = _settings(gateway, **{name: options.pop(name) for name in _OF_SETTINGS if name in options})
    async with PostgresLedger(dsn) as ledger, PaymentOptions(settings, ledger=ledger) as client:
        given = {"sealer": sealer(), "lease": 5.0, "log_level": "critical", **options}
        worker = Worker(dsn, client=client, ledger=ledger, **given)
        task = asyncio.create_task(worker.run())
        try:
            yield worker, task
        finally:
            worker.stop()
            await asyncio.wait([task])


@asynccontextmanager
async def working(dsn: str, gateway: Sandbox, **options: Any) -> AsyncIterator[Worker]:
    """A worker that works as long as the block lasts."""
    async with started(dsn, gateway, **options) as (worker, task):
        yield worker
        worker.stop()
        await task


@asynccontextmanager
async def charging(dsn: str, gateway: Sandbox, body: dict[str, Any]) -> AsyncIterator[asyncio.Task[Any]]:
    """A client that has begun to charge something, and is at it until its task is cancelled."""
    request = PurchaseRequest.from_json(json.dumps(body))
    async with PostgresLedger(dsn) as ledger, PaymentOptions(_settings(gateway), ledger=ledger) as client:
        task = asyncio.create_task(client.payments.purchase(request))
        while not (found := await ledger.find(request.merchant_txn_ref)) or found.outcome.state is not State.SENDING:
            await asyncio.sleep(0.01)
        yield task
        with suppress(asyncio.CancelledError):
            await task


def _settings(gateway: Sandbox, **options: Any) -> Settings:
    return gateway.settings(timeouts=FAST, ledger_secret=SECRET, log_level="critical", **options)


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)


async def until_done(dsn: str, seconds: float = 20) -> None:
    await until(lambda: not rows(dsn, _OPEN), seconds)
