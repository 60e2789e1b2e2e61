"""What the tea shop tells its payers where a browser does not come by."""

from __future__ import annotations

import pytest

from examples.teashop import shop
from paymentoptions_async import ConfigurationError, OutcomeUnknownError, PaymentOptions
from paymentoptions_async.sandbox import Sandbox

from ..frameworks.load import heading_of
from ..helpers import request

pytestmark = pytest.mark.asyncio


async def page_of(client: PaymentOptions, order: str) -> str:
    return heading_of((await shop.show_order(client, order)).html)


async def test_an_order_that_nobody_knows_is_not_paid(client: PaymentOptions) -> None:
    assert await page_of(client, "order-1") == "Not paid"


async def test_an_order_that_was_not_sent_is_not_paid(gateway: Sandbox, client: PaymentOptions) -> None:
    gateway.script.refuse(401)
    await shop.pay(client, {"order": "order-1"}, None)
    assert await page_of(client, "order-1") == "Not paid"


async def test_where_nobody_can_look_nobody_is_told_to_pay_again(gateway: Sandbox, client: PaymentOptions) -> None:
    gateway.script.leave_unclear()
    with pytest.raises(OutcomeUnknownError):
        await client.payments.purchase(request("order-1"))
    await client.close()  # as where a server's time to end is over
    with pytest.raises(ConfigurationError):
        await client.payments.wait("order-1", timeout=1)
    assert await page_of(client, "order-1") == "We are looking into it"


async def test_whatever_name_an_order_is_given_the_payer_is_sent_to_its_page(gateway: Sandbox) -> None:
    settings = gateway.settings(webhook_secret="a secret of the shop's webhooks")
    form = {"number": "5200000000001005", "month": "12", "year": "30", "cvc": "123", "name": "Jo Doe"}
    async with PaymentOptions(settings) as client:
        reply = await shop.pay(client, {**form, "order": "../a b?c"}, None)
    assert (reply.location, gateway.charges("../a b?c")) == ("/orders/..%2Fa%20b%3Fc", 1)
