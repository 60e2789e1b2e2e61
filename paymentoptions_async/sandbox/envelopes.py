"""Decisions as the gateway words them (gateway/API.md, "Answers", "Webhooks"). No I/O, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from paymentoptions_async.models.codes import find_code
from paymentoptions_async.redaction import mask_pan

from .answers import Answer
from .rules import settled
from .state import Kind

if TYPE_CHECKING:
    from decimal import Decimal

    from .answers import EchoCard
    from .gateway import Switches
    from .state import Transaction

__all__ = [
    "challenge",
    "challenge_url",
    "follow_up_envelope",
    "http_status",
    "payment_envelope",
    "plain_number",
    "status_envelope",
    "webhook_payload",
]

_METHODS: Final = {"MASTERCARD": "ECMC-SSL"}
# gateway/API.md names it and gives it no meaning, so nothing can be read out of it.
_NO_MEANING: Final = "ERR0204"
_COMPLETED: Final = "The transaction was completed successfully."
_PAID: Final = ("Payment Successful.", "INFO0000")
_DONE: Final = {
    Kind.CAPTURE: ("Amount successfully captured.", "INFO0001"),
    Kind.REFUND: ("Amount successfully refunded.", "INFO0002"),
    Kind.VOID: ("Authorization Successfully Cancelled.", "INFO0003"),
}
_TYPES: Final = {
    Kind.PURCHASE: "CAPTURE",
    Kind.CYCLE: "CAPTURE",
    Kind.AUTHORISATION: "PRE_AUTH",
    Kind.CAPTURE: "CAPTURE",
    Kind.REFUND: "REFUND",
    Kind.VOID: "VOID",
}


def payment_envelope(transaction: Transaction, switches: Switches, *, number: str | None) -> dict[str, Any]:
    """The envelope of samples/purchase.response.201.json.

    Args:
        transaction: What was decided.
        switches: How the card number comes back, and the HTTP status of a decline.
        number: The full number, where the request that is answered held one.
    """
    request = transaction.request
    return {
        # The vendor's samples say so of a purchase; "Answers" in gateway/API.md.
        **_head(transaction, http_status(transaction, switches), "PRE_AUTH"),
        "merchant_details": {
            **_merchant(request),
            "billing_details": {"billing_address": transaction.addresses["billing_address"]},
            "device_details": _devices(request),
        },
        "payment_details": _payment_details(transaction, switches.echo_card, number),
        "transaction_details": {
            **_identity(transaction),
            "merchant_txn_ref": request["merchant_txn_ref"],
            "stored_payment_method_id": transaction.token,
        },
        "risk-details": {"risk_score": None},
    }


def follow_up_envelope(transaction: Transaction, switches: Switches) -> Answer:
    """The envelope of samples/capture.response.201.json, and of its likes for void and refund.

    Args:
        transaction: The capture, void or refund.
        switches: As for a payment; the number is masked at most, since no full one is kept.
    """
    status = http_status(transaction, switches)
    body = {
        **_head(transaction, status, _TYPES[transaction.kind]),
        "merchant_details": _merchant(transaction.request),
        "payment_details": _payment_details(transaction, switches.echo_card, None),
        "transaction_details": {**_identity(transaction), "merchant_txn_ref": transaction.merchant_txn_ref},
    }
    return Answer(status, orjson.dumps(body))


def status_envelope(transaction: Transaction, switches: Switches) -> Answer:
    """The envelope of samples/transaction_status.response.200.json, which places and spells some members otherwise.

    Args:
        transaction: What was decided.
        switches: What unclear codes have come to, and how the card number comes back; masked at most.
    """
    transaction = _settled(transaction, switches)
    head = _head(transaction, 200, _TYPES[transaction.kind])
    told = _COMPLETED if transaction.decision.approved else head["gateway_response"]["message"]
    body = {
        **head,
        "merchant_details": _merchant(transaction.request),
        "payment_details": {
            **_payment_details(transaction, switches.echo_card, None),
            "responseDescription": told,
        },
        "transaction_details": {**_identity(transaction), "billing_details": transaction.addresses},
        "risk_details": {"risk_score": None},
    }
    return Answer(200, orjson.dumps(body))


def webhook_payload(transaction: Transaction, switches: Switches) -> dict[str, Any]:
    """The body of samples/webhook.payload.json.

    Args:
        transaction: What was decided.
        switches: As for a status: a webhook tells what has come of it.
    """
    transaction = _settled(transaction, switches)
    request = transaction.request
    return {
        **_head(transaction, http_status(transaction, switches), _TYPES[transaction.kind]),
        "merchant_details": {**_merchant(request), "billing_details": transaction.addresses},
        "payment_details": {**_payment_details(transaction, switches.echo_card, None), "currency": None},
        "transaction_details": {**_identity(transaction), "merchant_txn_ref": request["merchant_txn_ref"]},
        "risk-details": {"risk_score": None},
        "return_url_details": transaction.return_urls,
        "device_details": _devices(request),
    }


def _settled(transaction: Transaction, switches: Switches) -> Transaction:
    """The transaction with the code that an unclear one has come to."""
    decision = settled(transaction.decision, unclear_charges=switches.unclear_charges)
    return transaction if decision is transaction.decision else attrs.evolve(transaction, decision=decision)


def http_status(transaction: Transaction, switches: Switches) -> int:
    """201, or what is switched where nothing was approved: that is unpublished."""
    if transaction.decision.approved:
        return 201
    return 200 if switches.declines == "2xx" else 400


def challenge(transaction: Transaction, base_url: str, *, tells_id: bool) -> Answer:
    """The redirect of samples/purchase_3ds.response.200.json: `success: true`, nothing paid.

    Args:
        transaction: What waits for the payer.
        base_url: Where its page is.
        tells_id: Whether it also tells the id of the transaction.
    """
    page = challenge_url(transaction, base_url)
    card = transaction.masked_card or ""
    body: dict[str, Any] = {
        "url": f"{page}&_c={card[:6]}&_a=c2FuZGJveA==",
        "statusCode": 200,
        "success": True,
        "redirect_url": page,
    }
    if tells_id:
        body["transaction_details"] = {"id": transaction.id}
    return Answer(200, orjson.dumps(body))


def challenge_url(transaction: Transaction, base_url: str) -> str:
    """Where the payer is asked."""
    return f"{base_url}/integration/3ds?_token={transaction.challenge}"


def _head(transaction: Transaction, status: int, transaction_type: str) -> dict[str, Any]:
    return {
        "success": transaction.decision.approved,
        "status_code": status,
        "is_live": False,
        "transaction_type": transaction_type,
        "gateway_response": _gateway_response(transaction),
    }


def _gateway_response(transaction: Transaction) -> dict[str, str]:
    if transaction.decision.approved:
        kind = "INFO"
        message, code = _DONE.get(transaction.kind, _PAID)
    else:
        number = transaction.decision.response_code
        row = find_code(number)
        kind, message = "ERR", row.meaning if row else "Payment Failed."
        code = f"ERR30{-number % 100:02d}" if -8099 <= number <= -8000 else _NO_MEANING
    return {"version": "1", "type": kind, "message": message, "code": code}


def _merchant(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "legal_name": "Sandbox Merchant",
        "mid": request["merchant_id"],
        "merchant_txn_ref": request["merchant_txn_ref"],
    }


def _devices(request: dict[str, Any]) -> dict[str, Any]:
    customer_ip = request["customer_ip"]
    return {"visited_ip": customer_ip, "merchant_ip": "127.0.0.1", "customer_ip": customer_ip}


def _identity(transaction: Transaction) -> dict[str, Any]:
    return {"id": transaction.id, "ref": transaction.ref, "timestamp": transaction.timestamp}


def _payment_details(transaction: Transaction, echo_card: EchoCard, number: str | None) -> dict[str, Any]:
    decision, scheme = transaction.decision, transaction.scheme
    return {
        "amount": plain_number(decision.amount),
        "response_code": decision.response_code,
        "auth_code": f"{transaction.origin % 1_000_000:06d}" if decision.approved else None,
        "currency": transaction.currency,
        "payment_method": scheme and (_METHODS.get(scheme, f"{scheme}-SSL") if transaction.card else scheme),
        "scheme": scheme,
        "card": _card(transaction, echo_card, number),
        "additional_data": {"payment_data_source": {"type": transaction.wallet or "card"}},
    }


def _card(transaction: Transaction, echo_card: EchoCard, number: str | None) -> dict[str, Any] | None:
    if (card := transaction.card) is None:
        return None
    answered = {"name": card.name, "exp_month": card.exp_month, "exp_year": card.exp_year}
    if echo_card != "none":
        # A replay is asked with a number of its own; another than the stored one is not echoed.
        full = echo_card == "full" and number is not None and mask_pan(number) == card.masked
        answered["number"] = number if full and number else card.masked
    return answered


def plain_number(amount: Decimal) -> int | float:
    """An amount as answers write it."""
    whole = int(amount)
    return whole if whole == amount else float(amount)
