"""Events of the program -> lines on standard error: readable on a terminal, JSON elsewhere.

Never logs a secret: callers pass names, reasons and ids only.
"""

from __future__ import annotations

import logging
import sys

import structlog

log = structlog.stdlib.get_logger("monitor")


def configure_log(level: str = "INFO") -> None:
    """Send the log to standard error; call once, at start-up."""
    terminal = sys.stderr.isatty()
    logging.basicConfig(level=level, stream=sys.stderr, format="%(message)s")
    logging.getLogger("apscheduler").setLevel(max(logging.getLevelNamesMapping()[level], logging.ERROR))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(default=str),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
