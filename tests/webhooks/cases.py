"""Short ways to make deliveries, and a ledger that can be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import pytest

from paymentoptions_async import (
    LedgerError,
    MemoryLedger,
    OutcomeUnknownError,
    PaymentOptions,
    PurchaseRequest,
    Resolution,
    WebhookEvent,
    WebhookRefusedError,
)
from paymentoptions_async.ledger import Claim, Record
from paymentoptions_async.models.outcome import Outcome

from ..helpers import SAMPLES, request
from ..shop import Shop, open_shop

SAMPLE: Final = (SAMPLES / "webhook.payload.json").read_bytes()
BASE: Final = "https://shop.example/webhooks"

LOST: Final = "reset:after_commit"
"""The money moves, and no answer comes."""

UNCLEAR: Final = "9000068"
"""A test amount that is answered with a code of class `unclear`, and a transaction id."""


class AwayLedger(MemoryLedger):
    """One that cannot be reached while it is away."""

    is_away = False

    async def find(self, merchant_txn_ref: str) -> Record | None:
        self._reach()
        return await super().find(merchant_txn_ref)

    async def resolve(self, merchant_txn_ref: str, resolution: Resolution) -> Record:
        self._reach()
        return await super().resolve(merchant_txn_ref, resolution)

    def _reach(self) -> None:
        if self.is_away:
            raise LedgerError("away")


class LateLedger(MemoryLedger):
    """One that takes no outcome for a while.

    Attributes:
        takes: Set when it does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.takes = asyncio.Event()

    async def finish(self, claim: Claim, outcome: Outcome) -> bool:
        if not self.takes.is_set():
            raise LedgerError("away")
        return await super().finish(claim, outcome)


def payload(transaction_id: Any, reference: Any = "ref", **changes: Any) -> bytes:
    """The vendor's own payload, about another transaction; `changes` are of its members."""
    told = orjson.loads(SAMPLE)
    told["merchant_details"]["merchant_txn_ref"] = reference
    told["transaction_details"] |= {"id": transaction_id, "merchant_txn_ref": reference}
    return orjson.dumps({**told, **changes})


def token_of(client: PaymentOptions, reference: str = "ref") -> str:
    return client.webhooks.url(BASE, reference).rpartition("/")[2]


async def take(client: PaymentOptions, body: bytes, reference: str = "ref") -> WebhookEvent:
    """Deliver to the address of a reference."""
    return await client.webhooks.receive(token=token_of(client, reference), body=body)


async def refuse(client: PaymentOptions, body: bytes, reference: str = "ref") -> WebhookRefusedError:
    """Deliver what must not be believed."""
    with pytest.raises(WebhookRefusedError) as caught:
        await take(client, body, reference)
    return caught.value


async def lose(client: PaymentOptions, asked: PurchaseRequest) -> None:
    with pytest.raises(OutcomeUnknownError):
        await client.payments.purchase(asked)


async def known(client: PaymentOptions, reference: str = "ref") -> Record:
    record = await client._shared.ledger.find(reference)
    assert record is not None
    return record


def made(shop: Shop, reference: str = "ref", number: int = -1) -> str:
    """The id of a transaction of a reference's: the last one."""
    return shop.gateway.transactions(reference)[number].id


@asynccontextmanager
async def lost_charge(*faults: str | None, amount: str = "1000", **given: Any) -> AsyncIterator[Shop]:
    """A shop whose charge `ref` was made, and its answer lost. No webhook is sent by itself; `faults` come next."""
    async with open_shop(faults=[LOST, *faults], **given) as shop:
        await lose(shop.client, request("ref", amount=amount))
        yield shop
