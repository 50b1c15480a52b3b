"""Deliveries and their leases <-> rows, inside the caller's transaction.  Never decides when to try again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import Alert, Delivery, DeliveryState
from monitor.store.rows import alert_from, delivery_from, delivery_values
from monitor.store.times import to_micros

# Nothing is told before what was to be told earlier of the same move on the same channel.
_FIRST_OF_ITS_LINE = """NOT EXISTS (
      SELECT 1 FROM deliveries AS earlier
      WHERE earlier.move_id = due.move_id AND earlier.channel = due.channel AND earlier.sequence < due.sequence
        AND earlier.state IN ('pending', 'leased')
    )"""

# Steps from channel to channel through the index: fifty seeks, however many deliveries wait.
CHANNELS = """
WITH RECURSIVE line (channel) AS (
  SELECT MIN(channel) FROM deliveries WHERE state IN ('pending', 'leased')
  UNION ALL
  SELECT (SELECT MIN(channel) FROM deliveries WHERE state IN ('pending', 'leased') AND channel > line.channel)
  FROM line WHERE line.channel IS NOT NULL
)
SELECT line.channel, endpoints.retry_at, endpoints.disabled_at, endpoints.error
FROM line LEFT JOIN endpoints ON endpoints.channel = line.channel
WHERE line.channel IS NOT NULL"""

# A lease that ran out is a due delivery: whoever held it is gone.
LEASE = f"""
UPDATE deliveries SET state = 'leased', next_try_at = :until
WHERE id IN (
  SELECT id FROM deliveries AS due
  WHERE channel = :channel AND state IN ('pending', 'leased') AND next_try_at <= :now AND {_FIRST_OF_ITS_LINE}
  ORDER BY next_try_at, rowid LIMIT :limit
)
RETURNING *, rowid AS place"""  # noqa: S608 - a constant of this module

# A digest goes whole, whatever the limit.
LEASE_DIGEST = f"""
UPDATE deliveries SET state = 'leased', next_try_at = :until
WHERE id IN (
  SELECT id FROM deliveries AS due
  WHERE channel = :channel AND digest = :digest AND state IN ('pending', 'leased') AND next_try_at <= :now
    AND {_FIRST_OF_ITS_LINE}
)
RETURNING *, rowid AS place"""  # noqa: S608 - a constant of this module

BURY = """
UPDATE deliveries SET state = 'dead', error = 'the endpoint is disabled: ' || :error
WHERE channel = :channel AND state = 'pending' AND next_try_at <= :now"""

ALERT = "SELECT * FROM alerts WHERE id = ?"

# What was accepted stays so, whatever a second holder of an expired lease has to say.
SAVE = """
UPDATE deliveries SET
  state = :state, attempts = :attempts, next_try_at = :next_try_at, error = :error, accepted_at = :accepted_at
