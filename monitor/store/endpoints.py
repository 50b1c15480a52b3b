"""How channels fare, and what people asked not to hear <-> rows, inside the caller's transaction.

Never decides when a channel is trusted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from monitor.model import Alert, Delivery, Endpoint, Silence
from monitor.store.rows import (
    ALERT_COLUMNS,
    DELIVERY_COLUMNS,
    ENDPOINT_COLUMNS,
    SILENCE_COLUMNS,
    alert_values,
    delivery_values,
    endpoint_from,
    endpoint_values,
    insert,
    silence_from,
    silence_values,
)
from monitor.store.times import to_micros

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
    return [endpoint_from(row) for row in connection.execute(FIND)]


def save(connection: Connection, endpoint: Endpoint, notices: Sequence[Delivery]) -> None:
    """Write how a channel fares, with what is to be told of it elsewhere."""
    connection.execute(SAVE, endpoint_values(endpoint))
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
    connection.execute(ADD_SILENCE, silence_values(silence))


def find_silences(connection: Connection, at: datetime | None) -> list[Silence]:
    return [silence_from(row) for row in connection.execute(SILENCES, {"at": to_micros(at)})]


def end_silence(connection: Connection, id: str, now: datetime) -> bool:
    return connection.execute(END_SILENCE, {"id": id, "now": to_micros(now)}).rowcount > 0
