"""What entry and page say of a date, and when we first saw it -> the time of publication to believe.  Pure; never guesses.

The entry is believed first: feeds give time and zone, pages mostly a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_EPOCH = datetime(1995, 1, 1, tzinfo=UTC)  # no news site is older: a date before it is a template's zero (1970, 0001)
_ZONES = timedelta(hours=14)  # a day begins up to 14 hours before it does in UTC


class DateSource(StrEnum):
    ENTRY = "entry"
    PAGE = "page"
    FIRST_SEEN = "first seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAt:
    at: datetime
    source: DateSource


def decide_date(*, entry_at: datetime | None, page_day: datetime | None, first_seen_at: datetime) -> PublishedAt:
    """Choose the time of publication; what lies in the future of the first sight is capped to it.

    `page_day` is a calendar day, at midnight UTC.
    """
    if entry_at is not None and _EPOCH <= entry_at <= first_seen_at:
        return PublishedAt(at=entry_at, source=DateSource.ENTRY)
    if page_day is not None and _EPOCH <= page_day <= first_seen_at + _ZONES:
        return PublishedAt(at=min(page_day, first_seen_at), source=DateSource.PAGE)
    return PublishedAt(at=first_seen_at, source=DateSource.FIRST_SEEN)
