"""Errors, sorted by what the caller does next.  Never carries a secret in its message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class MonitorError(Exception):
    """Base of all errors raised on purpose."""


class TransientError(MonitorError):
    """Try again, not before `retry_after` if it is given."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(MonitorError):
    """Stop this item; the run goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error of a config file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(MonitorError):
    """Stop before starting: every problem of every config file, at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
