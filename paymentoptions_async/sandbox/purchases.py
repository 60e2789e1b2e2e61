"""`POST /payment`, `/authorization` and their second versions: check, decide, book, answer. No I/O."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from .answers import Answer, refusal
from .booking import book, card_of
from .contract import Refusal, check_credentials, check_purchase
from .envelopes import challenge, http_status, payment_envelope
from .gateway import Call, Gateway, Operation
from .rules import decision_of
from .state import Kind

if TYPE_CHECKING:
    from .state import StoredCard, Transaction

__all__ = [
    "AUTHORISATION_V1",
    "AUTHORISATION_V2",
    "PURCHASE_V1",
    "PURCHASE_V2",
    "UNKNOWN_TOKEN",
    "repeated",
]

UNKNOWN_TOKEN: Final = Refusal(404, "payment_method.stored_payment_method_id: not known here")
_DUPLICATE: Final = 94


def _order(gateway: Gateway, call: Call, *, kind: Kind, version: int) -> Answer:
    if why := check_credentials(call.headers) or check_purchase(call.body):
        return refusal(why, gateway.switches.error_body)
    body = call.body or {}
    card = card_of(gateway, body)
    if card is None:
        return refusal(UNKNOWN_TOKEN, gateway.switches.error_body)
    transaction = repeated(gateway, body, card, kind) or _decided(gateway, body, card, kind, version)
    return _answered(gateway, transaction, (body.get("card") or {}).get("number"))


def repeated(gateway: Gateway, body: dict[str, Any], card: StoredCard, kind: Kind) -> Transaction | None:
    """What comes of a reference that was used before; `None` where it is to be decided like a new one."""
    first = gateway.books.first(body["merchant_txn_ref"])
    if first is None or gateway.switches.duplicates == "charge":
        return None
    if gateway.switches.duplicates == "replay":
        return first
    return book(gateway, body, card, kind, decision_of(_DUPLICATE, Decimal(str(body["amount"]))))


def _decided(gateway: Gateway, body: dict[str, Any], card: StoredCard, kind: Kind, version: int) -> Transaction:
    decision = gateway.decide(card.rule, Decimal(str(body["amount"])), version=version)
    return book(gateway, body, card, kind, decision)


def _answered(gateway: Gateway, transaction: Transaction, number: str | None) -> Answer:
    switches = gateway.switches
    if transaction.challenge is not None:
        return challenge(transaction, gateway.base_url(), tells_id=switches.challenge_tells_id)
    envelope = payment_envelope(transaction, switches, number=number)
    return Answer(http_status(transaction, switches), orjson.dumps(envelope))


# gateway/API.md, "Operations": version 2 is the entry to 3-D Secure.
PURCHASE_V1: Final = Operation(partial(_order, kind=Kind.PURCHASE, version=1), counted=True)
PURCHASE_V2: Final = Operation(partial(_order, kind=Kind.PURCHASE, version=2), counted=True)
AUTHORISATION_V1: Final = Operation(partial(_order, kind=Kind.AUTHORISATION, version=1), counted=True)
AUTHORISATION_V2: Final = Operation(partial(_order, kind=Kind.AUTHORISATION, version=2), counted=True)
