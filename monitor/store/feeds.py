"""Feeds and their due times <-> rows, inside the caller's transaction.  Never decides when a feed is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection

from monitor.model import Entry, Feed, KnownEntry, Origin, RobotsFile
from monitor.store.rows import entry_values, feed_from, feed_values, known_entry_from, robots_from, robots_values
from monitor.store.times import duration_to_micros, to_micros

# A title that the feed gave itself stays where the configuration gives none.
CONFIGURE = """
INSERT INTO feeds (id, url, title, interval, next_poll_at, added_at)
VALUES (:id, :url, :title, :interval, :now, :now)
ON CONFLICT (id) DO UPDATE SET
  title = CASE WHEN excluded.title <> '' THEN excluded.title ELSE feeds.title END,
  interval = excluded.interval,
  active = 1"""

ACTIVE_IDS = "SELECT id FROM feeds WHERE active = 1"

DEACTIVATE = "UPDATE feeds SET active = 0 WHERE id = ?"

LEASE = """
UPDATE feeds SET next_poll_at = :until, leased = 1
WHERE id IN (
  SELECT id FROM (
    SELECT id, next_poll_at FROM feeds WHERE active = 1 AND gone = 0 AND next_poll_at <= :now
    UNION ALL SELECT id, next_poll_at FROM feeds WHERE active = 1 AND gone = 1 AND next_poll_at <= :now
  )
  ORDER BY next_poll_at LIMIT :limit
)
RETURNING *"""

ALL = "SELECT * FROM feeds WHERE active = 1 ORDER BY url"

FAILING = "SELECT * FROM feeds WHERE active = 1 AND gone = 0 AND failures > 0 ORDER BY failures DESC, url"

RESUME = "UPDATE feeds SET next_poll_at = ?, leased = 0 WHERE leased = 1"

_KNOWN = "SELECT key, guid, content_hash, address, title, published_at FROM entries"

KNOWN_ENTRY = f"{_KNOWN} WHERE key = ?"

# Asked only for an entry whose key is not stored: publishers change GUIDs and addresses of what they published (0090).
ALIKE = f"""
{_KNOWN} WHERE feed_id = :feed_id AND address = :address
UNION
{_KNOWN} WHERE feed_id = :feed_id AND published_at = :published_at AND title = :title"""

# Address, interval and activity belong to the configuration.
SAVE = """
UPDATE feeds SET
  title = :title, etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
  next_poll_at = :next_poll_at, last_poll_at = :last_poll_at, last_change_at = :last_change_at,
  failures = :failures, error = :error, polls = :polls, gone = :gone, leased = 0,
  rhythm = :rhythm, news_at = :news_at, ttl = :ttl, skip_hours = :skip_hours, skip_days = :skip_days,
  moved_to = :moved_to, moves = :moves, quiet_at = :quiet_at
WHERE id = :id"""

# An entry is due for reading at once.  Known ones stay as they are: a poll done twice changes nothing.
ADD_ENTRY = """
INSERT INTO entries (
  key, feed_id, guid, url, address, title, summary, author, published_at, updated_at, content_hash,
  state, origin, first_seen_at, next_try_at
) VALUES (
  :key, :feed_id, :guid, :url, :address, :title, :summary, :author, :published_at, :updated_at, :content_hash,
  'new', :origin, :now, :now
)
ON CONFLICT (key) DO NOTHING"""

# An edit of what was already read is news of today; one of what still waits keeps the origin that it came with.
EDIT_ENTRY = """
UPDATE entries SET
  url = :url, address = :address, title = :title, summary = :summary, author = :author,
  published_at = :published_at, updated_at = :updated_at, content_hash = :content_hash,
  origin = CASE WHEN state = 'new' THEN origin ELSE :origin END,
  state = 'new', next_try_at = :now, attempts = 0, note = NULL, ended_at = NULL, leased = 0
