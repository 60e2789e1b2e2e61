"""What a ledger's record is to a later call."""

from __future__ import annotations

import orjson
import pytest

from paymentoptions_async import Mark, PartialApprovalError, Payment, State
from paymentoptions_async.delivery import deliver_record
from paymentoptions_async.ledger import Intent, Record
from paymentoptions_async.models.outcome import Outcome


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
