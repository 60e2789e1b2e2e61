"""What the client makes of what a test has scripted; and that it takes no time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from paymentoptions_async import (
    AuthenticationError,
    Challenge,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    RateLimitedError,
    Reason,
)
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.script import Script
from paymentoptions_async.testing import assert_charged, assert_verdict

from ..helpers import request

SCRIPTS: dict[str, tuple[Callable[[Script], None], type[Payment | Challenge | PaymentOptionsError], int]] = {
    "nothing": (lambda _: None, Payment, 1),
    "approve": (Script.approve, Payment, 1),
    "decline": (Script.decline, DeclinedError, 0),
    "approve_in_part": (Script.approve_in_part, PartialApprovalError, 1),
    "challenge": (Script.challenge, Challenge, 0),
    "leave_unclear": (Script.leave_unclear, OutcomeUnknownError, 1),
    "refuse": (Script.refuse, InvalidRequestError, 0),
    "refuse 401": (lambda script: script.refuse(401), AuthenticationError, 0),
    "lose_answer": (Script.lose_answer, OutcomeUnknownError, 1),
    "answer_slowly": (lambda script: script.answer_slowly(0.01), Payment, 1),
    "limit_rate": (Script.limit_rate, Payment, 1),
    "limit_rate for good": (lambda script: script.limit_rate(4), RateLimitedError, 0),
    "strike": (lambda script: script.strike("503:before_commit"), OutcomeUnknownError, 0),
}


async def outcome_of(client: PaymentOptions) -> Payment | Challenge | PaymentOptionsError:
    try:
        return await client.payments.purchase(request("order-17"), version=2)
    except PaymentOptionsError as error:
        return error


@pytest.mark.asyncio
@pytest.mark.parametrize(("say", "kind", "charges"), SCRIPTS.values(), ids=SCRIPTS)
async def test_a_scripted_outcome_is_what_the_client_tells(
    gateway: Sandbox,
    payments: PaymentOptions,
    say: Callable[[Script], None],
    kind: type[Payment | Challenge | PaymentOptionsError],
    charges: int,
) -> None:
    say(gateway.script)
    outcome = await outcome_of(payments)
    assert type(outcome) is kind
    assert_charged(gateway, "order-17", times=charges)
    assert_verdict(gateway, outcome)


@pytest.mark.asyncio
async def test_a_declined_charge_tells_the_scripted_reason(gateway: Sandbox, payments: PaymentOptions) -> None:
    gateway.script.decline(Reason.PICK_UP_CARD)
    outcome = await outcome_of(payments)
    assert isinstance(outcome, DeclinedError)
    assert outcome.reason is Reason.PICK_UP_CARD


@pytest.mark.asyncio
async def test_a_gateway_that_cannot_be_reached_was_sent_nothing(gateway: Sandbox, payments: PaymentOptions) -> None:
    await payments.payments.purchase(request("order-16"))
    async with gateway.unreachable():
        outcome = await outcome_of(payments)
    assert isinstance(outcome, NotSentError)
    assert outcome.attempts == 4
    assert isinstance(await outcome_of(payments), Payment)


@pytest.mark.asyncio
async def test_retries_take_no_time(gateway: Sandbox, payments: PaymentOptions) -> None:
    gateway.script.limit_rate(3, retry_after=2.5)
    begun = time.perf_counter()
    assert isinstance(await outcome_of(payments), Payment)
    assert time.perf_counter() - begun < 2.5
