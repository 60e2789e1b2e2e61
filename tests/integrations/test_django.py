"""Django: the client round the application, the webhooks beside it, and the management command."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.core.management import CommandError, call_command
from django.test import AsyncClient, AsyncRequestFactory, RequestFactory, override_settings
from django.views.debug import ExceptionReporter

from paymentoptions_async import (
    Challenge,
    ConfigurationError,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    SqliteLedger,
)
from paymentoptions_async.integrations.django import client_of, with_client
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.webhooks.for_asgi import Application, Message, Receive, Send

from ..helpers import APPROVED, CVC, FAST, request
from ..webhooks.servers import serve_asgi
from . import django_project
from .opening import (
    Opener,
    assert_closed,
    assert_told_what_is_missing,
    assert_webhooks_are_taken,
    environment_without_key,
    living,
    text_of,
)

pytestmark = pytest.mark.asyncio


@pytest.fixture
def application(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> Application:
    """As the project's asgi.py makes it."""
    monkeypatch.setattr(django_project, "opens", opener.opens)
    return with_client(get_asgi_application())


async def test_one_client_lives_as_long_as_the_application(application: Application, opener: Opener) -> None:
    async with serve_asgi(application) as url:
        assert await text_of(f"{url}/pay/one") == "Payment"
        assert await text_of(f"{url}/pay/two") == "Payment"
    assert opener.gateway.references() == {"one", "two"}
    await assert_closed(opener.client)


async def test_a_sync_view_uses_it_as_well(application: Application, opener: Opener) -> None:
    async with serve_asgi(application) as url:
        told = await asyncio.gather(*(text_of(f"{url}/pay-in-a-sync-view/{number}") for number in range(5)))
    assert set(told) == {"Payment"}
    assert opener.gateway.total_charges() == 5


async def test_djangos_own_test_client_may_give_it_one(client: PaymentOptions, gateway: Sandbox) -> None:
    class Payer(AsyncClient):
        async def request(self, **scope: Any) -> Any:
            return await super().request(state={"paymentoptions": client}, **scope)

    answer = await Payer().get("/pay/one")
    assert answer.content == b"Payment"
    assert gateway.charges("one") == 1


async def test_webhooks_are_taken_though_no_middleware_is_told_of_them(
    application: Application, opener: Opener
) -> None:
    async with serve_asgi(application) as url:
        await assert_webhooks_are_taken(opener, f"{url}/webhooks")


async def test_they_are_found_below_a_prefix_of_the_servers(application: Application, opener: Opener) -> None:
    async def below(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "root_path": "/shop"}
        await application(scope, receive, send)

    async with serve_asgi(below) as url:
        await assert_webhooks_are_taken(opener, f"{url}/shop/webhooks")
        assert await text_of(f"{url}/shop/pay/one") == "Payment"


async def test_without_a_lifespan_or_asgi_the_view_is_told_so() -> None:
    for asked in (AsyncRequestFactory().get("/"), RequestFactory().get("/")):
        with pytest.raises(ConfigurationError, match=r"no open client: .* lifespan"):
            client_of(asked)


@pytest.mark.parametrize("named", [None, 7, "nowhere.opens", f"{django_project.ROOT}.nothing"])
async def test_a_setting_that_names_nothing_ends_the_start(named: Any) -> None:
    with override_settings(PAYMENTOPTIONS_OPENS=named):
        with pytest.raises(ConfigurationError, match="PAYMENTOPTIONS_OPENS"):
            with_client(get_asgi_application())
        assert await command() == (2, [])


async def test_a_client_that_cannot_be_opened_ends_the_start_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(django_project, "opens", environment_without_key(monkeypatch))
    async with living(with_client(get_asgi_application())) as said:
        pass
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert_told_what_is_missing(said[0]["message"])


