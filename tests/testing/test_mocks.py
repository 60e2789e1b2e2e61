"""aioresponses on the aiohttp of today, and what a mock cannot tell."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientConnectionError
from aioresponses import aioresponses

from paymentoptions_async import NotSentError, Payment, PaymentOptions, Settings
from paymentoptions_async.testing import MockedResponse

from ..helpers import PAID, QUICK_RETRIES, request

URL = "https://gateway.example/api/v1/server-to-server-interface/payment"


def client_of_a_mock() -> PaymentOptions:
    base_url = "https://gateway.example"
    return PaymentOptions(Settings(api_key="a", x_api_key="b", merchant_id="m", base_url=base_url, retry=QUICK_RETRIES))


async def pay(**answer: Any) -> Payment:
    with aioresponses() as mocked:
        mocked.post(URL, repeat=True, **answer)
        async with client_of_a_mock() as client:
            payment = await client.payments.purchase(request())
            assert isinstance(payment, Payment)
            return payment


@pytest.mark.asyncio
async def test_a_mocked_answer_is_a_payment() -> None:
    payment = await pay(status=201, payload=PAID, response_class=MockedResponse)
    assert payment.amount == 1000


@pytest.mark.asyncio
async def test_a_mocked_fault_was_never_sent() -> None:
    with pytest.raises(NotSentError):
        await pay(exception=ClientConnectionError())
