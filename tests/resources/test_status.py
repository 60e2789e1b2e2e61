"""What the gateway says of a transaction: asked as often as needed, and nothing is written down."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import orjson
import pytest

from paymentoptions_async import (
    AuthenticationError,
    DeclinedError,
    InvalidRequestError,
    MemoryLedger,
    NoAnswerError,
    OutcomeUnknownError,
    PaymentOptions,
    PaymentOptionsError,
    RateLimitedError,
    Reason,
    State,
    Timeouts,
)
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.reply import Fault, Reply

from ..helpers import APPROVED, CVC, DECLINED, SAMPLES, request, sandbox_client
from ..test_charging import everything_shown, shows
from .cases import FOLLOW_UPS, LOST, FollowUp, Wire, authorised, paid

SAMPLE = orjson.loads((SAMPLES / "transaction_status.response.200.json").read_bytes())


def answering(monkeypatch: pytest.MonkeyPatch, reply: Reply | Fault) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    async def get(_: object, *path: str) -> Reply | Fault:
        asked.append(path)
        return reply

    monkeypatch.setattr(Gateway, "get", get)
    return asked


# --- every kind of transaction ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_payment_and_an_authorisation_were_carried_out(client: PaymentOptions) -> None:
    for done in (await paid(client, "one"), await authorised(client, "two")):
        status = await client.payments.status(done.transaction_id)
        assert (status.state, status.transaction_id) == (State.PAID, done.transaction_id)
        assert (status.merchant_txn_ref, status.currency) == (done.merchant_txn_ref, "JPY")
        assert status.amount == 1000
        assert (status.response_code, status.reason) == (0, Reason.APPROVED)
        assert status.timestamp == done.timestamp
        assert status.answer.transaction_details is not None


@pytest.mark.parametrize("kind", FOLLOW_UPS, ids=lambda kind: kind.name)
@pytest.mark.asyncio
async def test_a_follow_up_has_a_status_of_its_own(client: PaymentOptions, kind: FollowUp) -> None:
    done = await kind.call(client, await kind.prepare(client))
    status = await client.payments.status(done.transaction_id)
    assert (status.state, status.transaction_type) == (State.PAID, kind.name.upper())
    assert status.amount == done.amount


@pytest.mark.asyncio
async def test_a_decline_is_told_and_not_raised(client: PaymentOptions) -> None:
    with pytest.raises(DeclinedError) as caught:
        await client.payments.purchase(request(number=DECLINED))
    assert caught.value.payment is not None
    status = await client.payments.status(caught.value.payment.transaction_id)
    assert (status.state, status.response_code, status.reason) == (State.DECLINED, 5, Reason.DECLINED)
    assert status.description


@pytest.mark.asyncio
async def test_nothing_is_written_down() -> None:
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}) as (_, client):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request(amount="9000068"))
        assert caught.value.transaction_id is not None
        before = await ledger.find("qwe")
        assert (await client.payments.status(caught.value.transaction_id)).state is State.PAID
        assert await ledger.find("qwe") == before


# --- asked until there is an answer -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["429:0", *LOST])
@pytest.mark.asyncio
async def test_it_is_asked_again_whatever_went_wrong(fault: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        payment = await paid(client)
        wire.strike(fault)
        assert (await client.payments.status(payment.transaction_id)).state is State.PAID
        assert wire.requests == 3


BAD_REPLIES: dict[str, tuple[Reply | Fault, type[PaymentOptionsError], int]] = {
    "503": (Reply(503, b"{}"), NoAnswerError, 4),
    "a page": (Reply(200, b"<html>"), NoAnswerError, 4),
    "nothing": (Reply(200, b""), NoAnswerError, 4),
    "a list": (Reply(200, b"[]"), NoAnswerError, 4),
    "a redirect": (Reply(302, b""), NoAnswerError, 4),
    "lost": (Fault(True, "ServerDisconnectedError"), NoAnswerError, 4),
    "no route": (Fault(False, "ClientConnectorError"), NoAnswerError, 4),
    "429": (Reply(429, b"{}", retry_after=0.0), RateLimitedError, 4),
    "401": (Reply(401, b""), AuthenticationError, 1),
    "404": (Reply(404, b"<html>"), InvalidRequestError, 1),
}


@pytest.mark.parametrize(("bad", "error", "times"), BAD_REPLIES.values(), ids=BAD_REPLIES)
@pytest.mark.asyncio
async def test_without_an_answer_it_tells_why(
    monkeypatch: pytest.MonkeyPatch, bad: Reply | Fault, error: type[Exception], times: int
) -> None:
    async with sandbox_client() as (_, client):
        asked = answering(monkeypatch, bad)
        with pytest.raises(PaymentOptionsError) as caught:
            await client.payments.status("t1")
    assert type(caught.value) is error
    assert asked == [("transaction/status", "t1")] * times
    if isinstance(caught.value, NoAnswerError):
        assert (caught.value.attempts, caught.value.money) == (times, "not touched by this call")
        assert caught.value.evidence


@pytest.mark.asyncio
async def test_it_ends_at_the_deadline() -> None:
    async with sandbox_client(faults=["hang:after_read"], timeouts=Timeouts(total=0.05)) as (_, client):
        with pytest.raises(NoAnswerError, match="deadline") as caught:
            await client.payments.status("t1")
    assert caught.value.evidence == ("the deadline of 0.05 s passed",)


@pytest.mark.asyncio
async def test_a_transaction_that_nobody_knows_is_told(client: PaymentOptions) -> None:
    with pytest.raises(InvalidRequestError, match="transactionId: not known here") as caught:
        await client.payments.status("nobody's")
    assert caught.value.status == 404


OPEN: dict[str, dict[str, Any]] = {
    "no code": {"success": True, "transaction_details": {"id": "t1"}},
    "a code that nobody has published": {"success": True, "payment_details": {"response_code": 4711}},
    "pending": {"success": False, "payment_details": {"response_code": 578}},
    "it contradicts itself": {"success": False, "payment_details": {"response_code": 0}},
}


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
@pytest.mark.asyncio
async def test_what_the_answer_leaves_open_is_unknown(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: dict[str, Any]
) -> None:
    answering(monkeypatch, Reply(200, orjson.dumps(body)))
    status = await client.payments.status("t1")
    assert (status.state, status.amount, status.merchant_txn_ref, status.raw) == (State.UNKNOWN, None, None, body)


@pytest.mark.asyncio
async def test_the_vendors_own_answer_is_read(monkeypatch: pytest.MonkeyPatch, client: PaymentOptions) -> None:
    answering(monkeypatch, Reply(200, orjson.dumps(SAMPLE)))
    status = await client.payments.status("t1")
    assert (status.state, status.merchant_txn_ref, status.amount) == (State.PAID, "qwe", Decimal(1000))
    assert status.description == "The transaction was completed successfully."
    assert status.raw["payment_details"]["card"]["number"] == "520000******1005"
    for other in (copy.copy(status), copy.deepcopy(status), pickle.loads(pickle.dumps(status))):
        assert other == status


# --- ids --------------------------------------------------------------------------------------------------

STRANGE_IDS = ["a/b", "../payment", "..%2fpayment", "%2e%2e", "a b", "a?b=1", "a#b", "a;b", "日本", "é", "...", "a\\b",
               "list/", "t" * 128]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE_IDS)
@pytest.mark.asyncio
async def test_an_id_reaches_no_other_path(client: PaymentOptions, strange: str) -> None:
    with pytest.raises(InvalidRequestError, match="transactionId: not known here"):
        await client.payments.status(strange)
    for ask in ("get", "pause", "resume", "cancel"):
        with pytest.raises(InvalidRequestError, match="subscriptionId: not known here"):
            await getattr(client.subscriptions, ask)(strange)


@pytest.mark.parametrize("wrong", ["", ".", "..", "list", "t" * 129, "a\nb", "\ud800", "\x00", 7, None])
@pytest.mark.asyncio
async def test_what_cannot_be_an_id_is_refused_before_anything_is_sent(wrong: Any) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        with pytest.raises(InvalidRequestError) as caught:
            await client.payments.status(wrong)
        assert [problem.path for problem in caught.value.problems] == ["transaction_id"]
        for ask in ("get", "pause", "resume", "cancel"):
            with pytest.raises(InvalidRequestError) as caught:
                await getattr(client.subscriptions, ask)(wrong)
            assert [problem.path for problem in caught.value.problems] == ["subscription_id"]
        assert wire.requests == 0


# --- nothing is shown -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["503", "garbage_body", "close:in_body", "429:0"])
@pytest.mark.asyncio
async def test_no_error_shows_card_or_credentials_and_each_can_be_copied(fault: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        payment = await paid(client)
        wire.strike(*[fault] * 4)
        with pytest.raises(PaymentOptionsError) as caught:
            await client.payments.status(payment.transaction_id)
    error = caught.value
    told = everything_shown(error)
    for secret in (APPROVED, CVC, "sandbox-api-key", "sandbox-x-api-key"):
        assert not shows(told, secret)
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))
