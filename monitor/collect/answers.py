"""status and headers of a response -> what they ask of us.  Pure.

Never trusts the server's clock: its dates are read against its own Date header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import Refused, Validators

_LONGEST = timedelta(days=7)  # no header makes us wait longer
_WALLS = ("cf-mitigated", "x-datadome", "x-amzn-waf-action", "x-sucuri-block")
_MAX_LINK = 5_000
_MAX_VALIDATOR = 1_000  # characters; stored and sent back with every poll


def refusal(status: int, headers: Mapping[str, str], now: datetime) -> Refused:
    """Describe an answer that is neither a body, nor a redirect, nor 304."""
    wall = any(header in headers for header in _WALLS)
    return Refused(
        reason="bot wall" if wall else f"http {status}",
        status=status,
        retry_after=retry_after(headers, now),
        permanent=status == 410,
    )


def validators(headers: Mapping[str, str]) -> Validators:
    return Validators(etag=_short(headers.get("ETag")), last_modified=_short(headers.get("Last-Modified")))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long to wait: seconds or a date (RFC 9110, section 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", value):
        return min(timedelta(seconds=int(value)), _LONGEST)
    moment = _date(value)
    return _between(_date(headers.get("Date", "")) or now, moment) if moment else None


def max_age(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long the answer stays fresh by Cache-Control or Expires (RFC 9111, section 4.2.1); None if not told."""
    control = headers.get("Cache-Control", "").lower()
    if re.search(r"\bno-(?:store|cache)\b", control):
        return None
    seconds = re.search(r"\bmax-age\s*=\s*\"?(\d{1,9})", control)
    if seconds:
        return min(timedelta(seconds=int(seconds[1])), _LONGEST)
    expires = _date(headers.get("Expires", ""))
    return _between(_date(headers.get("Date", "")) or now, expires) if expires else None


def link(headers: Mapping[str, str]) -> str:
    """Return all Link headers as one; what is longer than any announcement is none."""
    every = getattr(headers, "getall", lambda name, default: [headers[name]] if name in headers else default)
    return _short(", ".join(every("Link", ())), _MAX_LINK) or ""


def _short(value: str | None, longest: int = _MAX_VALIDATOR) -> str | None:
    # Bytes that are no UTF-8 come as halves of characters, which nothing can store.
    return value if value and len(value) <= longest and value.isprintable() else None


def _between(start: datetime, end: datetime) -> timedelta:
    return min(max(end - start, timedelta(0)), _LONGEST)


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
