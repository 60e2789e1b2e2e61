"""When a batch pauses, and what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paymentoptions_async.batch.breaker import Breaker

from .results import (
    CLOSED,
    DECLINED,
    IN_USE,
    INVALID_HERE,
    KNOWN_UNKNOWN,
    NOT_SENT,
    PAID,
    REPLAYED,
    THROTTLED,
    UNAUTHORIZED,
    UNKNOWN,
    Answer,
    result,
)


def reason(answers: list[Answer]) -> str | None:
    breaker = Breaker()
    for answer in answers:
        breaker.record(result(answer))
    return breaker.reason


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([UNAUTHORIZED] * 3, "the credentials were refused 3 times in a row"),
        ([PAID, UNAUTHORIZED, INVALID_HERE, UNAUTHORIZED, REPLAYED, UNAUTHORIZED], "the credentials were refused"),
        ([NOT_SENT] * 10, "10 charges in a row got no answer"),
        ([THROTTLED] * 10, "10 charges in a row got no answer"),
        ([NOT_SENT, UNKNOWN, THROTTLED, ValueError()] * 2 + [UNKNOWN] * 2, "10 charges in a row got no answer"),
        ([PAID, UNKNOWN] * 10, "10 of the last 20 charges are of unknown outcome"),
        ([PAID] * 100 + [PAID, PAID, UNKNOWN, UNKNOWN] * 10, "20 of the last 40 charges are of unknown outcome"),
        ([CLOSED], "the client cannot work: the client is closed"),
    ],
)
def test_it_trips_and_says_why(answers: list[Answer], words: str) -> None:
    assert reason(answers[:-1]) is None
    assert words in (reason(answers) or "")


@pytest.mark.parametrize(
    "answers",
    [
        [UNAUTHORIZED, UNAUTHORIZED, PAID] * 10,
        ([NOT_SENT] * 9 + [PAID]) * 10,
        [DECLINED] * 100,
        [INVALID_HERE] * 100,
        [KNOWN_UNKNOWN] * 100,
        [IN_USE] * 100,
        [UNKNOWN, PAID] * 9,
        [UNKNOWN, PAID, PAID] * 100,
    ],
)
def test_it_lets_pass_what_is_the_fault_of_single_requests(answers: list[Answer]) -> None:
    assert reason(answers) is None


@given(some.lists(some.sampled_from([PAID, UNKNOWN, NOT_SENT, UNAUTHORIZED, KNOWN_UNKNOWN]), max_size=80))
def test_the_first_reason_stays(answers: list[Answer]) -> None:
    breaker, first = Breaker(), None
    for answer in answers:
        breaker.record(result(answer))
        first = first or breaker.reason
        assert breaker.reason == first
