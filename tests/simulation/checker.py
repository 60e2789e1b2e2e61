"""What must hold, whatever happens. It knows the gateway's books and what was seen, and nothing of the workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

from paymentoptions_async import (
    Challenge,
    DeclinedError,
    LedgerError,
    Mark,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    Record,
    State,
)
from paymentoptions_async.ledger import Ledger
from paymentoptions_async.ledger.rules import _DIED

from .bank import Bank, Transaction
from .history import Call, History, Sending
from .script import REFUSALS, RETRY_COST, Decision, Scenario
from .words import Words

__all__ = ["Checker"]

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
        stored: Gives what the ledger says of a reference now.

    Attributes:
        failures: What did not hold. An error would be lost here and there: the client takes some for faults.
        seen: How often which outcome was told.
    """

    scenario: Scenario
    history: History
    bank: Bank
    stored: Callable[[str], Record | None]
    failures: list[str] = attrs.field(factory=list)
    seen: Counter[str] = attrs.field(factory=Counter)
    _words: Words = attrs.field(init=False)
    _finals: dict[str, Record] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._words = Words(self.scenario, self.history, self.bank, self.stored)

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
        self._words.check(call)
        if not call.is_charge:
            self._note_settled(call)

    def _note_settled(self, call: Call) -> None:
        """What a status query has told as final is known to all from then on."""
        if isinstance(call.result, Record) and call.result.outcome.state in _FINAL.values() and call.ended is not None:
            self.history.settled_at.setdefault(call.reference, call.ended)

    # --- afterwards ---

    def after_all_calls(self) -> None:
        """Every call has come to an end, unless its process died."""
        for call in self.history.calls:
            assert call.ended is not None or call.process in self.history.killed, f"it never ended: {call}"

    async def before_recovery(self, ledger: Ledger) -> None:
        """Whatever has moved stands in the ledger as something that may have moved."""
        for reference in self.scenario.references:
            record = await ledger.find(reference)
            self._check_written(reference, self.stored(reference))
            if not self.bank.moved(reference):
                self._check_not_paid(record)
                continue
            assert record is not None, f"lost: {reference}"
            state = record.outcome.state
            if state not in (State.PAID, State.PARTIAL, State.UNKNOWN, State.CHALLENGED):
                raise AssertionError(f"moved, but the ledger says {record}")

    def _check_written(self, reference: str, record: Record | None) -> None:
        """Whoever lived on has written down how it ended, as soon as that could be done."""
        if record is not None and record.outcome.evidence == (_DIED,):
            left = any(call.reference == reference and call.process in self.history.gone for call in self.history.calls)
            assert left or reference in self.history.stuck, f"never written: {record}"

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
            if record.mark is None:
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
        may_be_late = reference in self.history.store_failed or self.scenario.store_slow > 0
        return may_be_late and reference in self.history.cleared_at and record.history[-1].state is State.UNKNOWN

    def _check_told_before(self, record: Record) -> None:
        """What a caller was told as final, and as written down, is what stands."""
        for call in self.history.calls:
            told = _FINAL.get(type(call.result)) if call.reference == record.merchant_txn_ref else None
            # What could not be written at once is written later, as long as its process lives.
            if told is not None and (call.result.recorded or call.process not in self.history.gone):
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


def _name(result: Any) -> str:
    if isinstance(result, LedgerError):
        return "LedgerError"
    return type(result).__name__
