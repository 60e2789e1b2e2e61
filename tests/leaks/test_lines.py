"""Lines of logs, ours and the application's, and what goes to collectors of spans and metrics."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest
import structlog
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY, generate_latest

from paymentoptions_async import PaymentOptionsError, RedactingFilter, redact_processor
from paymentoptions_async.batch.entries import Place, entry_of
from paymentoptions_async.batch.sources import Line
from paymentoptions_async.integrations.opentelemetry import OpenTelemetryHook
from paymentoptions_async.redaction import redact_text

from .numbers import CVC, NUMBERS, Number, order
from .search import leaks
from .shop import ENDINGS, MARK, as_lines, opened
from .test_search import SPELLED

RENDERERS: Final[dict[str, list[Any]]] = {
    "JSON": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    "JSON by str": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)],
    "key-value": [structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    "logfmt": [structlog.processors.format_exc_info, structlog.processors.LogfmtRenderer()],
    "console": [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
}
LOOKS: Final = [number for number in NUMBERS if number.has_check_digit]
"""Those that are known by their looks alone."""


@pytest.mark.asyncio
@pytest.mark.parametrize("renderer", RENDERERS)
async def test_no_line_with_our_objects_in_it_shows_a_card_though_nothing_masks_it(renderer: str) -> None:
    """Ours come as they are written, and the application's hold requests, cards, results and errors."""
    with as_lines(*RENDERERS[renderer]) as lines:
        async with opened() as shop:
            log, stdlib = structlog.get_logger(), logging.getLogger("shop")
            for turn, number in enumerate(NUMBERS):
                ended = await shop.charge(number, [*ENDINGS][turn % len(ENDINGS)])
                request = order(number, MARK)
                log.error("charged", request=request, card=request.card, ended=ended, secret=[request.card])
                stdlib.error("charged %s %r", request, ended, extra={"extra": request.card})
                if isinstance(ended, PaymentOptionsError):
                    log.error("failed", exc_info=ended)
                    stdlib.error("failed", exc_info=ended)
    written = lines.getvalue()
    assert written.count("charge.") >= len(NUMBERS) / 2
    assert written.count(MARK) > 3 * len(NUMBERS)
    assert leaks(written, *NUMBERS) == []


# Encodings in which no mask can look for digits: who writes them has hidden the number from us, and from nobody else.
# Processor time ends like 1.9200000000000002, and zeros are what some cards mostly are.
_FRACTION: Final = re.compile(r"\b(\d+\.\d{6})\d+\b")
_HIDDEN: Final = {"every digit quoted", "escaped", "a float", "hexadecimal", "base64", "a hash"}
_CUT: Final = {name for name in SPELLED if name.startswith(("cut", "a mask"))}
WRITTEN: Final = {name: spell for name, spell in SPELLED.items() if name not in _HIDDEN | _CUT}
TEXTS: Final = (
    "paid with {} today", '{{"card_number": "{}", "cvc": "0731"}}', '{{"number": {}, "cvc": 731}}',
    '{{\\"number\\": \\"{}\\", \\"cvc\\": \\"0731\\"}}', "{{'number': '{}', 'cvc': '0731'}}",
    "{{b'number': b'{}', b'cvc': b'0731'}}", "<QueryDict: {{'number': ['{}'], 'cvc': ['0731']}}>",
    "FormData([('number', '{}'), ('cvc', '0731')])", "card%5Bnumber%5D={}&card%5Bcvc%5D=0731&x=1",
    "GET /pay?card={}&cvc=0731 HTTP/1.1", "%7B%22number%22%3A%22{}%22%2C%22cvc%22%3A%220731%22%7D",
    "<number>{}</number><cvc>0731</cvc>", "https://shop.test/cards/{}/pay", "X-Card-Number: {}", "typed:\\n{}\\nthen",
    "number: {}\ncvc: 0731", 'name="cvc"\r\n\r\n0731\r\n--x\r\nname="number"\r\n\r\n{}\r\n',
    "number => {}, cvc => 0731", 'cvc:"0731",number:"{}"', "cvv2=0731&n={}", "CVC code 0731, {}",
)  # fmt: skip


