"""One charge, from claim to delivery, against a real sandbox."""

from __future__ import annotations

import asyncio
import gc
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import structlog
from structlog.testing import capture_logs

from paymentoptions_async import (
    AuthenticationError,
    Challenge,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    RateLimitedError,
    Reason,
    ReferenceConflictError,
    ReferenceInUseError,
    RetryPolicy,
    Secret,
    Settings,
    State,
    Timeouts,
)
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.models.outcome import Outcome
from paymentoptions_async.redaction import redact_text
from paymentoptions_async.runtime import Runtime
from paymentoptions_async.sandbox import Sandbox

from .helpers import APPROVED, CVC, DECLINED, THREE_D_SECURE, request, sandbox_client
from .ledger.cases import ended, status
from .resources.cases import plan_request

REPEATING = RetryPolicy(base=0.001, cap=0.01, repeat_after_send=True)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something has happened on the other side."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)


# --- outcomes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.asyncio
async def test_a_good_card_is_charged_once(gateway: Sandbox, client: PaymentOptions, version: Any) -> None:
    payment = await client.payments.purchase(request("ref"), version=version)
    assert isinstance(payment, Payment)
    assert (payment.merchant_txn_ref, str(payment.amount), payment.currency) == ("ref", "1000", "JPY")
    assert (payment.masked_card, payment.replayed, payment.attempts) == ("520000******1005", False, 1)
    assert payment.answer.transaction_details is not None
    assert payment.answer.transaction_details.id == payment.transaction_id
    assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_a_challenge_is_not_paid(gateway: Sandbox, client: PaymentOptions) -> None:
    challenge = await client.payments.purchase(request("ref", number=THREE_D_SECURE), version=2)
    assert isinstance(challenge, Challenge)
    assert challenge.redirect_url.startswith(gateway.base_url)
    assert gateway.charges("ref") == 0


@pytest.mark.parametrize("declines", ["2xx", "4xx"])
@pytest.mark.asyncio
async def test_a_decline_is_told_with_its_reason_in_both_shapes(declines: str) -> None:
    async with sandbox_client(declines=declines) as (gateway, client):
        with pytest.raises(DeclinedError) as caught:
            await client.payments.purchase(request("ref", number="4000000000009995"))
    assert (caught.value.reason, caught.value.response_code) == (Reason.INSUFFICIENT_FUNDS, 51)
    assert caught.value.payment is not None
    assert gateway.charges("ref") == 0


@pytest.mark.asyncio
async def test_a_risk_rule_is_a_decline(client: PaymentOptions) -> None:
    with pytest.raises(DeclinedError) as caught:
        await client.payments.purchase(request(amount="9908008"))
    assert (caught.value.reason, caught.value.gateway_code) == (Reason.RISK_RULE, "ERR3008")


@pytest.mark.asyncio
async def test_a_partial_approval_carries_what_was_approved(gateway: Sandbox, client: PaymentOptions) -> None:
    with pytest.raises(PartialApprovalError) as caught:
        await client.payments.purchase(request("ref", amount="9000010"))
    assert caught.value.payment is not None
    assert caught.value.payment.amount == 9000010 / 2
    assert "void, refund or complete it" in str(caught.value)
    assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_an_unclear_code_is_unknown_and_tells_the_transaction(client: PaymentOptions) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        await client.payments.purchase(request(amount="9000068"))
    assert caught.value.transaction_id


@pytest.mark.parametrize("error_body", ["envelope", "message", "html", "empty"])
@pytest.mark.asyncio
async def test_a_request_that_the_gateway_refuses_may_be_mended_under_its_reference(error_body: str) -> None:
    async with sandbox_client(error_body=error_body) as (gateway, client):
        with pytest.raises(InvalidRequestError) as caught:
            await client.payments.purchase(request("ref", number="5200000000001006"))
        assert caught.value.status == 406
        assert isinstance(await client.payments.purchase(request("ref")), Payment)
        assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_wrong_credentials_are_told(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings(api_key="wrong")) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.payments.purchase(request("ref"))
    assert caught.value.status == 401
    assert gateway.charges("ref") == 0


