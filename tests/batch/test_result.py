"""What becomes of an answer."""

from __future__ import annotations

import os

import pytest

from paymentoptions_async import ChargeOutcome, OutcomeUnknownError, errors
from paymentoptions_async.batch.signal import Signal, signal_of

from .results import (
    CHALLENGED,
    CLOSED,
    CONFLICT,
    DECLINED,
    IN_USE,
    INVALID_HERE,
    INVALID_THERE,
    KNOWN_UNKNOWN,
    NOT_SENT,
    PAID,
    PARTIAL,
    PAYMENT,
    REPLAYED,
    THROTTLED,
    UNAUTHORIZED,
    UNKNOWN,
    Answer,
    result,
)

ENDINGS = [
    (PAID, ChargeOutcome.PAID, "moved once", Signal.ANSWERED),
    (REPLAYED, ChargeOutcome.PAID, "moved once", Signal.SILENT),
    (CHALLENGED, ChargeOutcome.CHALLENGE, "not moved yet", Signal.ANSWERED),
    (PARTIAL, ChargeOutcome.PARTIAL, "moved in part", Signal.ANSWERED),
    (DECLINED, ChargeOutcome.DECLINED, "not moved", Signal.ANSWERED),
    (INVALID_HERE, ChargeOutcome.REFUSED, "not touched", Signal.SILENT),
    (INVALID_THERE, ChargeOutcome.REFUSED, "not touched", Signal.ANSWERED),
    (UNAUTHORIZED, ChargeOutcome.REFUSED, "not touched", Signal.ANSWERED),
    (THROTTLED, ChargeOutcome.REFUSED, "not touched", Signal.THROTTLED),
    (CONFLICT, ChargeOutcome.REFUSED, "not touched by this call", Signal.SILENT),
    (NOT_SENT, ChargeOutcome.NOT_SENT, "not touched", Signal.LOST),
    (CLOSED, ChargeOutcome.NOT_SENT, "not touched", Signal.LOST),
    (UNKNOWN, ChargeOutcome.UNKNOWN, "may have moved", Signal.LOST),
    (KNOWN_UNKNOWN, ChargeOutcome.UNKNOWN, "may have moved", Signal.SILENT),
    (IN_USE, ChargeOutcome.UNKNOWN, "not touched by this call", Signal.SILENT),
    (KeyError("5200000000001005"), ChargeOutcome.UNKNOWN, "may have moved", Signal.LOST),
]


@pytest.mark.parametrize(("answer", "outcome", "money", "signal"), ENDINGS, ids=[repr(row[0])[:40] for row in ENDINGS])
def test_an_answer_is_told_as_outcome_money_and_signal(
    answer: Answer, outcome: ChargeOutcome, money: str, signal: Signal
) -> None:
    told = result(answer)
    assert (told.outcome, told.money, signal_of(told)) == (outcome, money, signal)


def test_every_error_of_a_purchase_is_in_the_table() -> None:
    not_of_a_purchase = {
        "PaymentOptionsError",
        "BatchPausedError",
        "LedgerError",
        "NoAnswerError",
        "WebhookRefusedError",
    }
    listed = {type(row[0]).__name__ for row in ENDINGS}
    assert {name for name in errors.__all__ if name.endswith("Error")} - not_of_a_purchase <= listed


@pytest.mark.parametrize(
    ("answer", "replayed"), [(PAID, False), (REPLAYED, True), (KNOWN_UNKNOWN, True), (IN_USE, False)]
)
def test_a_result_tells_whether_it_was_known_before(answer: Answer, replayed: bool) -> None:
    assert result(answer).replayed is replayed


def test_only_what_moved_is_a_payment() -> None:
    assert (result(PAID).payment, result(PARTIAL).payment, result(DECLINED).payment) == (PAYMENT, PAYMENT, None)


def test_a_bug_is_told_by_its_type_and_place_and_nothing_else() -> None:
    with pytest.raises(KeyError) as bug:
        os.environ["5200000000001005"]
    told = result(bug.value)
    assert isinstance(told.error, OutcomeUnknownError)
    assert "KeyError in " in str(told.error)
    assert "5200000000001005" not in repr(told)
