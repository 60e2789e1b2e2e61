from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
import structlog
from structlog.testing import CapturingLoggerFactory, capture_logs

from paymentoptions_async import Secret
from paymentoptions_async.logs import Log
from paymentoptions_async.redaction import MASK, mask_pan

from .helpers import APPROVED, CVC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paymentoptions_async.settings import LogLevel

LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error", "critical")
WRITTEN: Final = ("info", "warning", "error")
VALUES: Final[dict[str, Any]] = {
    "merchant_txn_ref": f"ref {APPROVED}",
    "evidence": (f"HTTP 500: number={APPROVED}", "cvc=" + CVC),
    "card": {"number": APPROVED, "cvc": CVC},
    "secret": Secret(APPROVED),
    "number": int(APPROVED),
    "error": ValueError(APPROVED),
}


@pytest.fixture(autouse=True)
def structlog_as_it_was() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def write(log: Log, level: str, **values: Any) -> None:
    getattr(log, level)("charge.unknown", **values)


def shows_no_card_data(shown: str) -> bool:
    return APPROVED not in shown and CVC not in shown and mask_pan(APPROVED) in shown


@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_is_masked_by_the_default_console(capsys: pytest.CaptureFixture[str], level: str) -> None:
    write(Log("debug"), level, **VALUES)
    shown = capsys.readouterr().out
    assert "charge.unknown" in shown
    assert shows_no_card_data(shown)


@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_is_masked_in_json(capsys: pytest.CaptureFixture[str], level: str) -> None:
    structlog.configure(processors=[structlog.processors.JSONRenderer(default=str)])
    write(Log("debug"), level, **VALUES)
    shown = capsys.readouterr().out
    assert orjson.loads(shown)["card"] == {"number": mask_pan(APPROVED), "cvc": MASK}
    assert shows_no_card_data(shown)


@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_is_masked_before_the_first_processor(level: str) -> None:
    with capture_logs() as lines:
        write(Log("debug"), level, **VALUES)
    assert [line["log_level"] for line in lines] == [level]
    assert shows_no_card_data(repr(lines))


@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_is_masked_where_there_is_no_processor_at_all(level: str) -> None:
    made = CapturingLoggerFactory()
    structlog.configure(processors=[], logger_factory=made)
    write(Log("debug"), level, **VALUES)
    assert [call.method_name for call in made.logger.calls] == [level]
    assert shows_no_card_data(repr(made.logger.calls))


def test_a_line_is_masked_by_a_configuration_that_comes_after_the_log() -> None:
    log = Log("debug")
    made = CapturingLoggerFactory()
    structlog.configure(processors=[], logger_factory=made)
    write(log, "error", **VALUES)
    assert shows_no_card_data(repr(made.logger.calls))


def test_a_line_keeps_what_is_no_card_data() -> None:
    told: Mapping[str, Any] = {"merchant_txn_ref": "qwe", "attempts": 2, "evidence": ("HTTP 500",), "replayed": False}
    with capture_logs() as lines:
        write(Log("debug"), "error", **told)
    assert lines == [{"event": "charge.unknown", "log_level": "error", **told}]


@pytest.mark.parametrize("threshold", LEVELS)
@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_is_written_from_its_level_on(threshold: LogLevel, level: LogLevel) -> None:
    with capture_logs() as lines:
        write(Log(threshold), level)
    assert bool(lines) is (LEVELS.index(level) >= LEVELS.index(threshold))


@pytest.mark.parametrize("threshold", LEVELS)
def test_a_log_tells_whether_it_tells_info(threshold: LogLevel) -> None:
    assert Log(threshold).tells_info is (threshold in {"debug", "info"})


def no_processor(*_: Any) -> Any:
    raise RuntimeError("a processor that crashes")


@pytest.mark.parametrize("processors", [[no_processor], []], ids=["crashing processor", "unusable configuration"])
@pytest.mark.parametrize("level", WRITTEN)
def test_a_line_that_cannot_be_written_does_not_stop_a_charge(level: str, processors: list[Any]) -> None:
    # The money may have moved when it is written: an error of the log, raised here, would hide that.
    structlog.configure(processors=processors)  # the default logger takes no keywords
    with pytest.raises((RuntimeError, TypeError)):
        structlog.get_logger().info("a line of the application's own", merchant_txn_ref="qwe")
    write(Log("debug"), level, merchant_txn_ref="qwe")
