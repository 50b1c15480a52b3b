"""Deliveries and their leases <-> rows, inside the caller's transaction.  Never decides when to try again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import Alert, Delivery, DeliveryState
from monitor.store.rows import alert_from, delivery_from, delivery_values
from monitor.store.times import to_micros

# Nothing is told before what was to be told earlier of the same move on the same channel.
# A lease that ran out is a due delivery: whoever held it is gone.
LEASE = """
UPDATE deliveries SET state = 'leased', next_try_at = :until
WHERE id IN (
  SELECT id FROM deliveries AS due
  WHERE state IN ('pending', 'leased') AND next_try_at <= :now
    AND NOT EXISTS (
      SELECT 1 FROM deliveries AS earlier
      WHERE earlier.move_id = due.move_id AND earlier.channel = due.channel AND earlier.sequence < due.sequence
        AND earlier.state IN ('pending', 'leased')
    )
  ORDER BY next_try_at LIMIT :limit
)
RETURNING *"""

ALERT = "SELECT * FROM alerts WHERE id = ?"

# What was accepted stays so, whatever a second holder of an expired lease has to say.
SAVE = """
UPDATE deliveries SET
  state = :state, attempts = :attempts, next_try_at = :next_try_at, error = :error, accepted_at = :accepted_at
WHERE id = :id AND state <> 'accepted'"""

FIND = """
SELECT * FROM deliveries WHERE :state IS NULL OR state = :state
ORDER BY created_at DESC, sequence DESC, id LIMIT :limit"""

REPLAY = """
UPDATE deliveries SET state = 'pending', attempts = 0, next_try_at = :now, error = NULL, accepted_at = NULL
WHERE id = :id AND state IN ('accepted', 'dead')"""

DELIVERY = "SELECT * FROM deliveries WHERE id = ?"

RESUME = "UPDATE deliveries SET state = 'pending', next_try_at = ? WHERE state = 'leased'"

END_LEASES = "UPDATE deliveries SET state = 'pending' WHERE state = 'leased' AND next_try_at <= ?"


def lease(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Delivery]:
    rows = connection.execute(LEASE, {"now": to_micros(now), "until": to_micros(until), "limit": limit})
    leased = _with_alerts(connection, rows.fetchall())
    return sorted(leased, key=lambda delivery: (delivery.created_at, delivery.alert.sequence, delivery.id))


def save(connection: Connection, delivery: Delivery) -> None:
    connection.execute(SAVE, delivery_values(delivery))


def find(connection: Connection, state: DeliveryState | None, limit: int) -> list[Delivery]:
    return _with_alerts(connection, connection.execute(FIND, {"state": state, "limit": limit}))


def replay(connection: Connection, id: str, now: datetime) -> Delivery | None:
    connection.execute(REPLAY, {"id": id, "now": to_micros(now)})
    return next(iter(_with_alerts(connection, connection.execute(DELIVERY, (id,)))), None)


def resume(connection: Connection, now: datetime) -> None:
    connection.execute(RESUME, (to_micros(now),))


def end_leases(connection: Connection, now: datetime) -> int:
    return connection.execute(END_LEASES, (to_micros(now),)).rowcount


def _with_alerts(connection: Connection, rows: Iterable[Row]) -> list[Delivery]:
    alerts: dict[str, Alert] = {}
    deliveries = []
    for row in rows:
        if row["alert_id"] not in alerts:
            alerts[row["alert_id"]] = alert_from(connection.execute(ALERT, (row["alert_id"],)).fetchone())
        deliveries.append(delivery_from(row, alerts[row["alert_id"]]))
    return deliveries
