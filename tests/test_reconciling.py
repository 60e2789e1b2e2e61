"""What the gateway knows of an unknown charge settles it, and nothing less than that."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest

from paymentoptions_async import (
    AuthenticationError,
    DeclinedError,
    InvalidRequestError,
    MemoryLedger,
    NotSentError,
    OutcomeUnknownError,
    Payment,
    PaymentOptions,
    RateLimitedError,
    ReferenceInUseError,
    Resolution,
    RetryPolicy,
    State,
    Timeouts,
)
from paymentoptions_async.ledger import Intent
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.answers import Answer
from paymentoptions_async.sandbox.envelopes import status_envelope

from .helpers import APPROVED, QUICK_RETRIES, THREE_D_SECURE, request, sandbox_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

# A test amount that is answered with a code of class `unclear`, and a transaction id.
UNCLEAR = "9000068"
# One that is answered with a code of the gateway's own, which it may give to each attempt anew.
MISCONFIGURED = "9000003"


@asynccontextmanager
async def unclear(**sandbox: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions, MemoryLedger]]:
    """A client whose ledger holds one unknown charge, with its transaction id."""
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}, **sandbox) as (gateway, client):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request(amount=UNCLEAR))
        assert caught.value.transaction_id is not None
        yield gateway, client, ledger


def change_statuses(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Have the sandbox tell the status of a transaction otherwise."""

    def changed(transaction: Any, switches: Any) -> Answer:
        answer = status_envelope(transaction, switches)
        body = orjson.loads(answer.body)
        change(body)
        return attrs.evolve(answer, body=orjson.dumps(body))

    monkeypatch.setattr("paymentoptions_async.sandbox.status.status_envelope", changed)


@pytest.mark.asyncio
async def test_what_was_paid_after_all_is_a_payment_from_then_on() -> None:
    async with unclear(unclear_charges=True) as (gateway, client, ledger):
        record = await client.payments.reconcile("qwe")
        assert (record.outcome.state, record.mark) == (State.PAID, None)
        assert record.history[-1].by == "the gateway"
        payment = await client.payments.purchase(request(amount=UNCLEAR))
        assert isinstance(payment, Payment)
        assert payment.replayed
        assert payment.transaction_id == record.outcome.transaction_id
        assert (gateway.charges("qwe"), gateway.attempts("qwe")) == (1, 1)
        assert await ledger.find("qwe") == record


@pytest.mark.asyncio
async def test_what_was_declined_after_all_is_a_decline_from_then_on() -> None:
    async with unclear(unclear_charges=False) as (gateway, client, _):
        assert (await client.payments.reconcile("qwe")).outcome.state is State.DECLINED
        with pytest.raises(DeclinedError) as caught:
            await client.payments.purchase(request(amount=UNCLEAR))
        assert caught.value.replayed
        assert gateway.charges("qwe") == 0


@pytest.mark.asyncio
async def test_what_is_settled_is_told_and_nobody_is_asked() -> None:
    async with sandbox_client() as (_, client):
        await client.payments.purchase(request())
        gateway_is_gone = client.with_options(base_url="http://127.0.0.1:9")
        record = await gateway_is_gone.payments.reconcile("qwe")
        assert (record.outcome.state, record.mark) == (State.PAID, None)
        await client.payments.purchase(request("challenged", number=THREE_D_SECURE), version=2)
        assert (await gateway_is_gone.payments.reconcile("challenged")).outcome.state is State.CHALLENGED


@pytest.mark.asyncio
async def test_a_reference_that_the_ledger_does_not_know_is_told(client: PaymentOptions) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.payments.reconcile("never seen")
    assert caught.value.problems[0].path == "merchant_txn_ref"


@pytest.mark.asyncio
async def test_without_a_transaction_id_it_stays_unknown() -> None:
    async with sandbox_client(faults=["reset:after_commit"]) as (_, client):
        with pytest.raises(OutcomeUnknownError):
            await client.payments.purchase(request())
        with pytest.raises(OutcomeUnknownError, match="transaction id") as caught:
            await client.payments.reconcile("qwe")
        assert caught.value.evidence[0] == "ClientOSError"


@pytest.mark.asyncio
async def test_what_is_being_charged_is_left_alone() -> None:
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}) as (_, client):
        await ledger.claim(Intent("qwe", b"print"), token="t", lease=60)
        with pytest.raises(ReferenceInUseError):
            await client.payments.reconcile("qwe")


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["reset:after_read", "503", "429:0", "garbage", "close:in_body"])
async def test_a_read_is_repeated_whatever_went_wrong(fault: str) -> None:
    async with unclear(faults=[None, fault, fault]) as (gateway, client, _):
        assert (await client.payments.reconcile("qwe")).outcome.state is State.PAID
        assert gateway.attempts("qwe") == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("503", OutcomeUnknownError),
        ("garbage_body", OutcomeUnknownError),
        ("reset:after_read", NotSentError),
        ("429:0", RateLimitedError),
    ],
)
async def test_a_gateway_that_does_not_tell_leaves_it_unknown(fault: str, error: type[Exception]) -> None:
    async with unclear(faults=[None, *[fault] * 9], retry=RetryPolicy(max_attempts=2, base=0.001)) as (
        _,
        client,
        ledger,
    ):
        with pytest.raises(error):
            await client.payments.reconcile("qwe")
        record = await ledger.find("qwe")
        assert record is not None
        assert (record.outcome.state, record.mark) == (State.UNKNOWN, None)