@pytest.mark.asyncio
async def test_what_breaks_a_rule_is_refused_before_anything_is_sent(gateway: Sandbox, client: PaymentOptions) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.payments.purchase(request("ref", currency="yen", customer_ip="here"))
    assert [problem.path for problem in caught.value.problems] == ["currency", "customer_ip"]
    assert gateway.attempts("ref") == 0


# --- retries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["purchase", "authorize"])
@pytest.mark.parametrize("version", [0, 3, "2", None, 1.5])
@pytest.mark.asyncio
async def test_a_version_that_the_gateway_does_not_have_is_refused_by_name(
    gateway: Sandbox, client: PaymentOptions, operation: str, version: Any
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await getattr(client.payments, operation)(request("ref"), version=version)
    assert [problem.path for problem in caught.value.problems] == ["version"]
    assert gateway.attempts("ref") == 0


@pytest.mark.parametrize("operation", ["purchase", "authorize"])
@pytest.mark.asyncio
async def test_a_charge_with_a_plan_in_it_is_refused_since_it_would_begin_no_subscription(
    gateway: Sandbox, client: PaymentOptions, operation: str
) -> None:
    with pytest.raises(InvalidRequestError, match=r"subscriptions\.create") as caught:
        await getattr(client.payments, operation)(plan_request("ref"))
    assert [problem.path for problem in caught.value.problems] == ["subscription"]
    assert gateway.attempts("ref") == 0


@pytest.mark.asyncio
async def test_429_is_retried_after_the_time_that_was_asked_for() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    retry = RetryPolicy(cap=2)
    runtime = Runtime(sleep=sleep)
    async with sandbox_client(faults=["429:1", "429:9"], retry=retry, client={"runtime": runtime}) as (gateway, client):
        payment = await client.payments.purchase(request("ref"))
    assert payment.attempts == 3
    assert slept == [1.0, 2.0]
    assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_429_without_end_is_told_with_its_wait() -> None:
    async with sandbox_client(faults=["429:0"] * 9) as (_, client):
        with pytest.raises(RateLimitedError) as caught:
            await client.payments.purchase(request())
    assert (caught.value.attempts, caught.value.retry_after) == (4, 0.0)


@pytest.mark.asyncio
async def test_a_connect_that_is_refused_is_retried_until_it_is_not() -> None:
    retry = RetryPolicy(base=0.05, cap=0.1, max_attempts=20)
    async with sandbox_client(retry=retry) as (gateway, client):
        outage = asyncio.create_task(gateway.outage(0.1))
        await asyncio.sleep(0)
        payment = await client.payments.purchase(request("ref"))
        await outage
    assert payment.attempts > 1
    assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_a_gateway_that_is_down_is_not_sent_and_may_be_tried_again() -> None:
    async with sandbox_client() as (gateway, client):
        outage = asyncio.create_task(gateway.outage(60))
        await asyncio.sleep(0)
        with pytest.raises(NotSentError) as caught:
            await client.payments.purchase(request("ref"))
        outage.cancel()
        await asyncio.gather(outage, return_exceptions=True)
        assert caught.value.attempts == 4
        assert len(caught.value.evidence) == 4
        payment = await client.payments.purchase(request("ref"))
    assert (payment.attempts, payment.replayed) == (5, False)


LOST = ["reset:after_read", "close:after_commit", "reset:in_headers", "close:in_body", "garbage", "garbage_body",
        "empty_body", "big_body", "500:after_commit", "502:before_commit", "503", "504"]  # fmt: skip


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_and_never_sent_again(fault: str) -> None:
    async with sandbox_client(faults=[fault]) as (gateway, client):
        for replayed in (False, True, True):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.payments.purchase(request("ref"))
            assert caught.value.replayed is replayed
            assert caught.value.evidence
        assert gateway.attempts("ref") == 1


@pytest.mark.parametrize("fault", ["reset:before_read", "reset:after_read", "500:before_commit"])
@pytest.mark.asyncio
async def test_with_the_vendors_promise_a_lost_request_is_repeated(fault: str) -> None:
    async with sandbox_client(faults=[fault], duplicates="reject", retry=REPEATING) as (gateway, client):
        payment = await client.payments.purchase(request("ref"))
    assert (payment.attempts, gateway.charges("ref")) == (2, 1)


@pytest.mark.asyncio
async def test_a_duplicate_answer_to_a_repeat_is_unknown_and_no_decline() -> None:
    async with sandbox_client(faults=["reset:after_commit"], duplicates="reject", retry=REPEATING) as (gateway, client):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request("ref"))
    assert caught.value.attempts == 2
    assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_a_gateway_that_replays_gives_the_lost_answer() -> None:
    async with sandbox_client(faults=["reset:after_commit"], duplicates="replay", retry=REPEATING) as (gateway, client):
        payment = await client.payments.purchase(request("ref"))
    assert (payment.attempts, gateway.charges("ref")) == (2, 1)


