"""delivery, outcome of an attempt -> delivery.  Pure: the life of a delivery, pending to accepted or dead.

Never sends or stores; the store leases, the channel sends, and what is decided here is written.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from monitor.model import Accepted, Delivery, DeliveryState, Failed, SendResult

# After the first attempt; 76 hours in all, so that a receiver may be down over a weekend (Standard Webhooks,
# "Deliverability and reliability", with smaller steps in the first hour).
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2  # at most this share is added, never taken away: the delays keep growing
MAX_RETRY_AFTER = timedelta(hours=24)  # a receiver may slow us down, not stop us


def after_attempt(delivery: Delivery, result: SendResult, now: datetime, jitter: float) -> Delivery:
    match result:
        case Accepted():
            return after_success(delivery, result, now)
        case Failed():
            return after_failure(delivery, result, now, jitter)
        case _:
            assert_never(result)


def after_success(delivery: Delivery, result: Accepted, now: datetime) -> Delivery:  # noqa: ARG001 - twin of the next
    return replace(delivery, state=DeliveryState.ACCEPTED, attempts=delivery.attempts + 1, error=None, accepted_at=now)


def after_failure(delivery: Delivery, failed: Failed, now: datetime, jitter: float) -> Delivery:
    """Return the delivery due again later, or dead with the reason.

    `attempts` counts the attempts that ended; `jitter` is random, from 0 to 1.
    """
    attempts = delivery.attempts + 1
    if failed.permanent:
        return replace(delivery, state=DeliveryState.DEAD, attempts=attempts, error=failed.reason)
    if attempts > len(SCHEDULE):
        error = f"given up after {attempts} attempts: {failed.reason}"
        return replace(delivery, state=DeliveryState.DEAD, attempts=attempts, error=error)
    return replace(
        delivery,
        state=DeliveryState.PENDING,
        attempts=attempts,
        next_try_at=now + decide_delay(attempts, failed.retry_after, jitter),
        error=failed.reason,
    )


def decide_delay(attempts: int, retry_after: timedelta | None, jitter: float) -> timedelta:
    """Return how long to wait after `attempts` failures: by the schedule, and not less than the receiver asked for."""
    delay = SCHEDULE[attempts - 1] * (1 + JITTER * jitter)
    return max(delay, min(retry_after or timedelta(0), MAX_RETRY_AFTER))