@pytest.mark.parametrize("spelling", WRITTEN)
def test_no_text_shows_a_card_when_it_is_masked(spelling: str) -> None:
    found = [
        (leaked, text)
        for number in LOOKS
        for text in TEXTS
        if (leaked := leaks(redact_text(text.format(WRITTEN[spelling](number.reveal()))), number))
    ]
    assert found == []


def _fail(why: str) -> None:
    raise ValueError(why)


def _applications_own(log: Any, stdlib: logging.Logger, number: Number) -> None:
    """What an application should not write, and sometimes does."""
    digits = number.reveal()
    log.warning(digits, card={"number": digits, "cvc": CVC}, whole=int(digits))
    log.warning("pay", body=f'{{"number": "{digits}", "cvc": "{CVC}"}}', form=f"number={digits}&cvc={CVC}", cvc=CVC)
    stdlib.warning("pay %s with %r", digits, {"cvc": CVC}, extra={"extra": {"number": digits, "cvc": CVC}})
    try:
        _fail(f"cannot pay with {digits}, cvc={CVC}")
    except ValueError as error:
        log.exception("failed", error=error)
        stdlib.exception("failed")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_line_of_the_applications_own_shows_a_card_where_our_processor_and_filter_are(renderer: str) -> None:
    processors = [redact_processor, *RENDERERS[renderer]]
    with as_lines(*processors, filters=(RedactingFilter(),)) as lines:
        log, stdlib = structlog.get_logger(), logging.getLogger("shop")
        for number in LOOKS:
            _applications_own(log, stdlib, number)
    written = lines.getvalue()
    assert written.count("failed") >= 2 * len(LOOKS)
    assert leaks(written, *LOOKS) == []


def test_what_the_application_writes_itself_without_them_is_shown() -> None:
    """The limit that docs/redaction.md tells of; and a proof that these tests can see."""
    with as_lines(*RENDERERS["key-value"]) as lines:
        _applications_own(structlog.get_logger(), logging.getLogger("shop"), LOOKS[0])
    assert len(leaks(lines.getvalue(), LOOKS[0])) == 3


@pytest.mark.asyncio
async def test_no_span_and_no_metric_shows_a_card() -> None:
    spans, tracing = InMemorySpanExporter(), TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    metering = MeterProvider(metric_readers=[PrometheusMetricReader()])
    tracer, instrumentor = tracing.get_tracer("the shop"), AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=tracing, meter_provider=metering)
    try:
        hook = OpenTelemetryHook(tracing, metering)
        async with opened(client={"hooks": [hook]}, settings={"log_level": "critical"}) as shop:
            for number in NUMBERS:
                with tracer.start_as_current_span("order") as span:
                    span.record_exception(await shop.charge(number, "unknown"))
    finally:
        instrumentor.uninstrument()
    told = "\n".join(span.to_json() for span in spans.get_finished_spans()) + generate_latest(REGISTRY).decode()
    metering.shutdown()
    tracing.shutdown()
    assert told.count("paymentoptions purchase") >= len(NUMBERS)
    assert MARK in told
    assert leaks(_FRACTION.sub(r"\1", told), *NUMBERS) == []


@pytest.mark.asyncio
async def test_no_result_of_a_batch_and_no_line_of_its_file_shows_a_card() -> None:
    requests = [order(one, f"{MARK}-{turn}", amount="900") for turn, one in enumerate(NUMBERS)]
    async with opened(settings={"log_level": "critical"}) as shop:
        async with shop.client.charge_many(requests, 8) as batch:
            results = [result async for result in batch]
        place = Place(shop.gateway.base_url, "merchant")
    entries = [
        entry_of(Line(result.number + 1, requests[result.number]), result, place, datetime.now(UTC))
        for result in results
    ]
    told = f"{results} {[attrs.asdict(result) for result in results]} {json.dumps(entries, default=str)}"
    assert told.count(MARK) >= 3 * len(NUMBERS)
    assert leaks(told, *NUMBERS) == []
