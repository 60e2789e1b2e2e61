from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.resources import files
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
import requests
import schemathesis
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, assume, given, note, reject, seed, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from paymentoptions_async.errors import InvalidRequestError
from paymentoptions_async.models import CaptureRequest, HostedPageRequest, PurchaseRequest, RefundRequest, VoidRequest
from paymentoptions_async.models.wire import request_body
from paymentoptions_async.sandbox import Sandbox
from paymentoptions_async.sandbox.openapi import document

from ..helpers import SAMPLES
from ..models.instances import requests as made_at_random
from .calls import APPROVED, CHALLENGED, DECLINED, HEADERS, PREFIX, post, purchase

if TYPE_CHECKING:
    import aiohttp

BASE: Final = "http://127.0.0.1:8080"
DOCUMENT: Final = document(BASE)
SCHEMAS: Final[dict[str, Any]] = DOCUMENT["components"]["schemas"]
OPERATIONS: Final = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
# gateway/API.md, "Operations".
PUBLISHED: Final = {
    ("post", "/payment"), ("post", "/paymentv2"), ("post", "/authorization"), ("post", "/authorizationv2"),
    ("post", "/capture"), ("post", "/void"), ("post", "/refund"), ("get", "/transaction/status/{transactionId}"),
    ("post", "/subscription/payment"), ("get", "/subscription/list"), ("get", "/subscription/{id}"),
    ("post", "/subscription/{id}/pause"), ("post", "/subscription/{id}/resume"),
    ("post", "/subscription/{id}/cancel"), ("post", "/hpp/generate/link"),
}  # fmt: skip
SAMPLE_SCHEMAS: Final = {
    "purchase.request.json": "PurchaseRequest",
    "generate_token.request.json": "PurchaseRequest",
    "use_token.request.json": "PurchaseRequest",
    "subscription_create.request.json": "SubscriptionRequest",
    "capture.request.json": "CaptureRequest",
    "refund.request.json": "RefundRequest",
    "void.request.json": "VoidRequest",
    "hosted_page.request.json": "HostedPageRequest",
    "wallet.request.json": "HostedPageRequest",
    "purchase.response.201.json": "TransactionAnswer",
    "capture.response.201.json": "TransactionAnswer",
    "refund.response.201.json": "TransactionAnswer",
    "void.response.201.json": "TransactionAnswer",
    "transaction_status.response.200.json": "TransactionAnswer",
    "purchase_3ds.response.200.json": "Challenge",
    "subscription_cancel.response.200.json": "SubscriptionAnswer",
    "hosted_page.response.json": "HostedPage",
    "webhook.payload.json": "Webhook",
}


