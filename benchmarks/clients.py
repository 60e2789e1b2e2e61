"""The two that are compared: plain aiohttp with orjson, and this library, making the same POSTs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Call = Callable[[int], Awaitable[Any]]

BODY = (Path(__file__).parents[1] / "examples" / "purchase.json").read_bytes()
_PATH = "/api/v1/server-to-server-interface/payment"
_HEADERS = {"Authorization": "Basic a2V5", "x-api-key": "key", "Content-Type": "application/json"}


@asynccontextmanager
async def plain(base_url: str, connections: int) -> AsyncIterator[Call]:
    """What somebody writes in an afternoon: no retry, no ledger, no redaction, no checks."""
    body = orjson.loads(BODY)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(number: int) -> Any:
            data = orjson.dumps({**body, "merchant_txn_ref": f"plain-{number}"})
            async with session.post(base_url + _PATH, data=data, headers=_HEADERS) as response:
                return orjson.loads(await response.read())

        yield call


@asynccontextmanager
async def ours(base_url: str, connections: int) -> AsyncIterator[Call]:
    """`client.payments.purchase` with the ledger in memory and the default log level."""
    from paymentoptions_async import PaymentOptions, PurchaseRequest, Settings

    body = PurchaseRequest.from_json(BODY)
    fields = {field.name: getattr(body, field.name) for field in attrs.fields(PurchaseRequest)}
    settings = Settings(api_key="key", x_api_key="key", merchant_id="m", base_url=base_url, max_connections=connections)
    async with PaymentOptions(settings) as client:

        async def call(number: int) -> Any:
            request = PurchaseRequest(**{**fields, "merchant_txn_ref": f"ours-{number}"})
            return await client.payments.purchase(request)

        yield call


CLIENTS: dict[str, Callable[[str, int], AbstractAsyncContextManager[Call]]] = {
    "plain": plain,
    "ours": ours,
}


async def run(call: Call, numbers: range, concurrency: int) -> None:
    """Make one call for each number, so many at a time."""
    rest = iter(numbers)

    async def worker() -> None:
        for number in rest:
            await call(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
