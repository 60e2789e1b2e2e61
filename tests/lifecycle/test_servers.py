"""Servers as they are run: ended, recycled and reloaded while they charge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from paymentoptions_async import State
from paymentoptions_async.sandbox import Sandbox

from ..frameworks.apps import App
from ..frameworks.serving import Shop, environment_of, opened
from ..test_charging import eventually

pytestmark = pytest.mark.asyncio

_UVICORN: Final = "-m uvicorn tests.lifecycle.app:app --port {port} --log-level warning"
_GUNICORN: Final = "-m gunicorn tests.lifecycle.app:app --preload --bind 127.0.0.1:{port}"

SERVERS: Final = {
    "uvicorn, plain loop": App(f"{_UVICORN} --loop asyncio"),
    "uvicorn, uvloop": App(f"{_UVICORN} --loop uvloop"),
    "hypercorn": App("-m hypercorn tests.lifecycle.app:app --bind 127.0.0.1:{port} --workers 1"),
    "gunicorn with uvicorn's worker": App(f"{_GUNICORN} -k uvicorn_worker.UvicornWorker"),
    "gunicorn with its own worker": App(f"{_GUNICORN} -k asgi"),
}

SHOPPERS: Final = 6
ORDERS: Final = 60


@asynccontextmanager
async def serving(
    app: App, folder: Path, *, grace: float | None = None, **sandbox: Any
) -> AsyncIterator[tuple[Sandbox, Shop, aiohttp.ClientSession]]:
    async with Sandbox(**sandbox) as gateway, aiohttp.ClientSession() as session:
        told = environment_of(gateway) | ({} if grace is None else {"GRACE": str(grace)})
        async with opened(app, folder, told) as shop:
            yield gateway, shop, session


async def post(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.post(url) as answer:
        return await answer.json()


async def process_of(session: aiohttp.ClientSession, shop: Shop) -> int:
    """Which one answers now."""
    async with session.get(shop.url) as answer:
        process: int = (await answer.json())["process"]
        return process


@pytest.mark.parametrize("server", SERVERS)
async def test_what_is_under_way_when_a_server_is_asked_to_end_is_paid_and_answered(
    server: str, tmp_path: Path
) -> None:
    async with serving(SERVERS[server], tmp_path, latency=1.0) as (gateway, shop, session):
        answer = asyncio.create_task(post(session, f"{shop.url}/pay/awaited"))
        await post(session, f"{shop.url}/pay-later/alone")
        await eventually(lambda: gateway.attempts("awaited") == gateway.attempts("alone") == 1)
        await shop.close()
        assert (await answer)["outcome"] == "Payment"
        assert await shop.states() == {"awaited": State.PAID, "alone": State.PAID}


async def test_what_is_under_way_when_the_grace_is_over_is_unknown_before_the_server_has_ended(
    tmp_path: Path,
) -> None:
    app = App(f"{_UVICORN} --timeout-graceful-shutdown 1")
    lost = ["hang:after_commit"] * 2
    async with serving(app, tmp_path, grace=0.2, faults=lost) as (gateway, shop, session):
        answer = asyncio.create_task(post(session, f"{shop.url}/pay/awaited"))
        await post(session, f"{shop.url}/pay-later/alone")
        await eventually(lambda: gateway.charges("awaited") == gateway.charges("alone") == 1)
        await shop.close()
        with pytest.raises(aiohttp.ClientError):
            await answer
        assert await shop.states() == {"awaited": State.UNKNOWN, "alone": State.UNKNOWN}


async def test_workers_that_are_recycled_under_load_charge_each_order_once(tmp_path: Path) -> None:
    app = App(f"{_GUNICORN} -k uvicorn_worker.UvicornWorker --workers 2 --max-requests 12 --max-requests-jitter 6")
    processes: set[int] = set()
    async with serving(app, tmp_path, latency=0.02) as (gateway, shop, session):

        async def shopper(number: int) -> None:
            for order in range(number, ORDERS, SHOPPERS):
                processes.add(await _pays(session, f"{shop.url}/pay/order-{order}"))

        await asyncio.gather(*map(shopper, range(SHOPPERS)))
        orders = ORDERS
        while len(processes) <= 2:  # who takes the place of a recycled one is still starting
            processes.add(await _pays(session, f"{shop.url}/pay/order-{orders}"))
            orders += 1
        await shop.close()
        assert set((await shop.states()).values()) == {State.PAID}
        assert [gateway.charges(f"order-{order}") for order in range(orders)] == [1] * orders


async def _pays(session: aiohttp.ClientSession, url: str) -> int:
    """Like a payer who sends the form again where the connection broke off."""
    async with asyncio.timeout(20):
        while True:
            try:
                told = await post(session, url)
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)
            else:
                assert told["outcome"] == "Payment"
                process: int = told["process"]
                return process


async def test_a_reload_lets_what_is_under_way_end(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    source = folder / "changed.py"
    source.write_text("")
    app = App(f"{_UVICORN} --reload --reload-dir {folder}")
    async with serving(app, tmp_path, latency=1.0) as (gateway, shop, session):
        before = await process_of(session, shop)
        answer = asyncio.create_task(post(session, f"{shop.url}/pay/awaited"))
        await eventually(lambda: gateway.attempts("awaited") == 1)
        source.write_text("changed = True")
        assert (await answer) == {"process": before, "outcome": "Payment"}
        async with asyncio.timeout(20):
            while await _pays(session, f"{shop.url}/pay/awaited") == before:
                await asyncio.sleep(0.05)
        assert gateway.charges("awaited") == 1
        await shop.close()
