"""Events of the program -> lines on standard error: readable on a terminal, JSON elsewhere.

Never logs a secret: callers pass names, reasons and ids only, and what `conceal` was told of is struck out.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType

import structlog

log = structlog.stdlib.get_logger("monitor")


_secrets: frozenset[str] = frozenset()


def conceal(secrets: Iterable[str]) -> None:
    """Strike these out of every line from now on, whoever writes it; those of before, too: a job may still hold them.

    What libraries write where no log is configured, and what ends a thread or the process, is a line as well.
    """
    global _secrets  # noqa: PLW0603 - one log, one process
    _secrets |= frozenset(secrets)
    if logging.lastResort:
        logging.lastResort.setFormatter(_Concealing("%(message)s"))
    sys.excepthook = _tell_crash
    threading.excepthook = lambda crash: _tell_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def concealed(text: str) -> str:
    """Return `text` with every secret that `conceal` was told of replaced by ***."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


class _Concealing(logging.Formatter):
    """Formats our lines, which come whole, and those of libraries, tracebacks and all."""

    def format(self, record: logging.LogRecord) -> str:
        return concealed(super().format(record))


def _tell_crash(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    sys.stderr.write(concealed("".join(traceback.format_exception(kind, error, trace))))


def configure_log(level: str = "INFO") -> None:
    """Send the log to standard error; call once, at start-up."""
    terminal = sys.stderr.isatty()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Concealing("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
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