@pytest.mark.parametrize(("fault", "error"), [("hang:after_commit", OutcomeUnknownError), ("429:9", RateLimitedError)])
@pytest.mark.asyncio
async def test_the_deadline_spans_everything(fault: str, error: type[PaymentOptionsError]) -> None:
    loop = asyncio.get_running_loop()
    retry = RetryPolicy(cap=60)
    async with sandbox_client(faults=[fault] * 9, timeouts=Timeouts(total=0.2), retry=retry) as (_, client):
        start = loop.time()
        with pytest.raises(error):
            await client.payments.purchase(request())
        assert loop.time() - start < 2


@pytest.mark.asyncio
async def test_waiting_for_a_connection_counts_and_is_not_sent() -> None:
    pool = {"max_connections": 1}
    async with sandbox_client(faults=["hang:after_read"], timeouts=Timeouts(total=0.3), settings=pool) as (_, client):
        first = asyncio.create_task(client.payments.purchase(request("first")))
        await asyncio.sleep(0.05)
        with pytest.raises(NotSentError, match="deadline"):
            await client.with_options(timeouts=Timeouts(total=0.1)).payments.purchase(request("second"))
        with pytest.raises(OutcomeUnknownError):
            await first


# --- one reference ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_second_call_is_answered_from_the_ledger(gateway: Sandbox, client: PaymentOptions) -> None:
    first = await client.payments.purchase(request("ref"))
    second = await client.payments.purchase(request("ref"))
    assert isinstance(first, Payment)
    assert isinstance(second, Payment)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.transaction_id == second.transaction_id
    assert first.raw == second.raw
    assert gateway.attempts("ref") == 1


@pytest.mark.parametrize("number", [THREE_D_SECURE, DECLINED])
@pytest.mark.asyncio
async def test_challenges_and_declines_are_replayed_too(client: PaymentOptions, number: str) -> None:
    told = []
    for _ in range(2):
        try:
            outcome: Any = await client.payments.purchase(request("ref", number=number), version=2)
        except DeclinedError as error:
            outcome = error
        told.append(outcome.replayed)
    assert told == [False, True]


@pytest.mark.parametrize("changes", [{"amount": "1001"}, {"number": DECLINED}, {"merchant_id": "other"}])
@pytest.mark.asyncio
async def test_other_content_under_a_reference_is_a_conflict(
    gateway: Sandbox, client: PaymentOptions, changes: dict[str, Any]
) -> None:
    await client.payments.purchase(request("ref"))
    with pytest.raises(ReferenceConflictError):
        await client.payments.purchase(request("ref", **changes))
    assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_another_operation_under_a_reference_is_a_conflict(client: PaymentOptions) -> None:
    await client.payments.purchase(request("ref"), version=1)
    with pytest.raises(ReferenceConflictError):
        await client.payments.purchase(request("ref"), version=2)


@pytest.mark.asyncio
async def test_concurrent_calls_make_one_charge_and_get_one_answer() -> None:
    async with sandbox_client(latency=0.02) as (gateway, client):
        view = client.with_options(log_level="info")
        calls = [client.payments.purchase(request("ref")) for _ in range(10)]
        calls += [view.payments.purchase(request("ref")) for _ in range(10)]
        payments = await asyncio.gather(*calls)
    assert gateway.attempts("ref") == 1
    assert all(payment == payments[0] for payment in payments)


