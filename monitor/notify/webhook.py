"""delivery -> POST with a Standard Webhooks signature -> Accepted | Failed.  EDGE, through an injected `Poster`.

Never follows a redirect, never quotes the receiver's URL, answer or secrets in a reason (0052).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from monitor.model import Accepted, Delivery, Failed, Refused, SendResult
from monitor.notify.look import PLAIN, Look, with_extra
from monitor.notify.payload import encode
from monitor.notify.redact import redact, secrets_of
from monitor.notify.signature import parse_secret, sign

TIMEOUT = timedelta(seconds=20)  # Standard Webhooks, "Request timeouts": 15 to 30 s


class Answer(Protocol):
    """A complete HTTP answer, of any status."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class Poster(Protocol):
    """POSTs once: no redirects, no retries, guarded against addresses that are not public."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer | Refused:
        """Return the answer, or why there was none within `timeout` seconds; never raises for a network failure."""
        ...


@dataclass(slots=True, kw_only=True)
class Webhook:
    """One endpoint.  Two secrets at most times are one; during a rotation both sign."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # "whsec_<base64>", the new one first
    poster: Poster = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # further ones; their values count as secret
    timeout: timedelta = TIMEOUT
    look: Look = PLAIN
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ValueError(f"webhook {self.name!r} has no secret")
        self._keys = tuple(parse_secret(secret) for secret in self.secrets)

    def send(self, delivery: Delivery, now: datetime) -> SendResult:
        body = encode(with_extra(self.look, delivery.alert.payload))
        headers = {
            **self.headers,
            "content-type": "application/json; charset=utf-8",
            **sign(self._keys, delivery.id, now, body),
        }
        match self.poster.post(self.url, headers, body, self.timeout.total_seconds()):
            case Refused() as refused:
                reason = redact(refused.reason, self._hidden())
                return Failed(reason=reason, permanent=refused.permanent, retry_after=refused.retry_after)
            case answer:
                return judge(answer, now)

    def _hidden(self) -> tuple[str, ...]:
        bare = tuple(secret.removeprefix("whsec_") for secret in self.secrets)
        return (*self.secrets, *bare, *secrets_of(self.url), *self.headers.values())


def judge(answer: Answer, now: datetime) -> SendResult:
    """Take any 2xx as accepted and 410 as the end; all else, 3xx and 4xx too, may be mended and is tried again."""
    if 200 <= answer.status < 300:
        return Accepted(detail=str(answer.status))
    if answer.status == 410:
        return Failed(reason="http 410: the receiver wants no more", permanent=True, gone=True)
    if 300 <= answer.status < 400:
        return Failed(reason=f"http {answer.status}: redirects are not followed")
    return Failed(reason=f"http {answer.status}", retry_after=parse_retry_after(answer.headers, now))


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); None where it is absent or nonsense."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    try:
        if value.isascii() and value.isdecimal():
            return timedelta(seconds=int(value))
        at = parsedate_to_datetime(value)
        return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        return None
