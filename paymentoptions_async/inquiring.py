"""What is asked of the gateway and moves no money: the status of a transaction, subscriptions and changes to them."""

from __future__ import annotations

from typing import Any, Final, Literal

from .asking import Asking, no_answer
from .delivery import reference_of, timestamp
from .errors import NotSentError, Problem
from .models import lenient
from .models.outcome import Outcome, Refusal, State
from .models.request import refusal
from .models.subscription_details import SubscriptionDetails
from .models.transaction_status import TransactionStatus
from .models.wire import no_body, read_subscription
from .transport.gateway import Gateway
from .transport.parcel import Parcel
from .transport.retry import is_unsent
from .verdict import Asked, Judged, judge, judge_word

__all__ = ["Inquiring"]

# The lists of the vendor's that are published stand under one of these; of subscriptions none is published.
_LISTS: Final = ("subscription_details", "subscriptions", "data")

Change = Literal["pause", "resume", "cancel"]


class Inquiring:
    """Asks, by one client's settings.

    Args:
        gateway: Asks once.
        asking: Asks until there is an answer.
    """

    def __init__(self, *, gateway: Gateway, asking: Asking) -> None:
        self._gateway = gateway
        self._asking = asking

    async def status(self, transaction_id: str) -> TransactionStatus:
        """See `Payments.status`."""
        _check_id("transaction_id", transaction_id)
        judged = await self._ask(lambda reply: judge(reply, Asked()), "transaction/status", transaction_id)
        if judged.outcome.state is State.REFUSED or judged.outcome.answer is None:
            raise no_answer(judged.outcome)
        return _status(transaction_id, judged.outcome, judged.answer or {})

    async def subscriptions(self) -> list[SubscriptionDetails]:
        """See `Subscriptions.list`."""
        judged = await self._ask(judge_word, "subscription", "list")
        listed = next((part for name in _LISTS if isinstance(part := _answered(judged).get(name), list)), None)
        if listed is None:
            raise no_answer(judged.outcome._replace(evidence=(*judged.outcome.evidence, "no list in the answer")))
        return [told for part in listed if (told := read_subscription(part)) is not None]

    async def subscription(self, subscription_id: str) -> SubscriptionDetails:
        """See `Subscriptions.get`."""
        _check_id("subscription_id", subscription_id)
        return _subscription(await self._ask(judge_word, "subscription", subscription_id))

    async def change_subscription(self, subscription_id: str, change: Change) -> SubscriptionDetails:
        """See `Subscriptions.pause`."""
        _check_id("subscription_id", subscription_id)
        self._gateway.check()
        judged = await self._asking.ask(
            lambda: self._gateway.change(Parcel(no_body()), "subscription", subscription_id, change),
            judge_word,
            is_unsent,
        )
        outcome = judged.outcome
        if outcome.refusal is Refusal.NOT_SENT:
            raise NotSentError(
                f"nothing was sent ({'; '.join(outcome.evidence)})",
                attempts=outcome.attempts,
                evidence=outcome.evidence,
            )
        return _subscription(judged)

    async def _ask(self, judge: Any, *path: str) -> Judged:
        self._gateway.check()
        return await self._asking.ask(lambda: self._gateway.get(*path), judge)


def _check_id(name: str, value: object) -> None:
    # Dots alone would name another path.
    if not isinstance(value, str) or not 0 < len(value) <= 128 or value in (".", ".."):
        raise refusal([Problem(name, "the gateway's id, a text of 1 to 128 characters")])


def _answered(judged: Judged) -> dict[str, Any]:
    if judged.outcome.state is not State.PAID or judged.answer is None:
        raise no_answer(judged.outcome)
    return judged.answer


def _subscription(judged: Judged) -> SubscriptionDetails:
    answer = _answered(judged)
    told = next((part for name in _LISTS if isinstance(part := answer.get(name), dict)), answer)
    return read_subscription(told) or SubscriptionDetails()


def _status(transaction_id: str, outcome: Outcome, answer: dict[str, Any]) -> TransactionStatus:
    details, transaction = lenient.part(answer.get("payment_details")), lenient.part(answer.get("transaction_details"))
    described = lenient.text(details.get("responseDescription"))
    return TransactionStatus(
        transaction_id=transaction_id,
        state=outcome.state,
        merchant_txn_ref=reference_of(answer),
        amount=lenient.decimal(details.get("amount")),
        currency=lenient.text(details.get("currency")),
        transaction_type=lenient.text(answer.get("transaction_type")),
        response_code=outcome.response_code,
        reason=outcome.reason,
        description=described or lenient.text(lenient.part(answer.get("gateway_response")).get("message")),
        timestamp=timestamp(transaction.get("timestamp")),
        raw=answer,
    )
