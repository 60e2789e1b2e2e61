"""Spans and metrics, by the real SDK and a real Prometheus page, of a real sandbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import REGISTRY, generate_latest, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from paymentoptions_async import MemoryLedger, Payment, PaymentOptions, PaymentOptionsError, RetryPolicy, Timeouts
from paymentoptions_async.integrations.opentelemetry import OpenTelemetryHook
from paymentoptions_async.ledger import Intent
from paymentoptions_async.sandbox import Sandbox

from ..helpers import APPROVED, CVC, DECLINED, request, sandbox_client

PAGE: Final = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
PREFIX: Final = "/api/v1/server-to-server-interface"
# What the Prometheus client tells of the process, whoever asks.
PYTHONS_OWN: Final = {metric.name for metric in REGISTRY.collect()}


class Telemetry:
    """Where spans and metrics end.

    Attributes:
        hook: Makes them.
        tracer: The application's own.
    """

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._tracing = TracerProvider()
        self._tracing.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metering = MeterProvider(metric_readers=[PrometheusMetricReader()])
        self.hook = OpenTelemetryHook(self._tracing, self._metering)
        self.tracer = self._tracing.get_tracer("the application")
        self.tracing = self._tracing

    def close(self) -> None:
        self._tracing.shutdown()
        self._metering.shutdown()

    def spans(self) -> dict[str, ReadableSpan]:
        """Those that have ended, by their names."""
        return {span.name: span for span in self._spans.get_finished_spans()}

    def all_spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    async def scrape(self) -> str:
        """The page that Prometheus reads."""
        server, thread = start_http_server(0, "127.0.0.1", registry=REGISTRY)
        try:
            async with aiohttp.ClientSession() as session:
                answer = await session.get(f"http://127.0.0.1:{server.server_port}/metrics")
                return await answer.text()
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            await asyncio.to_thread(thread.join)

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """The samples of a metric, by the labels that are not empty."""
        families = text_string_to_metric_families(generate_latest(REGISTRY).decode())
        return [
            ({key: value for key, value in sample.labels.items() if value and "otel_" not in key}, sample.value)
            for family in families
            for sample in family.samples
            if sample.name == name
        ]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    with closing(Telemetry()) as made:
        yield made


@asynccontextmanager
async def watched(
    telemetry: Telemetry, *faults: str | None, **given: Any
) -> AsyncIterator[tuple[Sandbox, PaymentOptions]]:
    told = {"hooks": [telemetry.hook], **given.pop("client", {})}
    async with sandbox_client(faults=faults, client=told, settings={"log_level": "critical"}, **given) as both:
        yield both


async def outcome(work: Any) -> Any:
    try:
        return await work
    except PaymentOptionsError as error:
        return error


# --- spans ------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_purchase_is_a_span_with_an_http_client_span_in_it(telemetry: Telemetry) -> None:
    async with watched(telemetry) as (gateway, client):
        await client.payments.purchase(request())
    sent, call = telemetry.all_spans()
    assert (call.name, call.kind, call.parent) == ("paymentoptions purchase", SpanKind.INTERNAL, None)
    assert call.attributes == {
        "paymentoptions.operation": "purchase", "paymentoptions.outcome": "paid", "paymentoptions.reason": "approved",
        "paymentoptions.replayed": False, "paymentoptions.recorded": True, "paymentoptions.sent": True,
        "paymentoptions.attempts": 1, "paymentoptions.response_code": 0,
    }  # fmt: skip
    assert sent.parent is not None
    assert call.context is not None
    assert sent.parent.span_id == call.context.span_id
    assert (sent.name, sent.kind) == (f"POST {PREFIX}/payment", SpanKind.CLIENT)
    assert sent.attributes == {
        "http.request.method": "POST", "server.address": "127.0.0.1",
        "server.port": int(gateway.base_url.rpartition(":")[2]), "url.full": f"{gateway.base_url}{PREFIX}/payment",
        "url.template": f"{PREFIX}/payment", "http.response.status_code": 201,
        "paymentoptions.operation": "purchase", "paymentoptions.ledger_attempt": 1,
    }  # fmt: skip
    assert {span.status.status_code for span in (sent, call)} == {StatusCode.UNSET}


@pytest.mark.asyncio
async def test_an_id_stands_in_no_address(telemetry: Telemetry) -> None:
    async with watched(telemetry) as (gateway, client):
        payment = await client.payments.purchase(request())
        assert isinstance(payment, Payment)
        await client.payments.status(payment.transaction_id)
    span = telemetry.spans()[f"GET {PREFIX}/transaction/status/{{transaction_id}}"]
    assert span.attributes is not None
    assert span.attributes["url.full"] == f"{gateway.base_url}{PREFIX}/transaction/status/REDACTED"
    assert payment.transaction_id not in "".join(span.to_json() for span in telemetry.all_spans())


@pytest.mark.asyncio
async def test_a_retry_is_a_span_of_its_own_that_tells_its_number(telemetry: Telemetry) -> None:
    async with watched(telemetry, "429:0", "429:0") as (_, client):
        await client.payments.purchase(request())
    *sent, call = telemetry.all_spans()
    told = [(span.attributes or {}) for span in sent]
    assert [part.get("http.request.resend_count") for part in told] == [None, 1, 2]
    assert [part.get("error.type") for part in told] == ["429", "429", None]
    assert [span.status.status_code for span in (*sent, call)] == [
        StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET, StatusCode.UNSET
    ]  # fmt: skip
    assert telemetry.samples("paymentoptions_client_retries_total") == [({"paymentoptions_operation": "purchase"}, 2.0)]


@pytest.mark.parametrize(
    ("faults", "changes", "call", "sent"),
    [
        ([], {"number": DECLINED}, None, None),
        ([], {"amount": "9000010"}, None, None),
        ([], {"amount": "9000068"}, "unknown", None),
        (["500"], {}, "status_5xx", "500"),
        (["reset:after_commit"], {}, "reset", "reset"),
        (["close:in_body"], {}, "truncated", "truncated"),
        (["big_body"], {}, "oversized", "oversized"),
        (["hang:after_commit"], {}, "deadline", "cut_off"),
        ([], {"number": "5200000000001006"}, "invalid", "406"),
    ],
)
@pytest.mark.asyncio
async def test_what_came_to_no_definite_end_is_an_error_and_a_decline_is_none(
    telemetry: Telemetry, faults: list[str], changes: dict[str, Any], call: str | None, sent: str | None
) -> None:
    patience = Timeouts(total=0.2 if "hang:after_commit" in faults else 5)
    async with watched(telemetry, *faults, timeouts=patience) as (_, client):
        await outcome(client.payments.purchase(request(**changes)))
    for span, error in zip(telemetry.all_spans(), (sent, call), strict=True):
        assert (span.attributes or {}).get("error.type") == error
        assert span.status.status_code is (StatusCode.UNSET if error is None else StatusCode.ERROR)
        assert span.status.description is None
        assert span.events == ()


@pytest.mark.asyncio
async def test_the_spans_are_children_of_the_applications_and_current_while_they_last(telemetry: Telemetry) -> None:
    current: list[object] = []

    class Looking(MemoryLedger):
        async def claim(self, intent: Intent, *, token: str, lease: float) -> Any:
            current.append(trace.get_current_span().get_span_context())
            return await super().claim(intent, token=token, lease=lease)

    async with watched(telemetry, client={"ledger": Looking()}) as (_, client):
        with telemetry.tracer.start_as_current_span("checkout") as checkout:
            await client.payments.purchase(request())
            assert trace.get_current_span() is checkout
    call = telemetry.spans()["paymentoptions purchase"]
    assert call.parent == checkout.get_span_context()
    assert current == [call.context]


@pytest.mark.parametrize("case", ["paid", "declined", "refused here", "unknown"])
@pytest.mark.asyncio
async def test_what_the_applications_span_records_of_our_errors_shows_no_card(telemetry: Telemetry, case: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "declined": {"number": DECLINED}, "refused here": {"currency": APPROVED}, "unknown": {"amount": "9000068"}
    }  # fmt: skip
    asked = request(**changes.get(case, {}))
    async with watched(telemetry) as (_, client):
        try:
            with telemetry.tracer.start_as_current_span("checkout"):
                await client.payments.purchase(asked)
        except PaymentOptionsError:
            events = telemetry.spans()["checkout"].events
            assert [event.name for event in events] == ["exception"]
    told = "".join(span.to_json() for span in telemetry.all_spans())
    assert asked.card is not None
    assert not any(number in told for number in (asked.card.number.reveal(), f'"{CVC}"', APPROVED))


@pytest.mark.asyncio
async def test_no_header_tells_the_gateway_of_the_trace_even_where_aiohttp_is_instrumented(
    telemetry: Telemetry,
) -> None:
    headers: list[str] = []

    async def listen(asked: web.Request) -> web.Response:
        headers.extend(name.lower() for name in asked.headers)
        return web.Response(status=503)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", listen)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=telemetry.tracing)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        async with watched(telemetry) as (_, client):
            nowhere = client.with_options(base_url=f"http://{host}:{port}")
            with telemetry.tracer.start_as_current_span("checkout"):
                await outcome(nowhere.payments.purchase(request()))
    finally:
        instrumentor.uninstrument()
        await runner.cleanup()
    assert "x-api-key" in headers
    assert not {"traceparent", "tracestate", "baggage"} & set(headers)
    assert set(telemetry.spans()) == {"checkout", "paymentoptions purchase", f"POST {PREFIX}/payment"}


# --- metrics ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_calls_are_counted_by_their_outcome(telemetry: Telemetry) -> None:
    async with watched(telemetry) as (_, client):
        for asked in (request("one"), request("one"), request("two", number=DECLINED)):
            await outcome(client.payments.purchase(asked))
    purchase = {"paymentoptions_operation": "purchase", "paymentoptions_recorded": "true"}
    assert telemetry.samples("paymentoptions_client_operation_duration_seconds_count") == [
        ({
            **purchase, "paymentoptions_outcome": outcome, "paymentoptions_reason": reason,
            "paymentoptions_replayed": replayed,
        }, 1.0)
        for outcome, reason, replayed in (
            ("paid", "approved", "false"), ("paid", "approved", "true"), ("declined", "declined", "false")
        )
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_requests_are_counted_as_the_conventions_want_it(telemetry: Telemetry) -> None:
    async with watched(telemetry, "500", retry=RetryPolicy(max_attempts=1)) as (gateway, client):
        await outcome(client.payments.purchase(request()))
    place = {
        "http_request_method": "POST", "server_address": "127.0.0.1",
        "server_port": gateway.base_url.rpartition(":")[2], "url_template": f"{PREFIX}/payment",
    }  # fmt: skip
    assert telemetry.samples("http_client_request_duration_seconds_count") == [
        ({**place, "http_response_status_code": "500", "error_type": "500"}, 1.0)
    ]
    buckets = telemetry.samples("http_client_request_duration_seconds_bucket")
    assert [labels["le"] for labels, _ in buckets] == [
        "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0", "7.5", "10.0",
        "+Inf",
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_what_is_in_flight_is_counted_and_comes_back_to_zero(telemetry: Telemetry) -> None:
    async with watched(telemetry, latency=0.1) as (_, client):
        calls = [asyncio.create_task(client.payments.purchase(request(f"ref-{number}"))) for number in range(3)]
        await asyncio.sleep(0.05)
        names = ("http_client_active_requests", "paymentoptions_client_active_operations")
        assert [telemetry.samples(name)[0][1] for name in names] == [3.0, 3.0]
        calls[0].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert [telemetry.samples(name)[0][1] for name in names] == [0.0, 0.0]


@pytest.mark.parametrize("at", ["on_start", "on_end"])
@pytest.mark.asyncio
async def test_what_is_in_flight_comes_back_to_zero_though_no_span_can_be_made(telemetry: Telemetry, at: str) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no span")

    async with watched(telemetry) as (_, client):
        await client.payments.purchase(request("before"))
        broken = SpanProcessor()
        setattr(broken, at, fail)
        telemetry.tracing.add_span_processor(broken)
        assert isinstance(await client.payments.purchase(request("ref")), Payment)
    names = ("http_client_active_requests", "paymentoptions_client_active_operations")
    assert [telemetry.samples(name)[0][1] for name in names] == [0.0, 0.0]


@pytest.mark.asyncio
async def test_without_providers_it_costs_no_error(gateway: Sandbox) -> None:
    async with PaymentOptions(gateway.settings(), hooks=[OpenTelemetryHook()]) as client:
        assert isinstance(await client.payments.purchase(request()), Payment)


# --- the page ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_page_lists_every_metric_under_the_name_that_prometheus_reads(telemetry: Telemetry) -> None:
    async with watched(telemetry, "429:0") as (_, client):
        await client.payments.purchase(request())
    scraped = text_string_to_metric_families(await telemetry.scrape())
    families = {family.name: family for family in scraped if family.name not in PYTHONS_OWN}
    families.pop("target_info", None)
    families.pop("target", None)
    listed = dict(re.findall(r"^\| `[\w.]+` \| `(\w+?)(?:_total)?` \| .*? \| (.*?) \|$", PAGE, re.MULTILINE))
    assert listed.keys() == families.keys()
    for name, labels in listed.items():
        made = {key for sample in families[name].samples for key in sample.labels if not key.startswith("otel_")}
        # A label that stands for an error is there once there was one.
        assert made - {"le"} <= set(re.findall(r"`(\w+)`", labels)), name


def test_every_query_of_the_page_asks_for_metrics_and_labels_that_it_lists() -> None:
    listed = set(re.findall(r"`(\w+)`", PAGE))
    queries = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL) + re.findall(r"expr: (.*?)\n +for", PAGE, re.DOTALL)
    assert len(queries) >= 8
    for query in queries:
        for name in re.findall(r"\b(?:http|paymentoptions)_\w+|\berror_type\b", query):
            assert re.sub(r"_(?:bucket|count|sum|total)$", "", name) in listed | {
                re.sub(r"_total$", "", one) for one in listed
            }, name
