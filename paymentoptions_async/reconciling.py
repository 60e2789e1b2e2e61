"""Asks the gateway what became of a charge whose outcome is unknown, and writes it down."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, Final

import attrs
import orjson

from .delivery import refused_error
from .errors import InvalidRequestError, OutcomeUnknownError, Problem, ReferenceInUseError
from .ledger.base import Ledger, Record
from .ledger.resolution import Resolution
from .models import lenient
from .models.outcome import Outcome, Refusal, State
from .runtime import Runtime
from .settings import Settings
from .transport.gateway import Gateway
from .transport.retry import RetryBudget, retrying
from .verdict import Asked, ends_doubt, judge, names_another

__all__ = ["Reconciling"]

_SETTLED: Final = (State.PAID, State.PARTIAL, State.DECLINED)


class Reconciling:
    """Settles unknown outcomes by the gateway's word.

    Args:
        settings: What the client was told.
        gateway: Asks once.
        ledger: Remembers.
        budget: Of the retries of a client.
        runtime: Sleep, chance and time.
    """

    def __init__(
        self, *, settings: Settings, gateway: Gateway, ledger: Ledger, budget: RetryBudget, runtime: Runtime
    ) -> None:
        self._settings = settings
        self._gateway = gateway
        self._ledger = ledger
        self._budget = budget
        self._runtime = runtime

    async def reconcile(self, merchant_txn_ref: str) -> Record:
        """See `Payments.reconcile`."""
        self._gateway.check()
        record = await self._ledger.find(merchant_txn_ref)
        if record is None:
            problem = Problem("merchant_txn_ref", "one that the ledger knows")
            raise InvalidRequestError(f"{problem}", merchant_txn_ref=merchant_txn_ref, problems=(problem,))
        if record.outcome.state is State.SENDING:
            raise ReferenceInUseError("this merchant_txn_ref is being charged", merchant_txn_ref=merchant_txn_ref)
        if record.outcome.state is not State.UNKNOWN:
            return record
        return await self._settle(record)

    async def _settle(self, record: Record) -> Record:
        transaction_id = record.outcome.transaction_id
        if transaction_id is None:
            raise _still_unknown(record, "no answer told its transaction id, and the gateway cannot be asked without")
        asked = Asked(record.merchant_txn_ref, Decimal(record.intent.amount), record.intent.currency)
        if names_another(_told(record.outcome), asked):
            raise _still_unknown(record, "the transaction id that is known came with another charge's answer")
        outcome = await self._ask(transaction_id, asked)
        if outcome.state is State.REFUSED and outcome.refusal is not Refusal.INVALID:
            raise refused_error(outcome, record.merchant_txn_ref)
        if outcome.state not in _SETTLED or outcome.transaction_id != transaction_id:
            raise _still_unknown(record, f"asked for its status: {'; '.join(outcome.evidence)}")
        if _is_of_another_card(outcome, record):
            raise _still_unknown(record, "asked for its status: a transaction of another card")
        if record.outcome.lost and not ends_doubt(outcome):
            raise _still_unknown(record, "its last attempt was settled, but not the one before it")
        reason = f"status of transaction {transaction_id}"
        resolution = Resolution(outcome, "the gateway", reason, record.token)
        return await self._ledger.resolve(record.merchant_txn_ref, resolution)

    async def _ask(self, transaction_id: str, asked: Asked) -> Outcome:
        outcomes: list[Outcome] = []

        async def attempt() -> Outcome:
            reply = await self._gateway.status(transaction_id)
            outcomes.append(judge(reply, asked).outcome)
            return outcomes[-1]

        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.timeouts.total
        try:
            async with asyncio.timeout_at(deadline):
                await retrying(
                    attempt,
                    # To read twice does no harm.
                    policy=attrs.evolve(self._settings.retry, repeat_after_send=True),
                    budget=self._budget,
                    seconds_left=lambda: deadline - loop.time(),
                    sleep=self._runtime.sleep,
                    random=self._runtime.random,
                    before_retry=lambda _outcome, _pause: None,
                )
        except TimeoutError:
            why = f"the deadline of {self._settings.timeouts.total:g} s passed"
            return Outcome(state=State.REFUSED, refusal=Refusal.NOT_SENT, evidence=(why,))
        return outcomes[-1]


def _told(outcome: Outcome) -> dict[str, Any]:
    return lenient.part(orjson.loads(outcome.answer)) if outcome.answer else {}


def _is_of_another_card(outcome: Outcome, record: Record) -> bool:
    """By the first six and the last four digits, where both are told."""
    card = lenient.part(lenient.part(_told(outcome).get("payment_details")).get("card"))
    number, own = lenient.text(card.get("number")), record.intent.card
    if number is None or own is None:
        return False
    return (number[:6], number[-4:]) != (own[:6], own[-4:])


def _still_unknown(record: Record, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the money may have moved, and it stays unknown ({why})",
        merchant_txn_ref=record.merchant_txn_ref,
        attempts=record.outcome.attempts,
        evidence=(*record.outcome.evidence, why),
        transaction_id=record.outcome.transaction_id,
        replayed=True,
    )
