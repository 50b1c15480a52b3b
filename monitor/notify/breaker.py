"""how an endpoint fared, the outcome of an attempt -> how it fares.  Pure: a circuit breaker for each channel.

Never ends a delivery: those that wait keep their tries, but for the one that is let through to see.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Endpoint, Failed, SendResult
from monitor.notify.outbox import JITTER, MAX_RETRY_AFTER

OPENS_AFTER = 3  # failures in a row: one may be the mail's or a moment's
PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=15),
)
# Longer than all retries of one delivery together, jitter included (91 h).
GIVES_UP_AFTER = timedelta(days=4)


def after_result(endpoint: Endpoint, result: SendResult, now: datetime, jitter: float) -> Endpoint:
    """Return how an endpoint fares after an attempt; `jitter` is random, from 0 to 1."""
    if not isinstance(result, Failed):
        return Endpoint(channel=endpoint.channel)
    if result.gone:
        return replace(endpoint, error=result.reason, disabled_at=now)
    if result.permanent:  # the endpoint is well, and refuses this one
        return replace(endpoint, failures=0, error=result.reason, retry_at=None)
    failures = endpoint.failures + 1
    pause = decide_pause(failures, result.retry_after, jitter)
    return replace(endpoint, failures=failures, error=result.reason, retry_at=now + pause if pause else None)


def decide_pause(failures: int, retry_after: timedelta | None, jitter: float) -> timedelta | None:
    """Return how long nothing is sent to an endpoint; it may ask for a pause by itself (Retry-After)."""
    asked = min(retry_after or timedelta(0), MAX_RETRY_AFTER)
    if failures < OPENS_AFTER:
        return asked or None
    return max(asked, PAUSES[min(failures - OPENS_AFTER, len(PAUSES) - 1)] * (1 + JITTER * jitter))


def is_closed(endpoint: Endpoint, now: datetime) -> bool:
    """True where the endpoint may be sent to."""
    return endpoint.disabled_at is None and (endpoint.retry_at is None or endpoint.retry_at <= now)


def has_recovered(before: Endpoint, after: Endpoint) -> bool:
    """True where an endpoint that was left alone takes something again: all that waits may go at once."""
    return before.retry_at is not None and after.failures == 0 and after.retry_at is None
