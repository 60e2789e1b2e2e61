"""`/subscription/...`, and the cycles that fall due as the clock goes on. No I/O."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from .answers import Answer, refusal
from .booking import book, card_of
from .clock import stamp
from .contract import Refusal, check_credentials, check_subscription
from .envelopes import http_status, payment_envelope, plain_number
from .gateway import Call, Gateway, Operation
from .plans import Cycle, Plan, Subscription, SubscriptionState, later
from .purchases import UNKNOWN_TOKEN, repeated
from .rules import decision_of
from .state import Kind, TransactionState

if TYPE_CHECKING:
    from .state import StoredCard, Transaction

__all__ = ["CANCEL", "LIST", "PAUSE", "RESUME", "SHOW", "SUBSCRIBE", "advance"]

_FURTHEST: Final = timedelta(days=3660)
_UNKNOWN: Final = Refusal(404, "subscriptionId: not known here")
_UPDATED: Final = {"version": "1", "type": "INFO", "message": "Subscription Updated.", "code": "INFO3000"}
_ORDERED: Final = (
    "currency", "merchant_txn_ref", "customer_ip", "merchant_id", "return_url", "billing_address", "shipping_address",
)  # fmt: skip
_FROM: Final = {
    SubscriptionState.PAUSED: (SubscriptionState.ACTIVE,),
    SubscriptionState.ACTIVE: (SubscriptionState.PAUSED,),
    SubscriptionState.CANCELLED: (SubscriptionState.ACTIVE, SubscriptionState.PAUSED),
}


# --- making ---------------------------------------------------------------------------------------


def _subscribe(gateway: Gateway, call: Call) -> Answer:
    switches = gateway.switches
    if why := check_credentials(call.headers) or check_subscription(call.body):
        return refusal(why, switches.error_body)
    body = call.body or {}
    card = card_of(gateway, body)
    if card is None:
        return refusal(UNKNOWN_TOKEN, switches.error_body)
    transaction = repeated(gateway, body, card, Kind.CYCLE) or _started(gateway, body, card)
    envelope = payment_envelope(transaction, switches, number=(body.get("card") or {}).get("number"))
    for subscription in gateway.books.subscriptions_of(transaction.merchant_txn_ref):
        if subscription.made_by == transaction.id:
            envelope["subscription_details"] = _details(gateway, subscription)
    return Answer(http_status(transaction, switches), orjson.dumps(envelope))


def _started(gateway: Gateway, body: dict[str, Any], card: StoredCard) -> Transaction:
    """Charge the first cycle, or nothing where a trial comes first. Without a yes there is no subscription."""
    plan, now = Plan.of(body), gateway.now()
    decision = gateway.decide(card.rule, plan.amount_of(1), version=1)
    if plan.trial:
        decision = decision_of(decision.response_code, plan.amount * 0)
    transaction = book(gateway, body, card, Kind.CYCLE, decision)
    if not decision.approved:
        return transaction
    subscription = Subscription(
        id=gateway.ids(),
        ref=transaction.merchant_txn_ref,
        made_by=transaction.id,
        plan=plan,
        card=card,
        order={name: body[name] for name in _ORDERED if name in body},
        start=later(now, plan.trial_unit, plan.trial) if plan.trial else now,
    )
    if not plan.trial:
        subscription.note(Cycle(1, transaction.id, paid=True))
    gateway.books.keep_subscription(subscription)
    return transaction


# --- looking and changing -------------------------------------------------------------------------


def _list(gateway: Gateway, call: Call) -> Answer:
    if why := check_credentials(call.headers):
        return refusal(why, gateway.switches.error_body)
    told = [_details(gateway, subscription) for subscription in gateway.books.subscriptions.values()]
    return _told({"subscriptions": told})


def _show(gateway: Gateway, call: Call) -> Answer:
    found = _found(gateway, call)
    if isinstance(found, Refusal):
        return refusal(found, gateway.switches.error_body)
    return _told({"subscription_details": _details(gateway, found)})


def _change(gateway: Gateway, call: Call, *, to: SubscriptionState) -> Answer:
    found = _found(gateway, call)
    if isinstance(found, Subscription) and found.state not in _FROM[to]:
        found = Refusal(400, f"subscriptionId: of a subscription that is {found.state.value.lower()}")
    if isinstance(found, Refusal):
        return refusal(found, gateway.switches.error_body)
    if to is SubscriptionState.ACTIVE:
        found.go_on(gateway.now())
    else:
        found.state = to
    gateway.books.keep_subscription(found)
    return _told({"gateway_response": _UPDATED, "subscription_details": _details(gateway, found)})


def _found(gateway: Gateway, call: Call) -> Subscription | Refusal:
    if why := check_credentials(call.headers):
        return why
    return gateway.books.subscriptions.get(call.path["subscription_id"]) or _UNKNOWN


def _told(more: dict[str, Any]) -> Answer:
    return Answer(200, orjson.dumps({"success": True, "status_code": 200, "is_live": False} | more))


def _details(gateway: Gateway, subscription: Subscription) -> dict[str, Any]:
    """The block of samples/subscription_cancel.response.200.json."""
    plan, cycles = subscription.plan, subscription.cycles
    over = subscription.state is SubscriptionState.COMPLETED
    return {
        "id": subscription.id,
        "type": plan.end_type,
        "max_cycle_count": plan.cycles,
        "status": subscription.state.value,
        "completed_payment_cycle": sum(cycle.paid for cycle in cycles),
        "last_payment_status": _word(cycles[-1]) if cycles else None,
        "next_payment_date": None if over else stamp(subscription.next_date),
        "next_payment_cycle": None if over else subscription.next_cycle,
        "subscription_plan_details": {
            "name": plan.name,
            "desc": plan.desc,
            "billing_cycle_type": plan.unit,
            "billing_cycle_interval": plan.interval,
            "amount": plain_number(plan.amount),
            "ccy": subscription.order["currency"],
            "trial_period_duration": plan.trial or "",
            "trial_period_duration_type": plan.trial_unit,
            "plan_discount_percentage": plan.discount,
            "plan_discount_duration": plan.discounted,
        },
        "subscription_transaction_details": [_cycle(gateway, cycle) for cycle in cycles],
    }


def _cycle(gateway: Gateway, cycle: Cycle) -> dict[str, Any]:
    transaction = gateway.books.transaction(cycle.transaction)
    assert transaction is not None, "a cycle has a transaction"  # noqa: S101
    return {
        "id": transaction.id,
        "ref": transaction.ref,
        "cycle": cycle.number,
        "status": _word(cycle),
        "transaction_date": transaction.timestamp,
        "amount": plain_number(transaction.amount),
        "ccy": transaction.currency,
        "event": "CAPTURED" if cycle.paid else "DECLINED",
    }


def _word(cycle: Cycle) -> str:
    return "SUCCESSFUL" if cycle.paid else "FAILED"


# --- time -----------------------------------------------------------------------------------------


def advance(gateway: Gateway, delta: timedelta) -> None:
    """Turn the clock on, and charge every cycle that falls due by then, in order, each at its own time.

    Await `gateway.finish()` before anyone is told.

    Args:
        gateway: Whose clock.
        delta: By how much.

    Raises:
        ValueError: Time does not go back, nor on by more than ten years at once.
    """
    if not timedelta() <= delta <= _FURTHEST:
        raise ValueError("the clock goes on by 0 days to 3660, not otherwise")
    target = gateway.now() + delta
    while (due := _next_due(gateway)) is not None and due.next_date <= target:
        gateway.clock.turn_to(due.next_date)
        _charge(gateway, due)
    gateway.clock.turn_to(target)
    gateway.books.keep_clock(gateway.clock.ahead)


def _next_due(gateway: Gateway) -> Subscription | None:
    active = (one for one in gateway.books.subscriptions.values() if one.state is SubscriptionState.ACTIVE)
    return min(active, key=lambda one: one.next_date, default=None)


def _charge(gateway: Gateway, subscription: Subscription) -> None:
    number = subscription.next_cycle
    decision = gateway.decide(subscription.card.rule, subscription.plan.amount_of(number), version=1)
    transaction = book(gateway, subscription.order, subscription.card, Kind.CYCLE, decision)
    subscription.note(Cycle(number, transaction.id, paid=transaction.state is not TransactionState.DECLINED))
    gateway.books.keep_subscription(subscription)


SUBSCRIBE: Final = Operation(_subscribe, counted=True)
LIST: Final = Operation(_list)
SHOW: Final = Operation(_show)
PAUSE: Final = Operation(partial(_change, to=SubscriptionState.PAUSED))
RESUME: Final = Operation(partial(_change, to=SubscriptionState.ACTIVE))
CANCEL: Final = Operation(partial(_change, to=SubscriptionState.CANCELLED))
