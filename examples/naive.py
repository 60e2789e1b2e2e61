"""A client as it is usually written first. Do not ship it: docs/why.md shows the ways in which it loses money."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

PREFIX = "/api/v1/server-to-server-interface"
CREDENTIALS = {"Authorization": "Basic c2FuZGJveC1hcGkta2V5", "x-api-key": "sandbox-x-api-key"}
NETWORK_FAULTS = (aiohttp.ClientError, TimeoutError)


class NotPaidError(Exception):
    """What it believes."""


async def charge(base_url: str, body: dict[str, Any], operation: str = "payment") -> dict[str, Any]:
    """Charge a card, and try three times since networks fail."""
    async with aiohttp.ClientSession(headers=CREDENTIALS, timeout=aiohttp.ClientTimeout(total=10)) as session:
        for _ in range(3):
            try:
                async with session.post(f"{base_url}{PREFIX}/{operation}", json=body, raise_for_status=True) as answer:
                    told: dict[str, Any] = await answer.json()
            except NETWORK_FAULTS:
                await asyncio.sleep(0.01)
            else:
                if told["success"]:
                    return told
                raise NotPaidError(told)
    raise NotPaidError("the gateway cannot be reached, please try again")
