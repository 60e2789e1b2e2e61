"""Capture, void and refund: each is done once under its operation key, and in doubt never again."""

from __future__ import annotations

import asyncio
import copy
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from paymentoptions_async import (
    Capture,
    DeclinedError,
    InvalidRequestError,
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptions,
    PaymentOptionsError,
    RateLimitedError,
    Reason,
    ReferenceConflictError,
    Refund,
    Resolution,
    RetryPolicy,
    SqliteLedger,
    State,
    Timeouts,
    Void,
)
from paymentoptions_async.models.follow_up import FollowUp as FollowedUp
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.reply import Reply

from ..helpers import APPROVED, CVC, request, sandbox_client
from ..test_charging import everything_shown, shows
from .cases import CAPTURE, FOLLOW_UPS, LOST, REFUND, VOID, FollowUp, Wire, authorised, begin_outage, paid

REPEATING = RetryPolicy(base=0.001, cap=0.01, repeat_after_send=True)

every_follow_up = pytest.mark.parametrize("kind", FOLLOW_UPS, ids=lambda kind: kind.name)


# --- what comes back --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "result", "money", "amount"),
    [
        (CAPTURE, Capture, "moved once", 1000),
        (VOID, Void, "released, not moved", 1000),
        (REFUND, Refund, "moved back once", 400),
    ],
)
@pytest.mark.asyncio
async def test_the_result_tells_what_was_done_to_what(
    gateway: Sandbox, client: PaymentOptions, kind: FollowUp, result: type[FollowedUp], money: str, amount: int
) -> None:
    subject = await kind.prepare(client)
    done: FollowedUp = await kind.call(client, subject, "key")
    assert type(done) is result
    assert (done.money, done.currency) == (money, "JPY")
    assert done.amount == amount
    assert (done.operation_key, done.of_transaction, done.merchant_txn_ref) == ("key", subject, "ref")
    assert done.transaction_id != subject
    assert (done.replayed, done.recorded, done.attempts) == (False, True, 1)
    assert gateway.transactions("ref")[-1].id == done.transaction_id
    assert kind.done(gateway) == 1


@pytest.mark.asyncio
async def test_a_smaller_capture_takes_that_much(gateway: Sandbox, client: PaymentOptions) -> None:
    authorization = await authorised(client)
    capture = await client.payments.capture(authorization.transaction_id, amount=Decimal("600.50"), operation_key="c")
    assert capture.amount == gateway.balance("ref") == Decimal("600.5")


@pytest.mark.asyncio
async def test_after_authorise_and_capture_the_capture_is_what_is_refunded(
    gateway: Sandbox, client: PaymentOptions
) -> None:
    authorization = await authorised(client)
    capture = await client.payments.capture(authorization.transaction_id, amount="1000", operation_key="c")
    with pytest.raises(InvalidRequestError):
        await client.payments.refund(authorization.transaction_id, amount="1", operation_key="wrong one")
    await client.payments.refund(capture.transaction_id, amount="1000", operation_key="r")
    assert gateway.balance("ref") == 0


@pytest.mark.asyncio
async def test_each_part_of_a_refund_has_a_key_of_its_own(gateway: Sandbox, client: PaymentOptions) -> None:
    subject = (await paid(client)).transaction_id
    parts = [await client.payments.refund(subject, amount="300", operation_key=f"part {number}") for number in range(3)]
    assert len({part.transaction_id for part in parts}) == 3
    assert gateway.balance("ref") == 100


@pytest.mark.parametrize(("left", "code"), [("1000", "ERR3019"), ("400", "ERR3020")])
@pytest.mark.asyncio
async def test_more_than_is_left_is_declined_and_stays_so(
    gateway: Sandbox, client: PaymentOptions, left: str, code: str
) -> None:
    subject = (await paid(client)).transaction_id
    await client.payments.refund(subject, amount=left, operation_key="first")
    for replayed in (False, True):
        with pytest.raises(DeclinedError) as caught:
            await client.payments.refund(subject, amount="700", operation_key="second")
        assert (caught.value.reason, caught.value.gateway_code) == (Reason.REFUND_LIMIT, code)
        assert (caught.value.merchant_txn_ref, caught.value.replayed) == ("second", replayed)
        assert isinstance(caught.value.payment, Refund)
    assert gateway.balance("ref") == 1000 - int(left)


