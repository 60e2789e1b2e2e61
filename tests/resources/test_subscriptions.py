"""Subscriptions: begun once, asked as often as needed, changed without moving money."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import orjson
import pytest

from paymentoptions_async import (
    AuthenticationError,
    Challenge,
    DeclinedError,
    InvalidRequestError,
    MemoryLedger,
    NoAnswerError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    RateLimitedError,
    ReferenceConflictError,
    RetryPolicy,
    State,
    Timeouts,
)
from paymentoptions_async.sandbox import Sandbox, WebhookPolicy
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.reply import Fault, Reply

from ..helpers import DECLINED, FAST, SAMPLES, request, sandbox_client
from ..shop import open_shop
from .cases import LOST, Wire, begin_outage, plan_request

CANCELLED = orjson.loads((SAMPLES / "subscription_cancel.response.200.json").read_bytes())
DETAILS = CANCELLED["subscription_details"]
CHANGES = {"pause": "PAUSED", "resume": "ACTIVE", "cancel": "CANCELLED"}

every_change = pytest.mark.parametrize("change", CHANGES)


async def subscribed(client: PaymentOptions, reference: str = "ref", **plan: Any) -> tuple[Payment, str]:
    """A payment, and the id of its subscription."""
    payment = await client.subscriptions.create(plan_request(reference, **plan))
    assert isinstance(payment, Payment)
    assert payment.subscription is not None
    assert payment.subscription.id is not None
    return payment, payment.subscription.id


def answering(monkeypatch: pytest.MonkeyPatch, *replies: Reply | Fault) -> list[tuple[str, ...]]:
    """Let the gateway answer these, the last one without end, and note what it is asked."""
    asked: list[tuple[str, ...]] = []

    async def answer(_: object, *given: Any) -> Reply | Fault:
        asked.append(tuple(part for part in given if isinstance(part, str)))
        return replies[min(len(asked), len(replies)) - 1]

    monkeypatch.setattr(Gateway, "get", answer)
    monkeypatch.setattr(Gateway, "change", answer)
    return asked


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, body if isinstance(body, bytes) else orjson.dumps(body))


# --- create -----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_first_payment_tells_the_subscription(gateway: Sandbox, client: PaymentOptions) -> None:
    payment, number = await subscribed(client)
    assert payment.money == "moved once"
    assert payment.amount == gateway.balance("ref") == 1000
    details = await client.subscriptions.get(number)
    assert (details.id, details.status, details.completed_payment_cycle) == (number, "ACTIVE", 1)


@pytest.mark.parametrize(
    ("plan", "amount"),
    [
        ({"has_discount": True, "discount_percentage": 10, "discount_duration": 2}, 900),
        ({"has_discount": True, "discount_percentage": 100, "discount_duration": 1}, 0),
        ({"has_trial_period": True, "trial_period_duration": 14, "trial_period_duration_type": "DAYS"}, 0),
    ],
)
@pytest.mark.asyncio
async def test_what_the_plan_takes_off_is_no_partial_approval(
    client: PaymentOptions, plan: dict[str, Any], amount: int
) -> None:
    for replayed in (False, True):
        payment, _ = await subscribed(client, **plan)
        assert payment.amount == amount
        assert payment.replayed is replayed


@pytest.mark.asyncio
async def test_less_than_a_plan_without_discount_asks_is_one(client: PaymentOptions) -> None:
    with pytest.raises(PartialApprovalError):
        await client.subscriptions.create(plan_request(amount="9000010"))


# Of each plan the first cycle is answered with an unclear code, and found to have come to a thousand.
LESS = [
    ("9000068", {}, State.PARTIAL),
    ("18000136", {"has_discount": True, "discount_percentage": 50, "discount_duration": 2}, State.PAID),
]


@pytest.mark.parametrize(("amount", "plan", "state"), LESS)
@pytest.mark.asyncio
async def test_a_plan_is_held_against_its_amount_when_it_is_reconciled_unless_it_varies(
    amount: str, plan: dict[str, Any], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, order = MemoryLedger(), plan_request(amount=amount, **plan)
    async with sandbox_client(client={"ledger": ledger}) as (_, client):
        with pytest.raises(OutcomeUnknownError):
            await client.subscriptions.create(order)
        record = await ledger.find("ref")
        assert record is not None
        assert record.intent.amount == ("" if plan else amount)
        told = orjson.loads((SAMPLES / "transaction_status.response.200.json").read_bytes())
        told["merchant_details"]["merchant_txn_ref"] = "ref"
        told["transaction_details"]["id"] = record.outcome.transaction_id
        answering(monkeypatch, reply(told))
        assert (await client.payments.reconcile("ref")).outcome.state is state
        for again in (client.subscriptions.create(order), client.payments.wait("ref", timeout=0)):
            if state is State.PAID:
                payment: Any = await again
                assert payment.amount == 1000
            else:
                with pytest.raises(PartialApprovalError):
                    await again


@pytest.mark.asyncio
async def test_the_same_call_again_gives_the_same_and_sends_nothing(gateway: Sandbox, client: PaymentOptions) -> None:
    first, number = await subscribed(client)
    second, again = await subscribed(client)
    assert (second.replayed, second.transaction_id, again) == (True, first.transaction_id, number)
    assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_a_purchase_or_another_plan_of_one_reference_is_a_conflict(client: PaymentOptions) -> None:
    await subscribed(client)
    for other in (
        client.payments.purchase(request("ref")),
        client.subscriptions.create(plan_request(cycle_interval=3)),
    ):
        with pytest.raises(ReferenceConflictError):
            await other


@pytest.mark.asyncio
async def test_without_a_plan_nothing_is_sent(gateway: Sandbox, client: PaymentOptions) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.subscriptions.create(request("ref"))
    assert [problem.path for problem in caught.value.problems] == ["subscription"]
    assert gateway.attempts("ref") == 0


@pytest.mark.asyncio
async def test_a_decline_begins_nothing(client: PaymentOptions) -> None:
    order = plan_request()
    declined = attrs.evolve(order, card=request(number=DECLINED).card)
    with pytest.raises(DeclinedError):
        await client.subscriptions.create(declined)
    assert await client.subscriptions.list() == []


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_and_never_sent_again(fault: str) -> None:
    wire = Wire(fault)
    async with sandbox_client(faults=wire) as (_, client):
        for replayed in (False, True):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.subscriptions.create(plan_request())
            assert caught.value.replayed is replayed
        assert wire.requests == 1


@pytest.mark.parametrize(("amount", "says"), [("9000005", "declined"), ("9000010", "partial")])
@pytest.mark.asyncio
async def test_what_becomes_of_a_later_cycle_is_not_taken_for_its_beginning(amount: str, says: str) -> None:
    delays, its_time = iter([99.0]), asyncio.Event()

    async def sleep(seconds: float) -> None:
        if seconds == 99:  # the first cycle's webhook comes last
            await its_time.wait()

    policy = WebhookPolicy(delay=lambda: next(delays, 0.0), retries=1)
    async with open_shop(faults=["reset:after_commit"], webhooks=policy, sleep=sleep) as shop:
        plan = plan_request(amount=amount, has_discount=True, discount_percentage=10, discount_duration=1)
        order = shop.addressed(plan)
        with pytest.raises(OutcomeUnknownError):
            await shop.client.subscriptions.create(order)
        await shop.gateway.advance(timedelta(days=2))
        assert shop.gateway.transactions("ref")[1].decision.reason == says
        async with asyncio.timeout(5):
            while len(shop.gateway._books.deliveries_of("ref")) < 2:
                await asyncio.sleep(0.005)
        for attempt in (shop.client.subscriptions.create(order), shop.client.payments.reconcile("ref")):
            with pytest.raises(OutcomeUnknownError):
                await attempt
        its_time.set()
        await shop.gateway.webhooks_sent()
        payment = await shop.client.subscriptions.create(order)
        assert isinstance(payment, Payment)
        assert payment.transaction_id == shop.gateway.transactions("ref")[0].id


@pytest.mark.asyncio
async def test_two_cycles_that_are_told_at_once_are_no_contradiction() -> None:
    wire, ledger = Wire("reset:after_commit", *["503"] * 4), MemoryLedger()
    async with open_shop(faults=wire, webhooks=WebhookPolicy(retries=0), client={"ledger": ledger}) as shop:
        with pytest.raises(OutcomeUnknownError):
            await shop.client.subscriptions.create(shop.addressed(plan_request()))
        await shop.gateway.webhooks_sent()  # it could not be confirmed, but the first cycle's id is noted
        wire.strike("drip:0.1")
        reconciling = asyncio.create_task(shop.client.payments.reconcile("ref"))
        async with asyncio.timeout(5):
            while wire.requests < 6:
                await asyncio.sleep(0.001)
        await shop.gateway.advance(timedelta(days=2))
        await shop.gateway.webhooks_sent()
        assert not reconciling.done()
        record = await reconciling
        assert (record.outcome.state, record.mark) == (State.PAID, None)
        assert await ledger.find("ref") == record


@pytest.mark.asyncio
async def test_a_challenge_is_told_as_one(monkeypatch: pytest.MonkeyPatch, client: PaymentOptions) -> None:
    async def post(*_: object) -> Reply:
        return reply({"success": True, "redirect_url": "https://acs.example/"})

    monkeypatch.setattr(Gateway, "post", post)
    assert isinstance(await client.subscriptions.create(plan_request()), Challenge)


# --- list and get -----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_all_are_listed_and_each_tells_what_it_has_charged(gateway: Sandbox, client: PaymentOptions) -> None:
    numbers = [(await subscribed(client, f"ref-{number}"))[1] for number in range(3)]
    await gateway.advance(timedelta(days=5))
    assert [one.id for one in await client.subscriptions.list()] == numbers
    details = await client.subscriptions.get(numbers[0])
    assert [one.cycle for one in details.transactions] == [1, 2, 3]
    assert sum(one.amount or 0 for one in details.transactions) == gateway.balance("ref-0") == 3000


LISTS: dict[str, object] = {
    "a bare list": [DETAILS, DETAILS],
    "a bare list after blanks": b" \r\n" + orjson.dumps([DETAILS, DETAILS]),
    "subscriptions": {"success": True, "subscriptions": [DETAILS, DETAILS]},
    "subscription_details": {"success": True, "subscription_details": [DETAILS, DETAILS]},
    "data": {"statusCode": 200, "success": True, "data": [DETAILS, DETAILS]},
    "among what is none": [DETAILS, None, 7, "x", [], DETAILS],
    "no success told": {"data": [DETAILS, DETAILS]},
}


@pytest.mark.parametrize("body", LISTS.values(), ids=LISTS)
@pytest.mark.asyncio
async def test_a_list_is_read_however_it_is_put(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: object
) -> None:
    asked = answering(monkeypatch, reply(body))
    listed = await client.subscriptions.list()
    assert [one.id for one in listed] == [DETAILS["id"]] * 2
    assert asked == [("subscription", "list")]


@pytest.mark.parametrize("body", [[], {"data": []}, {"subscriptions": [None]}])
@pytest.mark.asyncio
async def test_an_empty_list_is_one(monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: object) -> None:
    answering(monkeypatch, reply(body))
    assert await client.subscriptions.list() == []


@pytest.mark.parametrize("body", [{}, {"success": True}, {"data": {}}, {"subscriptions": None}, DETAILS])
@pytest.mark.asyncio
async def test_what_is_no_list_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: object
) -> None:
    answering(monkeypatch, reply(body))
    with pytest.raises(NoAnswerError, match="no list in the answer"):
        await client.subscriptions.list()


SINGLE: dict[str, object] = {
    "the vendor's": CANCELLED,
    "bare": DETAILS,
    "data": {"statusCode": 200, "success": True, "data": DETAILS},
    "subscriptions": {"subscriptions": DETAILS},
}


@pytest.mark.parametrize("body", SINGLE.values(), ids=SINGLE)
@pytest.mark.asyncio
async def test_a_subscription_is_read_however_it_is_put(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: object
) -> None:
    answering(monkeypatch, reply(body))
    for details in (await client.subscriptions.get("s1"), await client.subscriptions.cancel("s1")):
        assert (details.id, details.status) == (DETAILS["id"], "CANCELLED")
        assert details.subscription_plan_details is not None
        assert details.subscription_plan_details.amount == Decimal(1000)
        assert [one.amount for one in details.transactions] == [Decimal(900)]
        assert details.raw == DETAILS


@pytest.mark.parametrize("body", [{}, {"success": True}, {"subscription_details": None, "new": [1]}])
@pytest.mark.asyncio
async def test_what_is_not_told_is_none_and_stays_in_raw(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, body: dict[str, Any]
) -> None:
    answering(monkeypatch, reply(body))
    details = await client.subscriptions.get("s1")
    assert (details.id, details.status, details.transactions, details.raw) == (None, None, (), body)


# --- questions: asked until there is an answer ------------------------------------------------------------

QUESTIONS: dict[str, Callable[[PaymentOptions, str], Any]] = {
    "list": lambda client, _: client.subscriptions.list(),
    "get": lambda client, number: client.subscriptions.get(number),
}


@pytest.mark.parametrize("fault", ["429:0", *LOST])
@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.asyncio
async def test_a_question_is_asked_again_whatever_went_wrong(ask: Callable[..., Any], fault: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        _, number = await subscribed(client)
        wire.strike(fault)
        assert number in repr(await ask(client, number))
        # aiohttp asks once more by itself where an idle connection is gone.
        assert wire.requests == 3


BAD_REPLIES: dict[str, tuple[Reply | Fault, type[PaymentOptionsError], int]] = {
    "503": (reply({}, 503), NoAnswerError, 4),
    "a page": (reply(b"<html>"), NoAnswerError, 4),
    "nothing": (reply(b""), NoAnswerError, 4),
    "half a list": (reply(b'[{"id":'), NoAnswerError, 4),
    "too long": (Reply(200, b"[]", complete=False), NoAnswerError, 4),
    "a redirect": (reply(DETAILS, 302), NoAnswerError, 4),
    "no success": (reply({"success": False}), NoAnswerError, 4),
    "lost": (Fault(True, "ServerDisconnectedError"), NoAnswerError, 4),
    "no route": (Fault(False, "ClientConnectorError"), NoAnswerError, 4),
    "429": (reply({}, 429), RateLimitedError, 4),
    "401": (reply({}, 401), AuthenticationError, 1),
    "404": (reply({"success": False, "message": "who?"}, 404), InvalidRequestError, 1),
}


@pytest.mark.parametrize(("bad", "error", "times"), BAD_REPLIES.values(), ids=BAD_REPLIES)
@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.asyncio
async def test_a_question_without_an_answer_tells_why(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Any], bad: Reply | Fault, error: type[Exception], times: int
) -> None:
    async with sandbox_client() as (_, client):
        asked = answering(monkeypatch, bad)
        with pytest.raises(PaymentOptionsError) as caught:
            await ask(client, "s1")
        assert type(caught.value) is error
        assert len(asked) == times
        if isinstance(caught.value, NoAnswerError):
            assert caught.value.attempts == times
            assert caught.value.evidence
            assert caught.value.money == "not touched by this call"


@pytest.mark.asyncio
async def test_a_question_ends_at_the_deadline() -> None:
    async with sandbox_client(faults=["hang:after_read"], timeouts=Timeouts(total=0.05)) as (_, client):
        with pytest.raises(NoAnswerError, match="deadline"):
            await client.subscriptions.list()


# --- changes ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_subscription_is_paused_resumed_and_cancelled(gateway: Sandbox, client: PaymentOptions) -> None:
    _, number = await subscribed(client)
    assert (await client.subscriptions.pause(number)).status == "PAUSED"
    await gateway.advance(timedelta(days=10))
    assert gateway.balance("ref") == 1000
    assert (await client.subscriptions.resume(number)).status == "ACTIVE"
    await gateway.advance(timedelta(days=2))
    assert gateway.balance("ref") == 2000
    assert (await client.subscriptions.cancel(number)).status == "CANCELLED"
    await gateway.advance(timedelta(days=30))
    assert gateway.balance("ref") == 2000


@pytest.mark.asyncio
async def test_a_change_that_cannot_be_made_is_refused(client: PaymentOptions) -> None:
    _, number = await subscribed(client)
    with pytest.raises(InvalidRequestError) as caught:
        await client.subscriptions.resume(number)
    assert caught.value.status == 400


@every_change
@pytest.mark.asyncio
async def test_a_change_is_a_post_with_no_body(change: str) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        body = orjson.dumps(CANCELLED)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        heads.append(await reader.read())
        writer.close()

    async with Sandbox() as gateway, await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = "http://{}:{}".format(*server.sockets[0].getsockname())
        async with PaymentOptions(gateway.settings(base_url=address, timeouts=FAST)) as client:
            await getattr(client.subscriptions, change)("s 1/2")
        async with asyncio.timeout(5):
            while len(heads) < 2:
                await asyncio.sleep(0.001)
    assert heads[0].startswith(
        b"POST /api/v1/server-to-server-interface/subscription/s%%201%%2F2/%b HTTP/1.1\r\n" % change.encode()
    )
    assert b"\r\nContent-Length: 0\r\n" in heads[0]
    assert heads[1] == b""


@pytest.mark.parametrize("fault", LOST)
@every_change
@pytest.mark.asyncio
async def test_a_change_whose_answer_was_lost_is_not_repeated_by_itself(change: str, fault: str) -> None:
    wire = Wire()
    retry = RetryPolicy(base=0.001, repeat_after_send=True)
    async with sandbox_client(faults=wire, retry=retry) as (_, client):
        _, number = await subscribed(client)
        if change == "resume":
            await client.subscriptions.pause(number)
        sent = wire.requests
        wire.strike(fault)
        with pytest.raises(NoAnswerError) as caught:
            await getattr(client.subscriptions, change)(number)
        assert (wire.requests - sent, caught.value.attempts) == (1, 1)
        assert caught.value.evidence


@every_change
@pytest.mark.asyncio
async def test_a_change_whose_answer_does_not_come_in_time_may_have_been_made(change: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        _, number = await subscribed(client)
        if change == "resume":
            await client.subscriptions.pause(number)
        wire.strike("hang:after_commit")
        with pytest.raises(NoAnswerError, match="deadline"):
            await getattr(client.with_options(timeouts=Timeouts(total=0.1)).subscriptions, change)(number)
        assert (await client.subscriptions.get(number)).status == CHANGES[change]


@every_change
@pytest.mark.asyncio
async def test_a_change_that_never_left_is_tried_again(change: str) -> None:
    wire = Wire()
    retry = RetryPolicy(base=0.05, cap=0.1, max_attempts=20)
    async with sandbox_client(faults=wire, retry=retry) as (gateway, client):
        _, number = await subscribed(client)
        if change == "resume":
            await client.subscriptions.pause(number)
        sent = wire.requests
        outage = await begin_outage(gateway, 0.1)
        assert (await getattr(client.subscriptions, change)(number)).status == CHANGES[change]
        await outage
        assert wire.requests - sent == 1


@every_change
@pytest.mark.asyncio
async def test_a_change_that_cannot_leave_says_so(change: str) -> None:
    async with sandbox_client() as (gateway, client):
        outage = await begin_outage(gateway, 60)
        with pytest.raises(NotSentError) as caught:
            await getattr(client.subscriptions, change)("s1")
        outage.cancel()
        await asyncio.gather(outage, return_exceptions=True)
        assert caught.value.attempts == 4
        assert len(caught.value.evidence) >= 1


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (reply({}, 429), RateLimitedError),
        (reply({}, 403), AuthenticationError),
        (reply({}, 404), InvalidRequestError),
        (reply({"success": False}), NoAnswerError),
        (reply(DETAILS, 307), NoAnswerError),
    ],
)
@every_change
@pytest.mark.asyncio
async def test_a_change_that_is_not_taken_is_told_and_asked_for_once(
    monkeypatch: pytest.MonkeyPatch, client: PaymentOptions, change: str, bad: Reply, error: type[Exception]
) -> None:
    asked = answering(monkeypatch, bad)
    with pytest.raises(PaymentOptionsError) as caught:
        await getattr(client.subscriptions, change)("s1")
    assert type(caught.value) is error
    assert asked == [("subscription", "s1", change)]