@pytest.mark.asyncio
async def test_all_questions_share_the_clients_budget_of_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paymentoptions_async.transport.retry._BUDGET", 5)  # one retry
    attempts = []
    async with unclear(faults=[None, *["429:0"] * 9], retry=RetryPolicy(max_attempts=5, base=0.001)) as (_, client, _l):
        for _time in range(2):
            with pytest.raises(RateLimitedError) as caught:
                await client.payments.reconcile("qwe")
            attempts.append(caught.value.attempts)
    assert attempts == [2, 1]


@pytest.mark.asyncio
async def test_wrong_credentials_are_told() -> None:
    async with unclear() as (_, client, _ledger):
        stranger = client.with_options(api_key="somebody else's")
        with pytest.raises(AuthenticationError):
            await stranger.payments.reconcile("qwe")


@pytest.mark.asyncio
async def test_a_transaction_that_the_gateway_does_not_know_is_no_proof_that_nothing_was_charged() -> None:
    async with unclear() as (_, client, _ledger), Sandbox() as other:
        elsewhere = client.with_options(base_url=other.base_url)
        with pytest.raises(OutcomeUnknownError, match="HTTP 404"):
            await elsewhere.payments.reconcile("qwe")


@pytest.mark.asyncio
async def test_the_status_of_another_transaction_settles_nothing() -> None:
    async with unclear() as (_, client, ledger):
        await client.payments.purchase(request("other", number=APPROVED))
        other = await ledger.find("other")
        record = await ledger.find("qwe")
        assert other is not None
        assert record is not None
        strange = record.outcome._replace(answer=other.outcome.answer)
        ledger._records["qwe"] = record._replace(outcome=strange)
        with pytest.raises(OutcomeUnknownError, match="another charge's answer"):
            await client.payments.reconcile("qwe")


@pytest.mark.asyncio
async def test_a_status_of_another_transaction_than_was_asked_for_settles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_statuses(monkeypatch, lambda body: body["transaction_details"].update(id="another"))
    async with unclear() as (_, client, ledger):
        with pytest.raises(OutcomeUnknownError):
            await client.payments.reconcile("qwe")
        record = await ledger.find("qwe")
        assert record is not None
        assert (record.outcome.state, record.mark) == (State.UNKNOWN, None)


@pytest.mark.asyncio
async def test_it_ends_at_the_deadline() -> None:
    async with unclear(faults=[None, "hang:after_read"]) as (_, client, _ledger):
        hasty = client.with_options(timeouts=Timeouts(total=0.05))
        with pytest.raises(NotSentError, match="deadline"):
            await hasty.payments.reconcile("qwe")


@pytest.mark.asyncio
async def test_a_persons_wrong_word_is_not_asked_about_and_can_be_put_right() -> None:
    async with unclear(retry=QUICK_RETRIES) as (_, client, ledger):
        await ledger.resolve("qwe", Resolution.declined(by="Kim", reason="misread the portal"))
        assert (await client.payments.reconcile("qwe")).outcome.state is State.DECLINED
        record = await ledger.resolve("qwe", Resolution.paid(by="Kim", reason="read it again"))
        assert [event.what for event in record.history] == ["resolved as declined", "resolved as paid"]


# --- by an id that a webhook has named --------------------------------------------------------------------


@asynccontextmanager
async def lost(**sandbox: Any) -> AsyncIterator[tuple[Sandbox, PaymentOptions, MemoryLedger]]:
    """A client whose ledger holds one unknown charge that was made, without its transaction id."""
    ledger = MemoryLedger()
    sandbox = {"faults": ["reset:after_commit"], **sandbox}
    async with sandbox_client(client={"ledger": ledger}, **sandbox) as (gateway, client):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request())
        assert caught.value.transaction_id is None
        yield gateway, client, ledger


async def note(ledger: MemoryLedger, transaction_id: str, reference: str = "qwe") -> None:
    record = await ledger.find(reference)
    assert record is not None
    await ledger.resolve(reference, Resolution.named(transaction_id, record.token))


