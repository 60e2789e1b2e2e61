"""The lines of the libraries go to stderr, masked, so that stdout holds results alone."""

from __future__ import annotations

import logging
import sys

import structlog

from .. import RedactingFilter, redact_processor

__all__ = ["configure_logs"]


def configure_logs(*, verbose: bool) -> None:
    """Set up structlog and the standard library's logging for this process.

    Args:
        verbose: Whether `info` lines are shown; else it begins with warnings.
    """
    level = logging.INFO if verbose else logging.WARNING
    # Whatever was raised is text by then. Before 26.1, structlog warns of that unless the renderer is a plain one.
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[redact_processor, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Through logging, whose handlers survive a stderr that is gone: a line must not end a charge.
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RedactingFilter())
    # It tells at length that a server is away, with parts of an address that it has misread; we tell it in a line.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=level, handlers=[handler])
