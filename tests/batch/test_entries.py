"""What is written down of a charge."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime
from typing import Final

import attrs
import pytest

from paymentoptions_async import Challenge, PartialApprovalError, Payment, PaymentOptionsError
from paymentoptions_async.batch.entries import Place, entry_of
from paymentoptions_async.batch.sources import Line

from .results import BASE, CHALLENGED, DECLINED, PAID, PARTIAL, PAYMENT, Answer, result

NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)


def unrecorded(answer: Answer) -> Answer:
    if isinstance(answer, Payment | Challenge):
        return attrs.evolve(answer, recorded=False)
    error = copy(answer)
    assert isinstance(error, PaymentOptionsError)
    error.recorded = False
    if isinstance(error, PartialApprovalError):
        error.payment = attrs.evolve(PAYMENT, recorded=False)
    return error


@pytest.mark.parametrize("answer", [PAID, CHALLENGED, DECLINED, PARTIAL], ids=lambda answer: type(answer).__name__)
def test_no_money_is_told_without_a_word_where_the_ledger_does_not_say_so(answer: Answer) -> None:
    def told(answer: Answer) -> tuple[str, bool]:
        entry = entry_of(Line(1, BASE), result(answer), Place("", ""), NOW)
        return entry["money"], entry["recorded"]

    assert told(answer) == (result(answer).money, True)
    assert told(unrecorded(answer)) == (f"{result(answer).money}; the ledger does not say so", False)
