"""Traces and metrics by OpenTelemetry (the extra `opentelemetry`), and Prometheus by that way.

Each HTTP request follows the semantic conventions of HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/), and is the child of a span of its call. No header is added to a
request: whose trace it is, is not the gateway's business.
"""

from __future__ import annotations

import re
from contextvars import Token
from importlib.metadata import version
from typing import Final, NamedTuple

from opentelemetry import context as otel

# Private, and yet what OpenTelemetry's own HTTP instrumentations look at.
from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY as _SUPPRESS
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider, get_tracer, set_span_in_context

from ..hooks import Attempt, Call, Ending

__all__ = ["OpenTelemetryHook"]

_NAME: Final = "paymentoptions_async"
_RELEASE: Final = version("paymentoptions-async")
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.30.0"

# What the conventions recommend; a call may take as long as its deadline.
_REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_CALL_SECONDS: Final = (*_REQUEST_SECONDS, 15.0, 30.0, 60.0, 120.0)

# A definite end, be it the one that was hoped for or not.
_NO_ERROR: Final = frozenset({
    "paid", "partial", "challenge", "declined", "answered", "settled", "repeated", "other_operation", "no_record",
    "cancelled",
})  # fmt: skip

_Value = str | int | bool
_Attributes = dict[str, _Value]


class _Open(NamedTuple):
    """What a step keeps from its beginning to its end."""

    span: Span
    token: Token[otel.Context]
    active: _Attributes


class OpenTelemetryHook:
    """A hook that makes spans and metrics: `PaymentOptions(settings, hooks=[OpenTelemetryHook()])`.

    Args:
        tracer_provider: Takes the spans; the global one by default.
        meter_provider: Takes the metrics; the global one by default.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = get_tracer(_NAME, _RELEASE, tracer_provider, _SCHEMA)
        meter = get_meter(_NAME, _RELEASE, meter_provider, _SCHEMA)
        self._request_seconds = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_REQUEST_SECONDS,
        )
        self._active_requests = meter.create_up_down_counter(
            "http.client.active_requests", unit="{request}", description="Number of active HTTP requests."
        )
        self._retries = meter.create_counter(
            "paymentoptions.client.retries", unit="{retry}", description="Requests that were sent again."
        )
        self._call_seconds = meter.create_histogram(
            "paymentoptions.client.operation.duration",
            unit="s",
            description="Duration of calls, with all their attempts and pauses.",
            explicit_bucket_boundaries_advisory=_CALL_SECONDS,
        )
        self._active_calls = meter.create_up_down_counter(
            "paymentoptions.client.active_operations", unit="{operation}", description="Number of calls under way."
        )

    def begin(self, step: Call | Attempt, /) -> _Open:
        """See `Hook`."""
        if isinstance(step, Attempt):
            active, gauge = _place(step), self._active_requests
            if step.number > 1:
                self._retries.add(1, {"paymentoptions.operation": step.call.operation})
            span = self._tracer.start_span(
                f"{step.method} {step.template}", kind=SpanKind.CLIENT, attributes=_request(step)
            )
            # Otherwise an instrumentation of aiohttp would make the same span again, with the ids in its address, and
            # would give the gateway the trace.
            context = otel.set_value(_SUPPRESS, True, set_span_in_context(span))
        else:
            active, gauge = {"paymentoptions.operation": step.operation}, self._active_calls
            span = self._tracer.start_span(f"paymentoptions {step.operation}", attributes=active)
            context = set_span_in_context(span)
        # After all that may fail: no end is told of what was not begun.
        gauge.add(1, active)
        return _Open(span, otel.attach(context), active)

    def end(self, step: Call | Attempt, context: _Open, ending: Ending, /) -> None:
        """See `Hook`."""
        span, token, active = context
        otel.detach(token)
        if isinstance(step, Attempt):
            self._active_requests.add(-1, active)
            told, measured = _answer(ending), self._request_seconds
        else:
            self._active_calls.add(-1, active)
            told, measured = _result(ending), self._call_seconds
            span.set_attributes(_details(ending))
        # Within the span, so that an exemplar of the metric names it.
        measured.record(ending.seconds, {**active, **told}, set_span_in_context(span))
        span.set_attributes(told)
        if "error.type" in told:
            span.set_status(StatusCode.ERROR)
        span.end()


def _place(attempt: Attempt) -> _Attributes:
    return {
        "http.request.method": attempt.method,
        "server.address": attempt.server_address,
        "server.port": attempt.server_port,
        "url.template": attempt.template,
    }


def _request(attempt: Attempt) -> _Attributes:
    host = f"[{attempt.server_address}]" if ":" in attempt.server_address else attempt.server_address
    # An id is a reference to somebody's payment, and a subscription's may be used to cancel it.
    path = re.sub(r"\{\w+\}", "REDACTED", attempt.template)
    told = {
        **_place(attempt),
        "url.full": f"{attempt.scheme}://{host}:{attempt.server_port}{path}",
        "paymentoptions.operation": attempt.call.operation,
    }
    if attempt.number > 1:
        told["http.request.resend_count"] = attempt.number - 1
    if attempt.ledger_number is not None:
        told["paymentoptions.ledger_attempt"] = attempt.ledger_number
    return told


def _answer(ending: Ending) -> _Attributes:
    told: _Attributes = {}
    if ending.status is not None:
        told["http.response.status_code"] = ending.status
    if ending.outcome != "answered":
        told["error.type"] = ending.fault or ending.outcome
    elif ending.status is not None and ending.status >= 400:
        told["error.type"] = str(ending.status)
    elif ending.fault is not None:
        told["error.type"] = ending.fault
    return told


def _result(ending: Ending) -> _Attributes:
    told: _Attributes = {
        "paymentoptions.outcome": ending.outcome,
        "paymentoptions.replayed": ending.replayed,
        "paymentoptions.recorded": ending.recorded,
    }
    if ending.reason is not None:
        told["paymentoptions.reason"] = ending.reason.value
    if ending.outcome not in _NO_ERROR:
        told["error.type"] = ending.fault or ending.outcome
    return told


def _details(ending: Ending) -> _Attributes:
    told: _Attributes = {"paymentoptions.sent": ending.sent, "paymentoptions.attempts": ending.attempts}
    if ending.response_code is not None:
        told["paymentoptions.response_code"] = ending.response_code
    return told
