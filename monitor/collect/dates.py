"""The date text of an entry -> an aware UTC datetime, or None.  Pure; names of months and zones stand in dates.toml.

Never guesses: what names no day is no date.  A time without a zone is taken as UTC.
"""

from __future__ import annotations

import re
import time
import tomllib
import unicodedata
from calendar import timegm
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

_TABLES = tomllib.loads(files("monitor.collect").joinpath("dates.toml").read_text("utf-8"))
_MONTHS = {prefix: int(month) for month, prefixes in _TABLES["months"].items() for prefix in prefixes}
_ZONES: dict[str, int] = _TABLES["zones"]

_DAY = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?(?P<month>[^\W\d]{3,})\.?[\s,-]+(?:de\s+)?(?P<year>\d{4}|\d{2})(?!\d|:)"
    r"|(?P<month2>[^\W\d]{3,})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+)(?P<year2>\d{4})(?!\d)"
)
_TIME = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:[.,]\d+)?\s*(?P<half>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"(?:GMT|UTC|UT)?\s*(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?!\d)|\b(?P<name>[A-Z]{1,4})\b",
    re.IGNORECASE,
)
_EARLIEST = datetime(
    1990, 1, 2, tzinfo=UTC
)  # nothing on the web is older: 1970 and year 1 are zeros that somebody formatted
_AHEAD = timedelta(days=1)


def decide_published_at(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """Return when an entry was published: not known, or over a day ahead of us, means when it was first seen."""
    if published_at is None or published_at > first_seen_at + _AHEAD:
        return first_seen_at
    return min(published_at, first_seen_at)


def parse_date(text: object, parsed: time.struct_time | None = None) -> datetime | None:
    """Return the moment that `text` names; `parsed` is feedparser's reading of it in UTC, for forms not known here."""
    if not isinstance(text, str):
        return None
    text = text.strip()[:100]
    found = _from_iso(text) or _from_epoch(text) or _from_words(text) or _from_parsed(parsed)
    return found if found and found >= _EARLIEST else None


def _from_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("T24:00:00", "T23:59:59"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _from_epoch(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{10}(?:\d{3})?(?:\.\d+)?", text):
        return None
    return datetime.fromtimestamp(int(text[:10]), UTC)


def _from_words(text: str) -> datetime | None:
    """Read RFC 822 and its many relatives: a day with the month in letters, then perhaps a time, then perhaps a zone."""
    day = _DAY.search(text)
    if day is None:
        return None
    month = _month(day["month"] or day["month2"])
    rest = text[day.end() :]
    clock = _TIME.search(rest)
    zone = _zone(rest[clock.end() :]) if clock else UTC
    try:
        midnight = datetime(_year(day["year"] or day["year2"]), month, int(day["day"] or day["day2"]), tzinfo=zone)
        return (midnight + _since_midnight(clock)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _month(name: str) -> int:
    """Return 1 to 12, or 0 for a word that is no month."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3], 0)


def _year(digits: str) -> int:
    """Two digits are read as RFC 2822, section 4.3 wants it."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 50 else 1900)


def _since_midnight(clock: re.Match[str] | None) -> timedelta:
    if clock is None:
        return timedelta(0)
    hour, half = int(clock["hour"]), (clock["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return timedelta(hours=hour, minutes=int(clock["minute"]), seconds=int(clock["second"] or 0))


def _zone(text: str) -> timezone:
    match = _ZONE.search(text)
    if match is None:
        return UTC
    if match["name"]:
        return timezone(timedelta(minutes=_ZONES.get(match["name"].lower(), 0)))
    minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
    return timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes)) if minutes < 24 * 60 else UTC


def _from_parsed(parsed: time.struct_time | None) -> datetime | None:
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, TypeError):
        return None
