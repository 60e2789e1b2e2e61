"""One who orders, pays, gives back and changes his mind, call by call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import attrs

from paymentoptions_async import PaymentOptions, PaymentOptionsError, Record, State
from paymentoptions_async.models.transaction import Transaction
from paymentoptions_async.sandbox.challenges import ChallengeAnswer
from paymentoptions_async.sandbox.state import TransactionState

from ..helpers import APPROVED, DECLINED, THREE_D_SECURE, request
from ..resources.cases import page_request, plan_request
from .books import amount_of, hold_against_books
from .world import World

__all__ = ["ACTIONS", "OFTEN", "Call", "Customer"]

# Half of the first is approved, the second is unclear, the third declined; under the last, parts can be any of these.
_AMOUNTS: Final = ["1000", "12.34", "9000010", "9000068", "9000051", "9500000", "9500000"]
_VERSIONS: Final[tuple[Literal[1, 2], ...]] = (1, 2)
_PARTS: Final = ["whole", "whole", "half", "half", "1", "too much", "9000010", "9000068", "9000051"]
_CARDS: Final = [APPROVED, APPROVED, APPROVED, THREE_D_SECURE, DECLINED]
_PLANS: Final[list[dict[str, Any]]] = [
    {},
    {"has_discount": True, "discount_percentage": 10, "discount_duration": 1},
    {"has_trial_period": True, "trial_period_duration": 3, "trial_period_duration_type": "DAYS"},
]
_REFUNDABLE: Final = ("payment", "paymentv2", "capture", "hpp/generate/link", "subscription/payment")
_AUTHORISED: Final = ("authorization", "authorizationv2")


@attrs.frozen
class Call:
    """A call that can be made again.

    Attributes:
        reference: The `merchant_txn_ref`, or the operation key.
        make: Makes it, by a client.
    """

    reference: str
    make: Callable[[PaymentOptions], Awaitable[Any]]


class Customer:
    """Acts in a world.

    Args:
        world: Where.
        name: Stands at the beginning of every reference.
    """

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self.calls: list[Call] = []

    async def act(self, action: str, seed: int) -> None:
        """Do something; everything that is left open by its name is drawn from the seed."""
        await ACTIONS[action](self, random.Random(seed))

    # --- charges ---

    async def purchase(self, rng: random.Random) -> None:
        order = self._order(rng)
        version = rng.choice(_VERSIONS)
        await self._call(rng, lambda client: client.payments.purchase(order, version=version))

    async def authorize(self, rng: random.Random) -> None:
        order = self._order(rng)
        version = rng.choice(_VERSIONS)
        await self._call(rng, lambda client: client.payments.authorize(order, version=version))

    async def subscribe(self, rng: random.Random) -> None:
        plan = plan_request(self._next_name(), amount=rng.choice(_AMOUNTS), **rng.choice(_PLANS))
        order = self._world.shop.addressed(plan)
        await self._call(rng, lambda client: client.subscriptions.create(order))

    async def open_page(self, rng: random.Random) -> None:
        wanted = page_request(self._next_name(), amount=rng.choice([*_AMOUNTS, "", ""]))
        order = self._world.shop.addressed(wanted)
        await self._call(rng, lambda client: client.hosted_pages.create(order))

    # --- follow-ups ---

    async def capture(self, rng: random.Random) -> None:
        if subject := await self._subject(rng, _AUTHORISED):
            told = {"amount": _part(rng, subject), "operation_key": self._next_name()}
            await self._call(rng, lambda client: client.payments.capture(_id(subject), **told))

    async def void(self, rng: random.Random) -> None:
        if subject := await self._subject(rng, _AUTHORISED):
            key = self._next_name()
            await self._call(rng, lambda client: client.payments.void(_id(subject), operation_key=key))

    async def refund(self, rng: random.Random) -> None:
        if subject := await self._subject(rng, _REFUNDABLE):
            told = {"amount": _part(rng, subject), "operation_key": self._next_name()}
            await self._call(rng, lambda client: client.payments.refund(_id(subject), **told))

    # --- the payer, and time ---

    async def pay_page(self, rng: random.Random) -> None:
        if pending := self._pending("page"):
            number = rng.choice(_CARDS)
            with suppress(LookupError):  # it has expired just now
                await self._world.gateway.pay_hosted_page(rng.choice(pending), number=number, amount="777")

    async def answer_challenge(self, rng: random.Random) -> None:
        if pending := self._pending("challenge"):
            answer = rng.choice([ChallengeAnswer.APPROVE, *ChallengeAnswer])
            await self._world.gateway.answer_challenge(rng.choice(pending), answer)

    def _pending(self, where: Literal["page", "challenge"]) -> list[str]:
        """The references whose payer is waited for there."""
        return [
            call.reference
            for call in self.calls
            for one in self._world.gateway.transactions(call.reference)
            if one.state is TransactionState.PENDING and getattr(one, where) is not None
        ]

    async def let_time_pass(self, rng: random.Random) -> None:
        await self._world.gateway.advance(timedelta(hours=rng.choice([1, 6, 50])))

    # --- asking again ---

    async def repeat(self, rng: random.Random) -> None:
        if self.calls:
            await self._make(rng, rng.choice(self.calls))

    async def reconcile(self, rng: random.Random) -> None:
        if self.calls:
            reference, client = rng.choice(self.calls).reference, rng.choice(self._world.clients)
            await asyncio.gather(client.payments.reconcile(reference), return_exceptions=True)

    # --- how a call is made ---

    def _next_name(self) -> str:
        return f"{self._name}-{len(self.calls)}"

    def _order(self, rng: random.Random) -> Any:
        order = request(self._next_name(), number=rng.choice(_CARDS), amount=rng.choice(_AMOUNTS))
        return self._world.shop.addressed(order)

    async def _subject(self, rng: random.Random, operations: tuple[str, ...]) -> Record | None:
        """Something that was carried out by one of these operations, as far as the ledger knows."""
        found = [await self._world.ledger.find(call.reference) for call in self.calls]
        done = [
            record
            for record in found
            if record is not None
            and record.outcome.state in (State.PAID, State.PARTIAL)
            and record.intent.operation in operations
        ]
        return rng.choice(done) if done else None

    async def _call(self, rng: random.Random, make: Callable[[PaymentOptions], Awaitable[Any]]) -> None:
        call = Call(self._next_name(), make)
        self.calls.append(call)
        await self._make(rng, call)

    async def _make(self, rng: random.Random, call: Call) -> None:
        """Once or more often, by one client or by both, perhaps given up in the middle."""
        clients = rng.choices(self._world.clients, k=rng.choice([1, 1, 1, 2, 3]))
        tasks = [asyncio.ensure_future(call.make(client)) for client in clients]
        if rng.random() < 0.07:
            await asyncio.sleep(rng.random() * 0.004)
            tasks[0].cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Transaction):
                hold_against_books(self._world, result)
            elif isinstance(result, BaseException) and not isinstance(
                result, PaymentOptionsError | asyncio.CancelledError
            ):
                raise result


def _id(record: Record) -> str:
    return str(record.outcome.transaction_id)


def _part(rng: random.Random, subject: Record) -> str:
    whole = amount_of(subject)
    match part := rng.choice(_PARTS):
        case "whole":
            return _written(whole)
        case "half":
            return _written(whole / 2)
        case "too much":
            return _written(whole + 1)
    return part


def _written(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("0.01")).normalize(), "f") if amount else "1"


_Action = Callable[[Customer, random.Random], Awaitable[None]]
_WEIGHTS: Final[tuple[tuple[_Action, int], ...]] = (
    (Customer.purchase, 3),
    (Customer.authorize, 3),
    (Customer.subscribe, 1),
    (Customer.open_page, 2),
    (Customer.capture, 3),
    (Customer.void, 2),
    (Customer.refund, 4),
    (Customer.pay_page, 3),
    (Customer.answer_challenge, 3),
    (Customer.let_time_pass, 1),
    (Customer.repeat, 2),
    (Customer.reconcile, 1),
)
ACTIONS: Final[dict[str, _Action]] = {action.__name__: action for action, _ in _WEIGHTS}
"""All that a customer does, by name."""
OFTEN: Final = [action.__name__ for action, weight in _WEIGHTS for _ in range(weight)]
"""Their names, each as often as it is to be drawn."""
