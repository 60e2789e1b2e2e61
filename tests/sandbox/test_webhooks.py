"""Webhooks: what is sent, when, how often and where to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.sandbox.webhooks import is_of_this_machine

from .calls import (
    ABSENT,
    APPROVED,
    CHALLENGED,
    DECLINED,
    PREFIX,
    follow,
    get,
    made,
    post,
    purchase,
    shape,
    subscription,
)
from .receiver import Receiver, receiving

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.asyncio

SAMPLES = Path(__file__).parents[1] / "samples"
SAMPLE = orjson.loads((SAMPLES / "webhook.payload.json").read_bytes())
FOREIGN = "not sent: not an address of this machine"


def telling(receiver: Receiver, changes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return purchase({"return_url.webhook_url": receiver.url, **(changes or {})}, **more)


class Naps:
    """A sleep that takes no time and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


# --- what is sent -----------------------------------------------------------------------------------


async def test_a_webhook_has_the_published_shape(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        reply = await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    (body,) = receiver.got
    assert shape(body) == shape(SAMPLE)
    for same in ("success", "status_code", "is_live", "transaction_type", "gateway_response", "device_details"):
        assert body[same] == SAMPLE[same]
    assert body["payment_details"]["currency"] is None
    assert body["payment_details"]["card"]["number"] == "520000******1005"
    assert body["return_url_details"] == telling(receiver)["return_url"]
    assert body["transaction_details"].items() <= reply.json["transaction_details"].items()


async def test_every_kind_of_transaction_is_told(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        ids = [await made(session, gateway, path, telling(receiver)) for path in ("/payment", *["/authorization"] * 2)]
        for what, parent, amount in (("refund", 0, 1), ("capture", 1, 1), ("void", 2, ABSENT)):
            ids.append((await follow(session, gateway, what, ids[parent], amount)).id)
        await gateway.webhooks_sent()
    assert sorted(receiver.ids) == sorted(ids)
    types = sorted(body["transaction_type"] for body in receiver.got)
    assert types == ["CAPTURE", "CAPTURE", "PRE_AUTH", "PRE_AUTH", "REFUND", "VOID"]


async def test_declines_are_told_too(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        await post(session, gateway, telling(receiver, {"card.number": DECLINED}))
        await gateway.webhooks_sent()
    assert (receiver.got[0]["success"], receiver.got[0]["payment_details"]["response_code"]) == (False, 5)


async def test_each_cycle_is_told(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        body = subscription({"return_url.webhook_url": receiver.url})
        await post(session, gateway, body, path=f"{PREFIX}/subscription/payment")
        await gateway.advance(timedelta(days=4))
        await gateway.webhooks_sent()
    assert sorted(receiver.ids) == sorted(one.id for one in gateway.transactions())
    assert len(receiver.got) == 3


@pytest.mark.parametrize(("answer", "told"), [("approve", [True]), ("decline", [False]), ("time_out", [])])
async def test_a_challenge_is_told_when_it_is_settled(
    session: aiohttp.ClientSession, gateway: Sandbox, answer: Any, told: list[bool]
) -> None:
    async with receiving() as receiver:
        body = telling(receiver, {"card.number": CHALLENGED})
        await post(session, gateway, body, path=f"{PREFIX}/paymentv2")
        await gateway.webhooks_sent()
        assert receiver.got == []
        for _ in range(2):
            await gateway.answer_challenge("ref-1", answer)
        await gateway.webhooks_sent()
    assert [body["success"] for body in receiver.got] == told


async def test_a_hosted_page_is_told_when_it_is_paid(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        await post(session, gateway, telling(receiver), path=f"{PREFIX}/hpp/generate/link")
        await gateway.pay_hosted_page("ref-1")
        await gateway.webhooks_sent()
    assert [body["success"] for body in receiver.got] == [True]


@pytest.mark.parametrize("charges", [True, False])
async def test_an_unclear_code_is_told_as_the_money_went(session: aiohttp.ClientSession, charges: bool) -> None:
    async with Sandbox(unclear_charges=charges) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver, amount="9000068"))
        await gateway.webhooks_sent()
    assert receiver.got[0]["success"] == charges


@pytest.mark.parametrize("fault", ["500:after_commit", "garbage_body"])
async def test_the_webhook_of_a_lost_answer_is_sent_all_the_same(session: aiohttp.ClientSession, fault: str) -> None:
    async with Sandbox(faults=[fault]) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
        status = await get(session, gateway, f"/transaction/status/{receiver.ids[0]}")
    assert status.json["success"]


async def test_nothing_is_told_of_what_was_not_committed(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["503:before_commit"]) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert receiver.got == []


async def test_no_webhook_holds_a_card_number(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving() as receiver:
        await post(session, gateway, telling(receiver, {"card.name": f"No {APPROVED}"}))
        await gateway.webhooks_sent()
    (record,) = gateway._books.deliveries_of("ref-1")
    assert APPROVED not in record.body


async def test_a_reference_that_looks_like_a_card_number_is_sent_as_it_is(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    async with receiving() as receiver:
        await post(session, gateway, telling(receiver, merchant_txn_ref=APPROVED))
        await gateway.webhooks_sent()
    assert receiver.got[0]["transaction_details"]["merchant_txn_ref"] == APPROVED


# --- where to ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://127.0.0.1:1/x", True),
        ("https://127.8.9.1/x", True),
        ("http://localhost:1/", True),
        ("http://[::1]:1/", True),
        ("< Webhook url >", False),
        ("http://www.example.com/", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://localhost.example.com/", False),
        ("ftp://127.0.0.1/", False),
        ("http://", False),
        ("http://[::1/", False),
        ("http://127.0.0.1:99999/", False),
        (None, False),
    ],
)
async def test_only_addresses_of_this_machine_are_sent_to(url: object, sent: bool) -> None:
    assert is_of_this_machine(url) == sent


async def test_what_is_not_sent_is_noted(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await post(session, gateway, purchase())
    assert not gateway._gateway.dispatcher._under_way
    (record,) = gateway._books.deliveries_of("ref-1")
    assert (record.url, record.attempt, record.status, record.fault) == ("< Webhook url >", 0, None, FOREIGN)


async def test_the_version_6_loopback_is_sent_to(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    async with receiving(host="::1") as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert len(receiver.got) == 1


async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession) -> None:
    async with Sandbox(webhooks=WebhookPolicy(retries=0)) as gateway, receiving(307) as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert len(receiver.got) == 1
    assert gateway._books.deliveries_of("ref-1")[0].status == 307


# --- when and how often -----------------------------------------------------------------------------


async def test_webhooks_can_be_switched_off(session: aiohttp.ClientSession) -> None:
    async with Sandbox(webhooks=WebhookPolicy(enabled=False)) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert (receiver.got, gateway._books.deliveries_of("ref-1")) == ([], ())


async def test_each_is_delivered_as_often_as_it_is_switched(session: aiohttp.ClientSession) -> None:
    async with Sandbox(webhooks=WebhookPolicy(repeats=3)) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize("delay", [2.5, lambda: 2.5])
async def test_it_is_delayed_by_the_sleep_that_was_given(session: aiohttp.ClientSession, delay: Any) -> None:
    naps = Naps()
    async with Sandbox(webhooks=WebhookPolicy(delay=delay), sleep=naps) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert (naps.asked, len(receiver.got)) == ([2.5], 1)


async def test_a_failed_delivery_is_tried_again_after_pauses_that_double(session: aiohttp.ClientSession) -> None:
    naps = Naps()
    async with Sandbox(sleep=naps) as gateway, receiving(500, 302, 404) as receiver:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert (naps.asked, len(receiver.got)) == ([0.5, 1.0, 2.0], 4)
    records = gateway._books.deliveries_of("ref-1")
    assert [(record.attempt, record.status) for record in records] == [(1, 500), (2, 302), (3, 404), (4, 200)]
    assert orjson.loads(records[0].body) == receiver.got[0]


async def test_it_is_given_up_after_the_last_retry(session: aiohttp.ClientSession) -> None:
    naps = Naps()
    async with receiving() as receiver:
        pass
    async with Sandbox(webhooks=WebhookPolicy(retries=2, pause=1), sleep=naps) as gateway:
        await post(session, gateway, telling(receiver))
        await gateway.webhooks_sent()
    assert naps.asked == [1, 2]
    faults = [record.fault for record in gateway._books.deliveries_of("ref-1")]
    assert faults == ["ClientConnectorError"] * 3


async def test_those_under_way_can_go_out_in_reverse_order(session: aiohttp.ClientSession) -> None:
    gate = asyncio.Event()

    async def hold(_seconds: float) -> None:
        await gate.wait()

    policy = WebhookPolicy(reorder=True, delay=1)
    async with Sandbox(webhooks=policy, sleep=hold) as gateway, receiving() as receiver:
        ids = [await made(session, gateway, "/payment", telling(receiver)) for _ in range(3)]
        other = await made(session, gateway, "/payment", telling(receiver, merchant_txn_ref="ref-2"))
        assert receiver.got == []
        gate.set()
        await gateway.webhooks_sent()
    assert [one for one in receiver.ids if one != other] == ids[::-1]


@pytest.mark.parametrize(("early", "came"), [(True, 1), (False, 0)])
async def test_it_can_come_before_the_answer(session: aiohttp.ClientSession, early: bool, came: int) -> None:
    gate = asyncio.Event()

    async def hold(_seconds: float) -> None:
        await gate.wait()

    policy = WebhookPolicy(early=early, delay=0 if early else 1)
    async with Sandbox(webhooks=policy, sleep=hold) as gateway, receiving() as receiver:
        await post(session, gateway, telling(receiver))
        assert len(receiver.got) == came
        gate.set()


async def test_one_under_way_does_not_hold_up_the_end(session: aiohttp.ClientSession) -> None:
    tasks = asyncio.all_tasks()
    async with receiving() as receiver:
        async with Sandbox(webhooks=WebhookPolicy(delay=60)) as gateway:
            await post(session, gateway, telling(receiver))
        assert receiver.got == []
    assert {task for task in asyncio.all_tasks() if not task.done()} <= tasks


@pytest.mark.parametrize("wrong", [{"delay": -1}, {"pause": -0.1}, {"repeats": -1}, {"retries": -1}, {"delay": "1"}])
async def test_a_policy_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WebhookPolicy(**wrong)