WHERE id = :id AND state <> 'accepted'"""

# Back to its old place in the line, as if it had not been leased.
RELEASE = """
UPDATE deliveries SET state = 'pending', next_try_at = CASE WHEN attempts = 0 THEN due_at ELSE :now END
WHERE id = :id AND state = 'leased'"""

EXPIRE = """
UPDATE deliveries SET state = 'dead', error = :error
WHERE channel = :channel AND state = 'pending' AND due_at < :before"""

HASTEN = """
UPDATE deliveries SET next_try_at = :now
WHERE channel = :channel AND state = 'pending' AND attempts > 0 AND next_try_at > :now"""

FIND = """
SELECT * FROM deliveries WHERE :state IS NULL OR state = :state
ORDER BY created_at DESC, sequence DESC, id LIMIT :limit"""

OF_MOVE = "SELECT * FROM deliveries WHERE move_id = ? ORDER BY sequence, channel"

# Alone, not in the digest that it went in before.
REPLAY = """
UPDATE deliveries
SET state = 'pending', attempts = 0, next_try_at = :now, due_at = :now, error = NULL, accepted_at = NULL, digest = NULL
WHERE id = :id AND state NOT IN ('pending', 'leased')"""

# A mail channel is asked for by its name or by one recipient's ("mail", "mail:anna@example.org").
DEAD = """
SELECT id FROM deliveries
WHERE state = 'dead' AND created_at >= :since
  AND (:channel IS NULL OR channel = :channel OR substr(channel, 1, length(:channel) + 1) = :channel || ':')"""

# It ends as what nobody wants to hear, and is forgotten in its time.
DISCARD = """
UPDATE deliveries SET state = 'silenced', error = :error
WHERE state = 'dead'
  AND (id = :wanted OR channel = :wanted OR substr(channel, 1, length(:wanted) + 1) = :wanted || ':')"""

DELIVERY = "SELECT * FROM deliveries WHERE id = ?"

TRUST_AGAIN = "DELETE FROM endpoints WHERE channel = (SELECT channel FROM deliveries WHERE id = ?)"

RESUME = "UPDATE deliveries SET state = 'pending', next_try_at = ? WHERE state = 'leased'"

END_LEASES = "UPDATE deliveries SET state = 'pending' WHERE state = 'leased' AND next_try_at <= ?"


def lease(
    connection: Connection, now: datetime, until: datetime, limit: int, busy: Collection[str] = ()
) -> list[Delivery]:
    """Lease up to `limit` of each channel; one where its circuit was open, none where it is, or where it is `busy`."""
    times = {"now": to_micros(now), "until": to_micros(until)}
    rows: list[Row] = []
    for endpoint in connection.execute(CHANNELS).fetchall():
        if endpoint["disabled_at"] is not None:
            connection.execute(BURY, {**times, **dict(endpoint)})
        elif endpoint["channel"] not in busy and (endpoint["retry_at"] or 0) <= times["now"]:
            most = 1 if endpoint["retry_at"] is not None else limit
            rows += _lease_of_channel(connection, {**times, "channel": endpoint["channel"], "limit": most})
    return _with_alerts(connection, sorted(rows, key=lambda row: row["place"]))  # as they were written


def _lease_of_channel(connection: Connection, parameters: dict[str, object]) -> list[Row]:
    rows = connection.execute(LEASE, parameters).fetchall()
    for digest in {row["digest"] for row in rows if row["digest"] is not None}:
        rows += connection.execute(LEASE_DIGEST, {**parameters, "digest": digest}).fetchall()
    return rows


def save(connection: Connection, delivery: Delivery) -> None:
    connection.execute(SAVE, delivery_values(delivery))


def release(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    connection.executemany(RELEASE, [{"id": id, "now": to_micros(now)} for id in ids])


def expire(connection: Connection, channel: str, before: datetime, error: str) -> int:
    """End what the channel has not taken since before then; return how many."""
    parameters = {"channel": channel, "before": to_micros(before), "error": error}
    return connection.execute(EXPIRE, parameters).rowcount


def hasten(connection: Connection, channel: str, now: datetime) -> None:
    connection.execute(HASTEN, {"channel": channel, "now": to_micros(now)})


def find(connection: Connection, state: DeliveryState | None, limit: int) -> list[Delivery]:
    return _with_alerts(connection, connection.execute(FIND, {"state": state, "limit": limit}))


def find_of_move(connection: Connection, move_id: str) -> list[Delivery]:
    return _with_alerts(connection, connection.execute(OF_MOVE, (move_id,)))


def replay(connection: Connection, id: str, now: datetime) -> Delivery | None:
    connection.execute(REPLAY, {"id": id, "now": to_micros(now)})
    connection.execute(TRUST_AGAIN, (id,))
    return next(iter(_with_alerts(connection, connection.execute(DELIVERY, (id,)))), None)


def replay_dead(connection: Connection, channel: str | None, since: datetime, now: datetime) -> int:
    """Make the dead deliveries created since then pending again, of one channel or of all; return how many."""
    dead = connection.execute(DEAD, {"channel": channel, "since": to_micros(since)}).fetchall()
    for row in dead:
        replay(connection, row["id"], now)
    return len(dead)


def discard(connection: Connection, wanted: str, error: str) -> int:
    """End for good the dead delivery of this id, or the dead ones of this channel; return how many."""
    return connection.execute(DISCARD, {"wanted": wanted, "error": error}).rowcount


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
