"""Decisions as the gateway words them (gateway/API.md, "Answers", "Errors"). No I/O, no state."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import orjson

from paymentoptions_async.models.codes import find_code
from paymentoptions_async.redaction import mask_pan

if TYPE_CHECKING:
    from decimal import Decimal

    from .contract import Refusal
    from .state import Transaction

__all__ = [
    "Answer",
    "EchoCard",
    "ErrorBody",
    "challenge",
    "envelope",
    "html_page",
    "json_error",
    "refusal",
    "status_envelope",
]

EchoCard = Literal["full", "masked", "none"]
ErrorBody = Literal["envelope", "message", "html", "empty"]

_JSON: Final = "application/json"
_HTML: Final = "text/html"
_METHODS: Final = {"MASTERCARD": "ECMC-SSL"}
# gateway/API.md names both and gives them no meaning, so nothing can be read out of them.
_NO_MEANING: Final = "ERR0204"
_INVALID: Final = "VAL0035"
_COMPLETED: Final = "The transaction was completed successfully."


@attrs.frozen
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = _JSON
    headers: dict[str, str] = attrs.Factory(dict)


def envelope(transaction: Transaction, *, declined: int, echo_card: EchoCard, number: str | None) -> Answer:
    """The envelope of samples/purchase.response.201.json.

    Args:
        transaction: What was decided.
        declined: The HTTP status where nothing was approved; it is unpublished.
        echo_card: How the card number comes back.
        number: The full number, where the request that is answered held one.
    """
    status = 201 if transaction.decision.approved else declined
    request = transaction.request
    body = {
        **_head(transaction, status, "PRE_AUTH"),
        "merchant_details": {
            **_merchant(request),
            "billing_details": {"billing_address": transaction.addresses["billing_address"]},
            "device_details": _devices(request),
        },
        "payment_details": _payment_details(transaction, echo_card, number),
        "transaction_details": {
            **_identity(transaction),
            "merchant_txn_ref": request["merchant_txn_ref"],
            "stored_payment_method_id": transaction.token,
        },
        "risk-details": {"risk_score": None},
    }
    return Answer(status, orjson.dumps(body))


def status_envelope(transaction: Transaction, *, echo_card: EchoCard) -> Answer:
    """The envelope of samples/transaction_status.response.200.json, which places and spells some members otherwise.

    Args:
        transaction: What was decided, and has come to.
        echo_card: How the card number comes back; masked at most, since no full number is kept.
    """
    head = _head(transaction, 200, "CAPTURE")
    told = _COMPLETED if transaction.decision.approved else head["gateway_response"]["message"]
    body = {
        **head,
        "merchant_details": _merchant(transaction.request),
        "payment_details": {**_payment_details(transaction, echo_card, None), "responseDescription": told},
        "transaction_details": {**_identity(transaction), "billing_details": transaction.addresses},
        "risk_details": {"risk_score": None},
    }
    return Answer(200, orjson.dumps(body))


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
        kind, message, code = "INFO", "Payment Successful.", "INFO0000"
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
    decision, card = transaction.decision, transaction.card
    answered = {"name": card.name, "exp_month": card.exp_month, "exp_year": card.exp_year}
    if echo_card != "none":
        # A replay is asked with a number of its own; another than the stored one is not echoed.
        full = echo_card == "full" and number is not None and mask_pan(number) == card.masked
        answered["number"] = number if full and number else card.masked
    return {
        "amount": _number(decision.amount),
        "response_code": decision.response_code,
        "auth_code": f"{transaction.ref % 1_000_000:06d}" if decision.approved else None,
        "currency": transaction.request["currency"],
        "payment_method": _METHODS.get(card.scheme, f"{card.scheme}-SSL"),
        "scheme": card.scheme,
        "card": answered,
        "additional_data": {"payment_data_source": {"type": "card"}},
    }


def _number(amount: Decimal) -> int | float:
    whole = int(amount)
    return whole if whole == amount else float(amount)


def challenge(transaction: Transaction, base_url: str) -> Answer:
    """The redirect of samples/purchase_3ds.response.200.json: `success: true`, nothing paid."""
    page = f"{base_url}/integration/3ds?_token={transaction.id}"
    body = {
        "url": f"{page}&_c={transaction.card.masked[:6]}&_a=c2FuZGJveA==",
        "statusCode": 200,
        "success": True,
        "redirect_url": page,
    }
    return Answer(200, orjson.dumps(body))


def refusal(why: Refusal, error_body: ErrorBody) -> Answer:
    """An undecided request's answer, in one of the shapes that API.md, "Errors", deems possible."""
    if error_body == "empty":
        return Answer(why.status)
    if error_body == "html":
        return html_page(why.status)
    return Answer(why.status, orjson.dumps(_refusal_body(why, error_body)))


def _refusal_body(why: Refusal, error_body: ErrorBody) -> dict[str, Any]:
    if error_body == "message":
        return {
            "statusCode": why.status,
            "message": why.message,
            "messageCode": _INVALID,
            "success": False,
            "data": None,
        }
    return {
        "success": False,
        "status_code": why.status,
        "is_live": False,
        "gateway_response": {
            "version": "1",
            "type": "VAL",
            "message": why.message,
            "code": _INVALID,
        },
    }


def html_page(status: int) -> Answer:
    """A proxy's page, which knows nothing of the gateway."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), _HTML)


def json_error(status: int, headers: dict[str, str] | None = None) -> Answer:
    """A bare `{statusCode, message}`."""
    body = {"statusCode": status, "message": HTTPStatus(status).phrase}
    return Answer(status, orjson.dumps(body), headers=headers or {})