async def test_a_report_of_a_fault_in_the_examples_view_shows_no_card() -> None:
    from examples.teashop.django_site import views

    asked = AsyncRequestFactory().post("/orders", {"number": APPROVED, "cvc": CVC})
    with pytest.raises(ConfigurationError) as caught:
        await views.pay(asked)
    report = ExceptionReporter(asked, caught.type, caught.value, caught.tb)
    for told in (report.get_traceback_text(), report.get_traceback_html()):
        assert "number" in told
        assert APPROVED not in told
        assert f"{CVC}'" not in told.replace("&#x27;", "'")


async def test_under_wsgi_each_call_has_a_client_and_the_ledger_keeps_them_apart(kept: Kept) -> None:
    @async_to_sync
    async def pay() -> Payment | Challenge:
        async with kept.opens() as client:
            return await client.payments.purchase(request("ref"))

    payments = [await asyncio.to_thread(pay) for _ in range(2)]
    assert [payment.replayed for payment in payments] == [False, True]
    assert kept.gateway.charges("ref") == 1


# --- manage.py payment_unknowns ---------------------------------------------------------------------------


class Kept(NamedTuple):
    """A ledger in a file, and the gateway that it is about."""

    gateway: Sandbox
    file: Path

    @asynccontextmanager
    async def opens(self) -> AsyncIterator[PaymentOptions]:
        settings = self.gateway.settings(timeouts=FAST, ledger_secret="a secret of the ledger")
        async with SqliteLedger(self.file) as ledger, PaymentOptions(settings, ledger=ledger) as client:
            yield client

    async def charge(self, reference: str, *, is_unknown: bool = True) -> None:
        async with self.opens() as client:
            try:
                await client.payments.purchase(request(reference))
            except OutcomeUnknownError:
                assert is_unknown


@pytest.fixture
def kept(gateway: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept(gateway, tmp_path / "ledger.db")
    monkeypatch.setattr(django_project, "opens", kept.opens)
    return kept


async def command(*flags: str) -> tuple[int, list[str]]:
    """What it exits with and writes. It has an event loop of its own, as in a terminal."""
    out, err = StringIO(), StringIO()
    try:
        await asyncio.to_thread(call_command, "payment_unknowns", *flags, stdout=out, stderr=err)
    except CommandError as told:
        return told.returncode, [*out.getvalue().splitlines(), *err.getvalue().splitlines()]
    return 0, [*out.getvalue().splitlines(), *err.getvalue().splitlines()]


async def test_where_nothing_is_unknown_it_says_nothing(kept: Kept) -> None:
    await kept.charge("paid", is_unknown=False)
    assert await command() == (0, [])


async def test_it_lists_what_is_unknown_and_exits_3(kept: Kept) -> None:
    kept.gateway.script.lose_answer()
    await kept.charge("lost\x1b[2J")
    code, (line,) = await command()
    assert code == 3
    assert line.startswith("lost\N{REPLACEMENT CHARACTER}[2J  unknown  ")
    assert APPROVED not in line
    code, (line,) = await command("--json")
    told = json.loads(line)
    assert (code, told["merchant_txn_ref"], told["state"]) == (3, "lost\x1b[2J", "unknown")


async def test_asked_to_it_has_the_gateway_settle_what_has_an_id(kept: Kept) -> None:
    kept.gateway.script.leave_unclear()
    await kept.charge("unclear")
    assert (await command())[0] == 3
    assert await command("--reconcile") == (0, [])


async def test_what_the_gateway_does_not_settle_is_told(kept: Kept) -> None:
    kept.gateway.script.leave_unclear()
    await kept.charge("unclear")
    kept.gateway.script.refuse(403)
    code, (line, reason) = await command("--reconcile")
    assert code == 3
    assert line.startswith("unclear  unknown  ")
    assert reason.startswith("unclear: AuthenticationError: ")


async def test_a_ledger_that_cannot_be_read_exits_1(kept: Kept) -> None:
    kept.file.write_bytes(b"no ledger" * 1000)
    assert await command() == (1, [])


async def test_it_needs_nothing_of_the_command_lines() -> None:
    code = (
        "import sys, paymentoptions_async.integrations.django.management.commands.payment_unknowns;"
        " print(sorted({'typer', 'rich'} & set(sys.modules)))"
    )
    told = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
