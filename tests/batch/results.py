"""Short ways to make results and requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from typing import Any, Final

import attrs

from paymentoptions_async import (
    AuthenticationError,
    Challenge,
    ChargeResult,
    ConfigurationError,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PurchaseRequest,
    RateLimitedError,
    ReferenceConflictError,
    ReferenceInUseError,
)
from paymentoptions_async.batch.result import result_of
from paymentoptions_async.batch.runner import Batch, charge_many

from ..helpers import request

BASE: Final = request()
PAYMENT: Final = Payment(transaction_id="ab8444e7", merchant_txn_ref="qwe", amount=Decimal(900), currency="JPY", raw={})
PARTIAL: Final = PartialApprovalError("told", payment=PAYMENT)

PAID: Final = PAYMENT
REPLAYED: Final = attrs.evolve(PAYMENT, replayed=True)
CHALLENGED: Final = Challenge(redirect_url="https://issuer.test", merchant_txn_ref="qwe")
DECLINED: Final = DeclinedError("told", payment=PAYMENT)
INVALID_HERE: Final = InvalidRequestError("told")
INVALID_THERE: Final = InvalidRequestError("told", status=400)
UNAUTHORIZED: Final = AuthenticationError("told", status=401)
THROTTLED: Final = RateLimitedError("told")
NOT_SENT: Final = NotSentError("told")
UNKNOWN: Final = OutcomeUnknownError("told")
KNOWN_UNKNOWN: Final = OutcomeUnknownError("told", replayed=True)
IN_USE: Final = ReferenceInUseError("told")
CONFLICT: Final = ReferenceConflictError("told")
CLOSED: Final = ConfigurationError("the client is closed")

Answer = Payment | Challenge | Exception


def result(answer: Answer, number: int = 0) -> ChargeResult:
    """What a batch makes of an answer."""
    return result_of(number, "qwe", answer, 0.1)


def requests(prefix: str = "ref", limit: int | None = None) -> Iterator[PurchaseRequest]:
    """Each under a reference of its own."""
    for number in count() if limit is None else range(limit):
        yield attrs.evolve(BASE, merchant_txn_ref=f"{prefix}-{number}")


def answering(answers: Iterator[Answer]) -> Callable[[PurchaseRequest], Awaitable[Payment | Challenge]]:
    """A purchase that gives these answers, one after the other."""

    async def purchase(_request: PurchaseRequest) -> Payment | Challenge:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return purchase


@asynccontextmanager
async def running(purchase: Any, given: Any, **told: Any) -> AsyncIterator[Batch]:
    """A batch that is closed in the end."""
    async with charge_many(purchase, given, **told) as batch:
        yield batch


async def drained(batch: Batch) -> tuple[list[ChargeResult], Exception | None]:
    """All results of a batch, and the error that it ends with."""
    results = []
    try:
        async for result in batch:
            results.append(result)  # noqa: PERF401  # those before the error count
    except Exception as error:  # noqa: BLE001  # it is looked at
        return results, error
    return results, None
