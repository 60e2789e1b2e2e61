"""Starting, waiting, ending."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.settings import RetryPolicy

from .calls import connect, post, purchase, request_bytes, see, until

pytestmark = pytest.mark.asyncio


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def wait_for_attempt(gateway: Sandbox) -> None:
    await until(lambda: gateway.attempts("ref-1"))


async def test_the_settings_are_those_of_this_sandbox(gateway: Sandbox) -> None:
    settings = gateway.settings()
    assert settings.base_url == gateway.base_url
    assert settings.api_key.reveal() == "sandbox-api-key"
    assert settings.x_api_key.reveal() == "sandbox-x-api-key"
    assert settings.merchant_id == "sandbox-merchant"


async def test_the_settings_can_be_changed(gateway: Sandbox) -> None:
    retry = RetryPolicy(max_attempts=2)
    settings = gateway.settings(retry=retry, log_level="info", api_key="another")
    assert (settings.retry, settings.log_level) == (retry, "info")
    assert settings.api_key.reveal() == "another"


async def test_a_sandbox_that_was_not_started_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Sandbox().base_url


async def test_a_port_can_be_chosen_again(gateway: Sandbox) -> None:
    async with Sandbox() as first:
        port = int(first.base_url.rpartition(":")[2])
        await see(first)
    async with Sandbox(port=port) as second:
        assert second.base_url == first.base_url
        assert (await see(second)).data.startswith(b"HTTP/1.1 201")


async def test_a_port_that_is_taken_is_an_error(gateway: Sandbox) -> None:
    port = int(gateway.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(port=port):
            pass


async def test_the_version_6_loopback_is_served(session: aiohttp.ClientSession) -> None:
    async with Sandbox(host="::1") as gateway:
        assert gateway.base_url.startswith("http://[::1]:")
        assert (await post(session, gateway, purchase())).status == 201


async def test_latency_comes_before_the_decision(session: aiohttp.ClientSession) -> None:
    async with Sandbox(latency=0.03) as gateway:
        reply = asyncio.create_task(post(session, gateway, purchase()))
        await wait_for_attempt(gateway)
        assert gateway.total_charges() == 0
        assert (await reply).status == 201
        assert gateway.total_charges() == 1


async def test_latency_can_be_asked_for_each_request(session: aiohttp.ClientSession) -> None:
    asked: list[float] = [0.0, 0.001]
    async with Sandbox(latency=asked.pop) as gateway:
        for _ in range(2):
            assert (await post(session, gateway, purchase())).status == 201
    assert asked == []


async def test_a_client_that_goes_away_is_charged_all_the_same() -> None:
    async with Sandbox(latency=0.01) as gateway:
        async with aiohttp.ClientSession() as session:
            reply = asyncio.create_task(post(session, gateway, purchase()))
            await wait_for_attempt(gateway)
            reply.cancel()
        await until(gateway.total_charges)
        assert gateway.total_charges() == 1


@pytest.mark.parametrize("fault", ["hang:before_read", "hang:after_commit", "drip:0.02", "reset:after_read", "close"])
async def test_a_client_may_go_away_at_any_fault(fault: str) -> None:
    async with Sandbox(faults=[fault], latency=0.005) as gateway:
        _, writer = await connect(gateway)
        writer.write(request_bytes())
        await asyncio.sleep(0.002)
        writer.close()
        await asyncio.sleep(0.01)
        assert gateway.charges("ref-1") <= 1


async def test_a_client_may_go_away_in_the_middle_of_its_request() -> None:
    async with Sandbox() as gateway:
        _, writer = await connect(gateway)
        writer.write(request_bytes()[:-10])
        await asyncio.sleep(0.005)
        writer.close()
        await asyncio.sleep(0.005)
        assert (gateway.attempts("ref-1"), gateway.charges("ref-1")) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the files of /proc")
@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (None, slice(None)),
        (None, slice(0, 0)),
        (None, slice(0, 30)),
        (None, slice(0, -10)),
        ("hang:before_read", slice(None)),
        ("hang:after_read", slice(None)),
        ("hang:after_commit", slice(None)),
        ("drip:60", slice(None)),
        ("close:in_body", slice(None)),
        ("refuse:60", slice(None)),
    ],
)
async def test_nothing_is_left_after_close(fault: str | None, sent: slice) -> None:
    tasks, files = asyncio.all_tasks(), open_files()
    async with Sandbox(faults=[fault]) as gateway:
        _, writer = await connect(gateway)
        writer.write(request_bytes()[sent])
        await asyncio.sleep(0.005)
        begin = time.perf_counter()
    assert time.perf_counter() - begin < 0.05
    assert asyncio.all_tasks() == tasks
    with pytest.raises(ConnectionRefusedError):
        await connect(gateway)
    writer.close()
    await asyncio.sleep(0)
    assert open_files() == files


async def test_a_request_that_waits_is_ended_by_close() -> None:
    tasks = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with Sandbox(latency=60) as gateway:
            reply = asyncio.create_task(post(session, gateway, purchase()))
            await wait_for_attempt(gateway)
            begin = time.perf_counter()
        assert time.perf_counter() - begin < 0.05
        with pytest.raises(aiohttp.ClientError):
            await reply
    assert gateway.total_charges() == 0
    assert asyncio.all_tasks() == tasks


async def test_a_request_that_waits_without_its_client_is_ended_by_close() -> None:
    tasks = asyncio.all_tasks()
    async with Sandbox(latency=60) as gateway:
        _, writer = await connect(gateway)
        writer.write(request_bytes())
        await wait_for_attempt(gateway)
        writer.close()
        await asyncio.sleep(0.005)
    assert asyncio.all_tasks() == tasks


async def test_a_connection_that_is_being_accepted_is_ended_by_close() -> None:
    tasks = asyncio.all_tasks()
    async with Sandbox() as gateway:
        connecting = [asyncio.create_task(connect(gateway)) for _ in range(5)]
        await asyncio.sleep(0)
    for result in await asyncio.gather(*connecting, return_exceptions=True):
        if isinstance(result, tuple):
            result[1].close()
    await asyncio.sleep(0.005)
    assert asyncio.all_tasks() == tasks


async def test_an_outage_does_not_outlive_the_sandbox() -> None:
    async with Sandbox() as gateway:
        outage = asyncio.create_task(gateway.outage(0.01))
        await asyncio.sleep(0)
    await outage
    with pytest.raises(ConnectionRefusedError):
        await connect(gateway)


async def test_what_was_charged_can_be_asked_after_close(
    session: aiohttp.ClientSession,
) -> None:
    async with Sandbox() as gateway:
        await post(session, gateway, purchase())
    assert gateway.charges("ref-1") == 1
    assert gateway.references() == {"ref-1"}
