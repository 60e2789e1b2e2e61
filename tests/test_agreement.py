"""Whatever is done, goes wrong and is done again: the ledger and the gateway's books agree in the end."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paymentoptions_async import MemoryLedger, SqliteLedger, State
from paymentoptions_async.ledger import Ledger
from paymentoptions_async.models.transaction import Transaction

from .agreement.books import check_agreement, hold_against_books
from .agreement.customer import ACTIONS, OFTEN, Call, Customer
from .agreement.world import World, open_world

OPERATIONS = {
    "payment", "paymentv2", "authorization", "authorizationv2", "capture", "void", "refund", "subscription/payment",
    "hpp/generate/link",
}  # fmt: skip
# A few in every run of the tests, many where that is asked for as in `nox -s torture`.
CROWDS = {"small": 3, "full": 200}[os.environ.get("PAYMENTOPTIONS_TORTURE", "small")]


async def settle(world: World) -> Counter[tuple[str, str]]:
    """The weather clears up, all webhooks have come, and what can be asked for is asked for: then all must agree."""
    world.weather.is_bad = False
    await world.gateway.webhooks_sent()
    records = [record async for record in world.ledger.records(unsettled=True)]
    calls = [world.shop.client.payments.reconcile(record.merchant_txn_ref) for record in records]
    await asyncio.gather(*calls, return_exceptions=True)
    return await check_agreement(world)


async def ask_once_more(world: World, calls: list[Call]) -> None:
    """Every call that was not refused is answered by the ledger, the same as before, with nothing sent."""
    for call in calls:
        record = await world.ledger.find(call.reference)
        if record is None or record.outcome.state is State.REFUSED:
            continue
        sent = world.weather.requests
        result: Any = (await asyncio.gather(call.make(world.clients[1]), return_exceptions=True))[0]
        assert getattr(result, "replayed", False), f"{result!r}: {record!r}"
        assert world.weather.requests == sent
        if isinstance(result, Transaction):
            hold_against_books(world, result)


async def live(world: World, name: str, steps: list[tuple[str, int]]) -> list[Call]:
    customer = Customer(world, name)
    for action, seed in steps:
        await customer.act(action, seed)
    return customer.calls


def drawn(rng: random.Random, count: int) -> list[tuple[str, int]]:
    return [(rng.choice(OFTEN), rng.randrange(1 << 32)) for _ in range(count)]


async def crowd(seed: int, ledger: Ledger, *, customers: int, at_once: int = 40) -> Counter[tuple[str, str]]:
    """Many customers in one world, so many of them at the same time."""
    rng = random.Random(seed)
    async with open_world(rng, ledger) as world:
        lives = iter([(f"c{number}", drawn(rng, rng.randint(4, 16))) for number in range(customers)])
        calls: list[Call] = []

        async def worker() -> None:
            for name, steps in lives:
                calls.extend(await live(world, name, steps))

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(worker())
        seen = await settle(world)
        await ask_once_more(world, calls)
    return seen


async def one_life(seed: int, steps: list[tuple[str, int]]) -> None:
    rng = random.Random(seed)
    async with open_world(rng, MemoryLedger(), share=rng.choice([0.0, 0.2, 0.5])) as world:
        calls = await live(world, "c", steps)
        await settle(world)
        await ask_once_more(world, calls)


@settings(max_examples=50)
@given(
    seed=st.integers(0, (1 << 32) - 1),
    steps=st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, (1 << 32) - 1)), max_size=12),
)
def test_any_course_of_things_ends_in_agreement(seed: int, steps: list[tuple[str, int]]) -> None:
    asyncio.run(one_life(seed, steps))


@pytest.mark.asyncio
@pytest.mark.timeout(60 * CROWDS)
async def test_a_crowd_ends_in_agreement() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(CROWDS):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        seen += await crowd(seed, MemoryLedger(), customers=50)
    print(dict(seen))
    assert {operation for operation, _ in seen} == OPERATIONS
    for state in ("paid", "partial", "declined", "unknown", "challenged", "refused"):
        assert sum(count for (_, its), count in seen.items() if its == state) > 5


@pytest.mark.asyncio
async def test_a_crowd_whose_ledger_is_a_file_ends_in_agreement(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    async with SqliteLedger(tmp_path / "ledger.db") as ledger:
        await crowd(seed, ledger, customers=40)
