"""What a user might take instead: other vendors' clients, and httpx with retries written by hand.

Each is set up as its documentation says, makes a call of its own with the fields of the same purchase in it, and may
open as many connections as the others where it lets one say so. `RESULTS.md` tells what each does and does not do.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from .clients import BODY, HEADERS, PATH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .clients import Call

_TIMEOUT = 60.0
_ATTEMPTS = 3


@asynccontextmanager
async def httpx(base_url: str, connections: int, library: str = "httpx") -> AsyncIterator[Call]:
    """A loop as it stands in many shops. It repeats after a lost answer, and so may charge twice."""
    http = import_module(library)
    body = orjson.loads(BODY)
    limits = http.Limits(max_connections=connections, max_keepalive_connections=connections)

    async def post(data: dict[str, Any]) -> Any:
        for attempt in range(_ATTEMPTS):
            is_last = attempt == _ATTEMPTS - 1
            try:
                response = await client.post(PATH, json=data)
                if response.status_code not in {429, 502, 503, 504} or is_last:
                    return response.raise_for_status()
            except http.TransportError:
                if is_last:
                    raise
            await asyncio.sleep(random.uniform(0, 0.2 * 2**attempt))
        raise AssertionError("the last attempt returns or raises")

    async with http.AsyncClient(base_url=base_url, headers=HEADERS, timeout=_TIMEOUT, limits=limits) as client:

        async def call(number: int) -> Any:
            response = await post({**body, "merchant_txn_ref": f"httpx-{number}"})
            return response.json()["merchant_details"]["merchant_txn_ref"]

        yield call


def httpx2(base_url: str, connections: int) -> AbstractAsyncContextManager[Call]:
    """The same on its successor, whose pool was mended."""
    return httpx(base_url, connections, "httpx2")


@asynccontextmanager
async def stripe_httpx(base_url: str, _connections: int) -> AsyncIterator[Call]:
    """On httpx, whose pool it does not let one set: 100 connections, of which 20 are kept."""
    import stripe

    async with _stripe(base_url, stripe.HTTPXClient()) as call:
        yield call


@asynccontextmanager
async def stripe_aiohttp(base_url: str, connections: int) -> AsyncIterator[Call]:
    import aiohttp
    import stripe

    transport = stripe.AIOHTTPClient(connector=aiohttp.TCPConnector(limit=connections))
    async with _stripe(base_url, transport) as call:
        yield call


@asynccontextmanager
async def _stripe(base_url: str, transport: Any) -> AsyncIterator[Call]:
    import stripe

    body = orjson.loads(BODY)
    client = stripe.StripeClient("sk_test_key", base_addresses={"api": base_url}, http_client=transport)

    async def call(number: int) -> Any:
        fields: Any = {**body, "merchant_txn_ref": f"stripe-{number}"}
        answer: Any = await client.v1.payment_intents.create_async(fields)
        return answer["merchant_details"]["merchant_txn_ref"]

    try:
        yield call
    finally:
        await transport.close_async()


@asynccontextmanager
async def square(base_url: str, connections: int) -> AsyncIterator[Call]:
    import httpx
    from square import AsyncSquare

    body = orjson.loads(BODY)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, follow_redirects=True) as transport:
        client = AsyncSquare(token="token", base_url=base_url, httpx_client=transport)

        async def call(number: int) -> Any:
            reference = f"square-{number}"
            fields = {**body, "merchant_txn_ref": reference}
            answer: Any = await client.payments.create(
                source_id="card", idempotency_key=reference, request_options={"additional_body_parameters": fields}
            )
            return answer.merchant_details["merchant_txn_ref"]

        yield call


@asynccontextmanager
async def openai(base_url: str, connections: int) -> AsyncIterator[Call]:
    """No rival, but the yardstick of a typed client that many know."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    body = orjson.loads(BODY)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = DefaultAsyncHttpxClient(limits=limits)
    async with AsyncOpenAI(api_key="key", base_url=base_url, http_client=transport) as client:

        async def call(number: int) -> Any:
            fields = {**body, "merchant_txn_ref": f"openai-{number}"}
            answer: Any = await client.chat.completions.create(model="m", messages=[], extra_body=fields)
            return answer.merchant_details["merchant_txn_ref"]

        yield call
