from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import aiohttp
import pytest

import paymentoptions_async
from paymentoptions_async import ConfigurationError, MemoryLedger, Payment, PaymentOptions, Timeouts
from paymentoptions_async.sandbox import Sandbox

from .helpers import request, sandbox_client


@pytest.mark.asyncio
async def test_twenty_first_calls_at_once_make_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[aiohttp.ClientSession] = []
    whole = aiohttp.ClientSession.__init__

    def count(self: aiohttp.ClientSession, *args: object, **kwargs: object) -> None:
        made.append(self)
        whole(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", count)
    async with sandbox_client() as (gateway, client):
        await asyncio.gather(*(client.payments.purchase(request(f"ref-{number}")) for number in range(20)))
    assert len(made) == 1
    assert gateway.total_charges() == 20


@pytest.mark.asyncio
async def test_after_close_it_says_so(gateway: Sandbox) -> None:
    client = PaymentOptions(gateway.settings())
    await client.payments.purchase(request("one"))
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.payments.purchase(request("two"))
    with pytest.raises(ConfigurationError, match="closed"):
        await client.with_options(timeouts=Timeouts(total=1)).payments.purchase(request("two"))
    assert gateway.attempts("two") == 0


def test_from_another_event_loop_it_says_so() -> None:
    async def first() -> PaymentOptions:
        async with Sandbox() as gateway:
            client = PaymentOptions(gateway.settings())
            await client.payments.purchase(request("one"))
            await client.close()
            return client

    async def open_elsewhere() -> None:
        async with Sandbox() as gateway:
            client = PaymentOptions(gateway.settings())
            await client.payments.purchase(request("one"))
            await asyncio.to_thread(asyncio.run, use(client))
            await client.close()

    async def use(client: PaymentOptions) -> None:
        with pytest.raises(ConfigurationError, match="another event loop"):
            await client.payments.purchase(request("two"))

    asyncio.run(open_elsewhere())
    client = asyncio.run(first())
    with pytest.raises(ConfigurationError, match="closed"):
        asyncio.run(client.payments.purchase(request("two")))


@pytest.mark.asyncio
async def test_a_session_of_the_applications_is_used_and_left_open(gateway: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with PaymentOptions(gateway.settings(), session=session) as client:
            assert isinstance(await client.payments.purchase(request()), Payment)
        assert not session.closed


@pytest.mark.asyncio
async def test_a_client_that_is_dropped_open_warns_and_does_nothing_else(gateway: Sandbox) -> None:
    client = PaymentOptions(gateway.settings())
    await client.payments.purchase(request())
    session = client._shared.pool.session()
    with pytest.warns(ResourceWarning, match="was not closed"):
        del client
        gc.collect()
    assert not session.closed
    await session.close()


@pytest.mark.asyncio
async def test_a_view_shares_connections_and_ledger_and_closes_nothing(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings()) as client:
        view = client.with_options(timeouts=Timeouts(total=1))
        assert view.settings.timeouts.total == 1
        assert view.settings.api_key == client.settings.api_key
        await view.payments.purchase(request("ref"))
        await view.close()
        assert (await client.payments.purchase(request("ref"))).replayed


class _Empty(MemoryLedger):
    def __len__(self) -> int:
        return 0


@pytest.mark.asyncio
async def test_an_empty_ledger_is_used_and_not_replaced(gateway: Sandbox) -> None:
    ledger = _Empty()
    for replayed in (False, True):
        async with PaymentOptions(gateway.settings(), ledger=ledger) as client:
            assert (await client.payments.purchase(request("ref"))).replayed is replayed
    assert gateway.charges("ref") == 1


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTOPTIONS_API_KEY", "a")
    monkeypatch.setenv("PAYMENTOPTIONS_X_API_KEY", "b")
    monkeypatch.setenv("PAYMENTOPTIONS_MERCHANT_ID", "m")
    assert PaymentOptions.from_env().settings.merchant_id == "m"


def test_every_public_name_is_there() -> None:
    assert sorted(paymentoptions_async.__all__, key=str.lower) == sorted(
        set(paymentoptions_async.__all__), key=str.lower
    )
    for name in paymentoptions_async.__all__:
        assert getattr(paymentoptions_async, name) is not None


def test_importing_the_package_imports_no_command_line_and_no_logging_library() -> None:
    code = (
        "import sys, paymentoptions_async; print(sorted({'typer', 'rich', 'structlog', 'tenacity'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_no_pattern_of_redaction_is_left_to_be_made_by_a_call() -> None:
    code = """if True:
        import re
        from paymentoptions_async import PaymentOptions, Settings
        from paymentoptions_async.redaction import redact_text

        PaymentOptions(Settings(api_key="k", x_api_key="x", merchant_id="m", base_url="http://127.0.0.1:1"))
        re._compiler = None
        print(redact_text('card=4111 1111 1111 1111, cvc: 123, "cvv%22%3A%22999", api_key="sk-live"'))
    """
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "411111******1111" in told.stdout
