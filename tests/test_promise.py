"""The promise, against a sandbox that charges every repeat again, with every fault at every position."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from paymentoptions_async import (
    AuthenticationError,
    Challenge,
    DeclinedError,
    InvalidRequestError,
    NotSentError,
    OutcomeUnknownError,
    PartialApprovalError,
    Payment,
    PaymentOptions,
    PaymentOptionsError,
    PurchaseRequest,
    RateLimitedError,
    RetryPolicy,
    Timeouts,
)
from paymentoptions_async.sandbox import Fault, Sandbox

from .helpers import APPROVED, DECLINED, THREE_D_SECURE, request

FAULTS = [
    "refuse:0.01",
    *(f"{cut}:{at}" for cut in ("reset", "close") for at in ("before_read", "after_read", "after_commit")),
    *(f"{cut}:{at}" for cut in ("reset", "close") for at in ("in_headers", "in_body")),
    *(f"hang:{at}" for at in ("before_read", "after_read", "after_commit")),
    *("garbage", "garbage_body", "empty_body", "big_body", "drip:0.01", "429:0", "429:date"),
    *(f"{status}:{at}" for status in (500, 502, 503, 504) for at in ("before_commit", "after_commit")),
]
NOT_CHARGED = (NotSentError, DeclinedError, InvalidRequestError, AuthenticationError, RateLimitedError)

# Hangs cost real time, and an outage strikes everybody: they are drawn seldom.
_WEIGHTS = [0.1 if fault.startswith(("hang", "big", "refuse")) else 1.0 for fault in FAULTS]
_TIMEOUTS = Timeouts(total=0.5, connect=0.4)


def script(rng: random.Random, share: float) -> Iterator[Fault | None]:
    """Faults without end, so many of all requests."""
    faults = [Fault.parse(fault) for fault in FAULTS]
    while True:
        yield rng.choices(faults, _WEIGHTS)[0] if rng.random() < share else None


def purchase(number: int, rng: random.Random) -> PurchaseRequest:
    """Mostly good cards, some bad ones, some partial approvals and some answers that are unclear."""
    amount = rng.choices(["1000", "9000010", "9000068", "9000051"], [85, 3, 3, 3])[0]
    card = rng.choices([APPROVED, DECLINED, THREE_D_SECURE], [90, 5, 5])[0]
    return request(f"ref-{number}", number=card, amount=amount)


async def outcome_of(client: PaymentOptions, order: PurchaseRequest, version: int) -> Payment | Challenge | Exception:
    try:
        return await client.payments.purchase(order, version=2 if version == 2 else 1)
    except PaymentOptionsError as error:
        return error


async def charge_all(gateway: Sandbox, client: PaymentOptions, count: int, rng: random.Random) -> Counter[str]:
    """Charge, eighty at a time, and hold every outcome against the sandbox's books."""
    orders = iter([purchase(number, rng) for number in range(count)])
    seen: Counter[str] = Counter()
    outcomes: dict[str, Payment | Challenge | Exception] = {}

    async def worker() -> None:
        for order in orders:
            outcome = await outcome_of(client, order, rng.choice([1, 2]))
            seen[type(outcome).__name__] += 1
            outcomes[order.merchant_txn_ref] = outcome
            hold_against_books(gateway, order.merchant_txn_ref, outcome)

    async with asyncio.TaskGroup() as group:
        for _ in range(80):
            group.create_task(worker())
    # Once more: what was called not sent must not have arrived later.
    for reference, outcome in outcomes.items():
        hold_against_books(gateway, reference, outcome)
    assert gateway.references() <= outcomes.keys()
    return seen


def hold_against_books(gateway: Sandbox, reference: str, outcome: Payment | Challenge | Exception) -> None:
    charges = gateway.charges(reference)
    assert charges <= 1, f"{reference} was charged {charges} times"
    match outcome:
        case Payment() | PartialApprovalError():
            assert charges == 1, f"{reference}: {outcome!r}"
        case Challenge():
            assert charges == 0, f"{reference}: {outcome!r}"
        case OutcomeUnknownError():
            assert outcome.evidence
        case _:
            assert isinstance(outcome, NOT_CHARGED)
            assert charges == 0, f"{reference}: {outcome!r}"


@pytest.mark.asyncio
@pytest.mark.timeout(300)
async def test_nobody_is_charged_twice_and_no_outcome_is_untrue_in_20000_purchases() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    async with Sandbox(faults=script(rng, share=0.3)) as gateway:
        settings = gateway.settings(timeouts=_TIMEOUTS, retry=RetryPolicy(base=0.005, cap=0.05), log_level="critical")
        async with PaymentOptions(settings) as client:
            seen = await charge_all(gateway, client, 20_000, rng)
        print(dict(seen), "charges:", gateway.total_charges())
        assert sum(seen.values()) == 20_000
        assert min(seen[name] for name in ("Payment", "OutcomeUnknownError", "DeclinedError", "Challenge")) > 50


@pytest.mark.asyncio
@pytest.mark.timeout(120)
async def test_with_a_gateway_that_refuses_repeats_a_lost_answer_is_no_false_decline() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    retry = RetryPolicy(base=0.005, cap=0.05, repeat_after_send=True)
    async with Sandbox(duplicates="reject", faults=script(rng, share=0.1)) as gateway:
        settings = gateway.settings(timeouts=_TIMEOUTS, retry=retry, log_level="critical")
        async with PaymentOptions(settings) as client:
            seen = await charge_all(gateway, client, 4_000, rng)
        print(dict(seen), "charges:", gateway.total_charges())
        assert seen["Payment"] > seen["OutcomeUnknownError"]
