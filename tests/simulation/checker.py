"""What must hold, whatever happens. It knows the gateway's books and what was seen, and nothing of the workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeVar

import attrs

from paymentoptions_async import (
    Challenge,
    ConfigurationError,
    DeclinedError,
    LedgerError,
    Mark,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptionsError,
    Record,
    ReferenceInUseError,
    State,
)
from paymentoptions_async.ledger import Ledger

from .bank import Bank, Transaction
from .history import Call, History, Sending
from .script import REFUSALS, RETRY_COST, TOTAL, Decision, Scenario

__all__ = ["Checker"]

# Seconds that an outcome is waited for to be written, and what comes on top where a call has shared another's flight.
_PATIENCE: Final = 6.0
_CLEAR: Final = frozenset({Decision.PAID, Decision.PARTIAL, Decision.DECLINED, Decision.CHALLENGED}) | REFUSALS
_FINAL: Final = {
    Payment: State.PAID, PartialApprovalError: State.PARTIAL, DeclinedError: State.DECLINED,
}  # fmt: skip

T = TypeVar("T")


def _noted(check: Callable[[Checker, T], None]) -> Callable[[Checker, T], None]:
    def checked(self: Checker, what: T) -> None:
        try:
            check(self, what)
        except AssertionError as failure:
            self.failures.append(f"{check.__name__}: {failure}")

    return checked


@attrs.define
class Checker:
    """Holds what happens against the promise.

    Args:
        scenario: What was drawn.
        history: What was seen.
        bank: The gateway's books.

    Attributes:
        clocks_are_true: Whether no wall clock was set meanwhile.
        failures: What did not hold. An error would be lost here and there: the client takes some for faults.
        seen: How often which outcome was told.
    """

    scenario: Scenario
    history: History
    bank: Bank
    clocks_are_true: bool = True
    failures: list[str] = attrs.field(factory=list)
    seen: Counter[str] = attrs.field(factory=Counter)
    _finals: dict[str, Record] = attrs.field(factory=dict)

    # --- at every step ---

    @_noted
    def on_sending(self, sending: Sending) -> None:
        """A request is sent only where every one before it is known to have touched nothing."""
        for earlier in self.history.of(sending.reference)[:-1]:
            assert self._may_follow(earlier, sending), f"sent again: {earlier} then {sending}"

    def _may_follow(self, earlier: Sending, sending: Sending) -> bool:
        if earlier.told_at is not None and earlier.decision in REFUSALS:
            return True
        if earlier.at < self.history.cleared_at.get(earlier.reference, -1.0):
            return True
        is_lost = earlier.told_at is None or earlier.decision in (Decision.BROKEN, Decision.BROKEN_PAID)
        is_lost = is_lost or earlier.decision is Decision.GARBLED_PAID
        return self.scenario.repeats and is_lost and earlier.process == sending.process

    @_noted
    def on_decision(self, sending: Sending) -> None:
        """Money moves once at the most."""
        moved = self.bank.moved(sending.reference)
        assert len(moved) <= 1, f"charged twice: {sending.reference}"

    @_noted
    def on_payer(self, one: Transaction) -> None:
        """Likewise."""
        assert len(self.bank.moved(one.reference)) <= 1, f"charged twice: {one.reference}"

    @_noted
    def on_end(self, call: Call) -> None:
        """What a call says about the money is what the books say."""
        self.seen[_name(call.result)] += 1
        self._check_deadline(call)
        if not call.is_charge:
            self._note_settled(call)
            return
        moved = self.bank.moved(call.reference)
        match call.result:
            case Payment():
                assert len(moved) == 1, f"paid, but the books say {moved}: {call}"
                assert moved[0].id == call.result.transaction_id, call
                assert Decimal(moved[0].amount) == call.result.amount == call.asked, call
            case PartialApprovalError():
                assert [one.decision for one in moved] == [Decision.PARTIAL], call
            case OutcomeUnknownError():
                assert self._is_in_doubt(call), f"unknown, and it could be known: {call}"
            case PaymentOptionsError() if call.result.money in ("not touched", "not moved"):
                self._check_untouched(call)
            case Challenge():
                assert self.bank.of[call.reference], call

    def _note_settled(self, call: Call) -> None:
        """What a status query has told as final is known to all from then on."""
        if isinstance(call.result, Record) and call.result.outcome.state in _FINAL.values() and call.ended is not None:
            self.history.settled_at.setdefault(call.reference, call.ended)

    def _check_untouched(self, call: Call) -> None:
        """Nothing moved, and nothing is on its way that could move it."""
        sent = self.history.of(call.reference)
        own = [one for one in sent if _is_within(one, call)]
        if isinstance(call.result, NotSentError | ConfigurationError):
            # It never came to ask the ledger, or that was away: nobody knows what an earlier call has done.
            sent = [] if self._is_one_of_several(call) else own
        elif own and own[-1].told_at is not None and own[-1].decision in REFUSALS:
            # From then on it is free for everybody, and this call may have stood still before it said so.
            sent = [one for one in sent if one.process == call.process or one.at < own[-1].told_at]
        for sending in sent:
            assert not sending.moved, f"it has moved: {call}, {sending}"
            # One that comes late to a gateway that rejects what it has decided already is harmless.
            is_settled = self.scenario.duplicates == "reject" and self.bank.of[call.reference]
            assert sending.is_lost or sending.decision or is_settled, f"it may still arrive: {call}, {sending}"

    def _is_one_of_several(self, call: Call) -> bool:
        """Whether its process made other calls of the reference as well: then whose sending it was is not seen here."""
        others = (one for one in self.history.calls if one is not call and one.reference == call.reference)
        return any(one.process == call.process for one in others)

    def _check_deadline(self, call: Call) -> None:
        if call.was_frozen or call.is_batched or not call.is_charge or call.ended is None:
            return
        assert call.ended - call.began <= TOTAL + _PATIENCE, f"too late: {call}"

    def _is_in_doubt(self, call: Call) -> bool:
        """Whether somebody has sent it and got no clear answer; or what was sent has no word in the ledger yet."""
        sendings = self.history.of(call.reference)
        if call.reference in self.history.store_failed or not self.clocks_are_true:
            return True
        if self.history.settled_at.get(call.reference, call.began) < call.began:
            return False
        return any(
            sending.told_at is None or sending.decision not in _CLEAR or sending.is_duplicate or self._was_late(sending)
            for sending in sendings
        ) or self._died_on_the_way(call)

    def _was_late(self, sending: Sending) -> bool:
        """Whether the answer came to a call that was over by then, or that was never heard of again."""
        return all(
            not call.is_charge
            or call.process != sending.process
            or call.ended is None
            or call.was_cancelled
            or not call.began <= sending.at <= call.ended
            or call.ended - call.began >= TOTAL - 0.001
            or isinstance(call.result, ReferenceInUseError)
            for call in self.history.calls
            if call.reference == sending.reference
        ) or any(
            (call.ended is None or call.was_cancelled or call.was_frozen)
            for call in self.history.calls
            if call.reference == sending.reference and call.process == sending.process and call.is_charge
        )

    def _died_on_the_way(self, call: Call) -> bool:
        """Whether a process that had claimed it died or stood still before it wrote down how it ended."""
        return any(
            earlier.reference == call.reference and earlier.is_charge and (earlier.ended is None or earlier.was_frozen)
            for earlier in self.history.calls
        )

    # --- afterwards ---

    async def before_recovery(self, ledger: Ledger) -> None:
        """Whatever has moved stands in the ledger as something that may have moved."""
        for reference in self.scenario.references:
            record = await ledger.find(reference)
            if not self.bank.moved(reference):
                self._check_not_paid(record)
                continue
            assert record is not None, f"lost: {reference}"
            state = record.outcome.state
            if state not in (State.PAID, State.PARTIAL, State.UNKNOWN, State.CHALLENGED):
                raise AssertionError(f"moved, but the ledger says {record}")

    def _check_not_paid(self, record: Record | None) -> None:
        if record is not None and record.outcome.state in (State.PAID, State.PARTIAL):
            raise AssertionError(f"not moved, but the ledger says {record}")

    async def after_recovery(self, ledger: Ledger) -> None:
        """What is settled by then is settled truly."""
        for reference in self.scenario.references:
            record = await ledger.find(reference)
            if record is None:
                assert not self.bank.of[reference], f"lost: {reference}"
                continue
            self._finals[reference] = record
            assert record.mark is not Mark.CONTRADICTED or self._is_late_doubt(record), record
            self._check_told_before(record)
            moved = self.bank.moved(reference)
            match record.outcome.state:
                case State.PAID | State.PARTIAL:
                    assert [one.id for one in moved] == [record.outcome.transaction_id], record
                case State.CHALLENGED | State.UNKNOWN:
                    pass  # nobody has told how it ended, or it moved in part, which no person can say
                case state:
                    assert not moved, f"{state}, but moved: {record}"

    def _is_late_doubt(self, record: Record) -> bool:
        """Whether a doubt came late to the ledger, after a person had found nothing and said that it may be sent."""
        reference = record.merchant_txn_ref
        was_cleared = reference in self.history.cleared_at and reference in self.history.store_failed
        return was_cleared and record.outcome.state is State.UNKNOWN

    def _check_told_before(self, record: Record) -> None:
        """What a caller was told as final, and as written down, is what stands."""
        for call in self.history.calls:
            told = _FINAL.get(type(call.result)) if call.reference == record.merchant_txn_ref else None
            if told is not None and call.result.recorded:
                assert record.outcome.state is told, f"{call}: {record}"
                if isinstance(call.result, Payment):
                    assert record.outcome.transaction_id == call.result.transaction_id, f"{call}: {record}"

    def on_repeated(self, call: Call) -> None:
        """Once more, when all is over: the ledger answers, the same as it has stored."""
        assert call.ended is not None, call
        assert getattr(call.result, "replayed", False), f"{call}: {self._finals[call.reference]}"
        state = self._finals[call.reference].outcome.state
        told = {
            State.PAID: Payment, State.PARTIAL: PartialApprovalError, State.DECLINED: DeclinedError,
            State.CHALLENGED: Challenge, State.UNKNOWN: OutcomeUnknownError,
        }[state]  # fmt: skip
        assert isinstance(call.result, told), call

    def at_the_end(self, sent_before: int) -> None:
        """To ask again has sent nothing, and no client has retried for more than its budget."""
        assert len(self.history.sendings) == sent_before
        for process in {sending.process for sending in self.history.sendings}:
            self._check_budget(process)

    def _check_budget(self, process: str) -> None:
        sent = Counter(one.reference for one in self.history.sendings if one.process == process)
        asked = Counter(call.reference for call in self.history.calls if call.process == process and call.is_charge)
        retries = (sent - asked).total()
        assert retries * RETRY_COST <= self.scenario.budget + sent.total(), f"{retries} retries of {process}"


def _is_within(sending: Sending, call: Call) -> bool:
    return sending.process == call.process and sending.at >= call.began


def _name(result: Any) -> str:
    if isinstance(result, LedgerError):
        return "LedgerError"
    return type(result).__name__