@pytest.mark.asyncio
async def test_concurrent_calls_share_an_error_too() -> None:
    async with sandbox_client(latency=0.02, faults=["reset:after_commit"]) as (gateway, client):
        calls = (client.payments.purchase(request("ref")) for _ in range(5))
        errors = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(error) for error in errors} == {OutcomeUnknownError}
    assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_a_concurrent_call_with_other_content_is_a_conflict() -> None:
    async with sandbox_client(latency=0.05) as (_, client):
        first = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0)
        with pytest.raises(ReferenceConflictError):
            await client.payments.purchase(request("ref", amount="5"))
        await first


@pytest.mark.asyncio
async def test_two_clients_on_one_ledger_do_not_charge_at_once() -> None:
    ledger = MemoryLedger()
    async with sandbox_client(latency=0.05, client={"ledger": ledger}) as (gateway, one):
        async with PaymentOptions(gateway.settings(), ledger=ledger) as other:
            first = asyncio.create_task(one.payments.purchase(request("ref")))
            await asyncio.sleep(0)
            with pytest.raises(ReferenceInUseError):
                await other.payments.purchase(request("ref"))
            await first
            assert (await other.payments.purchase(request("ref"))).replayed
        assert gateway.charges("ref") == 1


# What the gateway says of a payment later, and what each call tells then.
SAID_LATER = [(State.PAID, Payment), (State.PARTIAL, PartialApprovalError), (State.DECLINED, OutcomeUnknownError)]


@pytest.mark.parametrize(("said", "told"), SAID_LATER)
@pytest.mark.asyncio
async def test_after_a_contradiction_every_call_says_that_the_ledger_does_not_stand_for_it(
    said: State, told: type[Any]
) -> None:
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}) as (gateway, client):
        await client.payments.purchase(request("ref"))
        record = await ledger.find("ref")
        assert record is not None
        await ledger.resolve("ref", status(ended(said, "t2"), record.token))
        for again in (client.payments.purchase(request("ref")), client.payments.wait("ref", timeout=0)):
            try:
                answer: Any = await again
            except PaymentOptionsError as error:
                answer = error
            assert type(answer) is told
            assert (answer.replayed, answer.recorded) == (True, False)
            if isinstance(answer, PartialApprovalError):
                assert answer.payment is not None
                assert not answer.payment.recorded
        assert gateway.attempts("ref") == 1


# --- cancelling -------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_cancel_after_the_request_left_is_unknown_before_it_goes_on() -> None:
    async with sandbox_client(faults=["hang:after_commit"]) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.charges("ref") == 1)
        call.cancel()
        with capture_logs() as lines, pytest.raises(asyncio.CancelledError) as cancelled:
            await call
        assert "unknown" in cancelled.value.__notes__[0]
        assert [line["event"] for line in lines] == ["charge.unknown"]
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request("ref"))
        assert caught.value.replayed


@pytest.mark.asyncio
async def test_a_cancel_before_anything_left_leaves_the_reference_free() -> None:
    async with sandbox_client(client={"runtime": Runtime(sleep=lambda _: asyncio.sleep(60))}) as (gateway, client):
        outage = asyncio.create_task(gateway.outage(0.05))
        await asyncio.sleep(0)
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await outage
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert isinstance(await client.payments.purchase(request("ref")), Payment)
        assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_who_waits_for_a_cancelled_call_is_told_the_doubt() -> None:
    async with sandbox_client(faults=["hang:after_commit"]) as (gateway, client):
        first = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.charges("ref") == 1)
        second = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(OutcomeUnknownError):
            await second
        assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_who_waits_for_a_call_that_is_cancelled_unsent_goes_on_by_itself() -> None:
    async with sandbox_client(client={"runtime": Runtime(sleep=lambda _: asyncio.sleep(60))}) as (gateway, client):
        outage = asyncio.create_task(gateway.outage(0.05))
        await asyncio.sleep(0)
        first = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(client.payments.purchase(request("ref")))
        await outage
        first.cancel()
        assert isinstance(await second, Payment)
        assert gateway.charges("ref") == 1


@pytest.mark.asyncio
async def test_who_stops_waiting_does_not_stop_the_charge() -> None:
    async with sandbox_client(latency=0.03) as (gateway, client):
        first = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0)
        second = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0.005)
        second.cancel()
        assert isinstance(await first, Payment)
        assert gateway.charges("ref") == 1


