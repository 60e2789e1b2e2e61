"""Every event loop that an application may run in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from paymentoptions_async import Payment, PaymentOptions, SqliteLedger, State
from paymentoptions_async.sandbox import Sandbox

from ..helpers import FAST, THREE_D_SECURE, request
from ..shop import WEBHOOK_SECRET, Shop, open_endpoint
from ..test_charging import eventually

Loop = Callable[[], asyncio.AbstractEventLoop]


def eager(make: Loop) -> Loop:
    """Of a loop, one whose tasks begin where they are made (Python 3.12)."""

    # Not asyncio's own one: that of some releases of 3.13 does not take what uvloop gives it.
    def begun(loop: Any, work: Any, **options: Any) -> Any:
        return asyncio.Task(work, loop=loop, **{**options, "eager_start": True})

    def made() -> asyncio.AbstractEventLoop:
        loop = make()
        loop.set_task_factory(begun)
        return loop

    return made


LOOPS: Final[dict[str, Loop]] = {"plain": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
if sys.version_info >= (3, 12):
    LOOPS.update({f"{name}, eager": eager(make) for name, make in LOOPS.items()})


@pytest.fixture(params=LOOPS)
def runner(request: pytest.FixtureRequest) -> Any:
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner


def test_a_shop_does_all_its_work_in_it(runner: asyncio.Runner, tmp_path: Path) -> None:
    runner.run(_work(tmp_path / "ledger.db"))


async def _work(file: Path) -> None:
    async with Sandbox() as gateway:
        told = gateway.settings(timeouts=FAST, ledger_secret="a secret of the ledger", webhook_secret=WEBHOOK_SECRET)
        async with SqliteLedger(file) as ledger, PaymentOptions(told, ledger=ledger) as client:
            async with open_endpoint(client, []) as base:
                await _charges_once(gateway, client)
                await _waits_for_a_payer(Shop(gateway, client, base, []))
            gateway.script.strike("hang:after_commit")
            await _is_cancelled(gateway, client)
            left = asyncio.create_task(client.payments.purchase(request("left")))
            await eventually(lambda: gateway.attempts("left") == 1)
        assert isinstance(await left, Payment)
    async with SqliteLedger(file) as ledger:
        states = {record.merchant_txn_ref: record.outcome.state async for record in ledger.records()}
    assert states.pop("cancelled") is State.UNKNOWN
    assert set(states.values()) == {State.PAID}
    assert len(states) == 22


async def _charges_once(gateway: Sandbox, client: PaymentOptions) -> None:
    calls = [client.payments.purchase(request(f"ref-{number % 20}")) for number in range(40)]
    payments = await asyncio.gather(*calls)
    assert all(isinstance(payment, Payment) for payment in payments)
    assert gateway.total_charges() == 20


async def _waits_for_a_payer(shop: Shop) -> None:
    await shop.client.payments.purchase(shop.addressed(request("payer", number=THREE_D_SECURE)), version=2)
    waiting = asyncio.create_task(shop.client.payments.wait("payer", timeout=4))
    await shop.gateway.answer_challenge("payer", "approve")
    assert isinstance(await waiting, Payment)


async def _is_cancelled(gateway: Sandbox, client: PaymentOptions) -> None:
    call = asyncio.create_task(client.payments.purchase(request("cancelled")))
    await eventually(lambda: gateway.charges("cancelled") == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
