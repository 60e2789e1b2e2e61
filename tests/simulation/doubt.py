"""Whether a call was right to say that it does not know."""

from __future__ import annotations

from typing import Final

import attrs

from paymentoptions_async import ReferenceInUseError

from .history import Call, History, Sending
from .script import REFUSALS, TOTAL, Decision

__all__ = ["Doubt"]

_CLEAR: Final = frozenset({Decision.PAID, Decision.PARTIAL, Decision.DECLINED, Decision.CHALLENGED}) | REFUSALS


@attrs.define
class Doubt:
    """Knows what the client could have known.

    Args:
        history: What was seen.
    """

    history: History

    def is_due(self, call: Call) -> bool:
        """Whether somebody has sent it and got no clear answer; or what was sent has no word in the ledger yet."""
        sendings = self.history.of(call.reference)
        is_clear = all(self._was_told(sending) for sending in sendings)
        if is_clear and any(sending.is_within(call) for sending in sendings):
            return False  # whatever the ledger says: it has heard the answer itself
        if call.reference in self.history.store_failed or not self.history.clocks_are_true:
            return True
        # Who shares a flight is told what that knew, and it began earlier.
        began = min((one.began for one in self.history.calls if one.shares(call)), default=call.began)
        if self.history.settled_at.get(call.reference, began) < began:
            return False
        return not is_clear or self._died_on_the_way(call)

    def _was_told(self, sending: Sending) -> bool:
        is_clear = sending.told_at is not None and sending.decision in _CLEAR and not sending.is_duplicate
        return is_clear and not self._was_late(sending)

    def _was_late(self, sending: Sending) -> bool:
        """Whether the answer came to a call that was over by then, or that was never heard of again."""
        calls = [
            call
            for call in self.history.calls
            if call.reference == sending.reference and call.process == sending.process and call.is_charge
        ]
        return any(call.ended is None or call.was_cancelled or call.was_frozen for call in calls) or all(
            not sending.is_within(call) or _took_all_its_time(call) or isinstance(call.result, ReferenceInUseError)
            for call in calls
        )

    def _died_on_the_way(self, call: Call) -> bool:
        """Whether a process that had claimed it died or stood still before it wrote down how it ended."""
        return any(
            earlier.reference == call.reference and earlier.is_charge and (earlier.ended is None or earlier.was_frozen)
            for earlier in self.history.calls
        )


def _took_all_its_time(call: Call) -> bool:
    return call.ended is None or call.ended - call.began >= TOTAL - 0.001
