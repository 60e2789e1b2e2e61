"""3-D Secure: what each answer of the payer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.challenges import ChallengeAnswer, answer_challenge, find_challenge
from paymentoptions_async.sandbox.state import TransactionState

from .calls import CHALLENGED, PREFIX, Reply, by_card, by_token, follow, get, post

if TYPE_CHECKING:
    import aiohttp

    from paymentoptions_async.sandbox.gateway import Duplicates

pytestmark = pytest.mark.asyncio

SUCCESS, DECLINE = "http://www.successurl.com/", "http://www.declineurl.com/"
CANCEL = {"return_url.cancel_url": "http://cancelurl.com/"}


async def challenged(session: aiohttp.ClientSession, gateway: Sandbox, path: str = "/paymentv2", **more: str) -> Reply:
    body = by_card(CHALLENGED, **more)
    return await post(session, gateway, body, path=PREFIX + path)


@pytest.mark.parametrize(
    ("answer", "state", "charges", "url"),
    [
        ("approve", TransactionState.CAPTURED, 1, SUCCESS),
        ("decline", TransactionState.DECLINED, 0, DECLINE),
        ("cancel", TransactionState.CANCELLED, 0, DECLINE),
        ("time_out", TransactionState.TIMED_OUT, 0, DECLINE),
    ],
)
async def test_the_payers_first_answer_settles_it_and_a_second_changes_nothing(
    session: aiohttp.ClientSession,
    gateway: Sandbox,
    answer: ChallengeAnswer,
    state: TransactionState,
    charges: int,
    url: str,
) -> None:
    await challenged(session, gateway)
    (transaction,) = gateway.transactions("ref-1")
    assert transaction.state is TransactionState.PENDING
    for second in (answer, *ChallengeAnswer):
        assert await gateway.answer_challenge("ref-1", second) == url
        assert (transaction.state, gateway.charges("ref-1")) == (state, charges)


async def test_a_payer_who_cancels_goes_to_the_cancel_url_where_there_is_one(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await post(session, gateway, by_card(CHALLENGED, **CANCEL), path=f"{PREFIX}/paymentv2")
    assert await gateway.answer_challenge("ref-1", "cancel") == "http://cancelurl.com/"


@pytest.mark.parametrize(("answer", "code"), [("approve", 0), ("decline", 65), ("cancel", 65), ("time_out", None)])
async def test_the_status_knows_a_challenge_once_it_is_settled(
    session: aiohttp.ClientSession, gateway: Sandbox, answer: ChallengeAnswer, code: int | None
) -> None:
    await challenged(session, gateway)
    path = f"/transaction/status/{gateway.transactions()[0].id}"
    assert (await get(session, gateway, path)).status == 404
    await gateway.answer_challenge("ref-1", answer)
    reply = await get(session, gateway, path)
    assert reply.status == (404 if code is None else 200)
    assert code is None or (reply.code, reply.json["success"]) == (code, code == 0)


@pytest.mark.parametrize("answer", [None, "time_out"])
async def test_a_challenge_can_tell_its_id_and_is_pending_until_it_is_settled(
    session: aiohttp.ClientSession, answer: ChallengeAnswer | None
) -> None:
    async with Sandbox(challenge_tells_id=True) as gateway:
        reply = await challenged(session, gateway)
        if answer:
            await gateway.answer_challenge("ref-1", answer)
        status = await get(session, gateway, f"/transaction/status/{reply.id}")
        assert (status.status, status.json["success"], status.code) == (200, False, 578)
        refused = await follow(session, gateway, "refund", reply.id, 1)
        assert (refused.status, refused.message) == (400, "transactionId: of a captured transaction")


async def test_the_id_is_not_the_token_of_the_page(session: aiohttp.ClientSession) -> None:
    async with Sandbox(challenge_tells_id=True) as gateway:
        reply = await challenged(session, gateway)
        token = reply.json["redirect_url"].rpartition("=")[2]
        assert token != reply.id
        found = find_challenge(gateway._gateway, token)
        assert found is not None
        assert found.id == reply.id
        assert find_challenge(gateway._gateway, reply.id) is None
        assert answer_challenge(gateway._gateway, found, ChallengeAnswer.APPROVE) == SUCCESS


async def test_an_authorisation_that_is_approved_can_be_captured(
    session: aiohttp.ClientSession, gateway: Sandbox
) -> None:
    await challenged(session, gateway, "/authorizationv2")
    await gateway.answer_challenge("ref-1", "approve")
    (transaction,) = gateway.transactions("ref-1")
    assert (transaction.state, gateway.charges("ref-1")) == (TransactionState.AUTHORISED, 0)
    assert (await follow(session, gateway, "capture", transaction.id, 1000)).status == 201


@pytest.mark.parametrize(("answer", "status"), [("approve", 201), ("decline", 404)])
async def test_a_card_is_stored_when_its_challenge_is_approved(
    session: aiohttp.ClientSession, gateway: Sandbox, answer: ChallengeAnswer, status: int
) -> None:
    body = by_card(CHALLENGED, **{"payment_method.store_payment_method": True})
    await post(session, gateway, body, path=f"{PREFIX}/paymentv2")
    token = gateway.transactions()[0].token or ""
    assert (await post(session, gateway, by_token(token))).status == 404
    await gateway.answer_challenge("ref-1", answer)
    assert (await post(session, gateway, by_token(token))).status == status


@pytest.mark.parametrize(("duplicates", "waiting"), [("charge", 2), ("replay", 1)])
async def test_the_newest_challenge_that_waits_is_answered(
    session: aiohttp.ClientSession, duplicates: Duplicates, waiting: int
) -> None:
    async with Sandbox(duplicates=duplicates) as gateway:
        for _ in range(2):
            await challenged(session, gateway)
        for _ in range(2):
            await gateway.answer_challenge("ref-1", "approve")
        assert gateway.charges("ref-1") == waiting
        assert "redirect_url" in (await challenged(session, gateway)).json


async def test_a_reference_without_a_challenge_has_none_to_answer(gateway: Sandbox) -> None:
    with pytest.raises(LookupError, match="no challenge"):
        await gateway.answer_challenge("ref-1", "approve")
