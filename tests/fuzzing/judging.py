"""Answers: what they mean for the money, and what becomes of them on the way to the caller and through a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from paymentoptions_async import (
    Challenge,
    HostedPage,
    PaymentOptionsError,
    SubscriptionDetails,
    TransactionStatus,
)
from paymentoptions_async.asking import Asking
from paymentoptions_async.delivery import Landing, deliver
from paymentoptions_async.inquiring import Inquiring
from paymentoptions_async.ledger import Record
from paymentoptions_async.ledger.rows import from_row, to_row
from paymentoptions_async.models.outcome import Outcome, State
from paymentoptions_async.orders import Order, asked_of
from paymentoptions_async.redaction import in_flight
from paymentoptions_async.transport.reply import Reply
from paymentoptions_async.transport.retry import RetryBudget
from paymentoptions_async.verdict import Asked, judge

from ..helpers import APPROVED, PAID
from .mutation import SPACED
from .oracles import Reading, check_error, check_hidden, read
from .target import Target, choice, joined, parts
from .worlds import ANSWERS, ORDERS, RUNTIME, SETTINGS, STATUSES, Answering, run

__all__ = ["JUDGE", "QUESTIONS", "check_outcome"]

# --- a charge ---------------------------------------------------------------------------------------------


def _judge(data: bytes) -> None:
    choices, body = parts(data, 1)
    order = choice(choices, 0, ORDERS)
    status, complete = choice(choices, 1, STATUSES), choice(choices, 2, (True, True, True, False))
    # As the charge itself is judged, or a record of it that is asked for later, when the card is not known any more.
    asked = choice(choices, 3, (order.asked, asked_of(order.intent)))
    with in_flight(asked.number):
        judged = judge(Reply(status, body, complete), asked)
    reading = read(body, status)
    check_outcome(judged.outcome, reading, asked)
    if asked.number is not None:
        check_hidden(judged.outcome, judged.answer)
    if asked is order.asked or judged.outcome.state is not State.CHALLENGED:
        # What is asked for later settles nothing as long as somebody is waited for.
        _check_delivery(Landing(judged.outcome, answer=judged.answer), order, reading, hidden=asked.number is not None)


def check_outcome(outcome: Outcome, reading: Reading, asked: Asked) -> None:
    """See that an outcome says no more of the money than a second reading of the answer does."""
    match outcome.state:
        case State.PAID:
            assert reading.may_be_paid(asked), "paid"
            assert reading.is_whole(asked), "less than was asked is no whole payment"
        case State.PARTIAL:
            assert reading.may_be_paid(asked), "paid in part"
        case State.DECLINED | State.REFUSED:
            assert not reading.says_success, "the gateway speaks of success"
            assert reading.approval is None, "the gateway tells an approval"
            assert not reading.is_open, "the gateway does not know"
        case State.CHALLENGED:
            assert reading.whole.get("success") is not False
            assert 200 <= reading.status < 300
    row = to_row(Record(ORDERS[0].intent, "token", 1.0, 1.0, 1.0, outcome))
    assert from_row(row).outcome == outcome, "the ledger keeps something else"


def _check_delivery(landing: Landing, order: Order, reading: Reading, *, hidden: bool) -> None:
    told = _delivered(landing, order)
    again = _delivered(Landing(landing.outcome), order)
    assert type(told) is type(again)
    assert str(told) == str(again), "a replay tells something else"
    if isinstance(told, PaymentOptionsError):
        check_error(told, hides=hidden)
        return
    if isinstance(told, Challenge | HostedPage):
        assert isinstance(getattr(told, "redirect_url", None) or getattr(told, "url", None), str)
    else:
        assert type(told) is order.operation.result
        assert reading.amount is None or abs(told.amount - reading.amount) < 1
        assert told.answer.transaction_details is not None
        _ = told.gateway, getattr(told, "subscription", None)
    if hidden:
        check_hidden(told)


def _delivered(landing: Landing, order: Order) -> Any:
    try:
        return deliver(landing, order.intent)
    except PaymentOptionsError as error:
        return error


# What has been read wrongly, or might be.
_TRAPS: Final[tuple[dict[str, Any], ...]] = (
    {"redirect_url": "https://acs.example"},
    {"success": False},
    *({"success": False, "payment_details": {"response_code": code}} for code in (51, 68, 94, 10, 999)),
    {"payment_details": {"response_code": 51}},
    {"payment_details": {"response_code": 1e300}},
    {"message": f"card {APPROVED}, {SPACED}"},
    {"payment_details": PAID["payment_details"] | {"amount": 999}},
    {"merchant_details": {"merchant_txn_ref": "other"}},
)


def _seeds() -> tuple[bytes, ...]:
    plain = [joined((number, 0, 0, 0), answer) for answer in ANSWERS for number in range(len(ORDERS))]
    traps = [joined((0, status), orjson.dumps(PAID | changes)) for status in (0, 2, 12) for changes in _TRAPS]
    unreadable = ANSWERS[0].replace(b"John Doe", b"\\ud800")
    bare = [joined((0, status), told) for status in range(len(STATUSES)) for told in (b"<html>", unreadable)]
    later = [joined((0, status, 0, 1), ANSWERS[0]) for status in range(len(STATUSES))]
    return (
        *plain,
        *traps,
        *bare,
        *later,
        joined((0, 2), b'{"success":false,"message":"x","gateway_response":{"code":"ERR3008"}}'),
    )


JUDGE: Final = Target("judge", _judge, _seeds())


# --- a question -------------------------------------------------------------------------------------------

_answering: Final = Answering()
_inquiring: Final = Inquiring(
    gateway=_answering,  # type: ignore[arg-type]  # what it asks of the transport
    asking=Asking(settings=SETTINGS, budget=RetryBudget(), runtime=RUNTIME),
)
_QUESTIONS: Final[Sequence[str]] = ("status", "list", "get", "pause")


async def _ask(what: str) -> Any:
    match what:
        case "status":
            return await _inquiring.status("t1")
        case "list":
            return await _inquiring.subscriptions()
        case "get":
            return await _inquiring.subscription("s1")
    return await _inquiring.change_subscription("s1", "pause")


def _question(data: bytes) -> None:
    choices, body = parts(data, 1)
    what, status = choice(choices, 0, _QUESTIONS), choice(choices, 1, STATUSES)
    _answering.reply = Reply(status, body, choice(choices, 2, (True, True, True, False)))
    run(_asked(what, read(body, status)))


async def _asked(what: str, reading: Reading) -> None:
    try:
        told = await _ask(what)
    except PaymentOptionsError as error:
        check_error(error, hides=False)
        return
    if isinstance(told, TransactionStatus):
        assert told.state is not State.PAID or reading.may_be_paid(Asked())
        _ = told.answer
    for subscription in told if isinstance(told, list) else [told]:
        assert isinstance(subscription, SubscriptionDetails | TransactionStatus)
        _ = repr(subscription)


QUESTIONS: Final = Target(
    "questions",
    _question,
    tuple(joined((number, 1), answer) for answer in (*ANSWERS, b"[]", b"[{}]") for number in range(len(_QUESTIONS))),
)
