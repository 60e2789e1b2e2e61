"""One HTTP exchange: read, count, fail or decide, answer. Here aiohttp meets the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from .answers import Answer, json_error, refusal
from .capacity import Capacity
from .contract import Refusal
from .follow_ups import CAPTURE, REFUND, VOID
from .gateway import Call, Gateway, Operation
from .hosted import HOSTED_PAGE
from .line import Line
from .mishaps import answer_of
from .openapi_route import openapi_route
from .purchases import AUTHORISATION_V1, AUTHORISATION_V2, PURCHASE_V1, PURCHASE_V2
from .records import RequestRecord, masked_text
from .status import STATUS
from .subscriptions import CANCEL, LIST, PAUSE, RESUME, SHOW, SUBSCRIBE

if TYPE_CHECKING:
    from .faults import Fault

__all__ = ["Exchanges"]

# gateway/API.md, "Hosts and path": the vendor's pages show the prefix once and doubled.
_PREFIXES: Final = (
    "/api/v1/server-to-server-interface",
    "/api/v1/api/v1/server-to-server-interface",
)
_OPERATIONS: Final = (
    ("POST", "/payment", PURCHASE_V1),
    ("POST", "/paymentv2", PURCHASE_V2),
    ("POST", "/authorization", AUTHORISATION_V1),
    ("POST", "/authorizationv2", AUTHORISATION_V2),
    ("POST", "/capture", CAPTURE),
    ("POST", "/void", VOID),
    ("POST", "/refund", REFUND),
    ("GET", "/transaction/status/{transaction_id}", STATUS),
    ("POST", "/subscription/payment", SUBSCRIBE),
    ("GET", "/subscription/list", LIST),
    ("GET", "/subscription/{subscription_id}", SHOW),
    ("POST", "/subscription/{subscription_id}/pause", PAUSE),
    ("POST", "/subscription/{subscription_id}/resume", RESUME),
    ("POST", "/subscription/{subscription_id}/cancel", CANCEL),
    ("POST", "/hpp/generate/link", HOSTED_PAGE),
)

# A dead line swallows it, but aiohttp wants an answer to every request.
_NEVER_SENT: Final = Answer(204)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _unknown(gateway: Gateway, _call: Call) -> Answer:
    return refusal(Refusal(404, "path: not known here"), gateway.switches.error_body)


class Exchanges:
    """Serves the requests of one sandbox.

    Args:
        gateway: Decides.
        latency: Seconds before a decision, or a callable that gives them.
        capacity: How many are decided at a time.
    """

    def __init__(self, gateway: Gateway, latency: float | Callable[[], float], capacity: Capacity) -> None:
        self._gateway = gateway
        self._latency = latency
        self._capacity = capacity
        self._running: set[asyncio.Task[None]] = set()

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path, under both prefixes. What is none is read wholly too, and then is 404."""
        for prefix in _PREFIXES:
            for method, path, operation in _OPERATIONS:
                yield web.route(method, prefix + path, self._handler(operation, f"{method} {path}"))
        yield openapi_route(self._gateway)
        yield web.route("*", "/{path:.*}", self._handler(Operation(_unknown), "unknown"))

    async def close(self) -> None:
        """End the requests that are being served."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _handler(self, operation: Operation, name: str) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            line, task = request.transport, request.task
            if not isinstance(line, Line):
                return web.Response()  # the client went away before anything was read
            self._running.add(task)
            try:
                return _response(await self._answer(request, operation, name, line))
            except ConnectionError:
                return web.Response()  # the client went away in the middle of its request
            finally:
                self._running.discard(task)
                line.answer()

        return handle

    async def _answer(self, request: web.Request, operation: Operation, name: str, line: Line) -> Answer:
        fault = line.fault
        call = Call(request.match_info, request.headers, _parsed(await request.read()))
        ref = _reference(self._gateway, call)
        if operation.counted and ref is not None:
            self._gateway.books.attempt(ref)
        if fault is not None and fault.at in ("after_read", "before_commit"):
            answer = self._undecided(fault, line)
        else:
            answer = await self._decided(operation, call, fault)
        if ref is not None:
            self._note(ref, name, call, answer, fault)
        await self._gateway.finish()
        return answer

    async def _decided(self, operation: Operation, call: Call, fault: Fault | None) -> Answer:
        async with self._capacity.seat() as served:
            if not served:
                return json_error(429, {"Retry-After": "1"})
            if delay := self._latency() if callable(self._latency) else self._latency:
                await asyncio.sleep(delay)
            if (why := self._gateway.script.draw_refusal()) is not None:
                return refusal(why, self._gateway.switches.error_body)
            answer = operation.decide(self._gateway, call)
        return answer if fault is None else answer_of(fault, self._gateway.now()) or answer

    def _undecided(self, fault: Fault, line: Line) -> Answer:
        if answer := answer_of(fault, self._gateway.now()):
            return answer
        line.strike(fault.kind)
        return _NEVER_SENT

    def _note(self, ref: str, name: str, call: Call, answer: Answer, fault: Fault | None) -> None:
        books = self._gateway.books
        record = RequestRecord(
            serial=books.next_serial(),
            ref=ref,
            operation=name,
            time=self._gateway.now(),
            status=None if answer is _NEVER_SENT else answer.status,
            body=masked_text(call.body),
            fault=None if fault is None else str(fault),
        )
        books.note_request(record)


def _reference(gateway: Gateway, call: Call) -> str | None:
    """The reference that a request is about: its own, or that of the transaction or subscription it names."""
    body = call.body or {}
    if isinstance(ref := body.get("merchant_txn_ref"), str):
        return ref
    named = body.get("transactionId") or call.path.get("transaction_id")
    if isinstance(named, str) and (transaction := gateway.books.transaction(named)):
        return transaction.merchant_txn_ref
    subscription = gateway.books.subscriptions.get(call.path.get("subscription_id", ""))
    return None if subscription is None else subscription.ref


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        headers=answer.headers or None,
    )
