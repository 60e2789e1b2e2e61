"""Asks the gateway what moves no money, again where no answer comes, under one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .course import under_way
from .delivery import refused_error
from .errors import NoAnswerError, PaymentOptionsError
from .models.outcome import Outcome, Refusal, State
from .runtime import Runtime
from .settings import Settings
from .transport.reply import Fault, Reply
from .transport.retry import RetryBudget, is_askable, retrying
from .verdict import Judged

__all__ = ["Asking", "no_answer"]


class Asking:
    """Asks, by one client's settings.

    Args:
        settings: The deadline, and the pauses between attempts.
        budget: Of the retries of a client.
        runtime: Sleep, chance and time.
    """

    def __init__(self, *, settings: Settings, budget: RetryBudget, runtime: Runtime) -> None:
        self._settings = settings
        self._budget = budget
        self._runtime = runtime

    async def ask(
        self,
        send: Callable[[], Awaitable[Reply | Fault]],
        judge: Callable[[Reply | Fault], Judged],
        repeats: Callable[[Outcome], bool] = is_askable,
    ) -> Judged:
        """Ask until there is an answer, or it is not worth while any more.

        Args:
            send: Makes one attempt.
            judge: Gives the outcome of one.
            repeats: Says after which another one is made.

        Returns:
            The last one. Where the deadline passed, `REFUSED` as not sent.
        """
        judged: list[Judged] = []
        if (course := under_way.get()) is not None:
            course.number = 0  # what a call asks anew is no retry

        async def attempt() -> Outcome:
            judged.append(judge(await send()))
            return judged[-1].outcome

        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.timeouts.total
        try:
            async with asyncio.timeout_at(deadline):
                await retrying(
                    attempt,
                    repeats=repeats,
                    policy=self._settings.retry,
                    budget=self._budget,
                    seconds_left=lambda: deadline - loop.time(),
                    sleep=self._runtime.sleep,
                    random=self._runtime.random,
                    before_retry=lambda _outcome, _pause: None,
                )
        except TimeoutError:
            why = f"the deadline of {self._settings.timeouts.total:g} s passed"
            return Judged(Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT, evidence=(why,)))
        last = judged[-1]
        return last._replace(outcome=last.outcome._replace(attempts=len(judged)))


def no_answer(outcome: Outcome, reference: str | None = None) -> PaymentOptionsError:
    """What is raised where a question, or a change that moves no money, was not answered as it was hoped.

    Args:
        outcome: One that is not `PAID`.
        reference: Of the charge, where it is about one.
    """
    if outcome.state is State.REFUSED and outcome.refusal is not Refusal.NOT_SENT:
        return refused_error(outcome, reference)
    return NoAnswerError(
        f"no answer that can be used ({'; '.join(outcome.evidence)})",
        merchant_txn_ref=reference,
        attempts=outcome.attempts,
        evidence=outcome.evidence,
    )
