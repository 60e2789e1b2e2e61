"""Charges while they are made: what those who look on can see, and what is left when they are ended from outside."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from contextlib import suppress
from typing import Any

import pytest
import structlog

from paymentoptions_async import DeclinedError, PaymentOptions, Settings
from paymentoptions_async.sandbox import Sandbox

from .errors import REPORTS
from .frames import Onlooker, WatchedLedger, frames_of, watched_runtime
from .numbers import NUMBERS, order
from .search import leaks
from .shop import MARK, as_lines, opened

ACCEPTED = [number for number in NUMBERS if number.is_accepted]


async def until_sent(gateway: Sandbox, references: list[str]) -> None:
    async with asyncio.timeout(10):
        while not all(map(gateway.attempts, references)):
            await asyncio.sleep(0.01)


async def cancelled(task: asyncio.Task[Any]) -> asyncio.CancelledError:
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    raise AssertionError("it was not cancelled")


@pytest.mark.asyncio
async def test_no_frame_of_a_charge_under_way_shows_its_card_and_none_of_its_cancel() -> None:
    references = [f"{MARK}-{turn}" for turn in range(len(ACCEPTED))]
    async with opened(latency=30, settings={"log_level": "critical"}) as shop:
        pay = shop.client.payments.purchase
        tasks = [asyncio.create_task(pay(order(one, ref))) for one, ref in zip(ACCEPTED, references, strict=True)]
        await until_sent(shop.gateway, references)
        told = "".join(map(frames_of, tasks))
        assert "Charging._carry_out" in told
        assert "Gateway._request" in told
        assert leaks(told, *ACCEPTED) == []
        for task in tasks:
            task.cancel()
        errors = [await cancelled(task) for task in tasks]
    for number, error in zip(ACCEPTED, errors, strict=True):
        for report in ("members", "traceback with locals"):
            shown = REPORTS[report](error)
            assert MARK in shown
            assert leaks(shown, number) == []


async def half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A gateway that repeats what it was sent, and stops in the middle of that."""
    head = await reader.readuntil(b"\r\n\r\n")
    sent = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + sent)
    await reader.read()
    writer.close()


@pytest.mark.asyncio
async def test_no_frame_of_a_cancel_shows_what_has_come_of_an_answer() -> None:
    async with await asyncio.start_server(half_an_answer, "127.0.0.1", 0) as listening:
        address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        settings = Settings(api_key="key", x_api_key="key", merchant_id="m", base_url=address, log_level="critical")
        async with PaymentOptions(settings) as client:
            for turn, number in enumerate(ACCEPTED):
                task = asyncio.create_task(client.payments.purchase(order(number, f"{MARK}-{turn}")))
                while "readany" not in repr(frames_of(task)):
                    await asyncio.sleep(0.001)
                task.cancel()
                shown = REPORTS["traceback with locals"](await cancelled(task))
                assert MARK in shown
                assert leaks(shown, number) == []


@pytest.mark.asyncio
async def test_no_stack_that_the_application_can_take_within_a_charge_shows_its_card() -> None:
    onlooker = Onlooker()
    given: dict[str, Any] = {
        "hooks": [onlooker], "ledger": WatchedLedger(onlooker), "runtime": watched_runtime(onlooker),
    }  # fmt: skip
    with as_lines(onlooker, structlog.processors.JSONRenderer()):
        async with opened(client=given, faults=["429:0"], settings={"ledger_secret": "a secret of tests"}) as shop:
            for number in NUMBERS:
                await shop.charge(number, "unknown")
                seen = "\n".join(onlooker.seen)
                onlooker.seen.clear()
                assert leaks(seen, number) == []
                assert not number.is_accepted or "Charging._attempt" in seen


def test_no_line_of_asyncio_and_aiohttp_in_their_debug_modes_shows_a_card() -> None:
    async def charge_all() -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0  # so that every callback is told, with its arguments
        async with opened() as shop:
            for number in NUMBERS:
                await shop.charge(number, "unknown")

    with as_lines(structlog.processors.JSONRenderer(default=repr)) as lines:
        with asyncio.Runner(debug=True) as runner:
            runner.run(charge_all())
    written = lines.getvalue()
    assert written.count("asyncio WARNING Executing <") > len(NUMBERS)
    assert written.count("charge.unknown") == len(ACCEPTED)
    assert leaks(written, *NUMBERS) == []


@pytest.mark.asyncio
async def test_a_task_whose_error_nobody_fetches_shows_no_card(caplog: pytest.LogCaptureFixture) -> None:
    async def forgotten(shop: Any, number: Any) -> None:
        await shop.client.payments.purchase(order(number, MARK, currency="yen"))

    async with opened() as shop:
        for number in NUMBERS:
            task = asyncio.create_task(forgotten(shop, number))
            await asyncio.wait([task])
            del task
        gc.collect()
    records = [record for record in caplog.records if "never retrieved" in record.message]
    assert len(records) == len(NUMBERS)
    written = "\n".join(map(logging.Formatter().format, records))
    assert MARK in written
    assert leaks(written, *NUMBERS) == []
    for record in records:
        assert record.exc_info is not None
        assert record.exc_info[1] is not None
        assert leaks(REPORTS["traceback with locals"](record.exc_info[1]), *NUMBERS) == []


@pytest.mark.asyncio
async def test_no_warning_about_a_client_that_is_left_open_shows_a_card() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        async with Sandbox() as gateway:
            client = PaymentOptions(gateway.settings(log_level="critical"))
            for turn, number in enumerate(ACCEPTED):
                with suppress(DeclinedError):
                    await client.payments.purchase(order(number, f"{MARK}-{turn}"))
            session, unawaited = client._shared.pool.session(), client.payments.purchase(order(ACCEPTED[0], MARK))
            del client, unawaited
            gc.collect()
            await session.close()
    shown = f"{[str(one.message) for one in warned]} {[repr(one.source) for one in warned]}"
    assert "was not closed" in shown
    assert "was never awaited" in shown
    assert leaks(shown, *NUMBERS) == []
