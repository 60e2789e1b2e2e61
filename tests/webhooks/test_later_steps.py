"""A refund, a capture, a further cycle under a reference: told apart from its charge by what the gateway confirms."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from paymentoptions_async import Effect, Mark, State
from paymentoptions_async.ledger import Claim, Intent
from paymentoptions_async.models.outcome import Outcome
from paymentoptions_async.transport.gateway import Gateway
from paymentoptions_async.transport.reply import Reply

from ..helpers import SAMPLES
from ..ledger.cases import ended
from ..shop import open_shop
from .cases import known, lost_charge, made, payload, refuse, take

pytestmark = pytest.mark.asyncio


# --- by the payload ---


@pytest.mark.parametrize("kind", ["REFUND", "VOID", "PRE_AUTH", "", None, ["REFUND"], {"code": "INFO0002"}])
async def test_the_type_that_a_payload_tells_decides_nothing(kind: Any) -> None:
    async with lost_charge() as shop:
        event = await take(shop.client, payload(made(shop), transaction_type=kind))
        assert (event.effect, event.status) == (Effect.SETTLED, None)
        assert (await known(shop.client)).outcome.state is State.PAID


@pytest.mark.parametrize("code", ["INFO0001", "INFO0002", "info0003"])
async def test_the_code_of_a_later_step_keeps_a_delivery_away_from_the_charge(code: str) -> None:
    async with lost_charge() as shop:
        before = await known(shop.client)
        event = await take(shop.client, payload(made(shop), gateway_response={"code": code}))
        assert (event.effect, await known(shop.client)) == (Effect.OTHER_OPERATION, before)


@pytest.mark.parametrize("odd", [None, [], {}, 7, ["INFO0002"], "", "REFUND"])
async def test_a_code_of_any_other_kind_keeps_nothing_away(odd: Any) -> None:
    async with lost_charge() as shop:
        assert (await take(shop.client, payload(made(shop), gateway_response={"code": odd}))).effect is Effect.SETTLED


# --- by the status ---

# What the ledger knows of the reference, what the gateway answers about `t2`, and what that is. `None`: it is refused.
STATUS = (SAMPLES / "transaction_status.response.200.json").read_bytes()
PAYMENT, AUTHORISATION, PAGE, PLAN = "payment", "authorizationv2", "hpp/generate/link", "subscription/payment"
OPEN, PAID = ended(State.UNKNOWN, status=503), ended(State.PAID, "t1")
DECLINE = {"success": False, "payment_details": {"response_code": 51}}
LESS = {"payment_details": {"amount": 400}}
TOLD = [
    (PAYMENT, OPEN, {}, Effect.SETTLED),
    (PAYMENT, OPEN, {"transaction_type": "PRE_AUTH"}, Effect.SETTLED),
    (PAYMENT, OPEN, DECLINE, Effect.SETTLED),
    (PAYMENT, OPEN, {"transaction_type": "REFUND"}, Effect.OTHER_OPERATION),
    (PAYMENT, OPEN, {"transaction_type": "VOID"}, Effect.OTHER_OPERATION),
    (PAYMENT, OPEN, {"gateway_response": {"code": "info0002"}}, Effect.OTHER_OPERATION),
    (PAYMENT, PAID, {}, "contradicts"),
    (PAYMENT, PAID, DECLINE, Effect.OTHER_OPERATION),
    (PAYMENT, PAID, {"transaction_type": "REFUND", **LESS}, Effect.OTHER_OPERATION),
    (PAGE, PAID, {}, "contradicts"),
    (PAGE, PAID, DECLINE, Effect.OTHER_OPERATION),
    (AUTHORISATION, OPEN, {"transaction_type": "PRE_AUTH"}, Effect.SETTLED),
    # The vendor's pages contradict each other about the type of a payment, perhaps about this one too.
    (AUTHORISATION, OPEN, {}, Effect.SETTLED),
    (AUTHORISATION, OPEN, LESS, Effect.OTHER_OPERATION),
    (AUTHORISATION, OPEN, {"transaction_type": "PRE_AUTH", **LESS}, Effect.SETTLED),
    (AUTHORISATION, PAID, {}, Effect.OTHER_OPERATION),
    (AUTHORISATION, PAID, {"transaction_type": "PRE_AUTH"}, "contradicts"),
    (PLAN, OPEN, {}, Effect.SETTLED),
    (PLAN, OPEN, DECLINE, None),
    (PLAN, OPEN, LESS, None),
    (PLAN, PAID, {}, Effect.OTHER_OPERATION),
    (PLAN, PAID, DECLINE, Effect.OTHER_OPERATION),
]


def status_of(**changes: Any) -> bytes:
    """The vendor's own status, about `t2`; `changes` are of its members, and of those of its parts."""
    told = orjson.loads(STATUS)
    changes = {"transaction_details": {"id": "t2"}, "merchant_details": {"merchant_txn_ref": "ref"}, **changes}
    for name, value in changes.items():
        told[name] = {**told[name], **value} if isinstance(value, dict) else value
    return orjson.dumps(told)


@pytest.mark.parametrize(("operation", "stored", "told", "is_then"), TOLD)
async def test_what_is_done_under_a_reference_is_told_apart_by_the_confirmed_status(
    operation: str, stored: Outcome, told: dict[str, Any], is_then: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(*_: object) -> Reply:
        return Reply(200, status_of(**told))

    monkeypatch.setattr(Gateway, "get", get)
    async with open_shop() as shop:
        ledger = shop.client._shared.ledger
        right = await ledger.claim(Intent("ref", b"print", operation, "1000", "JPY"), token="t", lease=60)
        assert isinstance(right, Claim)
        await ledger.finish(right, stored)
        before = await known(shop.client)
        if is_then is None:
            assert (await refuse(shop.client, payload("t2"))).status == 403
            assert await known(shop.client) == before
            return
        event = await take(shop.client, payload("t2"))
        record = await known(shop.client)
        assert event.record == record
        if is_then is Effect.OTHER_OPERATION:
            assert (event.effect, record) == (is_then, before)
            assert event.status is not None
            assert event.status.transaction_id == "t2"
        else:
            assert (event.effect, event.status) == (Effect.SETTLED, None)
            assert record.mark is (Mark.CONTRADICTED if is_then == "contradicts" else None)
            assert record.outcome.transaction_id == "t2"
