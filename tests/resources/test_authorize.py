"""An authorisation reserves, and is guarded like a purchase."""

from __future__ import annotations

from typing import Any

import pytest

from paymentoptions_async import (
    Authorization,
    Challenge,
    DeclinedError,
    OutcomeUnknownError,
    PartialApprovalError,
    PaymentOptions,
    ReferenceConflictError,
    State,
)
from paymentoptions_async.sandbox import Sandbox

from ..helpers import DECLINED, THREE_D_SECURE, request, sandbox_client
from ..shop import open_shop
from .cases import LOST, Wire, authorised


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.asyncio
async def test_the_amount_is_reserved_and_nothing_moves(gateway: Sandbox, client: PaymentOptions, version: Any) -> None:
    authorization = await client.payments.authorize(request("ref"), version=version)
    assert type(authorization) is Authorization
    assert authorization.money == "reserved, not moved"
    assert (authorization.merchant_txn_ref, str(authorization.amount), authorization.currency) == ("ref", "1000", "JPY")
    assert gateway.charges("ref") == 0
    assert [one.state.value for one in gateway.transactions("ref")] == ["authorised"]


@pytest.mark.asyncio
async def test_the_same_call_again_gives_the_same_and_sends_nothing(gateway: Sandbox, client: PaymentOptions) -> None:
    first, second = await authorised(client), await authorised(client)
    assert (type(second), second.replayed) == (Authorization, True)
    assert second.transaction_id == first.transaction_id
    assert gateway.attempts("ref") == 1


@pytest.mark.asyncio
async def test_a_purchase_and_an_authorisation_of_one_reference_are_a_conflict(client: PaymentOptions) -> None:
    await authorised(client)
    with pytest.raises(ReferenceConflictError):
        await client.payments.purchase(request("ref"))
    with pytest.raises(ReferenceConflictError):
        await client.payments.authorize(request("ref"), version=2)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_and_never_sent_again(fault: str) -> None:
    wire = Wire(fault)
    async with sandbox_client(faults=wire) as (_, client):
        for replayed in (False, True):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.payments.authorize(request("ref"))
            assert caught.value.replayed is replayed
        assert wire.requests == 1


@pytest.mark.asyncio
async def test_a_decline_tells_what_was_asked_for(client: PaymentOptions) -> None:
    with pytest.raises(DeclinedError) as caught:
        await client.payments.authorize(request(number=DECLINED))
    assert isinstance(caught.value.payment, Authorization)


@pytest.mark.asyncio
async def test_less_than_was_asked_carries_the_authorisation(client: PaymentOptions) -> None:
    with pytest.raises(PartialApprovalError) as caught:
        await client.payments.authorize(request(amount="9000010"))
    assert isinstance(caught.value.payment, Authorization)
    assert caught.value.payment.amount == 4500005
    assert "it is reserved; capture or void it" in str(caught.value)


@pytest.mark.asyncio
async def test_a_challenge_that_is_approved_becomes_an_authorisation() -> None:
    async with open_shop() as shop:
        order = shop.addressed(request("ref", number=THREE_D_SECURE))
        challenge = await shop.client.payments.authorize(order, version=2)
        assert isinstance(challenge, Challenge)
        await shop.gateway.answer_challenge("ref", "approve")
        await shop.gateway.webhooks_sent()
        authorization = await shop.client.payments.authorize(order, version=2)
        assert isinstance(authorization, Authorization)
        assert authorization.replayed
        await shop.client.payments.capture(authorization.transaction_id, amount="1000", operation_key="c")
        assert (shop.gateway.attempts("ref"), shop.gateway.charges("ref")) == (1, 1)


@pytest.mark.asyncio
async def test_an_unclear_code_is_settled_by_the_status(client: PaymentOptions) -> None:
    with pytest.raises(OutcomeUnknownError):
        await client.payments.authorize(request("ref", amount="9000068"))
    assert (await client.payments.reconcile("ref")).outcome.state is State.PAID
    assert isinstance(await client.payments.authorize(request("ref", amount="9000068")), Authorization)
