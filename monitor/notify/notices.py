"""an endpoint that failed for good -> the notice of it, for the fallback channels.  Pure.

Never tells of a notice that failed: that would go round for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Alert, Delivery, Endpoint, Event, Origin, content_id
from monitor.notify.payload import SCHEMA, iso
from monitor.notify.routes import plan_delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Deliveries of one channel that ended without being taken, and why."""

    reason: str
    dead: int
    headlines: tuple[str, ...] = ()


def plan_notices(endpoint: Endpoint, loss: Loss, fallback: Sequence[str], now: datetime) -> tuple[Delivery, ...]:
    """Return one delivery of the notice to each fallback channel but the one that failed."""
    alert = build_notice(endpoint, loss, now)
    return tuple(plan_delivery(alert, channel, now) for channel in fallback if channel != endpoint.channel)


def build_notice(endpoint: Endpoint, loss: Loss, now: datetime) -> Alert:
    id = content_id("notice", endpoint.channel, iso(now))
    data = {
        "schema": SCHEMA,
        "alert_id": id,
        "channel": endpoint.channel,
        "disabled": endpoint.disabled_at is not None,
        "reason": loss.reason,
        "dead": loss.dead,
        "alerts": list(loss.headlines),
        "remedy": f"monitor replay --endpoint {endpoint.channel}",
        "test": False,
    }
    return Alert(
        id=id,
        move_id="",
        sequence=0,
        event=Event.ENDPOINT_FAILED,
        reasons=(),
        origin=Origin.LIVE,
        created_at=now,
        payload={"type": Event.ENDPOINT_FAILED.value, "timestamp": iso(now), "data": data},
    )
