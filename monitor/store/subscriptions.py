"""Subscriptions at hubs, and what hubs sent <-> rows, inside the caller's transaction.  Never decides whom to ask."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection, Row

from monitor.model import Feed, Push, Subscription, SubscriptionState
from monitor.store.rows import Values, feed_from, feed_values
from monitor.store.times import from_micros, to_micros

_OF_ACTIVE = "SELECT subscriptions.* FROM subscriptions JOIN feeds ON feeds.id = feed_id WHERE active = 1"

ALL = f"{_OF_ACTIVE} ORDER BY feed_id"

OF_FEED = f"{_OF_ACTIVE} AND feed_id = ?"

OF_TOKEN = f"{_OF_ACTIVE} AND token = ?"

# A hub that denied may verify this time, even before it answers.
LEASE = """
UPDATE subscriptions SET
  next_try_at = :until, asked_at = :now, state = CASE WHEN state = 'denied' THEN 'asked' ELSE state END
WHERE feed_id IN (
  SELECT feed_id FROM subscriptions JOIN feeds ON feeds.id = feed_id
  WHERE active = 1 AND gone = 0 AND next_try_at <= :now
  ORDER BY next_try_at LIMIT :limit
)
RETURNING *"""

SAVE = """
INSERT INTO subscriptions (
  feed_id, hub, topic, callback, token, secret, state, next_try_at, asked_at, verified_at, expires_at, pushed_at,
  attempts, missed, error
) VALUES (
  :feed_id, :hub, :topic, :callback, :token, :secret, :state, :next_try_at, :asked_at, :verified_at, :expires_at,
  :pushed_at, :attempts, :missed, :error
)
ON CONFLICT (feed_id) DO UPDATE SET
  hub = excluded.hub, topic = excluded.topic, callback = excluded.callback, token = excluded.token,
  secret = excluded.secret, state = excluded.state, next_try_at = excluded.next_try_at, asked_at = excluded.asked_at,
  verified_at = excluded.verified_at, expires_at = excluded.expires_at, pushed_at = excluded.pushed_at,
  attempts = excluded.attempts, missed = excluded.missed, error = excluded.error"""

DELETE = "DELETE FROM subscriptions WHERE feed_id = ?"

WAITING = "SELECT COUNT(*) FROM pushes WHERE feed_id = ?"

# A hub that got no answer sends the same again.
ADD_PUSH = """
INSERT INTO pushes (id, feed_id, topic, body, content_type, received_at, next_try_at)
VALUES (:id, :feed_id, :topic, :body, :content_type, :received_at, :received_at)
ON CONFLICT (id) DO NOTHING"""

LEASE_PUSHES = """
UPDATE pushes SET next_try_at = :until, leased = 1
WHERE id IN (SELECT id FROM pushes WHERE next_try_at <= :now ORDER BY received_at, id LIMIT :limit)
RETURNING *"""

END_PUSH = "DELETE FROM pushes WHERE id = ?"

# Polls do not see what was pushed before them as news.
NEWS = "UPDATE feeds SET news_at = :news_at, quiet_at = :quiet_at WHERE id = :id"

HEARD = "UPDATE subscriptions SET pushed_at = :at, missed = 0 WHERE feed_id = :feed_id"

RESUME = "UPDATE pushes SET next_try_at = ?, leased = 0 WHERE leased = 1"

FEED = "SELECT * FROM feeds WHERE id = ?"

_OF_PUSH = ("feed_id", "topic", "body", "content_type")
_TIMES = ("next_try_at", "asked_at", "verified_at", "expires_at", "pushed_at")
_PLAIN = ("feed_id", "hub", "topic", "callback", "secret", "attempts", "missed", "error")


def find(connection: Connection) -> list[Subscription]:
    return [_subscription(row) for row in connection.execute(ALL)]


def find_of_feed(connection: Connection, feed_id: str) -> Subscription | None:
    row = connection.execute(OF_FEED, (feed_id,)).fetchone()
    return _subscription(row) if row else None


def find_of_token(connection: Connection, token: str) -> Subscription | None:
    row = connection.execute(OF_TOKEN, (token,)).fetchone()
    return _subscription(row) if row else None


def lease(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Subscription]:
    rows = connection.execute(LEASE, {"now": to_micros(now), "until": to_micros(until), "limit": limit})
    return [_subscription(row) for row in rows]


def save(connection: Connection, subscription: Subscription) -> None:
    connection.execute(SAVE, _values(subscription))


def delete(connection: Connection, feed_id: str) -> None:
    connection.execute(DELETE, (feed_id,))


def add_push(connection: Connection, push: Push, room: int) -> bool:
    """Keep a push unless `room` others of its feed wait; say whether it is kept."""
    if connection.execute(WAITING, (push.feed_id,)).fetchone()[0] >= room:
        return False
    values = {name: getattr(push, name) for name in ("id", *_OF_PUSH)}
    connection.execute(ADD_PUSH, {**values, "received_at": to_micros(push.received_at)})
    return True


def lease_pushes(connection: Connection, now: datetime, until: datetime, limit: int) -> list[tuple[Feed, Push]]:
    """Return the pushes with their feeds, the first received first."""
    rows = connection.execute(LEASE_PUSHES, {"now": to_micros(now), "until": to_micros(until), "limit": limit})
    pushes = sorted(map(_push, rows.fetchall()), key=lambda push: (push.received_at, push.id))
    feeds = {push.feed_id: connection.execute(FEED, (push.feed_id,)).fetchone() for push in pushes}
    return [(feed_from(feeds[push.feed_id]), push) for push in pushes]


def end_push(connection: Connection, push: Push) -> None:
    connection.execute(END_PUSH, (push.id,))


def take_push(connection: Connection, feed: Feed, push: Push) -> None:
    """Write when `feed` had news and that its hub was heard, and end the push."""
    connection.execute(NEWS, feed_values(feed))
    connection.execute(HEARD, {"feed_id": feed.id, "at": to_micros(push.received_at)})
    end_push(connection, push)


def resume(connection: Connection, now: datetime) -> None:
    connection.execute(RESUME, (to_micros(now),))


def _subscription(row: Row) -> Subscription:
    plain = {name: row[name] for name in _PLAIN}
    times = {name: from_micros(row[name]) for name in _TIMES}
    return Subscription(**plain, **times, state=SubscriptionState(row["state"]))


def _values(subscription: Subscription) -> Values:
    return {
        **{name: getattr(subscription, name) for name in _PLAIN},
        **{name: to_micros(getattr(subscription, name)) for name in _TIMES},
        "token": subscription.token,
        "state": subscription.state,
    }


def _push(row: Row) -> Push:
    return Push(**{name: row[name] for name in _OF_PUSH}, received_at=from_micros(row["received_at"]))
