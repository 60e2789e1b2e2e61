"""`POST /payment` and `POST /paymentv2`: check, decide, book, answer. No I/O."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any, Final

from paymentoptions_async.models.codes import Reason
from paymentoptions_async.redaction import mask_pan

from .answers import Answer, challenge, envelope, refusal
from .contract import Refusal, check_credentials, check_purchase
from .gateway import Call, Gateway, Operation
from .rules import Decision, decide, moves_money, rule_of, scheme_of
from .state import StoredCard, Transaction

__all__ = ["PURCHASE_V1", "PURCHASE_V2"]

_DUPLICATE: Final = 94
_REPEATED: Final = ("merchant_txn_ref", "merchant_id", "customer_ip", "currency")
_ADDRESSES: Final = ("billing_address", "shipping_address")


def _purchase(gateway: Gateway, call: Call, *, version: int) -> Answer:
    if why := check_credentials(call.headers) or check_purchase(call.body):
        return refusal(why, gateway.switches.error_body)
    body = call.body or {}
    card = _card_of(gateway, body)
    if card is None:
        why = Refusal(404, "payment_method.stored_payment_method_id: not known here")
        return refusal(why, gateway.switches.error_body)
    transaction = _decided(gateway, body, card, version)
    return _answered(gateway, transaction, (body.get("card") or {}).get("number"))


def _card_of(gateway: Gateway, body: dict[str, Any]) -> StoredCard | None:
    card = body.get("card")
    if card is None:
        return gateway.books.cards.get(body["payment_method"]["stored_payment_method_id"])
    number = card["number"]
    return StoredCard(
        masked=mask_pan(number),
        scheme=scheme_of(number),
        rule=rule_of(number),
        name=card["name"],
        exp_month=card["expiry_month"],
        exp_year=card["expiry_year"],
    )


def _decided(gateway: Gateway, body: dict[str, Any], card: StoredCard, version: int) -> Transaction:
    amount = Decimal(str(body["amount"]))
    first = gateway.books.first(body["merchant_txn_ref"])
    if first is not None and gateway.switches.duplicates == "replay":
        return first
    if first is not None and gateway.switches.duplicates == "reject":
        decision = Decision(_DUPLICATE, Reason.DUPLICATE, amount)
    else:
        decision = decide(card.rule, amount, version=version)
    transaction = _transaction(gateway, body, card, decision)
    charged = moves_money(decision, unclear_charges=gateway.switches.unclear_charges)
    gateway.books.enter(transaction, charged=charged)
    return transaction


def _transaction(gateway: Gateway, body: dict[str, Any], card: StoredCard, decision: Decision) -> Transaction:
    now = gateway.now()
    return Transaction(
        id=gateway.ids(),
        ref=gateway.books.next_ref(),
        timestamp=f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        decision=decision,
        card=card,
        token=_token(gateway, body, card) if decision.approved else None,
        request={name: body[name] for name in _REPEATED},
        addresses=gateway.books.shared({name: body[name] for name in _ADDRESSES if body.get(name) is not None}),
    )


def _token(gateway: Gateway, body: dict[str, Any], card: StoredCard) -> str | None:
    # gateway/API.md, "make a token" and "pay by token".
    method = body.get("payment_method") or {}
    if body.get("card") is None:
        token: str = method["stored_payment_method_id"]
        return token
    if not method.get("store_payment_method"):
        return None
    made = gateway.ids()
    gateway.books.cards[made] = card
    return made


def _answered(gateway: Gateway, transaction: Transaction, number: str | None) -> Answer:
    if transaction.decision.challenge:
        return challenge(transaction, gateway.base_url())
    return envelope(
        transaction,
        declined=200 if gateway.switches.declines == "2xx" else 400,
        echo_card=gateway.switches.echo_card,
        number=number,
    )


# gateway/API.md, "Operations": version 2 is the entry to 3-D Secure.
PURCHASE_V1: Final = Operation(partial(_purchase, version=1), counted=True)
PURCHASE_V2: Final = Operation(partial(_purchase, version=2), counted=True)
