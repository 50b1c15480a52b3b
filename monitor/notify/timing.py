"""a route's digest and quiet hours, now -> when an alert is due, and with which others.  Pure.

Never counts hours by the wall: a day of 23 or 25 hours, or none at all, is a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
CATCH_UP = "quiet hours"


class Every(StrEnum):
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When alerts that were gathered are told together."""

    every: Every
    zone: ZoneInfo
    at: time = time(8)  # local; an hourly digest goes at its minute
    weekday: int = 0  # of a weekly one; 0 is Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `start` to `end`, local, nobody is told anything; an end before the start is on the next day."""

    start: time
    end: time
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours that never end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When a delivery is due; those of one `digest` and channel go together."""

    at: datetime
    digest: str | None = None


def decide_slot(
    now: datetime, *, name: str = "", digest: Digest | None = None, quiet: QuietHours | None = None
) -> Slot:
    """Return when an alert of the route `name` is due: at its digest's next time, and not before quiet hours end."""
    at = next_digest(digest, now) if digest else now
    woken = quiet_until(quiet, at) if quiet else None
    due = woken or at
    if digest:
        return Slot(at=due, digest=spell_digest(name or digest.every, due))
    return Slot(at=due, digest=spell_digest(CATCH_UP, due) if woken else None)


def spell_digest(name: str, at: datetime) -> str:
    """Name a digest by its time as well: what is gathered for the next one is another message."""
    return f"{name} {at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def next_digest(digest: Digest, after: datetime) -> datetime:
    """Return the digest's first time after `after`."""
    if digest.every is Every.HOURLY:
        return _next_minute(digest, after)
    today = after.astimezone(digest.zone).date()
    days = (today + timedelta(days=offset) for offset in range(-1, 10))
    times = (_instant(day, digest.at, digest.zone) for day in days if _is_due(digest, day))
    return next(at for at in times if at > after)


def quiet_until(quiet: QuietHours, at: datetime) -> datetime | None:
    """Return when it is no longer quiet, if it is at `at`."""
    end = _end_of_quiet(quiet, at)
    # On a day that is shortened, the next quiet hours may have begun already.
    while end and (further := _end_of_quiet(quiet, end)):
        end = further
    return end


def _end_of_quiet(quiet: QuietHours, at: datetime) -> datetime | None:
    today = at.astimezone(quiet.zone).date()
    over_night = _DAY if quiet.end < quiet.start else timedelta(0)
    for day in (today - _DAY, today, today + _DAY):
        start = _instant(day, quiet.start, quiet.zone)
        end = _instant(day + over_night, quiet.end, quiet.zone)
        if start <= at < end:
            return end
    return None


def _is_due(digest: Digest, day: date) -> bool:
    return digest.every is Every.DAILY or day.weekday() == digest.weekday


def _next_minute(digest: Digest, after: datetime) -> datetime:
    """Return the next time that the local clock shows the digest's minute; zones differ by half and quarter hours."""
    local = after.astimezone(digest.zone)
    past = timedelta(minutes=local.minute - digest.at.minute, seconds=local.second, microseconds=local.microsecond)
    return after - past + (_HOUR if past >= timedelta(0) else timedelta(0))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return a local time as an instant: the first one where it comes twice, the hour moved where it is left out."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
