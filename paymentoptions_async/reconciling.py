"""Asks the gateway what became of a charge that is open, and writes it down."""

from __future__ import annotations

from typing import Any, Final

import orjson

from .asking import Asking
from .bell import Bell
from .delivery import reference_of, refused_error
from .errors import InvalidRequestError, OutcomeUnknownError, Problem, ReferenceInUseError
from .ledger.base import Ledger, Record
from .ledger.resolution import Resolution
from .models import lenient
from .models.outcome import Outcome, Refusal, State
from .models.payment import Authorization
from .operations import SUBSCRIBE, operation_of
from .orders import asked_of
from .transport.gateway import Gateway
from .verdict import Judged, ends_doubt, judge, names_another

__all__ = ["AnotherChargeError", "LaterStepError", "Reconciling", "tells_a_later_code"]

_MOVED: Final = (State.PAID, State.PARTIAL)
_SETTLED: Final = (*_MOVED, State.DECLINED)

# gateway/API.md, "Errors": captured, refunded, voided. What is none of these may be the charge itself.
_LATER_CODES: Final = frozenset({"INFO0001", "INFO0002", "INFO0003"})
_LATER_TYPES: Final = frozenset({"REFUND", "VOID"})


class AnotherChargeError(OutcomeUnknownError):
    """The transaction that was asked for belongs to another charge than the record."""


class LaterStepError(AnotherChargeError):
    """The transaction was made later under the reference of the record: captured, refunded, a further cycle."""


class Reconciling:
    """Settles what is open by the gateway's word.

    Args:
        gateway: Asks once.
        ledger: Remembers.
        asking: Asks until there is an answer.
        bell: Wakes those who wait for it.
    """

    def __init__(self, *, gateway: Gateway, ledger: Ledger, asking: Asking, bell: Bell) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._asking = asking
        self._bell = bell

    async def find(self, merchant_txn_ref: str) -> Record:
        """The record of a reference.

        Raises:
            InvalidRequestError: There is none.
        """
        record = await self._ledger.find(merchant_txn_ref)
        if record is None:
            problem = Problem("merchant_txn_ref", "one that the ledger knows")
            raise InvalidRequestError(f"{problem}", merchant_txn_ref=merchant_txn_ref, problems=(problem,))
        return record

    async def reconcile(self, merchant_txn_ref: str) -> Record:
        """See `Payments.reconcile`."""
        self._gateway.check()
        record = await self.find(merchant_txn_ref)
        match record.outcome.state:
            case State.SENDING:
                raise ReferenceInUseError("this merchant_txn_ref is being charged", merchant_txn_ref=merchant_txn_ref)
            case State.CHALLENGED:
                return await self._look(record)
            case State.UNKNOWN:
                return await self._settle(record)
        return record

    async def _look(self, record: Record) -> Record:
        """Of a challenge: it stays one where the gateway does not say more."""
        if record.outcome.transaction_id is None and record.outcome.named_id is None:
            return record
        try:
            return await self._settle(record)
        except OutcomeUnknownError:
            return record

    async def _settle(self, record: Record) -> Record:
        named_id = record.outcome.named_id
        transaction_id = record.outcome.transaction_id or named_id
        if transaction_id is None:
            raise _still_unknown(record, "no answer told its transaction id, and the gateway cannot be asked without")
        if names_another(_told(record.outcome), asked_of(record.intent)):
            raise _still_unknown(record, "the transaction id that is known came with another charge's answer")
        return await self.confirm(record, transaction_id, must_be_named=named_id is not None)

    async def confirm(self, record: Record, transaction_id: str, *, must_be_named: bool = False) -> Record:
        """Ask for the status of a transaction, and settle a record by it.

        Args:
            record: What it is said to belong to. The answer is held against it.
            transaction_id: The gateway's id.
            must_be_named: Whether the answer must name the reference of the record, and be about no later step under
                it, since the id did not come with an answer to its charge.

        Raises:
            AnotherChargeError: The answer is about something else; `LaterStepError` where that was done to the charge.
            OutcomeUnknownError: The answer does not settle it.
            PaymentOptionsError: The gateway could not be asked, or the ledger not be written.
        """
        asked = asked_of(record.intent)
        judged = await self._asking.ask(lambda: self._gateway.status(transaction_id), lambda reply: judge(reply, asked))
        outcome = judged.outcome
        if outcome.state is State.REFUSED and outcome.refusal is not Refusal.INVALID:
            raise refused_error(outcome, record.merchant_txn_ref)
        if foreign := _foreign(record, judged, must_be_named=must_be_named):
            raise _still_unknown(record, f"asked for its status: {foreign}", AnotherChargeError)
        if outcome.state not in _SETTLED or outcome.transaction_id != transaction_id:
            raise _still_unknown(record, f"asked for its status: {'; '.join(outcome.evidence)}")
        if must_be_named and _is_a_later_step(record, judged):
            raise _still_unknown(record, "asked for its status: it was made later under this reference", LaterStepError)
        if must_be_named and _may_be_a_later_cycle(record, outcome):
            why = "asked for its status: it may be a later cycle of the subscription"
            raise _still_unknown(record, why, AnotherChargeError)
        if _may_be_one_of_several(record) and not ends_doubt(outcome):
            raise _still_unknown(record, "one attempt was settled, but there may have been others")
        if (begun := await self._begun_meanwhile(record)) is not None:
            return begun
        reason = f"status of transaction {transaction_id}"
        resolution = Resolution(outcome._replace(attempts=1), "the gateway", reason, record.token)
        settled = await self._ledger.resolve(record.merchant_txn_ref, resolution)
        self._bell.ring(record.merchant_txn_ref)
        return settled

    async def _begun_meanwhile(self, record: Record) -> Record | None:
        """Of a subscription: the record where another cycle has settled it since. This one does not contradict it."""
        if operation_of(record.intent.operation) is not SUBSCRIBE:
            return None
        now = await self.find(record.merchant_txn_ref)
        return now if now.token == record.token and now.outcome.state is State.PAID else None


