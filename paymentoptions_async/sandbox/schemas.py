"""The JSON Schemas of the models, for the OpenAPI document. Names, rules and types are the models' own."""

from __future__ import annotations

from decimal import Decimal
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from paymentoptions_async.models import (
    Address,
    BrowserInfo,
    CaptureRequest,
    Card,
    HostedPageRequest,
    PaymentMethod,
    PurchaseRequest,
    RefundRequest,
    ReturnUrls,
    Subscription,
    SubscriptionDetails,
    VoidRequest,
    answer,
)
from paymentoptions_async.models.request import Request
from paymentoptions_async.models.rules import json_schema
from paymentoptions_async.models.subscription_details import SubscriptionPlan, SubscriptionTransaction
from paymentoptions_async.models.wire import wire_names

__all__ = ["ANSWERS", "REQUESTS", "Schema", "answer_schemas", "reference", "request_schemas"]

Schema = dict[str, Any]

REQUESTS: Final[tuple[type[Any], ...]] = (
    Address, BrowserInfo, Card, PaymentMethod, ReturnUrls, Subscription,
    PurchaseRequest, HostedPageRequest, CaptureRequest, RefundRequest, VoidRequest,
)  # fmt: skip
ANSWERS: Final[tuple[type[Any], ...]] = (
    answer.GatewayResponse, answer.BillingDetails, answer.DeviceDetails, answer.MerchantDetails, answer.AnsweredCard,
    answer.PaymentDataSource, answer.AdditionalData, answer.PaymentDetails, answer.TransactionDetails,
    answer.RiskDetails, answer.Answer, SubscriptionPlan, SubscriptionTransaction, SubscriptionDetails, Address,
)  # fmt: skip

# gateway/API.md, "Purchase body": a card is required unless a token pays.
_PAYER: Final[Schema] = {
    "anyOf": [
        {"required": ["card"]},
        {
            "required": ["payment_method"],
            "properties": {"payment_method": {"required": ["stored_payment_method_id"]}},
        },
    ]
}
# gateway/API.md, "Answers": what the vendor writes as a number may come as a text, and the other way round.
_TYPES: Final[dict[type, list[str]]] = {
    str: ["string", "number", "null"],
    int: ["integer", "string", "null"],
    Decimal: ["number", "string", "null"],
    bool: ["boolean", "null"],
}


def request_schemas() -> dict[str, Schema]:
    """The bodies that are sent and their parts, by the names of their classes. What they do not know is tolerated."""
    return {kind.__name__: _request_schema(kind) for kind in REQUESTS}


def answer_schemas() -> dict[str, Schema]:
    """The answers and their parts. Nothing is required, and all may be null: the vendor's own samples differ."""
    return {_name(kind): _answer_schema(kind) for kind in ANSWERS}


def reference(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _request_schema(kind: type[Any]) -> Schema:
    fields = attrs.fields(kind)
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    if issubclass(kind, Request):
        required.append("merchant_id")  # the models may leave it to the settings, the gateway wants it
    properties = {_spelled(field.name): json_schema(field) for field in fields}
    return {
        **_object(kind, properties),
        "required": sorted(_spelled(name) for name in required),
        **(_PAYER if kind is PurchaseRequest else {}),
    }


def _spelled(member: str) -> str:
    return wire_names(member)[0]


def _object(kind: type[Any], properties: dict[str, Schema]) -> Schema:
    told = (kind.__doc__ or "").partition("\n")[0]
    return {"type": "object", "description": told, "properties": properties, "additionalProperties": True}


def _answer_schema(kind: type[Any]) -> Schema:
    types = get_type_hints(kind)
    members = [field.name for field in attrs.fields(kind) if field.name != "raw"]
    return _object(kind, {name: _answered(types[member]) for member in members for name in wire_names(member)})


def _answered(hint: Any) -> Schema:
    if get_origin(hint) is tuple:
        return {"type": "array", "items": reference(_name(get_args(hint)[0]))}
    # `str` of an address, which is required in requests alone, or `X | None`.
    kind = next((part for part in get_args(hint) if part is not NoneType), hint)
    if attrs.has(kind):
        return {"anyOf": [reference(_name(kind)), {"type": "null"}]}
    return {"type": _TYPES[kind]}


def _name(kind: type[Any]) -> str:
    """An address is held against its rules in a request, and taken as it comes in an answer."""
    return "AnsweredAddress" if kind is Address else str(kind.__name__)
