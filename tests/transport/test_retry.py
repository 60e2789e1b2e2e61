from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paymentoptions_async import RetryPolicy
from paymentoptions_async.models.outcome import Outcome, Refusal, State
from paymentoptions_async.transport.retry import RetryBudget, backoff, is_repeatable, retrying

PAID = Outcome(state=State.PAID)
NOT_SENT = Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT)
LIMITED = Outcome(state=State.REFUSED, refusal=Refusal.RATE_LIMITED, retry_after=3.0)
LOST = Outcome(state=State.UNKNOWN, lost=True)
SPOKEN = Outcome(state=State.UNKNOWN)
REPEATING = RetryPolicy(repeat_after_send=True)


@pytest.mark.parametrize(
    ("outcome", "by_default", "when_repeating"),
    [
        (NOT_SENT, True, True),
        (LIMITED, True, True),
        (LOST, False, True),
        (SPOKEN, False, False),
        (PAID, False, False),
        (Outcome(state=State.DECLINED), False, False),
        (Outcome(state=State.PARTIAL), False, False),
        (Outcome(state=State.CHALLENGED), False, False),
        (Outcome(state=State.REFUSED, refusal=Refusal.INVALID), False, False),
        (Outcome(state=State.REFUSED, refusal=Refusal.AUTHENTICATION), False, False),
    ],
)
def test_only_what_cannot_charge_twice_is_repeated(outcome: Outcome, by_default: bool, when_repeating: bool) -> None:
    assert is_repeatable(outcome, RetryPolicy()) is by_default
    assert is_repeatable(outcome, REPEATING) is when_repeating


@given(
    st.integers(1, 10_000), st.floats(0.001, 100), st.floats(0.001, 100), st.floats(0, 1), st.none() | st.floats(0, 1e9)
)
def test_no_pause_is_longer_than_the_cap_or_the_exponential_ceiling(
    retry: int, base: float, cap: float, chance: float, asked: float | None
) -> None:
    pause = backoff(retry, RetryPolicy(base=base, cap=cap), asked, lambda: chance)
    assert 0 <= pause <= cap
    if asked is None and retry < 30:
        assert pause <= base * 2 ** (retry - 1)


def test_jitter_is_full() -> None:
    policy = RetryPolicy(base=1, cap=100)
    assert [backoff(n, policy, None, lambda: 1.0) for n in (1, 2, 3)] == [1, 2, 4]
    assert backoff(3, policy, None, lambda: 0.0) == 0


def test_retry_after_is_obeyed_up_to_the_cap() -> None:
    assert backoff(1, RetryPolicy(cap=10), 3.0, lambda: 0.0) == 3.0
    assert backoff(1, RetryPolicy(cap=10), 3600.0, lambda: 0.0) == 10


class Run:
    """A run of `retrying` in which sleep is counted, not slept."""

    def __init__(self, outcomes: Sequence[Outcome], seconds_left: float = 1000.0) -> None:
        self.outcomes = list(outcomes)
        self.made = 0
        self.pauses: list[float] = []
        self.told: list[Outcome] = []
        self.budget = RetryBudget()
        self.seconds_left = seconds_left

    async def attempt(self) -> Outcome:
        self.made += 1
        return self.outcomes[min(self.made, len(self.outcomes)) - 1]

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds_left -= seconds

    async def go(self, policy: RetryPolicy) -> int:
        await retrying(
            self.attempt,
            repeats=lambda outcome: is_repeatable(outcome, policy),
            policy=policy,
            budget=self.budget,
            seconds_left=lambda: self.seconds_left,
            sleep=self.sleep,
            random=lambda: 1.0,
            before_retry=lambda outcome, _: self.told.append(outcome),
        )
        return self.made


@pytest.mark.asyncio
async def test_a_success_is_one_attempt() -> None:
    run = Run([PAID])
    assert await run.go(RetryPolicy()) == 1
    assert not run.pauses


@pytest.mark.asyncio
async def test_an_unsent_request_is_tried_until_it_is_sent() -> None:
    run = Run([NOT_SENT, NOT_SENT, PAID])
    assert await run.go(RetryPolicy(base=1)) == 3
    assert run.pauses == [1, 2]
    assert run.told == [NOT_SENT, NOT_SENT]


@pytest.mark.asyncio
async def test_a_lost_answer_is_not_repeated_by_default() -> None:
    assert await Run([LOST]).go(RetryPolicy()) == 1
    assert await Run([NOT_SENT, LOST]).go(RetryPolicy()) == 2
    assert await Run([LOST, LOST, PAID]).go(REPEATING) == 3


@pytest.mark.asyncio
async def test_attempts_end_at_the_maximum() -> None:
    assert await Run([NOT_SENT]).go(RetryPolicy(max_attempts=3)) == 3
    assert await Run([NOT_SENT]).go(RetryPolicy(max_attempts=1)) == 1


@pytest.mark.asyncio
async def test_no_pause_reaches_the_deadline() -> None:
    run = Run([NOT_SENT], seconds_left=4)
    assert await run.go(RetryPolicy(base=1, max_attempts=9)) == 3
    assert run.seconds_left == 1


@pytest.mark.asyncio
async def test_an_outage_is_not_multiplied_by_its_retries() -> None:
    policy, budget, made = RetryPolicy(max_attempts=4), RetryBudget(), 0
    for _ in range(1000):
        run = Run([NOT_SENT])
        run.budget = budget
        made += await run.go(policy)
    assert made == 1000 + 100


@pytest.mark.asyncio
async def test_lost_answers_do_not_refill_the_budget() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(50):
        run = Run([LOST])
        run.budget = budget
        await run.go(RetryPolicy())
    assert not budget.take()


@pytest.mark.asyncio
async def test_good_calls_refill_the_budget() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(5):
        run = Run([PAID])
        run.budget = budget
        await run.go(RetryPolicy())
    assert budget.take()
    assert not budget.take()
