"""A repeated merchant_txn_ref."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paymentoptions_async.sandbox import Sandbox

from .calls import APPROVED, CHALLENGED, DECLINED, PREFIX, Reply, by_card, post, purchase

if TYPE_CHECKING:
    from paymentoptions_async.sandbox.gateway import Declines

pytestmark = pytest.mark.asyncio

V2 = f"{PREFIX}/paymentv2"
# What a first request can come to, and how often it charges.
DECIDED = [
    (by_card(APPROVED), 1),
    (by_card(DECLINED), 0),
    (by_card(CHALLENGED), 0),
    (purchase(amount="9000010"), 1),
    (purchase(amount="9000068"), 1),
    (purchase(amount="9000578"), 0),
]


async def twice(session: aiohttp.ClientSession, gateway: Sandbox, body: dict[str, Any]) -> tuple[Reply, Reply]:
    first = await post(session, gateway, body, path=V2)
    return first, await post(session, gateway, body, path=V2)


@pytest.mark.parametrize(("body", "charges"), DECIDED)
async def test_charge_decides_and_charges_again(
    session: aiohttp.ClientSession, body: dict[str, Any], charges: int
) -> None:
    async with Sandbox() as gateway:
        first, second = await twice(session, gateway, body)
        assert first.status == second.status
        assert first.raw != second.raw
        assert (gateway.charges("ref-1"), gateway.attempts("ref-1")) == (2 * charges, 2)


@pytest.mark.parametrize(("body", "charges"), DECIDED)
@pytest.mark.parametrize(("declines", "status"), [("2xx", 200), ("4xx", 400)])
async def test_reject_answers_code_94_and_charges_nothing_more(
    session: aiohttp.ClientSession,
    body: dict[str, Any],
    charges: int,
    declines: Declines,
    status: int,
) -> None:
    async with Sandbox(duplicates="reject", declines=declines) as gateway:
        first, second = await twice(session, gateway, body)
        assert (second.status, second.code, second.json["success"]) == (status, 94, False)
        assert first.raw != second.raw
        assert gateway.charges("ref-1") == charges


@pytest.mark.parametrize(("body", "charges"), DECIDED)
async def test_replay_answers_the_first_again(
    session: aiohttp.ClientSession, body: dict[str, Any], charges: int
) -> None:
    async with Sandbox(duplicates="replay") as gateway:
        first, second = await twice(session, gateway, body)
        assert (first.status, first.raw) == (second.status, second.raw)
        assert gateway.charges("ref-1") == charges


async def test_replay_does_not_look_at_the_content(session: aiohttp.ClientSession) -> None:
    async with Sandbox(duplicates="replay") as gateway:
        await post(session, gateway, purchase())
        reply = await post(session, gateway, by_card("4111111111111111", amount="7"))
    assert reply.json["payment_details"]["amount"] == 1000
    assert reply.json["payment_details"]["card"]["number"] == "520000******1005"


@pytest.mark.parametrize("duplicates", ["reject", "replay"])
async def test_a_refused_request_is_no_first_one(session: aiohttp.ClientSession, duplicates: Any) -> None:
    async with Sandbox(duplicates=duplicates) as gateway:
        await post(session, gateway, purchase(currency="yen!"))
        assert (await post(session, gateway, purchase())).code == 0
        assert gateway.charges("ref-1") == 1


@pytest.mark.parametrize("fault", ["reset:after_read", "429:0", "503:before_commit"])
async def test_a_request_that_was_not_committed_is_no_first_one(session: aiohttp.ClientSession, fault: str) -> None:
    async with Sandbox(duplicates="reject", faults=[fault]) as gateway:
        try:
            await post(session, gateway, purchase())
        except aiohttp.ClientError:
            assert fault == "reset:after_read"
        assert (await post(session, gateway, purchase())).code == 0


async def test_a_request_whose_answer_was_lost_is_a_first_one(
    session: aiohttp.ClientSession,
) -> None:
    async with Sandbox(duplicates="reject", faults=["500:after_commit"]) as gateway:
        assert (await post(session, gateway, purchase())).status == 500
        assert (await post(session, gateway, purchase())).code == 94
        assert gateway.charges("ref-1") == 1


@pytest.mark.parametrize(
    "switch",
    [
        {"duplicates": "ignore"},
        {"declines": "5xx"},
        {"error_body": "xml"},
        {"echo_card": "half"},
    ],
)
async def test_a_switch_that_there_is_not_is_refused(switch: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be in"):
        Sandbox(**switch)
