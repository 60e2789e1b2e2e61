"""What a test says while the sandbox runs: whom it concerns, and in which order."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from paymentoptions_async import Reason
from paymentoptions_async.models.codes import find_code
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.script import Script

from .calls import DECLINED, PREFIX, by_card, follow, get, made, post, purchase, subscription

V2 = f"{PREFIX}/paymentv2"
DECLINES = [
    reason
    for reason in Reason
    if reason not in (Reason.APPROVED, Reason.PARTIAL, Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE)
]


@pytest.mark.asyncio
async def test_decisions_are_for_the_next_charges_in_order_and_then_it_is_as_before(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    gateway.script.approve()
    gateway.script.decline(Reason.INSUFFICIENT_FUNDS)
    gateway.script.decline(91)
    gateway.script.approve_in_part()
    codes = [(await post(session, gateway, by_card(DECLINED))).code for _ in range(5)]
    assert codes == [0, 51, 91, 10, 5]


@pytest.mark.parametrize("reason", DECLINES)
def test_a_decline_for_a_reason_has_a_code_of_that_reason(reason: Reason) -> None:
    script = Script()
    script.decline(reason)
    rule = script.draw_rule()
    assert rule is not None
    row = find_code(rule.response_code)
    assert row is not None
    assert row.reason is reason


@pytest.mark.parametrize("why", [*(reason for reason in Reason if reason not in DECLINES), 0, 10, 68, 94, 12345])
def test_what_is_no_decline_is_refused(why: Reason | int) -> None:
    with pytest.raises(ValueError, match="is no decline"):
        Script().decline(why)


@pytest.mark.asyncio
async def test_a_challenge_can_be_declined_by_the_issuer_after_the_payer_has_approved(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    gateway.script.challenge()
    gateway.script.decline()
    assert "redirect_url" in (await post(session, gateway, purchase(), path=V2)).json
    await gateway.answer_challenge("ref-1", "approve")
    assert [one.state for one in gateway.transactions("ref-1")] == ["declined"]


@pytest.mark.asyncio
async def test_a_capture_and_a_refund_are_decided_by_it_too(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    authorised = await made(session, gateway, "/authorization")
    gateway.script.decline()
    assert (await follow(session, gateway, "capture", authorised, "1000")).code == 5
    captured = await follow(session, gateway, "capture", authorised, "1000")
    gateway.script.decline()
    assert (await follow(session, gateway, "refund", captured.id, "1000")).code == 5
    assert gateway.balance("ref-1") == 1000


@pytest.mark.asyncio
async def test_a_cycle_is_decided_by_it_too(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    await post(session, gateway, subscription(), path=f"{PREFIX}/subscription/payment")
    gateway.script.decline()
    await gateway.advance(timedelta(days=4))
    assert [one.state for one in gateway.transactions("ref-1")] == ["captured", "declined", "captured"]


@pytest.mark.asyncio
async def test_a_refusal_meets_the_next_request_of_any_kind_and_decides_nothing(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    gateway.script.refuse()
    gateway.script.refuse(404)
    assert (await post(session, gateway, purchase())).status == 400
    assert (await get(session, gateway, "/subscription/list")).status == 404
    assert gateway.transactions() == ()
    assert gateway.attempts("ref-1") == 1


def test_a_status_that_refuses_nothing_is_refused_itself() -> None:
    with pytest.raises(ValueError, match="one of 400, 401"):
        Script().refuse(500)


@pytest.mark.asyncio
async def test_a_charge_that_meets_a_fault_keeps_its_decision_for_when_it_is_sent_again(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    gateway.script.decline()
    gateway.script.limit_rate(retry_after=7)
    limited = await post(session, gateway, purchase())
    assert (limited.status, limited.headers["Retry-After"]) == (429, "7")
    assert (await post(session, gateway, purchase())).code == 5


@pytest.mark.asyncio
async def test_its_faults_come_before_those_that_the_sandbox_was_made_with(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["502"]) as gateway:
        gateway.script.strike("503", "504:before_commit")
        assert [(await post(session, gateway, purchase())).status for _ in range(4)] == [503, 504, 502, 201]


def test_a_text_that_is_no_fault_is_refused_and_nothing_is_scripted() -> None:
    script = Script()
    with pytest.raises(ValueError, match="no fault"):
        script.strike("reset", "explode")
    assert script.draw_fault() is None


@pytest.mark.asyncio
async def test_within_the_block_it_cannot_be_reached_and_after_it_again() -> None:
    async with Sandbox() as gateway, aiohttp.ClientSession() as session:
        await post(session, gateway, purchase())
        async with gateway.unreachable():
            with pytest.raises(aiohttp.ClientConnectorError):
                await post(session, gateway, purchase())
        assert (await post(session, gateway, purchase())).status == 201