WHERE key = :key"""

TO_TELL = """
SELECT * FROM feeds WHERE active = 1 AND failures >= :streak AND (told IS NULL OR told <> 'failing')
UNION SELECT * FROM feeds WHERE active = 1 AND gone = 1 AND (told IS NULL OR told <> 'failing')
UNION SELECT * FROM feeds WHERE active = 1 AND quiet_at <= :now AND told IS NULL AND failures = 0
UNION SELECT * FROM feeds WHERE active = 1 AND told = 'failing' AND failures = 0 AND gone = 0
UNION SELECT * FROM feeds WHERE active = 1 AND told = 'quiet' AND quiet_at > :now AND failures = 0
ORDER BY url"""

TELL = "UPDATE feeds SET told = :told WHERE id = :id"

ROBOTS = "SELECT * FROM robots WHERE host = ?"

SAVE_ROBOTS = """
INSERT INTO robots (host, rules, silent, expires_at, delay) VALUES (:host, :rules, :silent, :expires_at, :delay)
ON CONFLICT (host) DO UPDATE SET
  rules = excluded.rules, silent = excluded.silent, expires_at = excluded.expires_at, delay = excluded.delay"""


def sync(connection: Connection, feeds: Sequence[Feed], now: datetime) -> None:
    configured = {feed.id for feed in feeds}
    dropped = [(id,) for (id,) in connection.execute(ACTIVE_IDS) if id not in configured]
    connection.executemany(DEACTIVATE, dropped)
    connection.executemany(
        CONFIGURE,
        [
            {
                "id": feed.id,
                "url": feed.url,
                "title": feed.title,
                "interval": duration_to_micros(feed.interval),
                "now": to_micros(now),
            }
            for feed in sorted(feeds, key=lambda feed: feed.id)  # not by site: those of one would wait in one batch
        ],
    )


def lease(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Feed]:
    rows = connection.execute(LEASE, {"now": to_micros(now), "until": to_micros(until), "limit": limit})
    return [feed_from(row) for row in rows]


def resume(connection: Connection, now: datetime) -> None:
    connection.execute(RESUME, (to_micros(now),))


def find(connection: Connection) -> list[Feed]:
    return [feed_from(row) for row in connection.execute(ALL)]


def failing(connection: Connection) -> list[Feed]:
    return [feed_from(row) for row in connection.execute(FAILING)]


def known_entries(connection: Connection, entries: Sequence[Entry]) -> list[KnownEntry]:
    found: dict[str, KnownEntry] = {}
    for entry in entries:
        rows = connection.execute(KNOWN_ENTRY, (entry.key,)).fetchall()
        found |= {row["key"]: known_entry_from(row) for row in rows or connection.execute(ALIKE, entry_values(entry))}
    return list(found.values())


def save(connection: Connection, feed: Feed) -> None:
    connection.execute(SAVE, feed_values(feed))


def to_tell(connection: Connection, now: datetime, streak: int) -> list[Feed]:
    return [feed_from(row) for row in connection.execute(TO_TELL, {"now": to_micros(now), "streak": streak})]


def tell(connection: Connection, feed_id: str, told: str | None) -> None:
    connection.execute(TELL, {"id": feed_id, "told": told})


def find_robots(connection: Connection, origins: Sequence[str]) -> list[RobotsFile]:
    return [robots_from(row) for origin in origins for row in connection.execute(ROBOTS, (origin,))]


def save_robots(connection: Connection, file: RobotsFile) -> None:
    connection.execute(SAVE_ROBOTS, robots_values(file))


def add_entries(connection: Connection, entries: Sequence[Entry], origin: Origin, now: datetime) -> None:
    _write_entries(connection, ADD_ENTRY, entries, origin, now)


def edit_entries(connection: Connection, entries: Sequence[Entry], origin: Origin, now: datetime) -> None:
    _write_entries(connection, EDIT_ENTRY, entries, origin, now)


def _write_entries(
    connection: Connection, statement: str, entries: Sequence[Entry], origin: Origin, now: datetime
) -> None:
    when = {"origin": origin, "now": to_micros(now)}
    connection.executemany(statement, [{**entry_values(entry), **when} for entry in entries])
