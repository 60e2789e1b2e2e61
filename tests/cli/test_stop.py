"""Ctrl-C and SIGTERM while a purchase is under way."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from paymentoptions_async.sandbox import Sandbox

from .processes import BODY, Ended, clean_environment, command

pytestmark = pytest.mark.asyncio


def environment(gateway: Sandbox) -> dict[str, str]:
    settings = gateway.settings()
    return clean_environment(
        PAYMENTOPTIONS_API_KEY=settings.api_key.reveal(),
        PAYMENTOPTIONS_X_API_KEY=settings.x_api_key.reveal(),
        PAYMENTOPTIONS_MERCHANT_ID=settings.merchant_id,
        PAYMENTOPTIONS_BASE_URL=settings.base_url,
    )


@asynccontextmanager
async def purchase_under_way(fault: str) -> AsyncIterator[tuple[Sandbox, asyncio.subprocess.Process]]:
    async with Sandbox(faults=[fault]) as gateway:
        process = await asyncio.create_subprocess_exec(
            *command("purchase", BODY, "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(gateway),
        )
        async with asyncio.timeout(10):
            while not gateway.attempts("qwe"):  # the sandbox has no event for it
                await asyncio.sleep(0.01)
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
