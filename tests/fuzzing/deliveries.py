"""Webhooks: whatever is posted, and whatever the gateway says when it is asked about it."""

from __future__ import annotations

from typing import Final

import attrs
import orjson

from paymentoptions_async import Effect, MemoryLedger, WebhookEvent, WebhookRefusedError
from paymentoptions_async.asking import Asking
from paymentoptions_async.bell import Bell
from paymentoptions_async.inquiring import Inquiring
from paymentoptions_async.ledger import Claim, Record
from paymentoptions_async.logs import Log
from paymentoptions_async.models.outcome import Outcome, Refusal, State
from paymentoptions_async.orders import asked_of
from paymentoptions_async.reconciling import Reconciling
from paymentoptions_async.transport.reply import Reply
from paymentoptions_async.transport.retry import RetryBudget
from paymentoptions_async.watching import Watch
from paymentoptions_async.webhooks.receiver import Webhooks
from paymentoptions_async.webhooks.tokens import Tokens

from ..helpers import PAID, SAMPLES
from .oracles import check_error, read
from .target import Target, choice, joined, parts
from .worlds import ORDERS, REFERENCE, RUNTIME, SETTINGS, STATUSES, Answering, run

__all__ = ["DELIVERIES"]

_ID: Final = "t1"
_tokens: Final = Tokens(SETTINGS)
_token: Final = _tokens.url("https://shop.example", REFERENCE).rpartition("/")[2]
_NAMED: Final = orjson.dumps({"transaction_details": {"id": _ID}})

# What the ledger knows before; `None`: nothing at all. The last two that are there are for good.
_BEFORE: Final = (
    Outcome(State.UNKNOWN, ("HTTP 502",), lost=True),
    Outcome(State.UNKNOWN, ("unclear",), answer=_NAMED, status=200),
    Outcome(State.SENDING),
    Outcome(State.CHALLENGED, answer=orjson.dumps({"redirect_url": "https://acs.example"})),
    Outcome(State.REFUSED, refusal=Refusal.NOT_SENT),
    Outcome(State.UNKNOWN, ("twice",), attempts=2, lost=True),
    None,
    Outcome(State.PAID, answer=_NAMED),
    Outcome(State.DECLINED, answer=_NAMED),
)
_CHARGES: Final = tuple(order for order in ORDERS if not order.operation.is_follow_up)


@attrs.define
class _Shop:
    """A receiver, its ledger and the gateway that it asks."""

    ledger: MemoryLedger = attrs.field(factory=lambda: MemoryLedger(clock=lambda: 1e9))
    gateway: Answering = attrs.field(factory=Answering)

    def webhooks(self) -> Webhooks:
        asking = Asking(settings=SETTINGS, budget=RetryBudget(), runtime=RUNTIME)
        told = {"gateway": self.gateway, "asking": asking}
        return Webhooks(
            tokens=_tokens,
            ledger=self.ledger,
            reconciling=Reconciling(**told, ledger=self.ledger, bell=Bell()),  # type: ignore[arg-type]
            inquiring=Inquiring(**told),  # type: ignore[arg-type]
            signature=None,
            watch=Watch((), RUNTIME.clock, Log("critical")),
            log=Log("critical"),
        )


def _deliver(data: bytes) -> None:
    choices, body, answer = parts(data, 2)
    shop = _Shop()
    shop.gateway.reply = Reply(choice(choices, 1, STATUSES), answer)
    run(_delivered(shop, choices, body))


async def _delivered(shop: _Shop, choices: bytes, body: bytes) -> None:
    before, order = choice(choices, 0, _BEFORE), choice(choices, 2, _CHARGES)
    if before is not None:
        await shop.ledger.claim(order.intent, token="claim", lease=60)
        if before.state is not State.SENDING:
            await shop.ledger.finish(Claim(REFERENCE, "claim"), before)
    earlier = await shop.ledger.find(REFERENCE)
    token = choice(choices, 3, (_token, _token, body.decode("utf-8", "surrogateescape"), ""))
    try:
        event = await shop.webhooks().receive(token=token, body=body)
    except WebhookRefusedError as refused:
        _check_refusal(refused)
        event = None
    assert event is None or token == _token, "whoever has no token is believed"
    _check(shop, earlier, await shop.ledger.find(REFERENCE), event)


def _check_refusal(refused: WebhookRefusedError) -> None:
    assert refused.status in (400, 403, 413, 503)
    check_error(refused)


def _check(shop: _Shop, earlier: Record | None, now: Record | None, event: WebhookEvent | None) -> None:
    if event is not None:
        assert event.merchant_txn_ref == REFERENCE, "the token is good for one reference alone"
        assert (event.effect is Effect.NO_RECORD) == (now is None)
    if now is None or earlier is None:
        assert now is earlier
        return
    if now.outcome.state == earlier.outcome.state:
        return
    reading = read(shop.gateway.reply.body, shop.gateway.reply.status)
    assert event is not None, "refused, and settled all the same"
    assert event.effect is Effect.SETTLED
    asked = asked_of(now.intent)
    assert reading.names(REFERENCE, event.transaction_id), "settled by another transaction"
    if now.outcome.state in (State.PAID, State.PARTIAL):
        assert reading.may_be_paid(asked)
        assert now.outcome.state is State.PARTIAL or reading.is_whole(asked)
    else:
        assert now.outcome.state is State.DECLINED
        assert not reading.says_success
        assert reading.approval is None


def _status(**changes: object) -> bytes:
    told = {**PAID, "transaction_type": "SALE", "gateway_response": {"code": "INFO0000"}}
    told["transaction_details"] = {**PAID["transaction_details"], "id": _ID}
    return orjson.dumps({**told, **changes})


def _payload() -> bytes:
    told = orjson.loads((SAMPLES / "webhook.payload.json").read_bytes())
    told["merchant_details"]["merchant_txn_ref"] = REFERENCE
    told["transaction_details"] |= {"id": _ID, "merchant_txn_ref": REFERENCE}
    return orjson.dumps(told)


def _seeds() -> tuple[bytes, ...]:
    declined = _status(success=False, payment_details={**PAID["payment_details"], "response_code": 51})
    partial = _status(payment_details={**PAID["payment_details"], "response_code": 10, "amount": 500})
    later = _status(gateway_response={"code": "INFO0002"}, transaction_type="REFUND")
    told = [
        joined((before, 1, order), _payload(), answer)
        for before in range(len(_BEFORE))
        for order in range(len(_CHARGES))
        for answer in (_status(), declined, partial, later)
    ]
    foreign = _status(transaction_details={"id": "t2", "merchant_txn_ref": REFERENCE})
    nameless = _status(transaction_details={"id": _ID}, merchant_details={})
    forged = [joined((before, 1, 0, 3), _payload(), _status()) for before in range(len(_BEFORE))]
    others = [
        joined((before, 1), _payload(), one) for before in range(len(_BEFORE)) for one in (foreign, nameless, b"")
    ]
    return (*told, *forged, *others)


DELIVERIES: Final = Target("deliveries", _deliver, _seeds())