# --- bugs below -------------------------------------------------------------------------------------------


class _Slow(MemoryLedger):
    """A ledger that takes its time."""

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        await asyncio.sleep(0.3)
        return await super().claim(intent, token=token, lease=lease)


@pytest.mark.asyncio
async def test_a_claim_that_takes_longer_than_the_deadline_is_not_sent() -> None:
    timeouts = Timeouts(total=0.05)
    async with sandbox_client(client={"ledger": _Slow()}, timeouts=timeouts) as (gateway, client):
        with pytest.raises(NotSentError, match="deadline"):
            await client.payments.purchase(request("ref"))
        assert gateway.attempts("ref") == 0


@pytest.mark.asyncio
async def test_a_deadline_that_has_passed_lets_nothing_be_sent() -> None:
    async with sandbox_client() as (gateway, client):
        await client.payments.purchase(request("warm"))
        with pytest.raises(NotSentError, match="deadline"):
            await client.with_options(timeouts=Timeouts(total=1e-9)).payments.purchase(request("ref"))
        assert gateway.attempts("ref") == 0


class _Telling(MemoryLedger):
    """A ledger in which somebody writes a line while it is asked."""

    told = ""

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        self.told = redact_text(f"9{APPROVED}9")
        return await super().claim(intent, token=token, lease=lease)


@pytest.mark.asyncio
async def test_the_card_in_flight_is_masked_within_longer_digits_as_well() -> None:
    ledger = _Telling()
    async with sandbox_client(client={"ledger": ledger}) as (_, client):
        await client.payments.purchase(request("ref"))
    assert APPROVED not in ledger.told


