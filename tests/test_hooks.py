"""What hooks are told: of every operation, of every ending, and nothing that names a charge."""

from __future__ import annotations

import asyncio
import builtins
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, get_args

import aiohttp
import attrs
import pytest
import uvloop
from aiohttp import http_exceptions
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from paymentoptions_async import (
    Attempt,
    Call,
    Ending,
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    RetryPolicy,
    Timeouts,
)
from paymentoptions_async.course import _FAULTS, attempt_ended
from paymentoptions_async.hooks import OperationName, Word
from paymentoptions_async.ledger import Claim
from paymentoptions_async.models.outcome import Outcome
from paymentoptions_async.models.wire import no_body
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.parcel import Parcel
from paymentoptions_async.transport.reply import Fault

from .failures.test_cancel import Interrupted
from .hearing import Ear, inside
from .helpers import APPROVED, CVC, DECLINED, QUICK_RETRIES, THREE_D_SECURE, request, sandbox_client
from .resources.cases import authorised, page_request, paid, plan_request
from .shop import WEBHOOK_SECRET
from .test_charging import eventually
from .webhooks.cases import AwayLedger, payload, take

PREFIX: Final = "/api/v1/server-to-server-interface"
ONCE: Final = RetryPolicy(max_attempts=1)


@asynccontextmanager
async def heard(*faults: str | None, **given: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions, Ear]]:
    """A sandbox, a client of it, and the hook that the client tells."""
    ear = Ear()
    given["client"] = {"hooks": [ear], **given.get("client", {})}
    given["settings"] = {"webhook_secret": WEBHOOK_SECRET, "log_level": "critical", **given.get("settings", {})}
    async with sandbox_client(faults=faults, **given) as (gateway, client):
        yield gateway, client, ear
    assert all(step.ending is not None for step in ear.heard), "a step that does not end"


