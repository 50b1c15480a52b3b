"""Slots of hosts, the next due time, counts <-> rows, inside the caller's transaction.  Never changes what rows mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection

from monitor.model import DeliveryState, EntryState, Status, SubscriptionState
from monitor.store.times import duration_to_micros, from_micros, to_micros

TAKE_SLOT = """
INSERT INTO hosts (host, slot_at) VALUES (:host, :now)
ON CONFLICT (host) DO UPDATE SET
  slot_at = CASE WHEN hosts.slot_at + :gap > :now THEN hosts.slot_at + :gap ELSE :now END
RETURNING slot_at"""

# Each SELECT stops at the first row of its index.  A delivery that waits for an earlier one is not due.
NEXT_DUE = """
SELECT MIN(due_at) FROM (
  SELECT MIN(next_poll_at) AS due_at FROM feeds WHERE active = 1 AND gone = 0
  UNION ALL
  SELECT MIN(next_try_at) FROM entries WHERE state = 'new'
  UNION ALL
  SELECT * FROM (
    SELECT next_try_at FROM deliveries AS due
    WHERE state IN ('pending', 'leased')
      AND NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.move_id = due.move_id AND earlier.channel = due.channel AND earlier.sequence < due.sequence
          AND earlier.state IN ('pending', 'leased')
      )
    ORDER BY next_try_at LIMIT 1
  ) AS first_delivery
) AS first_of_each"""

COUNTS = """
SELECT 'feeds.active' AS name, COUNT(*) AS rows FROM feeds WHERE active = 1 AND gone = 0
UNION ALL SELECT 'feeds.failing', COUNT(*) FROM feeds WHERE active = 1 AND gone = 0 AND failures > 0
UNION ALL SELECT 'feeds.gone', COUNT(*) FROM feeds WHERE active = 1 AND gone = 1
UNION ALL SELECT 'subscriptions.' || state, COUNT(*) FROM subscriptions JOIN feeds ON feeds.id = feed_id
  WHERE active = 1 GROUP BY state
UNION ALL SELECT 'entries.' || state, COUNT(*) FROM entries GROUP BY state
UNION ALL SELECT 'articles', COUNT(*) FROM articles
UNION ALL SELECT 'claims', COUNT(*) FROM claims
UNION ALL SELECT 'claims.pending', COUNT(*) FROM claims WHERE pending = 1
UNION ALL SELECT 'moves.' || status, COUNT(*) FROM moves GROUP BY status
UNION ALL SELECT 'alerts', COUNT(*) FROM alerts
UNION ALL SELECT 'deliveries.' || state, COUNT(*) FROM deliveries GROUP BY state"""

# Present at zero too: a metric that appears only with its first row cannot be alerted on.
_BY_STATE = (
    *(f"subscriptions.{state}" for state in SubscriptionState),
    *(f"entries.{state}" for state in EntryState),
    *(f"moves.{status}" for status in Status),
    *(f"deliveries.{state}" for state in DeliveryState),
)


def take_slot(connection: Connection, host: str, now: datetime, gap: timedelta) -> datetime:
    parameters = {"host": host, "now": to_micros(now), "gap": duration_to_micros(gap)}
    slot_at: int = connection.execute(TAKE_SLOT, parameters).fetchone()["slot_at"]
    return from_micros(slot_at)


def next_due(connection: Connection) -> datetime | None:
    due_at: int | None = connection.execute(NEXT_DUE).fetchone()[0]
    return from_micros(due_at)


def counts(connection: Connection) -> dict[str, int]:
    return {**dict.fromkeys(_BY_STATE, 0), **{row["name"]: row["rows"] for row in connection.execute(COUNTS)}}