def _foreign(record: Record, judged: Judged, *, must_be_named: bool) -> str | None:
    """What shows that a status is that of another charge, if anything does."""
    answer = judged.answer or {}
    if other := names_another(answer, asked_of(record.intent)):
        return f"an answer with another {other} than was sent"
    if _is_of_another_card(judged.outcome, record):
        return "a transaction of another card"
    if must_be_named and judged.outcome.state in _SETTLED and reference_of(answer) != record.merchant_txn_ref:
        return "an answer that names no charge"
    return None


def tells_a_later_code(answer: dict[str, Any]) -> bool:
    """Whether an answer, or a webhook, says that something was done to a charge: captured, refunded, voided."""
    code = lenient.text(lenient.part(answer.get("gateway_response")).get("code")) or ""
    return code.upper() in _LATER_CODES


def _is_a_later_step(record: Record, judged: Judged) -> bool:
    """Whether a transaction was made under the reference of a charge, and is not the charge.

    The type of a transaction decides nothing about a charge, since the vendor's pages contradict each other about it;
    it only serves to keep what cannot be the charge away from it.
    """
    answer, outcome, known = judged.answer or {}, judged.outcome, record.outcome
    kind, operation = lenient.text(answer.get("transaction_type")), operation_of(record.intent.operation)
    if tells_a_later_code(answer) or kind in _LATER_TYPES:
        return True
    is_capture = operation.result is Authorization and kind == "CAPTURE"
    if known.state in _MOVED and known.transaction_id != outcome.transaction_id:
        # A second payment is no later step: it is a contradiction, and must be seen.
        return operation is SUBSCRIBE or is_capture or outcome.state is State.DECLINED
    return is_capture and outcome.state is State.PARTIAL


def _may_be_one_of_several(record: Record) -> bool:
    outcome = record.outcome
    if outcome.state is State.UNKNOWN and outcome.lost:
        return outcome.attempts > 1
    # What is being sent, or was when its process died, may have been sent more than once.
    return outcome.state is State.SENDING or (outcome.state is State.UNKNOWN and outcome.status is None)


def _may_be_a_later_cycle(record: Record, outcome: Outcome) -> bool:
    """Whether the beginning of a subscription cannot be judged by it.

    Each cycle bears the reference of the subscription, and nothing tells which one it is. That one was paid shows that
    the subscription was begun; that one was declined, or paid in part, shows nothing about the first.
    """
    return operation_of(record.intent.operation) is SUBSCRIBE and outcome.state is not State.PAID


def _told(outcome: Outcome) -> dict[str, Any]:
    return lenient.part(orjson.loads(outcome.answer)) if outcome.answer else {}


def _is_of_another_card(outcome: Outcome, record: Record) -> bool:
    """By the first six and the last four digits, where both are told."""
    card = lenient.part(lenient.part(_told(outcome).get("payment_details")).get("card"))
    number, own = lenient.text(card.get("number")), record.intent.card
    if number is None or own is None:
        return False
    return (number[:6], number[-4:]) != (own[:6], own[-4:])


def _still_unknown(
    record: Record, why: str, kind: type[OutcomeUnknownError] = OutcomeUnknownError
) -> OutcomeUnknownError:
    return kind(
        f"the money may have moved, and it stays unknown ({why})",
        merchant_txn_ref=record.merchant_txn_ref,
        attempts=record.outcome.attempts,
        evidence=(*record.outcome.evidence, why),
        transaction_id=record.outcome.transaction_id,
        replayed=True,
    )
