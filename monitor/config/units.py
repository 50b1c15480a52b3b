"""Text of a config value -> duration, size, address.  Raises ValueError with a message for the person who wrote it.

Never reads a file or the environment.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?([smhdw])")
_BYTES = {"kB": 1000, "KB": 1000, "MB": 1000**2}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(kB|KB|MB)")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_NAMED_EMAIL = re.compile(r"(?:[^<>\r\n]+ )?<[^@\s<>]+@[^@\s<>]+>")
# Names under which addresses carry what opens doors; "key" alone is as often the name of a section.
_TOKENS = frozenset(
    ["token", "access_token", "auth_token", "auth", "api_key", "apikey", "secret", "password", "passwd", "signature"]
)
_LONGEST = 3_155_760_000  # seconds, a hundred years: from today no longer one leaves the calendar
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def parse_duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not (match := _DURATION.fullmatch(str(value).strip())):
        raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 30s, 15m, 6h or 2d")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{value!r} is longer than a hundred years")
    return timedelta(seconds=seconds)


def render_duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    unit = next((u for u in "wdhm" if seconds and seconds % _SECONDS[u] == 0), "s")
    return f"{seconds / _SECONDS[unit]:g}{unit}"


def parse_size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not (match := _SIZE.fullmatch(str(value).strip())):
        raise ValueError(f"{value!r} is not a size; write a number and a unit, such as 500kB or 5MB")
    return int(float(match[1]) * _BYTES[match[2]])


def check_url(value: str) -> str:
    """Accept a web address that holds no password and no token."""
    parts = urlsplit(check_web_address(value))
    if parts.username or parts.password:
        raise ValueError("a password in a URL would be shown in logs; put the whole URL into an environment variable")
    if token := next((name for name, _ in parse_qsl(parts.query) if name.lower() in _TOKENS), None):
        raise ValueError(f"{token!r} in a URL would be shown in logs; put the whole URL into an environment variable")
    return value


def check_web_address(value: str) -> str:
    """Accept a web address, whatever it holds."""
    parts = urlsplit(value)  # itself a ValueError for "http://[::1"
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise ValueError(f"{value!r} is not a web address; it must begin with https:// or http:// and name a host")
    _ = parts.port  # itself a ValueError for a port out of range
    return value


def address_fault(value: str) -> str | None:
    """Say that a secret is no web address, without quoting it; None where it is one."""
    try:
        check_web_address(value)
    except ValueError:
        return "holds no web address"  # which one is nobody's business
    return None


def check_public_url(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError(f"{value!r} must end in a path: a part for each feed is added to it")
    return check_url(value)


def check_email(value: str) -> str:
    if not (_EMAIL.fullmatch(value) or _NAMED_EMAIL.fullmatch(value)):
        raise ValueError(f"{value!r} is not an e-mail address")
    return value


def check_date(value: Any) -> str:
    """Accept 2025, 2025-02 and 2025-02-28; YAML reads the first as a number."""
    text = str(value)
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date; write 2025, 2025-02 or 2025-02-28, as precise as it is known")
    return text


def parse_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if not (match := _TIME.fullmatch(str(value).strip())):
        raise ValueError(f"{value!r} is not a time of day; write hours and minutes, such as 08:00 or 17:30")
    return time(int(match[1]), int(match[2]))


def check_zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{value!r} is not a time zone; write one such as Europe/Berlin, America/New_York or UTC"
        raise ValueError(message) from error


def check_network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise ValueError(f"{error}; write an address or a network, such as 127.0.0.1 or 10.0.0.0/8") from error


def check_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{value!r} is not a host and a port, such as 127.0.0.1:9464 or [::1]:9464")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?[smhdw]$", "examples": ["30s", "15m", "6h", "2d"]}),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?(kB|KB|MB)$", "examples": ["500kB", "5MB"]}),
]
Url = Annotated[
    str, AfterValidator(check_url), WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https?://"})
]
PublicUrl = Annotated[
    str, AfterValidator(check_public_url), WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https?://"})
]
Email = Annotated[str, AfterValidator(check_email), WithJsonSchema({"type": "string", "examples": ["me@example.org"]})]
TimeOfDay = Annotated[
    time,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["08:00", "17:30"]}),
]
Zone = Annotated[
    str, AfterValidator(check_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin", "UTC"]})
]
Network = Annotated[str, AfterValidator(check_network)]
Address = Annotated[str, AfterValidator(check_address)]
PartialDate = Annotated[
    str,
    BeforeValidator(check_date),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["2025", "2025-02", "2025-02-28"]}),
]
