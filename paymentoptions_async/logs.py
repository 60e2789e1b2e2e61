"""The library's own lines: structlog as the application has configured it, masked before it is reached."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from .redaction import redact
from .settings import LogLevel

__all__ = ["Log"]

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Log:
    """Writes events from a level on.

    What is below the level costs one comparison. What is written is masked here, so that no configuration of the
    application's can show card data in it.

    Args:
        level: The lowest level that is written.

    Attributes:
        tells_info: Whether `info` lines are written: what has to be gathered for one is left undone where not.
    """

    def __init__(self, level: LogLevel) -> None:
        import structlog

        self._threshold = _LEVELS[level]
        self.tells_info = self._threshold <= _LEVELS["info"]
        self._logger: Any = structlog.get_logger("paymentoptions_async")

    def info(self, event: str, **values: Any) -> None:
        """What went as it should."""
        self._write("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        """What went wrong and touched no money."""
        self._write("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        """What somebody must look at."""
        self._write("error", event, values)

    def _write(self, level: str, event: str, values: dict[str, Any]) -> None:
        if _LEVELS[level] >= self._threshold:
            # What the application does with its lines is not ours to know, and must not decide about a charge.
            with suppress(Exception):
                getattr(self._logger, level)(event, **redact(values))
