"""What a ledger's record is to a later call."""

from __future__ import annotations

from typing import Final

import orjson
import pytest

from paymentoptions_async import Mark, OutcomeUnknownError, PartialApprovalError, Payment, PaymentOptionsError, State
from paymentoptions_async.delivery import deliver_record
from paymentoptions_async.ledger import Intent, Record
from paymentoptions_async.models.outcome import Outcome

ENDS: Final = (State.UNKNOWN, State.DECLINED, State.REFUSED)


def record(state: State, mark: Mark | None) -> Record:
    intent = Intent("order-17", b"print", "payment", "1000", "JPY", "520000******1005")
    answer = orjson.dumps({"transaction_details": {"id": "t1"}, "payment_details": {"amount": 1000}})
    return Record(intent, "token", 9.0, 0.0, 0.0, Outcome(state, answer=answer), mark)


@pytest.mark.parametrize("mark", [None, *Mark])
def test_a_payment_that_something_contradicts_is_not_told_as_recorded(mark: Mark | None) -> None:
    payment = deliver_record(record(State.PAID, mark))
    assert isinstance(payment, Payment)
    assert payment.replayed
    assert payment.recorded is (mark is not Mark.CONTRADICTED)


@pytest.mark.parametrize("mark", [None, *Mark])
def test_neither_is_a_payment_in_part(mark: Mark | None) -> None:
    with pytest.raises(PartialApprovalError) as caught:
        deliver_record(record(State.PARTIAL, mark))
    assert caught.value.recorded is (mark is not Mark.CONTRADICTED)


@pytest.mark.parametrize("operation", ["paymentv2", "hpp/generate/link"])
@pytest.mark.parametrize("answer", [None, b"{}", b'{"redirect_url":5,"url":5}'])
def test_a_challenge_whose_link_was_lost_is_unknown(operation: str, answer: bytes | None) -> None:
    intent = Intent("order-17", b"print", operation, "1000", "JPY")
    with pytest.raises(OutcomeUnknownError):
        deliver_record(Record(intent, "token", 9.0, 0.0, 0.0, Outcome(State.CHALLENGED, answer=answer)))


def test_no_terminal_obeys_what_an_error_tells() -> None:
    told = orjson.dumps(
        {"payment_details": {"currency": "\x1b[31mJPY", "amount": 5}, "transaction_details": {"id": "t"}}
    )
    refund = Intent("refund-1", b"print", "refund", "1000")
    for outcome in (Outcome(State.PARTIAL, answer=told), *(Outcome(state, ("\x1b[2J",)) for state in ENDS)):
        with pytest.raises(PaymentOptionsError) as caught:
            deliver_record(Record(refund, "token", 9.0, 0.0, 0.0, outcome))
        assert str(caught.value).isprintable()
