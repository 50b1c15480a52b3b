"""How channels fare, and what people asked not to hear <-> rows, inside the caller's transaction.

Never decides when a channel is trusted again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import Alert, Delivery, Endpoint, Silence
from monitor.store.rows import (
    ALERT_COLUMNS,
    DELIVERY_COLUMNS,
    Values,
    alert_values,
    delivery_values,
    insert,
)
from monitor.store.times import from_micros, to_micros

ENDPOINT_COLUMNS = ("channel", "failures", "error", "retry_at", "disabled_at", "noticed_at")
SILENCE_COLUMNS = ("id", "matchers", "author", "reason", "created_at", "expires_at")

FIND = "SELECT * FROM endpoints ORDER BY channel"

SAVE = f"""
{insert("endpoints", ENDPOINT_COLUMNS)}
ON CONFLICT (channel) DO UPDATE SET
  failures = excluded.failures, error = excluded.error, retry_at = excluded.retry_at,
  disabled_at = excluded.disabled_at, noticed_at = excluded.noticed_at"""

TRUST = "DELETE FROM endpoints WHERE channel = :channel OR substr(channel, 1, length(:channel) + 1) = :channel || ':'"

# A notice that was written already is the same notice.
ADD_ALERT = insert("alerts", ALERT_COLUMNS) + " ON CONFLICT (id) DO NOTHING"
ADD_DELIVERY = insert("deliveries", DELIVERY_COLUMNS) + " ON CONFLICT (id) DO NOTHING"

ADD_SILENCE = insert("silences", SILENCE_COLUMNS) + " ON CONFLICT (id) DO NOTHING"

SILENCES = (
    "SELECT * FROM silences WHERE :at IS NULL OR (created_at <= :at AND expires_at > :at) ORDER BY expires_at, id"
)

# The row stays: what it silenced names it.
END_SILENCE = "UPDATE silences SET expires_at = :now WHERE id = :id AND expires_at > :now"


def find(connection: Connection) -> list[Endpoint]:
    return [_endpoint_from(row) for row in connection.execute(FIND)]


def save(connection: Connection, endpoint: Endpoint, notices: Sequence[Delivery]) -> None:
    """Write how a channel fares, with what is to be told of it elsewhere."""
    connection.execute(SAVE, _endpoint_values(endpoint))
    add_notices(connection, notices)


def add_notices(connection: Connection, notices: Sequence[Delivery]) -> None:
    """Write deliveries of alerts that are about no move, with their alerts."""
    connection.executemany(ADD_ALERT, [alert_values(notice.alert) for notice in notices])
    connection.executemany(ADD_DELIVERY, [delivery_values(notice) for notice in notices])


def raise_alert(connection: Connection, alert: Alert, deliveries: Sequence[Delivery]) -> bool:
    """Add an alert that is about no one move, unless it was raised before; return whether it is new."""
    new = connection.execute(ADD_ALERT, alert_values(alert)).rowcount > 0
    if new:
        connection.executemany(ADD_DELIVERY, [delivery_values(each) for each in deliveries])
    return new


def trust(connection: Connection, channel: str) -> int:
    return connection.execute(TRUST, {"channel": channel}).rowcount


def add_silence(connection: Connection, silence: Silence) -> None:
    connection.execute(ADD_SILENCE, _silence_values(silence))


def find_silences(connection: Connection, at: datetime | None) -> list[Silence]:
    return [_silence_from(row) for row in connection.execute(SILENCES, {"at": to_micros(at)})]


def end_silence(connection: Connection, id: str, now: datetime) -> bool:
    return connection.execute(END_SILENCE, {"id": id, "now": to_micros(now)}).rowcount > 0


# --- rows


def _endpoint_from(row: Row) -> Endpoint:
    times = {name: from_micros(row[name]) for name in ("retry_at", "disabled_at", "noticed_at")}
    return Endpoint(channel=row["channel"], failures=row["failures"], error=row["error"], **times)


def _endpoint_values(endpoint: Endpoint) -> Values:
    times = {name: to_micros(getattr(endpoint, name)) for name in ("retry_at", "disabled_at", "noticed_at")}
    return {"channel": endpoint.channel, "failures": endpoint.failures, "error": endpoint.error, **times}


def _silence_from(row: Row) -> Silence:
    return Silence(
        **{name: row[name] for name in ("id", "author", "reason")},
        matchers={field: tuple(values) for field, values in json.loads(row["matchers"]).items()},
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros(row["expires_at"]),
    )


def _silence_values(silence: Silence) -> Values:
    return {
        **{name: getattr(silence, name) for name in ("id", "author", "reason")},
        "matchers": json.dumps({field: list(values) for field, values in silence.matchers.items()}, ensure_ascii=False),
        "created_at": to_micros(silence.created_at),
        "expires_at": to_micros(silence.expires_at),
    }
