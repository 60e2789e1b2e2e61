"""The assertions: when they fail, and what they tell a developer."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from paymentoptions_async import (
    ConfigurationError,
    DeclinedError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    ReferenceConflictError,
)
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.testing import assert_charged, assert_not_charged, assert_verdict, quick_client

from ..helpers import request


async def paid(gateway: Sandbox, reference: str = "order-17") -> Payment:
    """Each with a ledger of its own, so that the same reference is charged again."""
    async with quick_client(gateway) as client:
        payment = await client.payments.purchase(request(reference))
        assert isinstance(payment, Payment)
        return payment


@pytest.mark.asyncio
@pytest.mark.parametrize("amount", [None, 1000, "1000", "1000.00", Decimal(1000)])
async def test_what_was_charged_once_was_charged(gateway: Sandbox, amount: str | int | Decimal | None) -> None:
    await paid(gateway)
    assert_charged(gateway, "order-17", amount=amount)


@pytest.mark.asyncio
async def test_a_refund_does_not_undo_a_charge(gateway: Sandbox, payments: PaymentOptions) -> None:
    payment = await payments.payments.purchase(request("order-17"))
    assert isinstance(payment, Payment)
    await payments.payments.refund(payment.transaction_id, amount=400, operation_key="refund-17")
    assert_charged(gateway, "order-17", amount=1000)


@pytest.mark.asyncio
async def test_an_authorisation_is_charged_when_it_is_captured(gateway: Sandbox, payments: PaymentOptions) -> None:
    authorised = await payments.payments.authorize(request("order-17"))
    assert not hasattr(authorised, "redirect_url")
    assert_not_charged(gateway, "order-17")
    assert_verdict(gateway, authorised)
    await payments.payments.capture(authorised.transaction_id, amount=400, operation_key="capture-17")
    assert_charged(gateway, "order-17", amount=400)


@pytest.mark.asyncio
async def test_charged_twice_it_tells_both_charges(gateway: Sandbox) -> None:
    await paid(gateway)
    await paid(gateway)
    line = "  purchase captured: 1000 JPY, code 0, card 520000******1005"
    with pytest.raises(AssertionError) as caught:
        assert_charged(gateway, "order-17")
    assert str(caught.value).splitlines() == [
        "'order-17' was charged 2 times, not 1",
        "The gateway has read 2 requests to charge it, and knows:",
        line,
        line,
    ]


@pytest.mark.asyncio
async def test_declined_it_tells_why(gateway: Sandbox, payments: PaymentOptions) -> None:
    gateway.script.decline(51)
    with pytest.raises(DeclinedError):
        await payments.payments.purchase(request("order-17"))
    with pytest.raises(AssertionError, match="purchase declined: 1000 JPY, code 51, card"):
        assert_charged(gateway, "order-17")


@pytest.mark.asyncio
async def test_where_nothing_was_made_of_the_requests_it_says_so(gateway: Sandbox, payments: PaymentOptions) -> None:
    gateway.script.strike("reset:after_read")
    with pytest.raises(OutcomeUnknownError):
        await payments.payments.purchase(request("order-17"))
    with pytest.raises(AssertionError, match="has read 1 request to charge it, and knows nothing more"):
        assert_charged(gateway, "order-17")


@pytest.mark.asyncio
async def test_of_an_unheard_reference_it_tells_those_that_it_knows(gateway: Sandbox) -> None:
    with pytest.raises(AssertionError, match="has never heard of it, nor of any other"):
        assert_charged(gateway, "order-71")
    for number in range(7):
        await paid(gateway, f"order-{number}")
    with pytest.raises(AssertionError, match=r"never heard of it, but of 'order-0', .*, 'order-4' and 2 more"):
        assert_charged(gateway, "order-71")


@pytest.mark.asyncio
async def test_another_amount_is_told(gateway: Sandbox) -> None:
    await paid(gateway)
    with pytest.raises(AssertionError, match="'order-17' was charged 1000, not 10"):
        assert_charged(gateway, "order-17", amount=10)


@pytest.mark.asyncio
async def test_not_charged_fails_where_it_was(gateway: Sandbox) -> None:
    await paid(gateway)
    assert_not_charged(gateway, "order-18")
    with pytest.raises(AssertionError, match="charged 1 times, not 0"):
        assert_not_charged(gateway, "order-17")


@pytest.mark.asyncio
async def test_a_verdict_that_is_not_what_the_books_say_does_not_hold(gateway: Sandbox) -> None:
    payment = await paid(gateway)
    false = (
        DeclinedError("no", merchant_txn_ref="order-17"),
        attrs.evolve(payment, amount=Decimal(999)),
        attrs.evolve(payment, merchant_txn_ref="order-18"),
        PartialApprovalError("half", merchant_txn_ref="order-17", payment=attrs.evolve(payment, amount=Decimal(500))),
    )
    for verdict in false:
        with pytest.raises(AssertionError, match=f"{type(verdict).__name__} does not hold"):
            assert_verdict(gateway, verdict)


@pytest.mark.asyncio
async def test_an_unknown_outcome_holds_until_somebody_is_charged_twice(gateway: Sandbox) -> None:
    unknown = OutcomeUnknownError("who knows", merchant_txn_ref="order-17")
    for _ in range(2):
        assert_verdict(gateway, unknown)
        await paid(gateway)
    with pytest.raises(AssertionError, match="OutcomeUnknownError does not hold"):
        assert_verdict(gateway, unknown)


@pytest.mark.asyncio
async def test_an_error_about_its_own_call_says_nothing_of_the_charge(gateway: Sandbox) -> None:
    await paid(gateway)
    assert_verdict(gateway, ReferenceConflictError("another", merchant_txn_ref="order-17"))


@pytest.mark.asyncio
async def test_a_verdict_about_no_charge_is_refused(gateway: Sandbox) -> None:
    with pytest.raises(ValueError, match="one about a charge"):
        assert_verdict(gateway, ConfigurationError("closed"))
