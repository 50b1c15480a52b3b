"""Aware datetime <-> integer microseconds since 1970 UTC, the form of every time and duration in the database (0040).

Never reads a clock and never guesses a zone: a naive datetime is a TypeError.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def to_micros(at: datetime) -> int: ...
@overload
def to_micros(at: None) -> None: ...
def to_micros(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


@overload
def from_micros(micros: int) -> datetime: ...
@overload
def from_micros(micros: None) -> None: ...
def from_micros(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def duration_to_micros(duration: timedelta) -> int:
    return duration // _MICROSECOND


def duration_from_micros(micros: int) -> timedelta:
    return timedelta(microseconds=micros)