@pytest.mark.parametrize("kind", [CAPTURE, REFUND], ids=["capture", "refund"])
@pytest.mark.asyncio
async def test_less_than_was_asked_is_told_with_what_was_done(kind: FollowUp) -> None:
    async with sandbox_client() as (gateway, client):
        first = client.payments.purchase if kind is REFUND else client.payments.authorize
        subject = (await first(request("ref", amount="9500000"))).transaction_id
        assert subject is not None
        with pytest.raises(PartialApprovalError) as caught:
            await kind.call(client, subject, amount="9000010")
        assert caught.value.payment is not None
        assert type(caught.value.payment).__name__.lower() == kind.name
        assert caught.value.payment.amount == 4500005
        advice = {"capture": "the rest is released", "refund": "the rest was not given back"}
        assert advice[kind.name] in str(caught.value)
        assert gateway.transactions("ref")[-1].amount == 4500005


@every_follow_up
@pytest.mark.asyncio
async def test_a_transaction_that_the_gateway_does_not_know_may_be_mended_under_the_key(
    gateway: Sandbox, client: PaymentOptions, kind: FollowUp
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await kind.call(client, "nobody's")
    assert caught.value.status == 404
    await kind.call(client, await kind.prepare(client))
    assert kind.done(gateway) == 1


# --- once -------------------------------------------------------------------------------------------------


@every_follow_up
@pytest.mark.asyncio
async def test_the_same_call_again_gives_the_same_and_sends_nothing(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (gateway, client):
        subject = await kind.prepare(client)
        first, second = await kind.call(client, subject), await kind.call(client, subject)
        assert wire.requests == 2
    assert type(second) is type(first)
    assert (first.replayed, second.replayed) == (False, True)
    assert second.raw == first.raw
    assert (second.transaction_id, second.of_transaction) == (first.transaction_id, subject)
    assert kind.done(gateway) == 1


@every_follow_up
@pytest.mark.asyncio
async def test_calls_at_once_share_one_flight(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire, latency=0.02) as (gateway, client):
        subject = await kind.prepare(client)
        results = await asyncio.gather(*(kind.call(client, subject) for _ in range(8)))
        assert wire.requests == 2
    assert all(result == results[0] for result in results)
    assert kind.done(gateway) == 1


@every_follow_up
@pytest.mark.asyncio
async def test_another_process_on_the_same_file_gets_the_result(tmp_path: Path, kind: FollowUp) -> None:
    wire, told = Wire(), {"ledger_secret": "the same in both processes"}
    async with Sandbox(faults=wire) as gateway, SqliteLedger(tmp_path / "ledger.db") as one:
        async with PaymentOptions(gateway.settings(**told), ledger=one) as client:
            subject = await kind.prepare(client)
            first = await kind.call(client, subject)
        async with SqliteLedger(tmp_path / "ledger.db") as other:
            async with PaymentOptions(gateway.settings(**told), ledger=other) as client:
                second = await kind.call(client, subject)
        assert wire.requests == 2
    assert type(second) is type(first)
    assert second.replayed
    assert (second.transaction_id, second.of_transaction) == (first.transaction_id, subject)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (CAPTURE, {"amount": "999"}),
        (CAPTURE, {"merchant_id": "another"}),
        (VOID, {"merchant_id": "another"}),
        (REFUND, {"amount": "401"}),
        (REFUND, {"notes": "another part"}),
    ],
)
@pytest.mark.asyncio
async def test_other_content_under_a_key_is_a_conflict(kind: FollowUp, changes: dict[str, Any]) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        subject = await kind.prepare(client)
        await kind.call(client, subject)
        sent = wire.requests
        for call in (kind.call(client, subject, **changes), kind.call(client, "another transaction")):
            with pytest.raises(ReferenceConflictError):
                await call
        assert wire.requests == sent