async def end(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except PaymentOptionsError as error:
        return error


# --- operations -------------------------------------------------------------------------------------------


async def begun(client: PaymentOptions) -> str:
    payment = await client.subscriptions.create(plan_request())
    assert isinstance(payment, Payment)
    assert payment.subscription is not None
    assert payment.subscription.id is not None
    return payment.subscription.id


async def _capture(client: PaymentOptions) -> Any:
    authorization = await authorised(client)
    return lambda: client.payments.capture(authorization.transaction_id, amount="1000", operation_key="key")


async def _void(client: PaymentOptions) -> Any:
    authorization = await authorised(client)
    return lambda: client.payments.void(authorization.transaction_id, operation_key="key")


async def _refund(client: PaymentOptions) -> Any:
    payment = await paid(client)
    return lambda: client.payments.refund(payment.transaction_id, amount="400", operation_key="key")


async def _status(client: PaymentOptions) -> Any:
    payment = await paid(client)
    return lambda: client.payments.status(payment.transaction_id)


async def _wait(client: PaymentOptions) -> Any:
    await paid(client)
    return lambda: client.payments.wait("ref", timeout=0)


async def _reconcile(client: PaymentOptions) -> Any:
    await end(client.payments.purchase(request("ref", amount="9000068")))
    return lambda: client.payments.reconcile("ref")


async def _webhook(client: PaymentOptions) -> Any:
    payment = await paid(client)
    return lambda: take(client, payload(payment.transaction_id))


def _after_nothing(call: Callable[[PaymentOptions], Awaitable[Any]]) -> Any:
    async def prepare(client: PaymentOptions) -> Any:
        return lambda: call(client)

    return prepare


def _subscription(name: str) -> Any:
    async def prepare(client: PaymentOptions) -> Any:
        subscription_id = await begun(client)
        if name == "resume":
            await client.subscriptions.pause(subscription_id)
        return lambda: getattr(client.subscriptions, name)(subscription_id)

    return prepare


OPERATIONS: Final[dict[OperationName, tuple[Any, Word, list[str]]]] = {
    "purchase": (_after_nothing(lambda client: client.payments.purchase(request())), "paid", ["POST /payment"]),
    "authorize": (
        _after_nothing(lambda client: client.payments.authorize(request(), version=2)),
        "paid",
        ["POST /authorizationv2"],
    ),
    "capture": (_capture, "paid", ["POST /capture"]),
    "void": (_void, "paid", ["POST /void"]),
    "refund": (_refund, "paid", ["POST /refund"]),
    "status": (_status, "answered", ["GET /transaction/status/{transaction_id}"]),
    "wait": (_wait, "paid", []),
    "reconcile": (_reconcile, "paid", ["GET /transaction/status/{transaction_id}"]),
    "webhook": (_webhook, "repeated", []),
    "hosted_page.create": (
        _after_nothing(lambda client: client.hosted_pages.create(page_request())),
        "challenge",
        ["POST /hpp/generate/link"],
    ),
    "subscription.create": (_after_nothing(begun), "paid", ["POST /subscription/payment"]),
    "subscription.list": (
        _after_nothing(lambda client: client.subscriptions.list()),
        "answered",
        ["GET /subscription/list"],
    ),
    "subscription.get": (_subscription("get"), "answered", ["GET /subscription/{subscription_id}"]),
    "subscription.pause": (_subscription("pause"), "answered", ["POST /subscription/{subscription_id}/pause"]),
    "subscription.resume": (_subscription("resume"), "answered", ["POST /subscription/{subscription_id}/resume"]),
    "subscription.cancel": (_subscription("cancel"), "answered", ["POST /subscription/{subscription_id}/cancel"]),
}


@pytest.mark.parametrize("operation", get_args(OperationName))
@pytest.mark.asyncio
async def test_each_operation_is_one_call_with_its_attempts_inside(operation: OperationName) -> None:
    prepare, outcome, requests = OPERATIONS[operation]
    async with heard() as (gateway, client, ear):
        call = await prepare(client)
        ear.forget()
        await end(call())
        assert inside.get() == ()
    (first,) = ear.calls
    assert first is ear.heard[0]
    assert (first.step.operation, first.told.outcome) == (operation, outcome)  # type: ignore[union-attr]
    assert [f"{made.method} {made.template.removeprefix(PREFIX)}" for made in ear.requests()] == requests
    for step in ear.heard[1:]:
        assert step.within == (first.step,)
        assert isinstance(step.step, Attempt)
        assert step.step.call is first.step
        assert (step.step.scheme, step.step.server_address) == ("http", "127.0.0.1")
        assert f"http://127.0.0.1:{step.step.server_port}" == gateway.base_url
    assert first.told.attempts == len(requests)


# --- endings ----------------------------------------------------------------------------------------------

ENDINGS: Final[dict[str, tuple[list[str | None], dict[str, Any], tuple[Any, ...], list[tuple[Any, ...]]]]] = {
    "paid": ([], {}, ("paid", None, True, 201, 0), [("answered", None, 201)]),
    "declined": ([], {"number": DECLINED}, ("declined", None, True, 200, 5), [("answered", None, 200)]),
    "a risk rule": ([], {"amount": "9908008"}, ("declined", None, True, 200, -8008), [("answered", None, 200)]),
    "partial": ([], {"amount": "9000010"}, ("partial", None, True, 201, 10), [("answered", None, 201)]),
    "unclear": ([], {"amount": "9000068"}, ("unknown", None, True, 200, 68), [("answered", None, 200)]),
    "refused here": ([], {"currency": "yen"}, ("refused", "invalid", False, None, None), []),
    "refused there": (
        [],
        {"number": "5200000000001006"},
        ("refused", "invalid", True, 406, None),
        [("answered", None, 406)],
    ),
    "429, then paid": (
        ["429:0"],
        {},
        ("paid", None, True, 201, 0),
        [("answered", None, 429), ("answered", None, 201)],
    ),
    "429 for good": (
        ["429:0"] * 4,
        {},
        ("refused", "rate_limited", True, 429, None),
        [("answered", None, 429)] * 4,
    ),
    "reset": (["reset:after_commit"], {}, ("unknown", "reset", True, None, None), [("lost", "reset", None)]),
    "closed": (
        ["close:after_read"],
        {},
        ("unknown", "disconnected", True, None, None),
        [("lost", "disconnected", None)],
    ),
    "broken off": (["close:in_body"], {}, ("unknown", "truncated", True, None, None), [("lost", "truncated", 201)]),
    "500": (["500"], {}, ("unknown", "status_5xx", True, 500, None), [("answered", "status_5xx", 500)]),
    "no JSON": (["garbage_body"], {}, ("unknown", None, True, 201, None), [("answered", None, 201)]),
    "too long": (["big_body"], {}, ("unknown", "oversized", True, 201, None), [("answered", "oversized", 201)]),
    "the deadline": (
        ["hang:after_commit"],
        {},
        ("unknown", "deadline", True, None, None),
        [("lost", "cut_off", None)],
    ),
}


def shown(ending: Ending) -> tuple[Any, ...]:
    return ending.outcome, ending.fault, ending.sent, ending.status, ending.response_code


@pytest.mark.parametrize("case", ENDINGS)
@pytest.mark.asyncio
async def test_each_ending_of_a_charge_is_told(case: str) -> None:
    faults, changes, call, attempts = ENDINGS[case]
    patience = Timeouts(total=0.2 if case == "the deadline" else 5)
    async with heard(*faults, timeouts=patience) as (_, client, ear):
        await end(client.payments.purchase(request(**changes)))
    assert shown(ear.call) == call
    assert [(made.outcome, made.fault, made.status) for made in ear.attempts()] == attempts
    assert ear.call.attempts == len(attempts)
    assert 0 <= sum(made.seconds for made in ear.attempts()) <= ear.call.seconds


@pytest.mark.asyncio
async def test_a_challenge_is_one() -> None:
    async with heard() as (_, client, ear):
        await client.payments.purchase(request(number=THREE_D_SECURE), version=2)
    assert (ear.call.outcome, ear.call.status) == ("challenge", 200)


@pytest.mark.asyncio
async def test_a_port_that_is_shut_is_told_as_not_sent_and_the_ledger_counts_on(unused_tcp_port: int) -> None:
    async with heard(retry=ONCE) as (_, client, ear):
        nowhere = client.with_options(base_url=f"http://127.0.0.1:{unused_tcp_port}")
        with pytest.raises(NotSentError):
            await nowhere.payments.purchase(request())
        assert shown(ear.call) == ("not_sent", "connect", False, None, None)
        assert [(made.outcome, made.sent) for made in ear.attempts()] == [("not_sent", False)]
        await client.payments.purchase(request())
    assert [(made.number, made.ledger_number) for made in ear.requests()] == [(1, 1), (1, 2)]


@pytest.mark.asyncio
async def test_retries_are_counted_within_the_call_and_a_question_anew_is_none() -> None:
    async with heard("429:0", None, "503", "503") as (_, client, ear):
        payment = await client.payments.purchase(request("one"))
        assert isinstance(payment, Payment)
        await client.payments.status(payment.transaction_id)
        assert [(made.number, made.ledger_number) for made in ear.requests()] == [
            (1, 1), (2, 2), (1, None), (2, None), (3, None)
        ]  # fmt: skip
        ear.forget()
        await end(client.payments.purchase(request("two", number=THREE_D_SECURE), version=2))
        await client.payments.wait("two", timeout=0.5)
    assert {made.number for made in ear.requests()} == {1}


@pytest.mark.asyncio
async def test_what_is_answered_from_the_ledger_is_told_as_replayed() -> None:
    async with heard() as (_, client, ear):
        await client.payments.purchase(request())
        ear.forget()
        await client.payments.purchase(request())
    assert ear.call.replayed
    assert shown(ear.call) == ("paid", None, False, 201, 0)
    assert ear.attempts() == []


@pytest.mark.asyncio
async def test_each_caller_of_a_shared_flight_has_a_call_and_one_of_them_the_attempt() -> None:
    async with heard(latency=0.02) as (_, client, ear):
        await asyncio.gather(*(client.payments.purchase(request()) for _ in range(3)))
    assert [heard.told.outcome for heard in ear.calls] == ["paid"] * 3
    assert sorted(heard.told.attempts for heard in ear.calls) == [0, 0, 1]
    assert len(ear.attempts()) == 1


@pytest.mark.parametrize(("changes", "fault"), [({"amount": "5"}, "conflict"), ({}, "in_use")])
@pytest.mark.asyncio
async def test_a_reference_that_is_taken_is_refused(changes: dict[str, Any], fault: str) -> None:
    async with heard("hang:after_commit", timeouts=Timeouts(total=0.3)) as (_, client, ear):
        first = asyncio.create_task(end(client.payments.purchase(request())))
        await asyncio.sleep(0.05)
        hasty = client.with_options(timeouts=Timeouts(total=0.05))
        await end(hasty.payments.purchase(request(**changes)))
        assert shown(ear.calls[1].told) == ("refused", fault, False, None, None)
        await first


@pytest.mark.asyncio
async def test_wrong_credentials_and_a_closed_client_are_told() -> None:
    async with heard(settings={"api_key": "wrong"}) as (_, client, ear):
        await end(client.payments.purchase(request()))
        assert shown(ear.call) == ("refused", "authentication", True, 401, None)
        await client.close()
        ear.forget()
        await end(client.payments.purchase(request()))
        assert shown(ear.call) == ("not_sent", "configuration", False, None, None)


# --- the ledger -------------------------------------------------------------------------------------------


class _Broken(MemoryLedger):
    """One that fails at one of its operations."""

    def __init__(self, at: str, error: Exception) -> None:
        super().__init__()
        self._at, self._error = at, error

    async def claim(self, *given: Any, **told: Any) -> Any:
        if self._at == "claim":
            raise self._error
        return await super().claim(*given, **told)

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        if self._at == "finish":
            raise self._error
        return await super().finish(claim, outcome)


@pytest.mark.asyncio
async def test_a_ledger_that_gives_no_right_is_told_as_the_fault() -> None:
    async with heard(client={"ledger": _Broken("claim", OSError("no disk"))}) as (_, client, ear):
        await end(client.payments.purchase(request()))
    assert shown(ear.call) == ("not_sent", "ledger", False, None, None)


@pytest.mark.asyncio
async def test_an_outcome_that_the_ledger_does_not_have_is_told_as_unrecorded() -> None:
    async with heard(client={"ledger": _Broken("finish", OSError("no disk"))}) as (_, client, ear):
        await end(client.payments.purchase(request()))
    assert (ear.call.outcome, ear.call.recorded) == ("paid", False)


@pytest.mark.asyncio
async def test_what_a_ledger_cannot_tell_is_no_answer() -> None:
    ledger = AwayLedger()
    async with heard(client={"ledger": ledger}) as (_, client, ear):
        ledger.is_away = True
        await end(client.payments.wait("ref", timeout=0))
        ledger.is_away = False
    assert shown(ear.call) == ("no_answer", "ledger", False, None, None)


@pytest.mark.asyncio
async def test_a_webhook_tells_its_effect_or_how_it_is_refused() -> None:
    async with heard("reset:after_commit", None) as (gateway, client, ear):
        await end(client.payments.purchase(request("ref")))
        ear.forget()
        body = payload(gateway.transactions("ref")[0].id)
        await take(client, body)
        await end(client.webhooks.receive(token="forged", body=body))
    assert [shown(heard.told)[:2] for heard in ear.calls] == [("settled", None), ("refused", "webhook_403")]
    assert [made.template for made in ear.requests()] == [f"{PREFIX}/transaction/status/{{transaction_id}}"]


# --- cancels and bugs -------------------------------------------------------------------------------------


# At the first two steps the connection is looked into, and nothing has left.
@pytest.mark.parametrize("point", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("how", ["at once", "twice"])
@pytest.mark.asyncio
async def test_a_cancel_ends_each_step_and_tells_what_became_of_the_charge(point: int, how: Any) -> None:
    async with heard(latency=0.01) as (_, client, ear):
        await client.payments.purchase(request("warm"))
        ear.forget()
        call = Interrupted(client.payments.purchase(request("ref")), point, how)
        with suppress(asyncio.CancelledError):
            await asyncio.create_task(_await(call))
        await eventually(lambda: not client._shared.recorder._owed)
        record = await client._shared.ledger.find("ref")
    assert record is not None
    is_sent = point > 2
    assert ear.call.outcome == (record.outcome.state if is_sent else "not_sent")
    assert ear.call.fault == ("cancelled" if record.outcome.state in ("unknown", "refused") else None)
    assert ear.call.sent is is_sent


async def _await(work: Awaitable[Any]) -> Any:
    return await work


@pytest.mark.asyncio
async def test_a_cancel_before_anything_was_sent_is_told_as_that() -> None:
    async with heard(settings={"max_connections": 1}, latency=0.2) as (_, client, ear):
        first = asyncio.create_task(client.payments.purchase(request("one")))
        await asyncio.sleep(0.05)
        ear.forget()
        second = asyncio.create_task(client.payments.purchase(request("two")))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert shown(ear.call) == ("not_sent", "cancelled", False, None, None)
        assert [(made.outcome, made.fault) for made in ear.attempts()] == [("not_sent", "cut_off")]
        await first


@pytest.mark.asyncio
async def test_a_question_that_is_cancelled_is_told_as_that() -> None:
    async with heard("hang:before_read") as (_, client, ear):
        call = asyncio.create_task(client.payments.status("id"))
        await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert (ear.call.outcome, ear.call.fault) == ("cancelled", "cancelled")


@pytest.mark.asyncio
async def test_a_question_that_the_deadline_ends_has_no_answer() -> None:
    async with heard("hang:before_read", timeouts=Timeouts(total=0.1)) as (_, client, ear):
        await end(client.payments.status("id"))
    assert shown(ear.call) == ("no_answer", "deadline", True, None, None)


@pytest.mark.asyncio
async def test_a_call_that_is_thrown_away_ends_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    async with heard("hang:before_read") as (_, client, ear):
        work = client.payments.status("id").__await__()
        next(work)
        with suppress(RuntimeError):
            work.close()
    assert (ear.call.outcome, ear.call.fault) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("is_sent", "call", "attempt"),
    [
        (True, ("unknown", "ZeroDivisionError", True), ("lost", "ZeroDivisionError")),
        (False, ("not_sent", "ZeroDivisionError", False), ("not_sent", "ZeroDivisionError")),
    ],
)
@pytest.mark.asyncio
async def test_a_bug_in_an_attempt_is_told_by_its_name(
    is_sent: bool, call: Any, attempt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Gateway, path: str, parcel: Parcel) -> Any:
        parcel.sent = is_sent
        raise ZeroDivisionError

    monkeypatch.setattr(Gateway, "post", fail)
    async with heard() as (_, client, ear):
        with pytest.raises((OutcomeUnknownError, ZeroDivisionError)):
            await client.payments.purchase(request())
    assert shown(ear.call)[:3] == call
    assert [(made.outcome, made.fault) for made in ear.attempts()] == [attempt]


@pytest.mark.asyncio
async def test_a_bug_where_no_charge_is_claimed_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with heard() as (_, client, ear):
        monkeypatch.setattr(type(client._shared.ledger), "find", None)
        with pytest.raises(TypeError):
            await client.payments.wait("ref", timeout=0)
        monkeypatch.undo()
    assert (ear.call.outcome, ear.call.fault) == ("bug", "TypeError")


# --- hooks that fail, and none ----------------------------------------------------------------------------


class _Bad:
    """A hook that raises."""

    def __init__(self, at: str, error: BaseException) -> None:
        self._at, self._error = at, error

    def begin(self, step: Call | Attempt, /) -> Any:
        if self._at == "begin":
            raise self._error

    def end(self, step: Call | Attempt, context: Any, ending: Ending, /) -> None:
        if self._at == "end":
            raise self._error


class _Failed(BaseException):
    """As `pytest.fail` raises it."""


WRONGS: Final = [ValueError(APPROVED), asyncio.CancelledError(), NotSentError("no"), _Failed(), GeneratorExit()]


@pytest.mark.parametrize("error", WRONGS, ids=repr)
@pytest.mark.parametrize("at", ["begin", "end"])
@pytest.mark.asyncio
async def test_a_hook_that_raises_decides_nothing_and_is_told_once(at: str, error: BaseException) -> None:
    ear = Ear()
    async with sandbox_client(client={"hooks": [ear, _Bad(at, error), ear]}) as (gateway, client):
        with capture_logs() as lines:
            for reference in ("one", "two"):
                assert isinstance(await client.payments.purchase(request(reference)), Payment)
        assert gateway.total_charges() == 2
    assert len(ear.heard) == 8
    assert all(heard.ending is not None for heard in ear.heard)
    assert lines == [
        {"event": "hook.failed", "log_level": "warning", "hook": "_Bad", "fault": type(error).__name__}
    ]  # fmt: skip


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize(("at", "states"), [("begin", {"refused", "unknown"}), ("end", {"paid"})])
def test_an_interrupt_that_meets_a_hook_ends_the_program_and_no_charge_is_left_in_the_air(
    at: str, states: set[str], interrupt: type[BaseException], loop: Any
) -> None:
    ledger = MemoryLedger()

    class Interrupting:
        is_on = False

        def begin(self, step: Call | Attempt, /) -> Any:
            self._meet(step, "begin")

        def end(self, step: Call | Attempt, context: Any, ending: Ending, /) -> None:
            self._meet(step, "end")

        def _meet(self, step: Call | Attempt, moment: str) -> None:
            if self.is_on and isinstance(step, Attempt) and moment == at:
                raise interrupt

    async def shop() -> None:
        hook = Interrupting()
        async with sandbox_client(client={"ledger": ledger, "hooks": [hook]}) as (_, client):
            await client.payments.purchase(request("before"))
            hook.is_on = True
            await client.payments.purchase(request("ref"))
            await asyncio.Event().wait()

    with capture_logs() as lines, pytest.raises(interrupt):
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(shop())
    record = asyncio.run(ledger.find("ref"))
    assert record is not None
    assert record.outcome.state in states
    assert "hook.failed" not in {line["event"] for line in lines}


@pytest.mark.asyncio
async def test_hooks_end_in_the_opposite_order_of_their_beginning() -> None:
    order: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self._name = name

        def begin(self, step: Call | Attempt, /) -> Any:
            order.append(f"+{self._name}")

        def end(self, step: Call | Attempt, context: Any, ending: Ending, /) -> None:
            order.append(f"-{self._name}")

    async with sandbox_client(client={"hooks": [Named("a"), Named("b")]}) as (_, client):
        await client.payments.purchase(request())
    assert order == ["+a", "+b", "+a", "+b", "-b", "-a", "-b", "-a"]


@pytest.mark.asyncio
async def test_without_hooks_nothing_stands_between_a_call_and_its_work(gateway: Sandbox) -> None:
    async def work() -> int:
        return 1

    async with PaymentOptions(gateway.settings()) as client:
        assert type(client.payments._charging._gateway) is Gateway
        made = work()
        assert client.payments._watch.call("purchase", made) is made
        await made


@pytest.mark.asyncio
async def test_a_batch_and_views_tell_the_hooks_of_their_client() -> None:
    async with heard() as (_, client, ear):
        view = client.with_options(timeouts=Timeouts(total=3))
        async with view.charge_many(request(f"ref-{number}") for number in range(3)) as batch:
            assert [result.outcome async for result in batch] == ["paid"] * 3
    assert [heard.told.outcome for heard in ear.calls] == ["paid"] * 3
    assert {heard.step.operation for heard in ear.calls} == {"purchase"}  # type: ignore[union-attr]


# --- what is told -----------------------------------------------------------------------------------------


def test_every_class_of_fault_is_one_that_there_is() -> None:
    for name in _FAULTS:
        assert any(hasattr(module, name) for module in (aiohttp, builtins, http_exceptions)), name


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("ClientConnectorDNSError", "dns"),
        ("ClientConnectorCertificateError", "tls"),
        ("ConnectionTimeoutError", "connect_timeout"),
        ("SocketTimeoutError", "timeout"),
        ("HTTP 201, then ClientPayloadError", "truncated"),
        ("the connections were closed", "closed"),
        ("SomethingNewError", "SomethingNewError"),
    ],
)
def test_a_fault_has_a_class(what: str, fault: str) -> None:
    assert attempt_ended(Fault(False, what), Parcel(no_body()), 0).fault == fault


