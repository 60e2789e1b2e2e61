"""What goes out, what the ledger may know of it, and what its answer is held against."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import orjson
import pytest

from paymentoptions_async import InvalidRequestError, Settings
from paymentoptions_async.ledger.base import Intent
from paymentoptions_async.models.follow_up_request import CaptureRequest, FollowUpRequest, RefundRequest, VoidRequest
from paymentoptions_async.models.outcome import State
from paymentoptions_async.operations import (
    AUTHORIZE,
    CAPTURE,
    HOSTED_PAGE,
    PURCHASE,
    REFUND,
    SUBSCRIBE,
    VOID,
    Operation,
    operation_of,
)
from paymentoptions_async.orders import Order, Orders, asked_of
from paymentoptions_async.transport.reply import Reply
from paymentoptions_async.verdict import judge

from .helpers import APPROVED, CVC, SAMPLES, request
from .resources.cases import page_request, plan_request

SETTINGS: Final = Settings(api_key="a", x_api_key="b", merchant_id="m", ledger_secret="a secret of the tests")
ORDERS: Final = Orders(SETTINGS)
ALL: Final = (*PURCHASE.values(), *AUTHORIZE.values(), CAPTURE, VOID, REFUND, SUBSCRIBE, HOSTED_PAGE)
FOLLOW_UPS: Final[dict[str, tuple[Operation[Any, Any], FollowUpRequest]]] = {
    "capture": (CAPTURE, CaptureRequest(transaction_id="t1", amount="1000")),
    "void": (VOID, VoidRequest(transaction_id="t1")),
    "refund": (REFUND, RefundRequest(transaction_id="t1", amount="1000")),
}

every_follow_up = pytest.mark.parametrize("name", FOLLOW_UPS)


def follow_up(name: str, key: str = "key") -> Order:
    operation, body = FOLLOW_UPS[name]
    return ORDERS.follow_up(operation, body, key)


# --- operations -------------------------------------------------------------------------------------------


def test_every_operation_is_found_by_its_path() -> None:
    assert [operation_of(operation.path) for operation in ALL] == list(ALL)
    assert len({operation.path for operation in ALL}) == 9


def test_a_path_that_nobody_knows_is_told_as_a_payment() -> None:
    assert operation_of("of a later release") is PURCHASE[1]


# --- what goes out ----------------------------------------------------------------------------------------


@every_follow_up
def test_a_follow_up_says_what_it_is_done_to(name: str) -> None:
    order = follow_up(name)
    sent = orjson.loads(order.body.content)
    assert sent == {"transactionId": "t1", "merchant_id": "m", **({} if name == "void" else {"amount": "1000"})}
    assert (order.reference, order.intent.operation, order.intent.subject) == ("key", name, "t1")


def test_an_amount_goes_out_as_it_was_given() -> None:
    for given, written in (("10.50", '"10.50"'), (7, "7"), (Decimal("0.10"), '"0.10"')):
        order = ORDERS.follow_up(REFUND, RefundRequest(transaction_id="t1", amount=given), "key")
        assert f'"amount":{written}'.encode() in order.body.content
        assert order.intent.amount == str(given)


@pytest.mark.parametrize(
    "body",
    [
        RefundRequest(transaction_id="t2", amount="1000"),
        RefundRequest(transaction_id="t1", amount="1001"),
        RefundRequest(transaction_id="t1", amount="1000", notes="n"),
        RefundRequest(transaction_id="t1", amount="1000", merchant_id="another"),
    ],
)
def test_each_member_counts_for_what_a_key_stands_for(body: RefundRequest) -> None:
    other = ORDERS.follow_up(REFUND, body, "key")
    assert other.intent.fingerprint != follow_up("refund").intent.fingerprint


def test_the_operation_counts_for_what_a_key_stands_for() -> None:
    assert follow_up("capture").body.content == follow_up("refund").body.content
    assert follow_up("capture").intent.fingerprint != follow_up("refund").intent.fingerprint


def test_a_ledger_is_told_no_card() -> None:
    intent = ORDERS.purchase(PURCHASE[1], request()).intent
    assert intent.card == "520000******1005"
    assert APPROVED not in repr(intent)
    assert CVC.encode() not in ORDERS.purchase(PURCHASE[1], request()).body.identity


@pytest.mark.parametrize("key", ["", "k" * 129, "a\nb", "\x7f", "\u2028", "\udc80", 7, None, b"k", APPROVED])
@every_follow_up
def test_a_key_that_is_none_is_refused(name: str, key: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        follow_up(name, key)
    assert [problem.path for problem in caught.value.problems] == ["operation_key"]
    assert APPROVED not in f"{caught.value!r} {caught.value.problems!r}"


# --- what its answer is held against ----------------------------------------------------------------------


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.path)
def test_what_the_ledger_remembers_is_held_against_what_was_sent(operation: Operation[Any, Any]) -> None:
    if operation is HOSTED_PAGE:
        order = ORDERS.hosted_page(operation, page_request())
    elif operation.is_follow_up:
        order = follow_up(operation.path)
    else:
        order = ORDERS.purchase(operation, plan_request(has_discount=True) if operation is SUBSCRIBE else request())
    remembered = asked_of(order.intent)
    # The card is not remembered; and a page's status is that of a payment.
    expected = order.asked._replace(number=None, cvc=None)
    assert remembered == (expected._replace(link="redirect_url") if operation is HOSTED_PAGE else expected)


@every_follow_up
def test_a_follow_ups_answer_names_the_charge_and_not_the_key(name: str) -> None:
    asked = follow_up(name).asked
    assert (asked.merchant_txn_ref, asked.currency, asked.link) == (None, None, None)
    assert asked.amount == (0 if name == "void" else 1000)


@every_follow_up
def test_the_vendors_own_answer_carries_it_out(name: str) -> None:
    body = (SAMPLES / f"{name}.response.201.json").read_bytes()
    assert judge(Reply(201, body), follow_up(name).asked).outcome.state is State.PAID


@pytest.mark.parametrize("plan", [{"has_discount": True}, {"has_trial_period": True}])
def test_a_plan_that_takes_something_off_has_no_amount_to_be_held_against(plan: dict[str, Any]) -> None:
    order = ORDERS.purchase(SUBSCRIBE, plan_request(**plan))
    assert (order.asked.amount, order.intent.amount) == (None, "")
    order = ORDERS.purchase(SUBSCRIBE, plan_request())
    assert order.asked.amount == asked_of(order.intent).amount == 1000
    # What is no subscription is charged as it was asked for, whatever plan stands in it.
    assert ORDERS.purchase(PURCHASE[1], plan_request(**plan)).asked.amount == 1000


@pytest.mark.parametrize(("amount", "expected"), [("", None), ("1000", Decimal(1000)), (0, Decimal(0))])
def test_an_amount_that_the_payer_types_is_not_known(amount: str | int, expected: Decimal | None) -> None:
    assert ORDERS.hosted_page(HOSTED_PAGE, page_request(amount=amount)).asked.amount == expected


def test_a_record_of_before_is_held_against_its_reference() -> None:
    asked = asked_of(Intent("ref", b"", "payment", "10.00", "JPY"))
    assert (asked.merchant_txn_ref, asked.amount, asked.currency) == ("ref", Decimal(10), "JPY")
    assert asked_of(Intent("ref", b"")).amount is None