@pytest.mark.asyncio
async def test_other_content_while_a_key_is_in_the_air_is_a_conflict() -> None:
    async with sandbox_client(latency=0.05) as (gateway, client):
        subject = await REFUND.prepare(client)
        first = asyncio.ensure_future(REFUND.call(client, subject))
        await asyncio.sleep(0)
        with pytest.raises(ReferenceConflictError):
            await REFUND.call(client, subject, amount="1")
        assert (await first).amount == 400
        assert gateway.balance("ref") == 600


@every_follow_up
@pytest.mark.asyncio
async def test_a_key_and_a_reference_are_of_one_kind(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        subject = await kind.prepare(client, "ref")
        with pytest.raises(ReferenceConflictError):
            await kind.call(client, subject, "ref")
        await kind.call(client, subject, "key")
        sent = wire.requests
        with pytest.raises(ReferenceConflictError):
            await client.payments.purchase(request("key"))
        for other in FOLLOW_UPS:
            if other is not kind:
                with pytest.raises(ReferenceConflictError):
                    await other.call(client, subject, "key")
        assert wire.requests == sent


# --- in doubt, never again --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*LOST, "refuse:0.01"])
@every_follow_up
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_and_is_never_sent_again(kind: FollowUp, fault: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire, retry=REPEATING) as (gateway, client):
        subject = await kind.prepare(client)
        wire.strike(fault)
        for replayed in (False, True, True):
            with pytest.raises(OutcomeUnknownError, match=f"do not {kind.name} again") as caught:
                await kind.call(client, subject)
            assert (caught.value.merchant_txn_ref, caught.value.attempts) == ("key", 1)
            assert caught.value.replayed is replayed
            assert caught.value.evidence
        with pytest.raises(OutcomeUnknownError):
            await client.payments.reconcile("key")
        assert wire.requests == 2
        assert kind.done(gateway) <= 1


@every_follow_up
@pytest.mark.asyncio
async def test_an_answer_that_does_not_come_in_time_is_unknown(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire, retry=REPEATING) as (gateway, client):
        subject = await kind.prepare(client)
        wire.strike("hang:after_commit")
        with pytest.raises(OutcomeUnknownError):
            await kind.call(client.with_options(timeouts=Timeouts(total=0.1)), subject)
        with pytest.raises(OutcomeUnknownError):
            await kind.call(client, subject)
        assert (wire.requests, kind.done(gateway)) == (2, 1)


@pytest.mark.asyncio
async def test_a_refund_whose_caller_was_cancelled_is_unknown() -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (gateway, client):
        subject = await REFUND.prepare(client)
        wire.strike("hang:after_commit")
        call = asyncio.ensure_future(REFUND.call(client, subject))
        async with asyncio.timeout(5):
            while not REFUND.done(gateway):
                await asyncio.sleep(0.001)
        call.cancel()
        with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
            await call
        assert [line["event"] for line in lines] == ["charge.unknown"]
        with pytest.raises(OutcomeUnknownError):
            await REFUND.call(client, subject)
        assert wire.requests == 2
        assert gateway.balance("ref") == 600


@every_follow_up
@pytest.mark.asyncio
async def test_what_never_left_is_tried_again_until_it_does(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire, retry=RetryPolicy(base=0.05, cap=0.1, max_attempts=20)) as (gateway, client):
        subject = await kind.prepare(client)
        outage = await begin_outage(gateway, 0.1)
        done = await kind.call(client, subject)
        await outage
        assert done.attempts > 1
        assert (wire.requests, kind.done(gateway)) == (2, 1)


@every_follow_up
@pytest.mark.asyncio
async def test_what_never_left_may_be_called_again(kind: FollowUp) -> None:
    async with sandbox_client() as (gateway, client):
        subject = await kind.prepare(client)
        outage = await begin_outage(gateway, 60)
        with pytest.raises(NotSentError) as caught:
            await kind.call(client, subject)
        assert (caught.value.merchant_txn_ref, caught.value.attempts) == ("key", 4)
        outage.cancel()
        await asyncio.gather(outage, return_exceptions=True)
        done = await kind.call(client, subject)
        assert (done.replayed, kind.done(gateway)) == (False, 1)


@every_follow_up
@pytest.mark.asyncio
async def test_429_is_told_at_once_and_may_be_called_again(kind: FollowUp) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (gateway, client):
        subject = await kind.prepare(client)
        wire.strike("429:7")
        with pytest.raises(RateLimitedError) as caught:
            await kind.call(client, subject)
        assert (caught.value.retry_after, caught.value.attempts, wire.requests) == (7.0, 1, 2)
        assert (await kind.call(client, subject)).attempts == 2
        assert kind.done(gateway) == 1


REDIRECTS = [
    (200, {"success": True, "redirect_url": "https://acs.example/", "url": "https://acs.example/"}),
    (201, {"id": "p1", "url": "https://pay.example/p1"}),
    (302, {}),
]


@pytest.mark.parametrize(("status", "body"), REDIRECTS)
@every_follow_up
@pytest.mark.asyncio
async def test_a_redirect_is_no_answer_to_a_follow_up(
    monkeypatch: pytest.MonkeyPatch, kind: FollowUp, status: int, body: dict[str, Any]
) -> None:
    posted: list[str] = []

    async def post(_: object, path: str, parcel: object) -> Reply:
        posted.append(path)
        return Reply(status, orjson.dumps(body))

    async with sandbox_client() as (_, client):
        monkeypatch.setattr(Gateway, "post", post)
        for _again in range(2):
            with pytest.raises(OutcomeUnknownError):
                await kind.call(client, "t1")
    assert posted == [kind.name]


# --- resolved ---------------------------------------------------------------------------------------------


@every_follow_up
@pytest.mark.asyncio
async def test_a_person_who_found_it_in_the_portal_settles_it(kind: FollowUp) -> None:
    wire, ledger = Wire(), MemoryLedger()
    async with sandbox_client(faults=wire, client={"ledger": ledger}) as (gateway, client):
        subject = await kind.prepare(client)
        wire.strike("reset:after_commit")
        with pytest.raises(OutcomeUnknownError):
            await kind.call(client, subject)
        found = gateway.transactions("ref")[-1].id
        await ledger.resolve("key", Resolution.paid(by="Kim", reason="the portal", transaction_id=found))
        done = await kind.call(client, subject)
        assert (type(done).__name__.lower(), done.replayed, done.transaction_id) == (kind.name, True, found)
        assert (done.operation_key, done.of_transaction) == ("key", subject)
        assert done.amount == (0 if kind is VOID else int(kind.amount or 0))
        assert (wire.requests, kind.done(gateway)) == (2, 1)


@every_follow_up
@pytest.mark.asyncio
async def test_a_person_who_did_not_find_it_lets_the_next_call_send_it(kind: FollowUp) -> None:
    wire, ledger = Wire(), MemoryLedger()
    async with sandbox_client(faults=wire, client={"ledger": ledger}) as (gateway, client):
        subject = await kind.prepare(client)
        wire.strike("reset:after_read")
        with pytest.raises(OutcomeUnknownError):
            await kind.call(client, subject)
        await ledger.resolve("key", Resolution.not_charged(by="Kim", reason="the portal"))
        done = await kind.call(client, subject)
        assert (done.replayed, done.attempts, kind.done(gateway)) == (False, 2, 1)


@pytest.mark.parametrize("moved", [True, False])
@pytest.mark.parametrize("kind", [CAPTURE, REFUND], ids=["capture", "refund"])
@pytest.mark.asyncio
async def test_an_unclear_code_is_settled_by_the_status_of_its_own_transaction(kind: FollowUp, moved: bool) -> None:
    async with sandbox_client(unclear_charges=moved) as (gateway, client):
        first = client.payments.purchase if kind is REFUND else client.payments.authorize
        subject = (await first(request("ref", amount="9500000"))).transaction_id
        assert subject is not None
        with pytest.raises(OutcomeUnknownError) as caught:
            await kind.call(client, subject, amount="9000068")
        assert caught.value.transaction_id == gateway.transactions("ref")[-1].id
        record = await client.payments.reconcile("key")
        assert record.outcome.state is (State.PAID if moved else State.DECLINED)
        if moved:
            assert (await kind.call(client, subject, amount="9000068")).replayed
        assert kind.done(gateway) == int(moved)


# --- the key ----------------------------------------------------------------------------------------------

WRONG_KEYS = {
    "empty": "",
    "too long": "k" * 129,
    "a line feed": "refund\n17",
    "a tab": "refund\t17",
    "half of a character": "\ud800",
    "no text": 17,
    "nothing": None,
    "a card number": APPROVED,
    "a card number in a text": f"refund {APPROVED}",
    "a card number in groups": "5200 0000 0000 1005",
}


@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS)
@every_follow_up
@pytest.mark.asyncio
async def test_a_key_that_is_none_is_refused_before_anything_is_sent(kind: FollowUp, key: Any) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        with pytest.raises(InvalidRequestError) as caught:
            await kind.call(client, "t1", key)
        assert [problem.path for problem in caught.value.problems] == ["operation_key"]
        assert APPROVED not in f"{caught.value!r} {vars(caught.value)!r}".replace(" ", "")
        assert wire.requests == 0


