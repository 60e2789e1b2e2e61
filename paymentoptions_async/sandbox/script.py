"""What is to happen next: told by a test, while the sandbox runs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from paymentoptions_async.models.codes import Reason, find_code, response_codes

from .contract import Refusal
from .faults import Fault, Faults, draw_from
from .rules import TEST_CARDS, CardRule

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Script"]

_NO_DECLINES: Final = frozenset({Reason.APPROVED, Reason.PARTIAL, Reason.UNCLEAR, Reason.PENDING, Reason.DUPLICATE})
_REFUSALS: Final = (400, 401, 403, 404, 406, 412)
_TIMED_OUT: Final = 68
_PARTLY_APPROVED: Final = 10
# The test cards' codes come first: of all codes of a reason they are the plainest.
_CODES: Final = (*(card.rule.response_code for card in TEST_CARDS), *response_codes())


class Script:
    """Says what becomes of the next charges and requests; each call adds to what was said before.

    What is **decided** stands for the card of the next purchase, authorisation, capture, refund or cycle, in the order
    in which they are decided, whatever the card is. A test amount goes before it.

    A **fault** meets the next request of any kind, in order of arrival; those of `Sandbox(faults=...)` come after it.
    So a charge can be declined and its answer be lost, and one that meets a 429 is decided when it is sent again.

    Args:
        faults: As for `Sandbox`.
    """

    def __init__(self, faults: Faults = ()) -> None:
        self._rules: deque[CardRule] = deque()
        self._refusals: deque[Refusal] = deque()
        self._faults: deque[Fault] = deque()
        self._later: Callable[[], Fault | None] = draw_from(faults)

    # --- decided ----------------------------------------------------------------------------------

    def approve(self) -> None:
        """The issuer says yes, whatever the card."""
        self._rules.append(CardRule())

    def decline(self, why: Reason | int = Reason.DECLINED) -> None:
        """The issuer, or a risk rule, says no: `DeclinedError`.

        Args:
            why: A reason, or a response code of the acquirer's.

        Raises:
            ValueError: No code declines for this reason.
        """
        self._rules.append(CardRule(_declining_code(why)))

    def approve_in_part(self) -> None:
        """Half of the amount is approved: `PartialApprovalError`."""
        self._rules.append(CardRule(_PARTLY_APPROVED))

    def challenge(self) -> None:
        """The payer is asked first: `Challenge`. On version 2 only; on version 1 it is approved."""
        self._rules.append(CardRule(challenges=True))

    def leave_unclear(self) -> None:
        """An answer comes, with a code that does not tell what happened: `OutcomeUnknownError`."""
        self._rules.append(CardRule(_TIMED_OUT))

    def refuse(self, status: int = 400) -> None:
        """The gateway does not take the next request: `InvalidRequestError`, or at 401 and 403 `AuthenticationError`.

        Args:
            status: 400, 401, 403, 404, 406 or 412.

        Raises:
            ValueError: Another status.
        """
        if status not in _REFUSALS:
            raise ValueError(f"status: one of {', '.join(map(str, _REFUSALS))}")
        self._refusals.append(Refusal(status, "refused, as a test has scripted it"))

    # --- on the wire ------------------------------------------------------------------------------

    def lose_answer(self) -> None:
        """It is decided and carried out, and the connection breaks before the answer: `OutcomeUnknownError`."""
        self.strike("reset:after_commit")

    def answer_slowly(self, seconds: float) -> None:
        """The right answer comes, in pieces over some seconds."""
        self.strike(Fault("drip", seconds=seconds))

    def limit_rate(self, times: int = 1, *, retry_after: float = 1.0) -> None:
        """429, and nothing is decided: `RateLimitedError` once the retries are used up.

        Args:
            times: How many requests are answered so.
            retry_after: Seconds that it asks to wait.
        """
        self.strike(*(Fault("429", seconds=retry_after) for _ in range(times)))

    def strike(self, *faults: Fault | str) -> None:
        """Any fault there is, one for each request: `strike("503:before_commit", "hang")`.

        Raises:
            ValueError: A text is no fault.
        """
        self._faults.extend([Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults])

    # --- what the sandbox asks --------------------------------------------------------------------

    def draw_fault(self) -> Fault | None:
        """What the next request meets."""
        return self._faults.popleft() if self._faults else self._later()

    def draw_refusal(self) -> Refusal | None:
        """Why the next request is not decided at all."""
        return self._refusals.popleft() if self._refusals else None

    def draw_rule(self) -> CardRule | None:
        """How the next card behaves, whatever card it is."""
        return self._rules.popleft() if self._rules else None


def _declining_code(why: Reason | int) -> int:
    codes = (why,) if isinstance(why, int) else _CODES
    for row in map(find_code, codes):
        if row is not None and row.reason not in _NO_DECLINES and why in (row.code, row.reason):
            return row.code
    raise ValueError(f"why: {why} is no decline")