class _Broken(MemoryLedger):
    """A ledger that fails where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
        if self.where == "claim":
            raise OSError("no space left on device")
        return await super().claim(intent, token=token, lease=lease)

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        if self.where == "finish":
            raise OSError("no space left on device")
        return await super().finish(claim, outcome)


@pytest.mark.asyncio
async def test_a_ledger_that_gives_no_right_lets_nothing_be_sent() -> None:
    async with sandbox_client(client={"ledger": _Broken("claim")}) as (gateway, client):
        with pytest.raises(NotSentError, match="the ledger did not answer: OSError") as caught:
            await client.payments.purchase(request("ref"))
        assert caught.value.evidence == ("the ledger did not answer: OSError",)
        assert gateway.attempts("ref") == 0


@pytest.mark.asyncio
async def test_a_ledger_that_fails_after_the_answer_does_not_hide_it_and_says_so() -> None:
    ledger = _Broken("finish")
    async with sandbox_client(client={"ledger": ledger}) as (gateway, client):
        with capture_logs() as lines:
            payment = await client.payments.purchase(request("ref"))
            assert isinstance(payment, Payment)
            assert (payment.recorded, payment.replayed) == (False, False)
            assert [line["event"] for line in lines] == ["ledger.not_recorded"]
            again = await client.payments.purchase(request("ref"))
            assert (again.recorded, again.replayed) == (False, True)
            with pytest.raises(ReferenceConflictError):
                await client.payments.purchase(request("ref", amount="5"))
            ledger.where = "nowhere"
            await eventually(lambda: len(lines) == 2)
            assert lines[1]["event"] == "ledger.recorded_late"
        last = await client.payments.purchase(request("ref"))
        assert (last.recorded, last.replayed) == (True, True)
        assert gateway.attempts("ref") == 1


def _bug(*_: object) -> float:
    raise KeyError("a bug")


@pytest.mark.asyncio
async def test_a_bug_after_the_request_left_is_told_as_unknown() -> None:
    runtime = Runtime(random=_bug)
    faults = ["reset:after_commit"]
    async with sandbox_client(faults=faults, retry=REPEATING, client={"runtime": runtime}) as (gateway, client):
        for replayed in (False, True):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.payments.purchase(request("ref"))
            assert caught.value.replayed is replayed
        assert gateway.attempts("ref") == 1


async def _broken_sleep(_: float) -> None:
    raise KeyError("a bug")


@pytest.mark.asyncio
async def test_a_bug_before_anything_left_passes_on_with_a_note() -> None:
    async with sandbox_client(faults=["429:0"], client={"runtime": Runtime(sleep=_broken_sleep)}) as (_, client):
        with pytest.raises(KeyError) as caught:
            await client.payments.purchase(request("ref"))
        assert "refused" in caught.value.__notes__[0]
        assert isinstance(await client.payments.purchase(request("ref")), Payment)


@pytest.mark.asyncio
async def test_a_broken_log_of_the_applications_decides_nothing() -> None:
    structlog.configure(processors=[_bug])  # type: ignore[list-item]
    try:
        async with sandbox_client(faults=["429:0"], settings={"log_level": "debug"}) as (_, client):
            assert isinstance(await client.payments.purchase(request("ref")), Payment)
    finally:
        structlog.reset_defaults()


@pytest.mark.asyncio
async def test_closing_the_client_ends_waiting_calls_in_an_error_of_ours() -> None:
    pool = {"max_connections": 1}
    async with sandbox_client(faults=["hang:after_commit"], settings=pool) as (gateway, client):
        first = asyncio.create_task(client.payments.purchase(request("first")))
        await eventually(lambda: gateway.charges("first") == 1)
        second = asyncio.create_task(client.payments.purchase(request("second")))
        await asyncio.sleep(0.01)
        await client.close(grace=0)
        with pytest.raises(OutcomeUnknownError):
            await first
        with pytest.raises((NotSentError, ConfigurationError)):
            await second
        assert gateway.attempts("second") == 0


@pytest.mark.asyncio
async def test_who_waits_for_another_call_waits_no_longer_than_its_own_deadline() -> None:
    async with sandbox_client(latency=0.5) as (_, client):
        first = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0)
        with pytest.raises(ReferenceInUseError):
            await client.with_options(timeouts=Timeouts(total=0.05)).payments.purchase(request("ref"))
        assert isinstance(await first, Payment)


@pytest.mark.asyncio
async def test_the_same_reference_at_another_gateway_is_another_charge(
    gateway: Sandbox, client: PaymentOptions
) -> None:
    await client.payments.purchase(request("ref"))
    async with Sandbox() as other:
        with pytest.raises(ReferenceConflictError):
            await client.with_options(base_url=other.base_url).payments.purchase(request("ref"))


def test_a_ledger_that_outlives_the_process_needs_a_key_that_does_too() -> None:
    class Durable:
        claim = finish = None

    told = Settings(api_key=Secret("a"), x_api_key=Secret("b"), merchant_id="m")
    with pytest.raises(ConfigurationError, match="ledger_secret"):
        PaymentOptions(told, ledger=Durable())  # type: ignore[arg-type]


# --- nothing is shown -------------------------------------------------------------------------------------


def everything_shown(error: BaseException) -> str:
    """Text, arguments, notes, cause and context of an error, and the locals of every frame below the test's."""
    told = [repr(error), str(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    link: BaseException | None = error
    while link is not None:
        frames = [frame for frame, _ in traceback.walk_tb(link.__traceback__)]
        told += [repr(value) for frame in frames for value in frame.f_locals.values() if "tests" not in
                 frame.f_code.co_filename]  # fmt: skip
        link = link.__cause__ or link.__context__
    return "\n".join(told)


def shows(told: str, secret: str) -> bool:
    """Whether the secret stands there by itself, and not as a part of an address, an id or a time."""
    return re.search(rf"(?<![\w.-]){re.escape(secret)}(?![\w-])", told) is not None


def test_a_secret_is_found_where_it_is_shown() -> None:
    assert shows('b\'{"cvc":"739"}\'', "739")
    assert not shows("<object at 0x7f41e3ac7390> 12.739 1739", "739")


SHOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "declined": ({"number": DECLINED}, {}),
    "refused": ({"number": "5200000000001006"}, {}),
    "partial": ({"amount": "9000010"}, {}),
    "unclear": ({"amount": "9000068"}, {}),
    "invalid": ({"currency": "yen"}, {}),
    "lost": ({}, {"faults": ["reset:after_commit"]}),
    "broken off": ({}, {"faults": ["close:in_body"]}),
    "limited": ({}, {"faults": ["429:0"] * 9}),
    "garbage": ({}, {"faults": ["garbage"]}),
}


@pytest.mark.parametrize("case", SHOWN)
@pytest.mark.asyncio
async def test_no_error_shows_card_or_credentials(case: str) -> None:
    changes, sandbox = SHOWN[case]
    order = request("ref", **changes)
    assert order.card is not None
    async with sandbox_client(**sandbox) as (_, client):
        with capture_logs() as lines, pytest.raises(PaymentOptionsError) as caught:
            await client.with_options(log_level="debug").payments.purchase(order)
    told = everything_shown(caught.value) + repr(lines)
    for secret in (APPROVED, order.card.number.reveal(), CVC, "sandbox-api-key", "sandbox-x-api-key"):
        assert not shows(told, secret)


@pytest.mark.asyncio
async def test_no_cancel_shows_card_or_credentials() -> None:
    async with sandbox_client(faults=["hang:after_commit"]) as (gateway, client):
        call = asyncio.create_task(client.payments.purchase(request("ref")))
        await eventually(lambda: gateway.charges("ref") == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
    told = everything_shown(caught.value)
    for secret in (APPROVED, CVC, "sandbox-api-key", "sandbox-x-api-key"):
        assert not shows(told, secret)


@pytest.mark.asyncio
async def test_a_payment_shows_no_whole_card_though_the_gateway_echoes_it(client: PaymentOptions) -> None:
    with capture_logs() as lines:
        payment = await client.with_options(log_level="info").payments.purchase(request())
    assert isinstance(payment, Payment)
    assert payment.raw["payment_details"]["card"]["number"] == "520000******1005"
    told = f"{payment!r} {payment.raw!r} {payment.answer!r} {lines!r}"
    assert APPROVED not in told
    assert lines[0]["event"] == "charge.paid"


@pytest.mark.asyncio
async def test_nothing_of_a_charge_stays_behind(client: PaymentOptions) -> None:
    from paymentoptions_async.charging import Charging
    from paymentoptions_async.redaction import _in_flight

    await client.payments.purchase(request())
    gc.collect()
    charging: Charging = client.payments._charging
    assert not charging._flights
    assert not _in_flight


@pytest.mark.parametrize(
    ("asleep", "error", "attempts"),
    [("in a pause", RateLimitedError, 1), ("while it claims", NotSentError, 0), ("while it connects", NotSentError, 0)],
)
@pytest.mark.asyncio
async def test_nothing_is_sent_after_the_machine_has_slept_for_longer_than_the_deadline(
    asleep: str, error: type[PaymentOptionsError], attempts: int
) -> None:
    now = [datetime(2026, 11, 24, tzinfo=UTC)]

    async def sleep(_: float) -> None:
        # The loop's clock stands still meanwhile, and somebody else may have made the charge anew.
        now[0] += timedelta(hours=1)

    class Ledger(MemoryLedger):
        async def claim(self, intent: Intent, *, token: str, lease: float) -> Claim | Outcome:
            claim = await super().claim(intent, token=token, lease=lease)
            if asleep == "while it claims":
                await sleep(lease)
            return claim

    class Connector(aiohttp.TCPConnector):
        async def _create_connection(self, *args: Any) -> Any:
            if asleep == "while it connects":
                await sleep(60)
            return await super()._create_connection(*args)

    session = aiohttp.ClientSession(connector=Connector())
    told = {"runtime": Runtime(sleep=sleep, now=lambda: now[0]), "ledger": Ledger(), "session": session}
    async with session, sandbox_client(faults=["429:0"], client=told) as (gateway, client):
        with pytest.raises(error) as caught:
            await client.payments.purchase(request("ref"))
        assert caught.value.money == "not touched"
        assert (gateway.attempts("ref"), gateway.charges("ref")) == (attempts, 0)


@pytest.mark.asyncio
async def test_a_cancel_while_the_right_is_asked_for_says_that_nothing_was_sent() -> None:
    async with sandbox_client(client={"ledger": _Slow()}) as (gateway, client):
        purchase = asyncio.create_task(client.payments.purchase(request("ref")))
        await asyncio.sleep(0.01)
        purchase.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await purchase
        assert caught.value.__notes__ == ["ref: refused, nothing was sent"]
        assert gateway.attempts("ref") == 0
