"""No frame of an error holds what was sent: whoever logs it with its locals would log the card."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final

import aiohttp
import pytest

from paymentoptions_async import ConfigurationError, PaymentOptionsError, RetryPolicy, WebhookEvent
from paymentoptions_async.webhooks.delivery import LONGEST

from ..helpers import APPROVED, request, sandbox_client
from .cases import lost_charge, made, payload, token_of
from .servers import SERVERS

pytestmark = pytest.mark.asyncio

CODE: Final = "a code that nobody may see"


def body_of(transaction_id: str, reference: str = "ref") -> bytes:
    """A payload that echoes the card."""
    card = {"number": APPROVED, "cvc": CODE}
    return payload(transaction_id, reference, payment_details={"card": card}, note=f"card_number={APPROVED}")


def frames(error: BaseException) -> Iterator[str]:
    """All frames with their locals, of what it came from as well."""
    yield from traceback.TracebackException(
        type(error), error, error.__traceback__, capture_locals=True, lookup_lines=False
    ).format(chain=False)
    if error.__context__ is not None:
        yield from frames(error.__context__)


def shown(error: BaseException) -> str:
    text = "".join(frames(error))
    assert "receive" in text or "on_event" in text
    return text


async def test_the_locals_of_a_refusal_show_no_card() -> None:
    async with lost_charge(None, None, "503", retry=RetryPolicy(max_attempts=1)) as shop:
        other = await shop.client.payments.purchase(request("other"))
        assert other.transaction_id is not None
        sound = body_of(made(shop))
        cases = [
            (400, sound[:-1], token_of(shop.client)),
            (400, body_of("..", "ref"), token_of(shop.client)),
            (403, sound, "forged"),
            (403, body_of(other.transaction_id), token_of(shop.client)),
            (413, sound + b" " * LONGEST, token_of(shop.client)),
            (503, body_of("nobody's"), token_of(shop.client)),
        ]
        for status, body, token in cases:
            with pytest.raises(PaymentOptionsError) as caught:
                await shop.client.webhooks.receive(token=token, body=body)
            assert getattr(caught.value, "status", None) == status
            check(caught.value)


async def test_the_locals_of_a_missing_secret_show_no_card() -> None:
    async with sandbox_client() as (_, client):
        body = body_of("t1")
        with pytest.raises(ConfigurationError) as caught:
            await client.webhooks.receive(token="x", body=body)
        check(caught.value)


async def test_the_locals_of_a_refused_signature_show_no_card() -> None:
    async with lost_charge(client={"webhook_signature": lambda headers, body: False}) as shop:
        body = body_of(made(shop))
        with pytest.raises(PaymentOptionsError) as caught:
            await shop.client.webhooks.receive(token=token_of(shop.client), body=body)
        check(caught.value)


async def test_a_signature_check_that_raises_is_told_and_its_locals_show_no_card() -> None:
    def signed(headers: Mapping[str, str], body: bytes) -> bool:
        try:
            return bool(headers["x-signature"])
        except KeyError as missing:
            raise ValueError("no signature") from missing

    async with lost_charge(client={"webhook_signature": signed}) as shop:
        body = body_of(made(shop))
        with pytest.raises(ValueError, match="no signature") as caught:
            await shop.client.webhooks.receive(token=token_of(shop.client), body=body)
        check(caught.value)
    (note,) = caught.value.__notes__
    assert note.startswith(f"raised by webhook_signature, at {__file__}:")


def check(error: Exception) -> None:
    """Of what lies below the test, which has the body itself."""
    assert error.__traceback__ is not None
    text = shown(error.with_traceback(error.__traceback__.tb_next))
    assert APPROVED not in text
    assert CODE not in text


@pytest.mark.parametrize("server", SERVERS)
async def test_the_locals_of_an_application_that_fails_show_no_card(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_event(event: WebhookEvent) -> None:
        raise RuntimeError("the shop is on fire")

    async with lost_charge() as shop, SERVERS[server](shop.client, on_event) as base:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            url = shop.client.webhooks.url(base, "ref")
            async with session.post(url, data=body_of(made(shop))) as response:
                assert response.status == 500
    errors: list[Any] = [record.exc_info for record in caplog.records if record.exc_info]
    assert errors
    for _, error, _ in errors:
        text = shown(error)
        assert "the shop is on fire" in text
        assert APPROVED not in text
        assert CODE not in text