@pytest.mark.parametrize("key", ["k", "k" * 128, "返金 17", "refund/17?x=1#y", "' OR 1=1 --"])
@pytest.mark.asyncio
async def test_a_key_may_be_any_short_line(client: PaymentOptions, key: str) -> None:
    subject = await REFUND.prepare(client)
    assert (await REFUND.call(client, subject, key)).operation_key == key
    assert (await REFUND.call(client, subject, key)).replayed


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"transaction_id": ""}, "transaction_id"),
        ({"transaction_id": "t" * 129}, "transaction_id"),
        ({"amount": "-1"}, "amount"),
        ({"amount": 0.5}, "amount"),
        ({"amount": "12345678901"}, "amount"),
        ({"notes": 7}, "notes"),
        ({"notes": f"paid with {APPROVED}"}, "notes"),
        ({"notes": "paid with 5200 0000 0000 1005"}, "notes"),
        ({"notes": "the cvc: 739"}, "notes"),
        ({"merchant_id": ""}, "merchant_id"),
    ],
)
@pytest.mark.asyncio
async def test_what_breaks_a_rule_is_refused_before_anything_is_sent(given: dict[str, Any], path: str) -> None:
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        told: dict[str, Any] = {"transaction_id": "t1", "amount": "1", "operation_key": "key", **given}
        with pytest.raises(InvalidRequestError) as caught:
            await client.payments.refund(**told)
        assert [problem.path for problem in caught.value.problems] == [path]
        assert wire.requests == 0