def texts(ear: Ear) -> set[str]:
    """Every text that was told."""
    told: set[str] = set()
    for heard in ear.heard:
        for part in (heard.step, heard.told):
            told |= {value for value in attrs.asdict(part).values() if isinstance(value, str)}
    return told


references = st.text(st.sampled_from("ghijkmqvwxyz-"), min_size=12, max_size=40)
cards = st.sampled_from([APPROVED, DECLINED, THREE_D_SECURE, "5200000000001006"])
wrongs = st.sampled_from([None, "429:0", "500", "reset:after_commit", "close:in_body", "garbage_body"])


@settings(max_examples=25)
@given(reference=references, number=cards, fault=wrongs, amount=st.sampled_from(["7654321", "9000051", "9000068"]))
def test_nothing_that_is_told_names_a_charge(reference: str, number: str, fault: str | None, amount: str) -> None:
    async def check() -> None:
        async with heard(fault, retry=QUICK_RETRIES) as (gateway, client, ear):
            await end(client.payments.purchase(request(reference, number=number, amount=amount), version=2))
            ids = [transaction.id for transaction in gateway.transactions(reference)]
            for transaction_id in (*ids, reference):
                await end(client.payments.status(transaction_id))
                await end(client.payments.refund(transaction_id, amount=amount, operation_key=f"{reference}-key"))
                await end(client.subscriptions.get(transaction_id))
                await end(take(client, payload(transaction_id, reference), reference))
            await end(client.payments.wait(reference, timeout=0))
        told = texts(ear)
        for secret in (reference, number, CVC, amount, *ids):
            assert not any(secret in text for text in told), secret
        assert {heard.told.outcome for heard in ear.heard} <= set(get_args(Word))
        assert len(told) < 40

    asyncio.run(check())


def test_importing_the_package_imports_no_opentelemetry() -> None:
    code = "import sys, paymentoptions_async; print([name for name in sys.modules if 'opentelemetry' in name])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
