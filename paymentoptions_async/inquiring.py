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
from .transport.reply import Fault, Reply
from .transport.retry import is_unsent
from .verdict import Asked, Judged, judge, judge_word

__all__ = ["Inquiring", "is_id"]

# The lists of the vendor's that are published stand under one of these; of subscriptions none is published.
_LISTS: Final = ("subscription_details", "subscriptions", "data")

# As an id they would name another path.
_PATHS: Final = (".", "..", "list")

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
        parcels: list[Parcel] = []

        async def send() -> Reply | Fault:
            parcels.append(Parcel(no_body()))
            return await self._gateway.change(parcels[-1], "subscription", subscription_id, change)

        judged = await self._asking.ask(send, judge_word, is_unsent)
        outcome = judged.outcome
        # A deadline may also have passed while the answer was awaited.
        if outcome.refusal is Refusal.NOT_SENT and not any(parcel.sent for parcel in parcels):
            raise NotSentError(
                f"nothing was sent ({'; '.join(outcome.evidence)})",
                attempts=outcome.attempts,
                evidence=outcome.evidence,
            )
        return _subscription(judged)

    async def _ask(self, judge: Any, *path: str) -> Judged:
        self._gateway.check()
        return await self._asking.ask(lambda: self._gateway.get(*path), judge)


def is_id(value: object) -> bool:
    """Whether it can be an id of the gateway's, and a part of a path."""
    return isinstance(value, str) and 0 < len(value) <= 128 and value.isprintable() and value not in _PATHS


def _check_id(name: str, value: object) -> None:
    if not is_id(value):
        raise refusal([Problem(name, "the gateway's id, a text of 1 to 128 printable characters")])


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