@pytest.mark.asyncio
async def test_it_is_asked_for_and_settles() -> None:
    async with lost() as (gateway, client, ledger):
        (made,) = gateway.transactions("qwe")
        await note(ledger, made.id)
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payments.purchase(request())
        assert caught.value.transaction_id is None, "nobody has confirmed it"
        assert (await client.payments.reconcile("qwe")).outcome.state is State.PAID
        payment = await client.payments.purchase(request())
        assert isinstance(payment, Payment)
        assert (payment.transaction_id, gateway.charges("qwe")) == (made.id, 1)


@pytest.mark.asyncio
async def test_of_a_holder_that_has_died_it_settles_when_its_lease_is_over() -> None:
    ledger = MemoryLedger(clock=lambda: now)
    now = 1_000.0
    async with sandbox_client(client={"ledger": ledger}) as (gateway, client):
        await client.payments.purchase(request())
        paid, (made,) = await client.payments.reconcile("qwe"), gateway.transactions("qwe")
        await ledger.prune(older_than=0)
        ledger._records.clear()
        await ledger.claim(paid.intent, token="died", lease=30)
        await note(ledger, made.id)
        with pytest.raises(ReferenceInUseError):
            await client.payments.reconcile("qwe")
        now += 31
        assert (await client.payments.reconcile("qwe")).outcome.state is State.PAID


@pytest.mark.parametrize("whose", ["another's", "a refund's"])
@pytest.mark.asyncio
async def test_one_that_belongs_to_something_else_settles_nothing(whose: str) -> None:
    async with lost() as (gateway, client, ledger):
        if whose == "another's":
            payment = await client.payments.purchase(request("other"))
            assert isinstance(payment, Payment)
            strange = payment.transaction_id
        else:
            (made,) = gateway.transactions("qwe")
            strange = (await client.payments.refund(made.id, amount=1000, operation_key="back")).transaction_id
        await note(ledger, strange)
        with pytest.raises(OutcomeUnknownError):
            await client.payments.reconcile("qwe")
        record = await ledger.find("qwe")
        assert record is not None
        assert (record.outcome.state, record.mark) == (State.UNKNOWN, None)


@pytest.mark.asyncio
async def test_a_status_that_names_no_charge_settles_only_what_came_with_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_statuses(monkeypatch, lambda body: body.pop("merchant_details"))
    async with lost() as (gateway, client, ledger):
        await note(ledger, gateway.transactions("qwe")[0].id)
        with pytest.raises(OutcomeUnknownError, match="names no charge"):
            await client.payments.reconcile("qwe")
        with pytest.raises(OutcomeUnknownError):
            await client.payments.purchase(request("unclear", amount=UNCLEAR))
        assert (await client.payments.reconcile("unclear")).outcome.state is State.PAID


@pytest.mark.asyncio
async def test_of_several_the_latest_is_asked_for() -> None:
    async with lost() as (gateway, client, ledger):
        for named in ("bogus", gateway.transactions("qwe")[0].id):
            await note(ledger, named)
        assert (await client.payments.reconcile("qwe")).outcome.state is State.PAID


@pytest.mark.asyncio
async def test_that_one_of_several_attempts_was_refused_says_nothing_of_the_others() -> None:
    ledger, twice = MemoryLedger(), ["reset:after_commit"] * 2
    retry = RetryPolicy(max_attempts=2, base=0.001, repeat_after_send=True)
    async with sandbox_client(client={"ledger": ledger}, faults=twice, retry=retry) as (gateway, client):
        with pytest.raises(OutcomeUnknownError):
            await client.payments.purchase(request(amount=MISCONFIGURED))
        await note(ledger, gateway.transactions("qwe")[0].id)
        with pytest.raises(OutcomeUnknownError, match="there may have been others"):
            await client.payments.reconcile("qwe")


@pytest.mark.asyncio
async def test_a_challenge_is_asked_for_by_it_and_stays_one_where_it_was_bogus() -> None:
    ledger = MemoryLedger()
    async with sandbox_client(client={"ledger": ledger}) as (gateway, client):
        await client.payments.purchase(request(number=THREE_D_SECURE), version=2)
        await note(ledger, "bogus")
        assert (await client.payments.reconcile("qwe")).outcome.state is State.CHALLENGED
        await note(ledger, gateway.transactions("qwe")[0].id)
        await gateway.answer_challenge("qwe", "approve")
        assert (await client.payments.reconcile("qwe")).outcome.state is State.PAID


@pytest.mark.asyncio
async def test_a_person_who_has_not_seen_it_in_the_portal_cannot_go_by_it() -> None:
    async with lost() as (gateway, client, ledger):
        await note(ledger, "bogus")
        with pytest.raises(InvalidRequestError, match="without a transaction_id"):
            await ledger.resolve("qwe", Resolution.paid(by="Kim", reason="the portal"))
        seen = gateway.transactions("qwe")[0].id
        await ledger.resolve("qwe", Resolution.paid(by="Kim", reason="the portal", transaction_id=seen))
        payment = await client.payments.purchase(request())
        assert payment.transaction_id == seen
