"""What a call says when it ends, held against the gateway's books and the ledger's file."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from paymentoptions_async import (
    Challenge,
    ConfigurationError,
    DeclinedError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptionsError,
    Record,
    ReferenceConflictError,
    ReferenceInUseError,
    State,
)

from .bank import Bank
from .doubt import Doubt
from .history import Call, History, Sending
from .script import REFUSALS, Decision, Scenario

__all__ = ["Words"]

# Seconds beyond its deadline that a call may take to have an outcome written or a right given back: a moment where
# the ledger answers at once, and three waits of the client's where it does not.
_MOMENT: Final = 0.1
_PATIENCE: Final = 5.0 + 5.0 + 1.0 + _MOMENT

_Kept: Final = Payment | Challenge | DeclinedError | PartialApprovalError | OutcomeUnknownError


@attrs.define
class Words:
    """Holds the word of each call against what was seen.

    Args:
        scenario: What was drawn.
        history: What was seen.
        bank: The gateway's books.
        stored: Gives what the ledger says of a reference now.
    """

    scenario: Scenario
    history: History
    bank: Bank
    stored: Callable[[str], Record | None]

    def check(self, call: Call) -> None:
        """What it says is true.

        Raises:
            AssertionError: It is not.
        """
        assert not isinstance(call.result, BaseException) or isinstance(
            call.result, PaymentOptionsError | CancelledError
        ), f"no error of the client's: {call}"
        self._check_time(call)
        if not call.is_charge:
            return
        if call.was_cancelled:
            self._check_cancelled(call)
        else:
            self._check_money(call)
            self._check_recorded(call)

    def _check_time(self, call: Call) -> None:
        if call.was_frozen or call.is_batched or call.ended is None:
            return
        if self.scenario.store_slow and not call.is_charge:
            return  # it has the ledger's time on top, as often as it asks there
        patience = _PATIENCE if self.scenario.store_slow else _MOMENT
        assert call.ended - call.began <= call.limit + patience, f"too late: {call}"

    def _check_cancelled(self, call: Call) -> None:
        assert isinstance(call.result, CancelledError), f"the cancel was lost: {call}"
        if self._is_one_of_several(call):
            return
        for note in getattr(call.result, "__notes__", ()):
            if ": refused" in note:
                self._check_nothing_moves(call, self._own(call))
            elif ": paid" in note:
                assert self.bank.moved(call.reference), f"paid by {note}: {call}"

    def _check_money(self, call: Call) -> None:
        moved = self.bank.moved(call.reference)
        match call.result:
            case Payment():
                assert len(moved) == 1, f"paid, but the books say {moved}: {call}"
                assert moved[0].id == call.result.transaction_id, call
                assert Decimal(moved[0].amount) == call.result.amount == call.asked, call
            case PartialApprovalError():
                assert [one.decision for one in moved] == [Decision.PARTIAL], call
            case OutcomeUnknownError():
                assert Doubt(self.history).is_due(call), f"unknown, and it could be known: {call}"
            case Challenge():
                asked = [one.id for one in self.bank.of[call.reference] if one.decision is Decision.CHALLENGED]
                assert call.result.redirect_url.rpartition("/")[2] in asked, call
            case ReferenceInUseError() | ReferenceConflictError():
                self._check_another(call)
            case PaymentOptionsError() if call.result.money in ("not touched", "not moved"):
                self._check_untouched(call)
            case _:
                raise AssertionError(f"says nothing of the money: {call}")

    def _check_another(self, call: Call) -> None:
        """That it is another one that is in the way."""
        others = [one for one in self.history.calls if one is not call and one.reference == call.reference]
        if isinstance(call.result, ReferenceConflictError):
            assert any(one.asked != call.asked for one in others), f"a conflict with itself: {call}"
        elif self.history.clocks_are_true and not self.scenario.store_slow:
            may_hold = any(one.is_charge and (_outlives(one, call) or one.was_cancelled) for one in others)
            assert may_hold or call.reference in self.history.store_failed, f"in use by nobody: {call}"
        if not self._is_one_of_several(call):
            assert not self._own(call), f"it is the one that has sent: {call}"

    def _check_untouched(self, call: Call) -> None:
        """Nothing moved, and nothing is on its way that could move it."""
        sent = self.history.of(call.reference)
        own = [one for one in sent if any(one.is_within(sharer) for sharer in self._sharers(call))]
        if isinstance(call.result, NotSentError | ConfigurationError):
            # It never came to ask the ledger, or that was away: nobody knows what an earlier call has done.
            sent = [] if self._is_one_of_several(call) else own
        elif own and own[-1].told_at is not None and own[-1].decision in REFUSALS:
            # From then on it is free for everybody, and this call may have stood still before it said so.
            sent = [one for one in sent if one.process == call.process or one.at < own[-1].told_at]
        self._check_nothing_moves(call, sent)

    def _check_nothing_moves(self, call: Call, sent: list[Sending]) -> None:
        for sending in sent:
            assert not sending.moved, f"it has moved: {call}, {sending}"
            # One that comes late to a gateway that rejects what it has decided already is harmless.
            is_settled = self.scenario.duplicates == "reject" and self.bank.of[call.reference]
            assert sending.is_lost or sending.decision or is_settled, f"it may still arrive: {call}, {sending}"

    def _check_recorded(self, call: Call) -> None:
        """Who is told that it is written down can rely on it."""
        if not isinstance(call.result, _Kept) or not call.result.recorded or call.was_frozen:
            return
        record = self.stored(call.reference)
        is_kept = record is not None and record.outcome.state is not State.SENDING
        assert is_kept or not self.history.clocks_are_true, f"not written down: {call}: {record}"

    def _own(self, call: Call) -> list[Sending]:
        return [one for one in self.history.of(call.reference) if one.is_within(call)]

    def _sharers(self, call: Call) -> list[Call]:
        return [call, *(one for one in self.history.calls if one is not call and one.shares(call))]

    def _is_one_of_several(self, call: Call) -> bool:
        """Whether its process made other calls of the reference meanwhile: then whose sending it was is not seen."""
        return len(self._sharers(call)) > 1


def _outlives(one: Call, other: Call) -> bool:
    return one.ended is None or other.ended is None or one.ended >= other.ended - _MOMENT
