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
from .operations import SUBSCRIBE, operation_of
from .orders import asked_of
from .transport.gateway import Gateway
from .verdict import Judged, ends_doubt, judge, names_another

__all__ = ["AnotherChargeError", "Reconciling", "tells_a_later_step"]

_SETTLED: Final = (State.PAID, State.PARTIAL, State.DECLINED)

# gateway/API.md, "Errors": captured, refunded, voided. What is none of these may be the charge itself.
_LATER_CODES: Final = frozenset({"INFO0001", "INFO0002", "INFO0003"})
_LATER_TYPES: Final = frozenset({"REFUND", "VOID"})


class AnotherChargeError(OutcomeUnknownError):
    """The transaction that was asked for belongs to another charge than the record."""


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
        if record.outcome.transaction_id is None:
            return record
        try:
            return await self._settle(record)
        except OutcomeUnknownError:
            return record

    async def _settle(self, record: Record) -> Record:
        transaction_id = record.outcome.transaction_id
        if transaction_id is None:
            raise _still_unknown(record, "no answer told its transaction id, and the gateway cannot be asked without")
        if names_another(_told(record.outcome), asked_of(record.intent)):
            raise _still_unknown(record, "the transaction id that is known came with another charge's answer")
        is_a_webhooks = "named_by" in _told(record.outcome)
        return await self.confirm(record, transaction_id, must_be_named=is_a_webhooks)

    async def confirm(self, record: Record, transaction_id: str, *, must_be_named: bool = False) -> Record:
        """Ask for the status of a transaction, and settle a record by it.

        Args:
            record: What it is said to belong to. The answer is held against it.
            transaction_id: The gateway's id.
            must_be_named: Whether the answer must name the reference of the record, and be about no later step under
                it, since the id did not come with an answer to its charge.

        Raises:
            AnotherChargeError: The answer is about something else.
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
        if must_be_named and _may_be_a_later_cycle(record, outcome):
            raise _still_unknown(record, "asked for its status: it may be a later cycle of the subscription")
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
    if must_be_named and judged.outcome.state in _SETTLED:
        if reference_of(answer) != record.merchant_txn_ref:
            return "an answer that names no charge"
        if tells_a_later_step(answer):
            return "a transaction that was made later under this reference"
    return None


def tells_a_later_step(answer: dict[str, Any]) -> bool:
    """Whether an answer, or a webhook, is about something that was done to a charge: captured, refunded, voided.

    The type of a transaction decides nothing about a charge, since the vendor's pages contradict each other about it;
    it only serves to keep what cannot be the charge away from it.
    """
    code = lenient.text(lenient.part(answer.get("gateway_response")).get("code")) or ""
    return code.upper() in _LATER_CODES or lenient.text(answer.get("transaction_type")) in _LATER_TYPES


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
