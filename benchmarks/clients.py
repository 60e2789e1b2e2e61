"""What makes the purchases that are measured: plain aiohttp with orjson, which is the baseline, and this library.

The libraries are imported where a client is made, so that a process has its own client's alone.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paymentoptions_async import Ledger, PurchaseRequest

Call = Callable[[int], Awaitable[Any]]
"""Makes the purchase of that number, and returns the reference that stands in the answer, as a shop would read it."""

BODY = (Path(__file__).parents[1] / "examples" / "purchase.json").read_bytes()
PATH = "/api/v1/server-to-server-interface/payment"
HEADERS = {"Authorization": "Basic a2V5", "x-api-key": "key", "Content-Type": "application/json"}


@asynccontextmanager
async def plain(base_url: str, connections: int) -> AsyncIterator[Call]:
    """What somebody writes in an afternoon: no retry, no ledger, no redaction, no checks."""
    import aiohttp

    body = orjson.loads(BODY)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(number: int) -> Any:
            data = orjson.dumps({**body, "merchant_txn_ref": f"plain-{number}"})
            async with session.post(base_url + PATH, data=data, headers=HEADERS) as response:
                return orjson.loads(await response.read())["merchant_details"]["merchant_txn_ref"]

        yield call


@asynccontextmanager
async def ours(
    base_url: str, connections: int, ledger: Ledger | None = None, series: str = "ours"
) -> AsyncIterator[Call]:
    """`client.payments.purchase` with the default log level, and the ledger in memory if there is no other."""
    from paymentoptions_async import PaymentOptions, Settings

    settings = Settings(
        api_key="key", x_api_key="key", merchant_id="m", base_url=base_url,
        max_connections=connections, ledger_secret="a secret of the benchmark",
    )  # fmt: skip
    request = requests()
    async with PaymentOptions(settings, ledger=ledger) as client:

        async def call(number: int) -> Any:
            return (await client.payments.purchase(request(f"{series}-{number}"))).merchant_txn_ref

        yield call


@asynccontextmanager
async def ours_sqlite(base_url: str, connections: int) -> AsyncIterator[Call]:
    """The same with a durable ledger, in a fresh file."""
    from paymentoptions_async import SqliteLedger

    with tempfile.TemporaryDirectory() as folder:
        async with SqliteLedger(Path(folder) / "ledger.db") as ledger, ours(base_url, connections, ledger) as call:
            yield call


def requests() -> Callable[[str], PurchaseRequest]:
    """What makes the request of a reference, as a shop makes one for each order."""
    import attrs

    from paymentoptions_async import PurchaseRequest

    body = PurchaseRequest.from_json(BODY)
    fields = {field.name: getattr(body, field.name) for field in attrs.fields(PurchaseRequest)}
    return lambda reference: PurchaseRequest(**{**fields, "merchant_txn_ref": reference})


async def run(call: Call, numbers: range, concurrency: int) -> None:
    """Make one call for each number, so many at a time."""
    rest = iter(numbers)

    async def worker() -> None:
        for number in rest:
            await call(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
