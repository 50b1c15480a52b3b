"""What is old, out of reach or worth counting <-> rows, inside the caller's transaction.

Never touches a move, its evidence or an open delivery: the ledger is kept for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any

from monitor.store.times import from_micros, to_micros

# The text of an article that supports a move is its evidence's context and stays.
FORGET_TEXTS = """
UPDATE articles SET text = '' WHERE id IN (
  SELECT id FROM articles
  WHERE read_at < :before AND text <> ''
    AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.article_id = articles.id AND claims.move_id IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.article_id = articles.id AND claims.pending = 1)
  LIMIT :limit
)"""

# `next_try_at` is when what was superseded or silenced would have been sent, or was: it ended no sooner than it was held.
FORGET_SETTLED = """
DELETE FROM deliveries WHERE id IN (
  SELECT id FROM deliveries
  WHERE created_at < :before AND state IN ('accepted', 'superseded', 'silenced')
    AND coalesce(accepted_at, next_try_at) < :before
  LIMIT :limit
)"""

CLAIMS_BY_STATUS = "SELECT status, COUNT(*) AS rows FROM claims WHERE withdrawn_at IS NULL GROUP BY status"

OUTBOX = """
SELECT COUNT(*) AS depth, MIN(due_at) AS oldest, SUM(attempts > 0) AS retried
FROM deliveries WHERE state IN ('pending', 'leased')"""

BEAT = (
    "INSERT INTO meta (key, value) VALUES ('heartbeat_at', :now) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)

ACTIVITY = """
SELECT
  (SELECT COUNT(*) FROM feeds WHERE active = 1 AND last_poll_at >= :since) AS feeds_checked,
  (SELECT COUNT(*) FROM articles WHERE read_at >= :since) AS articles_read,
  (SELECT COUNT(*) FROM moves WHERE first_seen_at >= :since AND origin <> 'known') AS moves_found,
  (SELECT COUNT(*) FROM alerts WHERE created_at >= :since AND move_id IS NOT NULL) AS alerts_raised,
  (SELECT COUNT(*) FROM feeds WHERE active = 1 AND (failures > 0 OR gone = 1)) AS feeds_failing"""

LAST_WRITE = """
SELECT MAX(at) FROM (
  SELECT MAX(last_poll_at) AS at FROM feeds
  UNION ALL SELECT MAX(created_at) FROM deliveries
  UNION ALL SELECT MAX(updated_at) FROM moves
) AS latest"""

# A due time that no plan of ours could have set from today's clock was set by a clock that was ahead.
REIN_IN = (
    ("feeds", "UPDATE feeds SET next_poll_at = :now WHERE active = 1 AND gone = 0 AND next_poll_at > :far"),
    ("entries", "UPDATE entries SET next_try_at = :now WHERE state = 'new' AND next_try_at > :far"),
    (
        "deliveries",
        # What is held for a digest or by quiet hours was planned by a right clock if it was recorded by one.
        """UPDATE deliveries SET next_try_at = :now, due_at = MIN(due_at, :now)
           WHERE state IN ('pending', 'leased') AND next_try_at > :far
             AND (:far > :now OR attempts > 0 OR state = 'leased' OR created_at > :now)""",
    ),
    ("endpoints", "UPDATE endpoints SET retry_at = :now WHERE retry_at > :far"),
    ("subscriptions", "UPDATE subscriptions SET next_try_at = :now WHERE next_try_at > :far"),
    ("pushes", "UPDATE pushes SET next_try_at = :now WHERE next_try_at > :far"),
    ("hosts", "UPDATE hosts SET slot_at = :now WHERE slot_at > :far"),
)


def forget_texts(connection: Connection, before: datetime, limit: int) -> int:
    """Empty the texts of articles read before then that support no move; return how many."""
    return connection.execute(FORGET_TEXTS, {"before": to_micros(before), "limit": limit}).rowcount


def forget_settled(connection: Connection, before: datetime, limit: int) -> int:
    """Delete deliveries that were accepted, superseded or silenced before then; their alerts stay.  Return how many."""
    return connection.execute(FORGET_SETTLED, {"before": to_micros(before), "limit": limit}).rowcount


def rein_in(connection: Connection, now: datetime, horizon: timedelta) -> dict[str, int]:
    """Make due now what is due only after `horizon`; return how many rows of which table."""
    when = {"now": to_micros(now), "far": to_micros(now + horizon)}
    return {table: rows for table, update in REIN_IN if (rows := connection.execute(update, when).rowcount)}


def figures(connection: Connection) -> dict[str, Any]:
    """Return claims by status, the outbox's depth, its oldest delivery, and the time of the last write."""
    outbox = connection.execute(OUTBOX).fetchone()
    return {
        "claims": {row["status"]: row["rows"] for row in connection.execute(CLAIMS_BY_STATUS)},
        "outbox_depth": outbox["depth"],
        "outbox_retried": outbox["retried"] or 0,
        "outbox_oldest": from_micros(outbox["oldest"]),
        "last_write": from_micros(connection.execute(LAST_WRITE).fetchone()[0]),
    }


def last_heartbeat(connection: Connection) -> datetime | None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'heartbeat_at'").fetchone()
    return datetime.fromisoformat(row["value"]) if row else None


def save_heartbeat(connection: Connection, now: datetime) -> None:
    connection.execute(BEAT, {"now": now.isoformat()})


def activity(connection: Connection, since: datetime) -> dict[str, int]:
    return dict(connection.execute(ACTIVITY, {"since": to_micros(since)}).fetchone())
