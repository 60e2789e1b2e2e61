"""What becomes of the charges that are under way when the client is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from paymentoptions_async import (
    ConfigurationError,
    MemoryLedger,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    ReferenceConflictError,
    RetryPolicy,
    SqliteLedger,
    State,
)
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.models.outcome import Outcome
from paymentoptions_async.sandbox import Sandbox

from ..helpers import FAST, request, sandbox_client
from ..test_charging import eventually

pytestmark = pytest.mark.asyncio


class UnderWay(NamedTuple):
    """A charge that waits for its answer, and all that belongs to it."""

    gateway: Sandbox
    client: PaymentOptions
    call: asyncio.Task[Any]
    file: Path

    async def states(self) -> dict[str, State]:
        """What the file says when its ledger was closed."""
        async with SqliteLedger(self.file) as ledger:
            return {record.merchant_txn_ref: record.outcome.state async for record in ledger.records()}


@asynccontextmanager
async def under_way(file: Path, **sandbox: Any) -> AsyncIterator[UnderWay]:
    """A charge that was sent; at the end its client and then its ledger are closed, as an application does it."""
    async with Sandbox(**sandbox) as gateway:
        settings = gateway.settings(
            timeouts=FAST, retry=RetryPolicy(base=0.2, cap=0.2), ledger_secret="a secret of the ledger"
        )
        async with SqliteLedger(file) as ledger, PaymentOptions(settings, ledger=ledger) as client:
            call = asyncio.create_task(client.payments.purchase(request("ref")))
            await eventually(lambda: gateway.attempts("ref") == 1)
            yield UnderWay(gateway, client, call, file)


async def test_a_charge_that_nobody_waits_for_ends_before_its_client_does(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", latency=0.3) as charge:
        pass
    assert charge.call.done()
    assert isinstance(charge.call.result(), Payment)
    assert await charge.states() == {"ref": State.PAID}


async def test_meanwhile_no_other_call_begins(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", latency=0.3) as charge:
        closing = asyncio.create_task(charge.client.close())
        await asyncio.sleep(0)
        for begins in (charge.client.payments.purchase(request("late")), charge.client.payments.status("id")):
            with pytest.raises(ConfigurationError, match="closed"):
                await begins
        # It is the same flight, and was begun before.
        assert not charge.call.done()
        await closing
    assert await charge.states() == {"ref": State.PAID}


async def test_meanwhile_a_call_with_its_reference_shares_it(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", latency=0.3) as charge:
        closing = asyncio.create_task(charge.client.close())
        await asyncio.sleep(0)
        with pytest.raises(ReferenceConflictError):
            await charge.client.payments.purchase(request("ref", amount="5"))
        assert await charge.client.payments.purchase(request("ref")) == await charge.call
        await closing
        with pytest.raises(ConfigurationError, match="closed"):
            await charge.client.payments.purchase(request("ref"))
        assert charge.gateway.attempts("ref") == 1


class _Hanging(MemoryLedger):
    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        await asyncio.Event().wait()
        raise AssertionError


async def test_meanwhile_nobody_goes_on_with_a_call_that_was_cancelled_before_it_was_sent(gateway: Sandbox) -> None:
    client = PaymentOptions(gateway.settings(), ledger=_Hanging())
    first = asyncio.create_task(client.payments.purchase(request("ref")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(client.close())
    second = asyncio.create_task(client.payments.purchase(request("ref")))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(ConfigurationError, match="closed"):
        await second
    await closing
    assert (first.cancelled(), gateway.attempts("ref")) == (True, 0)


async def test_a_charge_that_was_begun_may_still_be_tried_again(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", faults=["429:0.2"]) as charge:
        await charge.client.close()
        assert (await charge.call).attempts == 2
    assert await charge.states() == {"ref": State.PAID}


async def test_after_the_grace_it_is_cut_off_and_the_ledger_says_so_before_the_close_ends(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", faults=["hang:after_commit"]) as charge:
        async with asyncio.timeout(3):
            await charge.client.close(grace=0.05)
        assert await charge.states() == {"ref": State.UNKNOWN}
        with pytest.raises(OutcomeUnknownError):
            await charge.call


class _Leisurely(MemoryLedger):
    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        # More turns of the loop than it takes to close the connections.
        for _ in range(100):
            await asyncio.sleep(0)
        return await super().finish(claim, outcome)


async def test_the_close_ends_only_when_a_ledger_that_takes_its_time_has_been_told() -> None:
    ledger = _Leisurely()
    async with sandbox_client(client={"ledger": ledger}, faults=["hang:after_commit"]) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.attempts("ref") == 1)
        await client.close(grace=0)
        record = await ledger.find("ref")
        assert record is not None
        assert record.outcome.state is State.UNKNOWN
        with pytest.raises(OutcomeUnknownError):
            await call


async def test_a_close_that_is_cancelled_cuts_off_at_once_and_writes_it_down(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", faults=["hang:after_commit"]) as charge:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await charge.client.close()
        assert await charge.states() == {"ref": State.UNKNOWN}
        with pytest.raises(OutcomeUnknownError):
            await charge.call


async def test_a_call_that_is_cancelled_while_its_client_is_closed_is_unknown(tmp_path: Path) -> None:
    async with under_way(tmp_path / "ledger.db", faults=["hang:after_commit"]) as charge:
        closing = asyncio.create_task(charge.client.close())
        await asyncio.sleep(0)
        charge.call.cancel()
        await closing
    assert charge.call.cancelled()
    assert await charge.states() == {"ref": State.UNKNOWN}
