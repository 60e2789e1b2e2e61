"""What the books note and find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.records import masked_text

from ..helpers import shows_cvc
from .calls import APPROVED, DECLINED, PREFIX, by_card, follow, get, made, post, purchase, see, subscription

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.asyncio


async def test_every_request_about_a_reference_is_noted(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    paid = await made(session, gateway, "/payment")
    await post(session, gateway, purchase(currency="no currency"))
    await follow(session, gateway, "refund", paid, 1)
    await get(session, gateway, f"/transaction/status/{paid}")
    await post(session, gateway, purchase(merchant_txn_ref="ref-2"))
    told = [(one.operation, one.status) for one in gateway._books.requests_of("ref-1")]
    assert told == [
        ("POST /payment", 201),
        ("POST /payment", 400),
        ("POST /refund", 201),
        ("GET /transaction/status/{transaction_id}", 200),
    ]


async def test_a_subscriptions_requests_are_of_its_reference(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await post(session, gateway, subscription(), path=f"{PREFIX}/subscription/payment")
    await get(session, gateway, f"/subscription/{reply.json['subscription_details']['id']}")
    assert len(gateway._books.requests_of("ref-1")) == 2


@pytest.mark.parametrize(
    ("fault", "status"), [("503:before_commit", 503), ("500:after_commit", 500), ("reset:after_read", None)]
)
async def test_a_fault_is_noted_with_its_request(fault: str, status: int | None) -> None:
    async with Sandbox(faults=[fault]) as gateway:
        await see(gateway)
        (record,) = gateway._books.requests_of("ref-1")
    assert (record.fault, record.status) == (fault.removesuffix(":after_read") if status else fault, status)


async def test_the_newest_requests_are_kept(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    for number in range(52):
        await post(session, gateway, purchase(currency="no currency", customer_ip=str(number)))
    kept = [orjson.loads(one.body)["customer_ip"] for one in gateway._books.requests_of("ref-1")]
    assert kept == [str(number) for number in range(2, 52)]


async def test_the_oldest_reference_loses_its_requests_when_there_are_too_many(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await see(gateway)
    assert len(gateway._books.requests_of("ref-1")) == 1
    for number in range(2_000):
        gateway._exchanges._note(f"other-{number}", "POST /payment", _Nothing, _Nothing, None)  # type: ignore[arg-type]
    assert gateway._books.requests_of("ref-1") == ()
    assert len(gateway._books.requests_of("other-0")) == 1


class _Nothing:
    body = None
    status = 200


@pytest.mark.parametrize(
    "body",
    [
        purchase(),
        purchase({"card.number": 5200000000001005}),
        purchase({"card.extra": {"cvc": "739"}}),
        purchase({"CVC": "739"}),
        purchase({"more.cvv2": "739", "pan": APPROVED}),
        purchase({"browser_info.language": f"5200 0000 0000 1005 {APPROVED}"}),
        purchase({"card": [APPROVED, {"cvc": "739"}]}),
        purchase({"card": APPROVED}),
    ],
)
async def test_no_card_number_and_no_cvc_is_noted(body: dict[str, Any]) -> None:
    text = masked_text(body)
    assert APPROVED not in text
    assert "5200 0000" not in text
    assert not shows_cvc(text)
    assert orjson.loads(text)["currency"] == "JPY"


async def test_transactions_are_found_newest_first(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    ids = [
        await made(session, gateway, "/payment", body)
        for body in (
            purchase(merchant_txn_ref="Order-1", amount="12.50"),
            by_card(DECLINED, merchant_txn_ref="order-2"),
            purchase(merchant_txn_ref="else"),
        )
    ]
    search = gateway._books.search
    assert [one.id for one in search("", 10)] == ids[::-1]
    assert [one.id for one in search("", 1, 1)] == [ids[1]]
    assert [one.id for one in search(" ORDER ", 10)] == [ids[1], ids[0]]
    assert [one.id for one in search(ids[0][:13], 10)] == [ids[0]]
    assert [one.id for one in search("0002", 10)][:1] == [ids[1]]
    assert [one.id for one in search("12.5", 10)] == [ids[0]]
    assert search("nothing of the kind", 10) == []