def validator(name: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(schema, validate_formats=True)


def sample(name: str) -> Any:
    return orjson.loads((SAMPLES / name).read_bytes())


# --- the document -----------------------------------------------------------------------------------------


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_published_operation_is_in_it_and_no_other() -> None:
    assert set(OPERATIONS) == PUBLISHED


def test_it_names_the_sandbox_the_version_and_both_credentials() -> None:
    assert DOCUMENT["servers"] == [{"url": BASE + PREFIX}]
    assert DOCUMENT["info"]["version"] == version("paymentoptions-async")
    assert [set(together) for together in DOCUMENT["security"]] == [{"basic", "apiKey"}]


def test_every_sample_has_its_schema() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(SAMPLE_SCHEMAS)


@pytest.mark.parametrize(("name", "schema"), SAMPLE_SCHEMAS.items())
def test_a_sample_keeps_its_schema(name: str, schema: str) -> None:
    validator(schema).validate(sample(name))


def required(name: str, told: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the members of a body that its schema requires."""
    schema = SCHEMAS[name]
    for member in schema.get("required", ()):
        yield (*path, member)
    for base in schema.get("allOf", ()):
        yield from required(base["$ref"].rpartition("/")[2], told, path)
    for member, place in schema.get("properties", {}).items():
        if "$ref" in place and member in told:
            yield from required(place["$ref"].rpartition("/")[2], told[member], (*path, member))


@pytest.mark.parametrize(
    ("name", "schema", "path"),
    [
        pytest.param(name, schema, path, id=f"{name}-{'.'.join(path)}")
        for name, schema in SAMPLE_SCHEMAS.items()
        for path in dict.fromkeys(required(schema, sample(name)))
    ],
)
def test_a_sample_without_a_required_member_breaks_its_schema(name: str, schema: str, path: tuple[str, ...]) -> None:
    told = place = sample(name)
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    assert not validator(schema).is_valid(told)


@pytest.mark.parametrize("kind", [PurchaseRequest, HostedPageRequest, CaptureRequest, RefundRequest, VoidRequest])
@settings(max_examples=10, suppress_health_check=list(HealthCheck))  # few of them have something that pays
@given(data=st.data())
def test_whatever_the_client_sends_keeps_its_schema(kind: type[Any], data: st.DataObject) -> None:
    request = data.draw(made_at_random(kind))
    try:
        request.check()
    except InvalidRequestError:
        reject()  # no card and no token
    assume(getattr(request, "card", True) or request.payment_method.stored_payment_method_id)  # nor a wallet
    validator(kind.__name__).validate(orjson.loads(request_body(request, "m").content))


def test_neither_card_nor_token_pays_nothing() -> None:
    told = sample("use_token.request.json")
    del told["payment_method"]["stored_payment_method_id"]
    assert not validator("PurchaseRequest").is_valid(told)


def test_its_examples_are_the_samples() -> None:
    packaged = files("paymentoptions_async.sandbox") / "samples"
    assert {path.name: path.read_bytes() for path in packaged.iterdir()} == {
        path.name: path.read_bytes() for path in SAMPLES.iterdir()
    }


# --- fetching it ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_sandbox_publishes_it_without_credentials(session: aiohttp.ClientSession, gateway: Sandbox) -> None:
    for _ in range(2):
        async with session.get(f"{gateway.base_url}/openapi.json") as response:
            assert response.content_type == "application/json"
            told = await response.json()
            assert told == {**DOCUMENT, "servers": [{"url": gateway.base_url + PREFIX}]}


@pytest.mark.asyncio
async def test_fetching_it_draws_no_fault(session: aiohttp.ClientSession) -> None:
    async with Sandbox(faults=["500:before_commit"]) as gateway:
        async with session.get(f"{gateway.base_url}/openapi.json") as response:
            assert response.status == 200
        async with session.post(f"{gateway.base_url}{PREFIX}/payment", json=purchase(), headers=HEADERS) as response:
            assert response.status == 500


# --- the sandbox keeps it ---------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [APPROVED, DECLINED])
async def test_a_webhook_keeps_its_schema(session: aiohttp.ClientSession, gateway: Sandbox, number: str) -> None:
    got: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/webhook", take)
    async with TestServer(application) as merchant:
        url = str(merchant.make_url("/webhook"))
        await post(session, gateway, purchase({"card.number": number, "return_url.webhook_url": url}))
        await gateway.webhooks_sent()
    [told] = got
    validator("Webhook").validate(told)


CHECKS: Final = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
SEED: Final = 20241125
PARAMETER: Final = re.compile(r"\{(\w+)\}")


@contextmanager
def running(**switches: Any) -> Iterator[Sandbox]:
    """A sandbox in a thread with a loop of its own: schemathesis asks without asyncio."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    gateway = Sandbox(**switches)
    try:
        asyncio.run_coroutine_threadsafe(gateway.start(), loop).result()
        yield gateway
        asyncio.run_coroutine_threadsafe(gateway.close(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module", params=["envelope", "message"])
def served(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The document as schemathesis reads it off a sandbox."""
    load_all_checks()
    with running(error_body=request.param) as gateway:
        schema = schemathesis.openapi.from_url(f"{gateway.base_url}/openapi.json")
        schema.config.generation.with_security_parameters = False
        yield schema


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        pytest.param(method, path, mode, id=f"{method} {path} {mode.value}")
        for method, path in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or path != "/subscription/list"  # which has nothing to be wrong
    ],
)
def test_whatever_is_sent_is_answered_as_documented(served: Any, method: str, path: str, mode: GenerationMode) -> None:
    @seed(SEED)
    @settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
    @given(served[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        note(f"seed {SEED}")
        case.call_and_validate(session=session, headers=HEADERS, checks=CHECKS)

    with requests.Session() as session:
        ask()


class Asking:
    """Asks for operations one after the other, and holds every answer against the document."""

    def __init__(self, served: Any, headers: dict[str, str] = HEADERS) -> None:
        self._served = served
        self._headers = headers
        self.seen: set[tuple[str, int]] = set()

    def __call__(self, path: str, body: object = None, *, name: str = "") -> dict[str, Any]:
        [method] = DOCUMENT["paths"][path]
        given = {"path_parameters": {PARAMETER.findall(path)[0]: name}} if name else {}
        case = self._served[path][method].Case(**given, **({} if body is None else {"body": body}))
        response = case.call_and_validate(headers=self._headers, checks=CHECKS)
        self.seen.add((path, response.status_code))
        told: dict[str, Any] = response.json()
        return told


def identity(told: dict[str, Any]) -> str:
    name: str = told["transaction_details"]["id"]
    return name


def follow_up(name: str, of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**sample(f"{name}.request.json"), "transactionId": identity(of), **changes}


def walk(ask: Asking) -> None:
    """Come to every answer that an operation can succeed with."""
    for path in ("/payment", "/paymentv2", "/authorization", "/authorizationv2"):
        ask(path, purchase(amount="9000051"))
        paid = ask(path, purchase())
    ask("/paymentv2", purchase({"card.number": CHALLENGED}))
    captured = ask("/capture", follow_up("capture", paid))
    ask("/void", follow_up("void", ask("/authorization", purchase())))
    for amount in (400, 601, 600):
        refunded = ask("/refund", follow_up("refund", captured, amount=amount))
    for transaction in (paid, captured, refunded):
        ask("/transaction/status/{transactionId}", name=identity(transaction))
    order = sample("subscription_create.request.json")
    begun = ask("/subscription/payment", order)
    order["card"]["number"] = DECLINED
    ask("/subscription/payment", order)
    ask("/subscription/list")
    for path in ("/subscription/{id}", *(f"/subscription/{{id}}/{verb}" for verb in ("pause", "resume", "cancel"))):
        ask(path, name=begun["subscription_details"]["id"])
    for name in ("hosted_page", "wallet"):
        ask("/hpp/generate/link", sample(f"{name}.request.json"))


def test_every_success_is_answered_as_documented(served: Any) -> None:
    ask = Asking(served)
    walk(ask)
    documented = {
        (path, int(status))
        for path, methods in DOCUMENT["paths"].items()
        for operation in methods.values()
        for status in operation["responses"]
        if status.startswith("2")
    }
    # The gateway may do so; this sandbox does not.
    assert documented - ask.seen == {("/void", 200), ("/capture", 200), ("/hpp/generate/link", 200)}


def test_without_credentials_every_operation_is_refused_as_documented(served: Any) -> None:
    ask = Asking(served, headers={})
    for _, path in OPERATIONS:
        ask(path, name="x" if "{" in path else "")
    assert ask.seen == {(path, 401) for _, path in OPERATIONS}
