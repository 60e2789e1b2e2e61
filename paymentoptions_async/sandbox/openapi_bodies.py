"""The bodies that no class of the models is for: what gateway/API.md composes of them, for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from .schemas import Schema, reference

__all__ = ["composed_schemas"]

_TEXT: Final[Schema] = {"type": "string"}
_HEAD: Final = ("success", "status_code")


def composed_schemas() -> dict[str, Schema]:
    """All of them, by their names."""
    return {
        "Envelope": _with("Answer", *_HEAD, "gateway_response"),
        "TransactionAnswer": _with("Envelope", "merchant_details", "payment_details", "transaction_details"),
        "Challenge": _CHALLENGE,
        "ErrorMessage": _ERROR_MESSAGE,
        "SubscriptionRequest": _with("PurchaseRequest", "subscription"),
        "SubscriptionPayment": _with("TransactionAnswer", subscription_details=reference("SubscriptionDetails")),
        # Of these only what pause, resume and cancel answer is published.
        "SubscriptionAnswer": _with("Answer", *_HEAD, subscription_details=reference("SubscriptionDetails")),
        "SubscriptionList": _SUBSCRIPTIONS,
        "HostedPage": _HOSTED_PAGE,
        "Webhook": _with(
            "TransactionAnswer",
            return_url_details=reference("ReturnUrls"),
            device_details=reference("DeviceDetails"),
        ),
    }


def _with(base: str, *required: str, **members: Schema) -> Schema:
    """Another body, of which members are required, or to which required members are added."""
    return {"allOf": [reference(base)], "required": [*required, *members], "properties": members}


_CHALLENGE: Final[Schema] = {
    "type": "object",
    "description": "The payer must be sent to `redirect_url`. Nothing is paid yet, though `success` is true.",
    "required": ["success", "redirect_url"],
    "properties": {
        "url": _TEXT,
        "statusCode": {"type": "integer"},
        "success": {"type": "boolean"},
        "redirect_url": _TEXT,
        "transaction_details": reference("TransactionDetails"),
    },
}
_ERROR_MESSAGE: Final[Schema] = {
    "type": "object",
    "required": ["statusCode", "message"],
    "properties": {
        "statusCode": {"type": "integer"},
        "message": _TEXT,
        "messageCode": _TEXT,
        "success": {"const": False},
        "data": {},
    },
}
_SUBSCRIPTIONS: Final[Schema] = {
    "type": "object",
    "required": ["success", "subscriptions"],
    "properties": {
        "success": {"type": "boolean"},
        "status_code": {"type": "integer"},
        "subscriptions": {"type": "array", "items": reference("SubscriptionDetails")},
    },
}
_HOSTED_PAGE: Final[Schema] = {
    "type": "object",
    "description": "A page that waits for its payer, and the request's own members again.",
    "required": ["id", "url", "merchant_txn_ref"],
    "properties": {
        "id": _TEXT,
        "url": _TEXT,
        "merchant_txn_ref": _TEXT,
        "amount": {"type": ["string", "number", "null"]},
        "currency": _TEXT,
    },
}
