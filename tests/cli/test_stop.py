"""Ctrl-C and SIGTERM while a purchase is under way."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from paymentoptions_async import Payment, PaymentOptions, PurchaseRequest
from paymentoptions_async.sandbox import Sandbox

from .processes import BODY, Ended, clean_environment, command, environment_of

pytestmark = pytest.mark.asyncio


async def begun(gateway: Sandbox, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command(*arguments, "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(**environment_of(gateway)),
    )


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not seen():  # the sandbox has no event for it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def purchase_under_way(fault: str) -> AsyncIterator[tuple[Sandbox, asyncio.subprocess.Process]]:
    async with Sandbox(faults=[fault]) as gateway:
        process = await begun(gateway, "purchase", BODY)
        await until(lambda: gateway.attempts("qwe"))
        yield gateway, process


async def ended(process: asyncio.subprocess.Process) -> Ended:
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def stopped(fault: str, number: signal.Signals) -> tuple[int, dict[str, Any]]:
    async with purchase_under_way(fault) as (gateway, process):
        await asyncio.sleep(0.2)  # an answer, where there is one, has come
        process.send_signal(number)
        end = await ended(process)
        return end.code, {**end.result, "charges": gateway.charges("qwe")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_after_the_request_left_is_unknown(number: signal.Signals) -> None:
    code, result = await stopped("hang:after_commit", number)
    assert code == 3
    assert result["outcome"] == "unknown"
    assert result["money"] == "may have moved"
    assert result["merchant_txn_ref"] == "qwe"
    assert result["charges"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_while_nothing_is_under_way_is_not_sent(number: signal.Signals) -> None:
    code, result = await stopped("429:30", number)
    assert code == 130
    assert result["outcome"] == "not_sent"
    assert result["money"] == "not touched"
    assert result["charges"] == 0


async def test_a_stop_leaves_no_traceback() -> None:
    async with purchase_under_way("hang:after_commit") as (_, process):
        process.send_signal(signal.SIGINT)
        end = await ended(process)
    assert "Traceback" not in end.err
    assert json.loads(end.out)


async def test_a_stop_of_a_refund_that_left_is_unknown_by_its_key() -> None:
    async with Sandbox(faults=[None, "hang:after_commit"]) as gateway:
        request = PurchaseRequest.from_json(BODY.read_bytes())
        async with PaymentOptions(gateway.settings()) as client:
            paid = await client.payments.purchase(request)
        assert isinstance(paid, Payment)
        process = await begun(gateway, "refund", paid.transaction_id, "--amount", "400", "--key", "back-1")
        await until(lambda: len(gateway.transactions("qwe")) == 2)
        process.send_signal(signal.SIGINT)
        end = await ended(process)
    told = end.result
    assert (end.code, told["outcome"], told["money"]) == (3, "unknown", "may have moved")
    assert (told["operation_key"], told["merchant_txn_ref"]) == ("back-1", None)


async def test_a_stop_of_a_question_tells_nothing_of_money() -> None:
    drawn: list[str] = []

    def hang() -> str:
        drawn.append("hang:before_commit")
        return drawn[-1]

    async with Sandbox(faults=hang) as gateway:
        process = await begun(gateway, "status", "tx-1")
        await until(lambda: drawn)
        process.send_signal(signal.SIGTERM)
        end = await ended(process)
    assert (end.code, end.result["outcome"]) == (130, "no_answer")
    assert end.result["money"] == "not touched by this call"
