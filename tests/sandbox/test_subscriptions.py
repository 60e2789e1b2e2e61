"""Subscriptions over a clock that is turned on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.plans import later

from .calls import DECLINED, PREFIX, Reply, by_card, follow, get, post, purchase, shape, subscription

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.asyncio

SAMPLES = Path(__file__).parents[1] / "samples"
SAMPLE = orjson.loads((SAMPLES / "subscription_cancel.response.200.json").read_bytes())
START = datetime(2024, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def fixed() -> Sandbox:
    return Sandbox(now=lambda: START)


async def subscribe(session: aiohttp.ClientSession, gateway: Sandbox, body: Any = None, **plan: Any) -> Reply:
    asked = subscription(**plan) if body is None else body
    return await post(session, gateway, asked, path=f"{PREFIX}/subscription/payment")


async def change(session: aiohttp.ClientSession, gateway: Sandbox, subscription_id: str, what: str) -> Reply:
    return await post(session, gateway, b"", path=f"{PREFIX}/subscription/{subscription_id}/{what}")


async def shown(session: aiohttp.ClientSession, gateway: Sandbox, subscription_id: str) -> dict[str, Any]:
    reply = await get(session, gateway, f"/subscription/{subscription_id}")
    assert (reply.status, reply.json["success"]) == (200, True)
    details: dict[str, Any] = reply.json["subscription_details"]
    return details


def id_of(reply: Reply) -> str:
    subscription_id: str = reply.json["subscription_details"]["id"]
    return subscription_id


def amounts(gateway: Sandbox) -> list[float]:
    return [float(one.amount) for one in gateway.transactions("ref-1")]


# --- what is answered -------------------------------------------------------------------------------


async def test_the_vendors_sample_is_charged_once_and_answered_as_published(session: aiohttp.ClientSession) -> None:
    body = orjson.loads((SAMPLES / "subscription_create.request.json").read_bytes())
    async with fixed() as gateway:
        reply = await subscribe(session, gateway, body)
        changed = await change(session, gateway, id_of(reply), "cancel")
    assert (reply.status, reply.code) == (201, 0)
    assert (gateway.charges("qwe"), gateway.balance("qwe")) == (1, Decimal(900))
    assert shape(reply.json["subscription_details"]) == shape(SAMPLE["subscription_details"])
    told = changed.json["subscription_details"]
    cycle = told.pop("subscription_transaction_details")[0]
    published = dict(SAMPLE["subscription_details"])
    (published_cycle,) = published.pop("subscription_transaction_details")
    own = {"id": told["id"], "next_payment_date": "2024-02-02T12:00:00.000Z"}
    assert told == published | own
    assert {name: part for name, part in changed.json.items() if name != "subscription_details"} == {
        name: part for name, part in SAMPLE.items() if name != "subscription_details"
    }
    assert cycle == published_cycle | {
        "id": reply.id,
        "ref": reply.json["transaction_details"]["ref"],
        "transaction_date": "2024-01-31T12:00:00.000Z",
    }


async def test_the_list_holds_all(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    made = [id_of(await subscribe(session, gateway)) for _ in range(2)]
    reply = await get(session, gateway, "/subscription/list")
    assert (reply.status, reply.json["success"]) == (200, True)
    assert [one["id"] for one in reply.json["subscriptions"]] == made


async def test_a_card_that_is_declined_makes_no_subscription(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    for plan in ({}, {"has_trial_period": True, "trial_period_duration_type": "DAYS", "trial_period_duration": 1}):
        reply = await subscribe(session, gateway, subscription({"card.number": DECLINED}, **plan))
        assert (reply.code, "subscription_details" in reply.json) == (5, False)
    assert (await get(session, gateway, "/subscription/list")).json["subscriptions"] == []


async def test_a_cycle_can_be_refunded_by_its_id(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    reply = await subscribe(session, gateway)
    assert (await follow(session, gateway, "refund", reply.id, 400)).status == 201
    assert gateway.balance("ref-1") == 600


async def test_a_repeat_that_is_replayed_tells_the_first_subscription(session: aiohttp.ClientSession) -> None:
    async with Sandbox(duplicates="replay") as gateway:
        first, second = [await subscribe(session, gateway) for _ in range(2)]
        assert (first.raw, gateway.charges("ref-1")) == (second.raw, 1)


async def test_a_repeat_that_is_rejected_tells_no_subscription(session: aiohttp.ClientSession) -> None:
    async with Sandbox(duplicates="reject") as gateway:
        await subscribe(session, gateway)
        reply = await subscribe(session, gateway)
    assert (reply.code, "subscription_details" in reply.json) == (94, False)


# --- time -------------------------------------------------------------------------------------------


async def test_each_cycle_is_charged_at_its_own_time_until_the_last(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        subscription_id = id_of(await subscribe(session, gateway, max_cycle_count=3))
        await gateway.advance(DAY)
        assert gateway.charges("ref-1") == 1
        await gateway.advance(DAY)
        assert gateway.charges("ref-1") == 2
        await gateway.advance(30 * DAY)
        told = await shown(session, gateway, subscription_id)
        assert gateway.charges("ref-1") == 3
    assert (told["status"], told["next_payment_date"], told["next_payment_cycle"]) == ("COMPLETED", None, None)
    days = [cycle["transaction_date"][:10] for cycle in told["subscription_transaction_details"]]
    assert days == ["2024-01-31", "2024-02-02", "2024-02-04"]
    assert len({one.id for one in gateway.transactions("ref-1")}) == 3


async def test_subscriptions_are_charged_in_the_order_of_time(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        for ref, interval in (("slow", 3), ("fast", 2)):
            await subscribe(session, gateway, subscription({"merchant_txn_ref": ref}, cycle_interval=interval))
        await gateway.advance(6 * DAY)
    assert [one.merchant_txn_ref for one in gateway.transactions()[2:]] == ["fast", "slow", "fast", "slow", "fast"]


@pytest.mark.parametrize(
    ("unit", "days"),
    [
        ("days", ["2024-02-01", "2024-02-02"]),
        ("Weeks", ["2024-02-07", "2024-02-14"]),
        ("MONTHS", ["2024-02-29", "2024-03-31"]),
        ("years", ["2025-01-31", "2026-01-31"]),
    ],
)
async def test_a_cycle_has_the_unit_that_was_ordered(
    session: aiohttp.ClientSession, unit: str, days: list[str]
) -> None:
    async with fixed() as gateway:
        await subscribe(session, gateway, cycle_type=unit, cycle_interval=1, max_cycle_count=3)
        await gateway.advance(800 * DAY)
    assert [one.timestamp[:10] for one in gateway.transactions("ref-1")[1:]] == days


async def test_months_are_counted_from_the_first_date() -> None:
    assert [later(START, "MONTHS", count).day for count in range(5)] == [31, 29, 31, 30, 31]
    assert later(START, "MONTHS", 12).year == 2025


async def test_the_first_cycle_is_charged_after_the_trial(session: aiohttp.ClientSession) -> None:
    trial = {"has_trial_period": True, "trial_period_duration_type": "weeks", "trial_period_duration": 2}
    async with fixed() as gateway:
        reply = await subscribe(session, gateway, **trial)
        assert (reply.status, reply.json["payment_details"]["amount"], gateway.charges("ref-1")) == (201, 0, 0)
        assert reply.json["subscription_details"]["next_payment_date"] == "2024-02-14T12:00:00.000Z"
        await gateway.advance(14 * DAY)
        assert gateway.charges("ref-1") == 1
        told = await shown(session, gateway, id_of(reply))
    assert [cycle["cycle"] for cycle in told["subscription_transaction_details"]] == [1]
    plan = told["subscription_plan_details"]
    assert (plan["trial_period_duration"], plan["trial_period_duration_type"]) == (2, "WEEKS")


async def test_the_first_cycles_cost_less_by_the_discount(session: aiohttp.ClientSession) -> None:
    discount = {"has_discount": True, "discount_percentage": 10, "discount_duration": 2}
    async with fixed() as gateway:
        await subscribe(session, gateway, **discount)
        await gateway.advance(4 * DAY)
    assert amounts(gateway) == [900, 900, 1000]


async def test_without_an_end_it_goes_on(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        reply = await subscribe(session, gateway, subscription_end_type="NEVER", max_cycle_count=None)
        await gateway.advance(100 * DAY)
    assert reply.json["subscription_details"]["max_cycle_count"] is None
    assert gateway.charges("ref-1") == 51


async def test_a_cycle_that_fails_is_told_and_the_next_is_tried(session: aiohttp.ClientSession) -> None:
    discount = {"has_discount": True, "discount_percentage": 50, "discount_duration": 1}
    async with fixed() as gateway:
        body = subscription({"amount": "9000051"}, **discount)
        subscription_id = id_of(await subscribe(session, gateway, body))
        await gateway.advance(4 * DAY)
        told = await shown(session, gateway, subscription_id)
    assert (told["completed_payment_cycle"], told["last_payment_status"], gateway.charges("ref-1")) == (1, "FAILED", 1)
    events = [cycle["event"] for cycle in told["subscription_transaction_details"]]
    assert (events, told["next_payment_cycle"]) == (["CAPTURED", "DECLINED", "DECLINED"], 4)


@pytest.mark.parametrize("delta", [-DAY, timedelta(microseconds=-1), 3661 * DAY, timedelta.max])
async def test_time_does_not_go_back_nor_too_far(gateway: Sandbox, delta: timedelta) -> None:
    with pytest.raises(ValueError, match="the clock goes on by"):
        await gateway.advance(delta)


async def test_all_timestamps_come_from_the_clock_that_was_turned(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        await gateway.advance(timedelta(days=366, seconds=1))
        reply = await post(session, gateway, by_card("5200000000001005"))
    assert reply.json["transaction_details"]["timestamp"] == "2025-01-31T12:00:01.000Z"


# --- pause, resume, cancel --------------------------------------------------------------------------


async def test_what_is_paused_is_not_charged_and_goes_on_from_now(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        subscription_id = id_of(await subscribe(session, gateway))
        paused = await change(session, gateway, subscription_id, "pause")
        assert paused.json["subscription_details"]["status"] == "PAUSED"
        await gateway.advance(5 * DAY)
        assert gateway.charges("ref-1") == 1
        resumed = (await change(session, gateway, subscription_id, "resume")).json["subscription_details"]
        assert (resumed["status"], resumed["next_payment_cycle"]) == ("ACTIVE", 2)
        assert resumed["next_payment_date"] == "2024-02-06T12:00:00.000Z"
        await gateway.advance(DAY)
        assert gateway.charges("ref-1") == 2


async def test_what_is_cancelled_is_never_charged_again(session: aiohttp.ClientSession) -> None:
    async with fixed() as gateway:
        subscription_id = id_of(await subscribe(session, gateway))
        await change(session, gateway, subscription_id, "cancel")
        await gateway.advance(50 * DAY)
        assert gateway.charges("ref-1") == 1


@pytest.mark.parametrize(
    ("before", "what", "state"),
    [
        ([], "resume", "active"),
        (["pause"], "pause", "paused"),
        (["cancel"], "cancel", "cancelled"),
        (["cancel"], "resume", "cancelled"),
        (["pause", "cancel"], "pause", "cancelled"),
    ],
)
async def test_a_change_that_does_not_fit_is_refused(
    session: aiohttp.ClientSession, gateway: Sandbox, before: list[str], what: str, state: str
) -> None:
    subscription_id = id_of(await subscribe(session, gateway))
    for earlier in before:
        assert (await change(session, gateway, subscription_id, earlier)).status == 200
    reply = await change(session, gateway, subscription_id, what)
    assert (reply.status, reply.message) == (400, f"subscriptionId: of a subscription that is {state}")


# --- refused ----------------------------------------------------------------------------------------


async def test_an_unknown_subscription_is_not_found(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    replies = [await change(session, gateway, "nobody", what) for what in ("pause", "resume", "cancel")]
    replies.append(await get(session, gateway, "/subscription/nobody"))
    assert [(reply.status, reply.message) for reply in replies] == [(404, "subscriptionId: not known here")] * 4


@pytest.mark.parametrize("path", ["/subscription/list", "/subscription/any"])
async def test_looking_needs_credentials(session: aiohttp.ClientSession, gateway: Sandbox, path: str) -> None:
    async with session.get(gateway.base_url + PREFIX + path) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ({"cycle_type": "FORTNIGHTS"}, "cycle_type: one of DAYS, WEEKS, MONTHS, YEARS"),
        ({"cycle_type": ""}, "cycle_type: required"),
        ({"cycle_interval": 0}, "cycle_interval: from 1 to 1000"),
        ({"cycle_interval": "2"}, "cycle_interval: a whole number"),
        ({"cycle_interval": True}, "cycle_interval: a whole number"),
        ({"max_cycle_count": None}, "max_cycle_count: from 1 to 1000"),
        ({"has_discount": "yes"}, "has_discount: true or false"),
        (
            {"has_discount": True, "discount_percentage": 101, "discount_duration": 1},
            "discount_percentage: from 0 to 100",
        ),
        ({"has_discount": True, "discount_percentage": 1}, "discount_duration: 1 or more"),
        (
            {"has_trial_period": True, "trial_period_duration": 1},
            "trial_period_duration_type: one of DAYS, WEEKS, MONTHS, YEARS",
        ),
        ({"has_trial_period": True, "trial_period_duration_type": "DAYS"}, "trial_period_duration: from 1 to 1000"),
    ],
)
async def test_a_plan_keeps_its_rules(
    session: aiohttp.ClientSession, gateway: Sandbox, plan: dict[str, Any], rule: str
) -> None:
    reply = await subscribe(session, gateway, **plan)
    assert (reply.status, reply.message) == (400, f"subscription.{rule}")


async def test_all_faults_of_a_subscription_are_told_at_once(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    body = purchase(currency="value")
    assert (await subscribe(session, gateway, body)).message == "currency: at most 3 characters; subscription: required"
    assert (await subscribe(session, gateway, b"")).message == "body: a JSON object"
