"""Again, or not: tenacity, with a budget that all calls share.

The first attempt is made here, outside of tenacity, whose loop costs more than all the rest of a successful call. Only
a fault pays for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ..models.outcome import Outcome, Refusal, State
from ..settings import RetryPolicy

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["RetryBudget", "backoff", "is_askable", "is_repeatable", "is_unsent", "retrying"]

_BUDGET: Final = 500
_COST: Final = 5
_REWARD: Final = 1


class RetryBudget:
    """A bucket of tokens that all calls of a client share, so that an outage is not multiplied by its retries.

    A retry takes five, a charge that got an answer at its first attempt gives one back: in the long run one retry for
    five good calls, after a hundred at once (the figures of the AWS SDKs' standard mode).
    """

    def __init__(self) -> None:
        self._tokens = _BUDGET

    def take(self) -> bool:
        """Take what one retry costs, if it is there."""
        if self._tokens < _COST:
            return False
        self._tokens -= _COST
        return True

    def give_back(self) -> None:
        """After a call that was answered at its first attempt."""
        if self._tokens < _BUDGET:
            self._tokens += _REWARD


def is_repeatable(outcome: Outcome, policy: RetryPolicy) -> bool:
    """Whether another attempt cannot charge a second time: by proof, or by the vendor's promise."""
    if outcome.state is State.REFUSED:
        return outcome.refusal in (Refusal.NOT_SENT, Refusal.RATE_LIMITED)
    return outcome.state is State.UNKNOWN and outcome.lost and policy.repeat_after_send


def is_unsent(outcome: Outcome) -> bool:
    """Whether nothing left, by proof: all that a capture, a void or a refund is repeated for."""
    return outcome.refusal is Refusal.NOT_SENT


def is_askable(outcome: Outcome) -> bool:
    """Whether asking again may bring an answer. To read twice does no harm."""
    return outcome.lost or outcome.refusal in (Refusal.NOT_SENT, Refusal.RATE_LIMITED)


def backoff(retry: int, policy: RetryPolicy, retry_after: float | None, random: Callable[[], float]) -> float:
    """Seconds to wait before a retry: full jitter under an exponential ceiling, or what the gateway asked for.

    Args:
        retry: 1 for the first retry.
        policy: Base and cap.
        retry_after: What the gateway asked for, in seconds; obeyed up to the cap.
        random: Gives a number from 0 to 1.
    """
    if retry_after is not None:
        return min(policy.cap, retry_after)
    # From 2**64 on the ceiling is the cap whatever the base is, and larger powers overflow.
    return random() * min(policy.cap, policy.base * 2.0 ** min(retry - 1, 64))


def _is_last(
    state: RetryCallState, policy: RetryPolicy, budget: RetryBudget, seconds_left: Callable[[], float]
) -> bool:
    if state.attempt_number >= policy.max_attempts:
        return True
    # An answer after the deadline helps nobody, and a pause up to it only hides the reason.
    return state.upcoming_sleep >= seconds_left() or not budget.take()


async def retrying(
    attempt: Callable[[], Awaitable[Outcome]],
    *,
    repeats: Callable[[Outcome], bool],
    policy: RetryPolicy,
    budget: RetryBudget,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
    before_retry: Callable[[Outcome, float], None],
) -> None:
    """Make an attempt, and further ones while that is safe and worth while.

    Args:
        attempt: Makes one and gives its outcome.
        repeats: Says what is repeated.
        policy: How often, and after what pauses.
        budget: Shared by all calls.
        seconds_left: Until the deadline.
        sleep: Waits so many seconds.
        random: Gives a number from 0 to 1.
        before_retry: Told the outcome and the pause in seconds before each retry.
    """
    first = await attempt()
    if not repeats(first):
        if not first.lost:
            budget.give_back()
        return
    from tenacity import AsyncRetrying, retry_if_result

    made = [first]

    async def again() -> Outcome:
        # Tenacity wants to make the first attempt as well: it gets the one that has been made.
        return made.pop() if made else await attempt()

    await AsyncRetrying(
        retry=retry_if_result(repeats),
        wait=lambda state: backoff(state.attempt_number, policy, _result(state).retry_after, random),
        stop=lambda state: _is_last(state, policy, budget, seconds_left),
        sleep=sleep,
        before_sleep=lambda state: before_retry(_result(state), state.upcoming_sleep),
        retry_error_callback=_result,
    )(again)


def _result(state: RetryCallState) -> Outcome:
    assert state.outcome is not None  # noqa: S101  # tenacity sets it before it asks
    result: Outcome = state.outcome.result()
    return result