# --- nothing is shown -------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "lost": ("reset:after_commit", {}),
    "broken off": ("close:in_body", {}),
    "limited": ("429:0", {}),
    "declined": (None, {"amount": "5000"}),
    "refused": (None, {"transaction_id": "nobody's"}),
}


@pytest.mark.parametrize("case", FAULTS)
@pytest.mark.asyncio
async def test_no_error_shows_card_or_credentials_and_each_can_be_copied(case: str) -> None:
    fault, changes = FAULTS[case]
    wire = Wire()
    async with sandbox_client(faults=wire) as (_, client):
        subject = changes.pop("transaction_id", None) or await REFUND.prepare(client)
        wire.strike(fault)
        with capture_logs() as lines, pytest.raises(PaymentOptionsError) as caught:
            await REFUND.call(client.with_options(log_level="debug"), subject, **changes)
    error = caught.value
    told = everything_shown(error) + repr(lines)
    for secret in (APPROVED, CVC, "sandbox-api-key", "sandbox-x-api-key"):
        assert not shows(told, secret)
    for other in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))


@every_follow_up
@pytest.mark.asyncio
async def test_a_result_can_be_copied_and_shows_no_card(client: PaymentOptions, kind: FollowUp) -> None:
    done = await kind.call(client, await kind.prepare(client))
    for other in (copy.copy(done), copy.deepcopy(done), pickle.loads(pickle.dumps(done))):
        assert other == done
    assert APPROVED not in f"{done!r} {done.raw!r} {done.answer!r}"
