"""The gateway as an OpenAPI 3.1 document, made from the models that the client sends and reads."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final, NamedTuple

import attrs
import orjson

from paymentoptions_async.models.follow_up_request import FollowUpRequest
from paymentoptions_async.models.rules import json_schema

from .openapi_bodies import composed_schemas
from .schemas import Schema, answer_schemas, reference, request_schemas

__all__ = ["document"]

PREFIX: Final = "/api/v1/server-to-server-interface"

_JSON: Final = "application/json"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class _Answered(NamedTuple):
    """One answer of success: its HTTP status, what it means, its schema, and the sample that shows it."""

    status: int
    meaning: str
    schema: Schema
    sample: str | None = None


class _Operation(NamedTuple):
    """One row of gateway/API.md, "Operations". The samples of its body are named without `.request.json`."""

    method: str
    path: str
    id: str
    summary: str
    answers: tuple[_Answered, ...]
    body: str | None = None
    samples: tuple[str, ...] = ()


_CHALLENGED: Final = _Answered(
    200,
    "Not paid: a challenge, where the answer has a `redirect_url`; else a decline, with `success: false`.",
    {"anyOf": [reference("Challenge"), reference("TransactionAnswer")]},
    "purchase_3ds.response.200.json",
)
_DECLINED: Final = _Answered(200, "Declined, with `success: false`.", reference("TransactionAnswer"))


def _done(meaning: str, sample: str) -> _Answered:
    return _Answered(201, meaning, reference("TransactionAnswer"), f"{sample}.response.201.json")


_PAID: Final = _done("Paid, where `success` is true and `payment_details.response_code` is 0.", "purchase")
_RESERVED: Final = _done("Reserved, not moved.", "purchase")
_BEGUN: Final = _Answered(201, "Begun, and its first cycle charged.", reference("SubscriptionPayment"))
_UPDATED: Final = _Answered(
    200, "The subscription.", reference("SubscriptionAnswer"), "subscription_cancel.response.200.json"
)
_PAGE: Final = _Answered(201, "The page waits for its payer.", reference("HostedPage"), "hosted_page.response.json")

_CARDS: Final = ("purchase", "generate_token", "use_token")
_OPERATIONS: Final = (
    _Operation("post", "/payment", "purchase", "Purchase", (_PAID, _DECLINED), "PurchaseRequest", _CARDS),
    _Operation("post", "/paymentv2", "purchaseV2", "Purchase, with 3-D Secure", (_PAID, _CHALLENGED),
               "PurchaseRequest", _CARDS),
    _Operation("post", "/authorization", "authorise", "Reserve", (_RESERVED, _DECLINED), "PurchaseRequest", _CARDS),
    _Operation("post", "/authorizationv2", "authoriseV2", "Reserve, with 3-D Secure", (_RESERVED, _CHALLENGED),
               "PurchaseRequest", _CARDS),
    _Operation("post", "/capture", "capture", "Take what was reserved, once; a smaller amount releases the rest",
               (_done("Captured.", "capture"), _DECLINED), "CaptureRequest", ("capture",)),
    _Operation("post", "/void", "void", "Give up what was reserved and not captured",
               (_done("Voided.", "void"), _DECLINED), "VoidRequest", ("void",)),
    _Operation("post", "/refund", "refund", "Give back what was captured, all of it or a part",
               (_done("Refunded.", "refund"), _DECLINED), "RefundRequest", ("refund",)),
    _Operation("get", "/transaction/status/{transactionId}", "status", "What became of a transaction",
               (_Answered(200, "What the gateway knows.", reference("TransactionAnswer"),
                          "transaction_status.response.200.json"),)),
    _Operation("post", "/subscription/payment", "createSubscription", "Begin a subscription", (_BEGUN, _DECLINED),
               "SubscriptionRequest", ("subscription_create",)),
    _Operation("get", "/subscription/list", "listSubscriptions", "All subscriptions",
               (_Answered(200, "All of them. Its shape is not published.", reference("SubscriptionList")),)),
    _Operation("get", "/subscription/{id}", "showSubscription", "One subscription", (_UPDATED,)),
    *(_Operation("post", f"/subscription/{{id}}/{verb}", f"{verb}Subscription", f"{verb.title()} a subscription",
                 (_UPDATED,)) for verb in ("pause", "resume", "cancel")),
    _Operation("post", "/hpp/generate/link", "createHostedPage", "A page on which the payer pays, by card or wallet",
               (_PAGE, _PAGE._replace(status=200)), "HostedPageRequest", ("hosted_page", "wallet")),
)  # fmt: skip

# gateway/API.md, "Errors".
_ERRORS: Final = {
    400: "The body breaks a rule; or declined.",
    401: "The credentials are missing or wrong.",
    404: "Not known.",
    406: "Not a card.",
    412: "A condition is not met.",
    500: "The outcome is unknown.",
    502: "The outcome is unknown.",
    504: "The outcome is unknown.",
}
_ABOUT: Final = (
    "What is publicly known of the PaymentOptions gateway, as its sandbox serves it. Neither this document nor the "
    "sandbox is the vendor's. A repeated `merchant_txn_ref` may be charged again."
)


def document(base_url: str) -> dict[str, Any]:
    """The document. Reads files: not to be called in an event loop.

    Args:
        base_url: The address of the sandbox, without a path.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "PaymentOptions gateway", "version": version("paymentoptions-async"), "description": _ABOUT},
        "servers": [{"url": base_url + PREFIX}],
        "security": [{"basic": [], "apiKey": []}],
        "paths": _paths(),
        "webhooks": {"transaction": {"post": _webhook()}},
        "components": {
            "schemas": {**request_schemas(), **answer_schemas(), **composed_schemas()},
            "responses": {f"Error{status}": _error(meaning) for status, meaning in _ERRORS.items()},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "The API key, with or without a colon."},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in _OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return paths


def _described(operation: _Operation) -> dict[str, Any]:
    described = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [_parameter(name) for name in _PARAMETER.findall(operation.path)],
        "responses": {
            **{str(answer.status): _response(answer) for answer in operation.answers},
            **{str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _ERRORS},
        },
    }
    if operation.body is not None:
        samples = {name: {"value": _sample(f"{name}.request.json")} for name in operation.samples}
        content = {_JSON: {"schema": reference(operation.body), "examples": samples}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameter(name: str) -> dict[str, Any]:
    # The gateway's ids are of one kind.
    schema = json_schema(attrs.fields(FollowUpRequest).transaction_id)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _response(answer: _Answered) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": answer.schema}
    if answer.sample is not None:
        content["example"] = _sample(answer.sample)
    return {"description": answer.meaning, "content": {_JSON: content}}


def _error(meaning: str) -> dict[str, Any]:
    schema = {"anyOf": [reference("Envelope"), reference("ErrorMessage")]}
    return {
        "description": f"{meaning} Its body is not published: one of these, a proxy's HTML, or none.",
        "content": {_JSON: {"schema": schema}, "text/html": {"schema": {"type": "string"}}},
    }


def _webhook() -> dict[str, Any]:
    content = {"schema": reference("Webhook"), "example": _sample("webhook.payload.json")}
    return {
        "operationId": "webhook",
        "summary": "Posted to `return_url.webhook_url`. It is not signed: confirm it by a status query",
        "security": [],
        "requestBody": {"required": True, "content": {_JSON: content}},
        "responses": {"200": {"description": "Taken. Which answer the gateway wants is not published."}},
    }


def _sample(name: str) -> Any:
    return orjson.loads(files(__package__).joinpath("samples", name).read_bytes())
