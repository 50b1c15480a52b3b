"""The pipeline's store in one SQLite file: every method is one transaction over the statements of the modules beside.

Never decides: what to write comes in, what is stored comes out.  Any thread and any process may call it at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.errors import MonitorError
from monitor.model import (
    Alert,
    Article,
    ArticleResult,
    Consolidation,
    Corrected,
    Correction,
    Delivery,
    DeliveryState,
    Endpoint,
    Entry,
    EntryToRead,
    Feed,
    Fingerprint,
    KnownEntry,
    Move,
    Origin,
    Push,
    Reason,
    RobotsFile,
    Silence,
    SourcedClaim,
    Subscription,
)
from monitor.names import person_key
from monitor.store import articles, copies, corrections, endpoints, housekeeping, ledger, outbox, subscriptions, upkeep
from monitor.store import feeds as feed_rows
from monitor.store import tokens as token_rows
from monitor.store.database import Database


def key_of_person(claim: SourcedClaim) -> str:
    return person_key(claim.claim.person)


class SqliteStore:
    """Satisfies `ports.Store`.  Kept promises: tests/contract/test_store.py."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path, now: datetime) -> SqliteStore:
        """Open the database, creating or upgrading it; PermanentError if it is damaged or of a newer version."""
        database = Database(path)
        try:
            database.migrate(now)
        except MonitorError:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        self._database.close()

    # feeds

    def sync_feeds(self, feeds: Sequence[Feed], now: datetime) -> None:
        with self._database.write() as connection:
            feed_rows.sync(connection, feeds, now)

    def lease_feeds(self, now: datetime, lease: timedelta, limit: int) -> list[Feed]:
        with self._database.write() as connection:
            return feed_rows.lease(connection, now, now + lease, limit)

    def known_entries(self, feed_id: str, entries: Sequence[Entry]) -> list[KnownEntry]:  # noqa: ARG002 - an entry names its feed
        with self._database.read() as connection:
            return feed_rows.known_entries(connection, entries)

    def save_poll(
        self, feed: Feed, new: Sequence[Entry], edited: Sequence[Entry], origin: Origin, now: datetime
    ) -> None:
        with self._database.write() as connection:
            feed_rows.save(connection, feed)
            feed_rows.add_entries(connection, new, origin, now)
            feed_rows.edit_entries(connection, edited, origin, now)

    def failing_feeds(self) -> list[Feed]:
        """Return active feeds whose last poll failed, the longest streak first."""
        with self._database.read() as connection:
            return feed_rows.failing(connection)

    def find_feeds(self) -> list[Feed]:
        """Return all feeds that are polled."""
        with self._database.read() as connection:
            return feed_rows.find(connection)

    def feeds_to_tell(self, now: datetime, streak: int) -> list[Feed]:
        with self._database.read() as connection:
            return feed_rows.to_tell(connection, now, streak)

    def save_told(self, feed_id: str, told: str | None, deliveries: Sequence[Delivery]) -> None:
        with self._database.write(durable=True) as connection:
            feed_rows.tell(connection, feed_id, told)
            endpoints.add_notices(connection, deliveries)

    def last_heartbeat(self) -> datetime | None:
        with self._database.read() as connection:
            return housekeeping.last_heartbeat(connection)

    def activity(self, since: datetime) -> dict[str, int]:
        with self._database.read() as connection:
            return housekeeping.activity(connection, since)

    def save_heartbeat(self, now: datetime, deliveries: Sequence[Delivery]) -> None:
        with self._database.write(durable=True) as connection:
            housekeeping.save_heartbeat(connection, now)
            endpoints.add_notices(connection, deliveries)

    def find_robots(self, origins: Sequence[str]) -> list[RobotsFile]:
        with self._database.read() as connection:
            return feed_rows.find_robots(connection, origins)

    def save_robots(self, file: RobotsFile) -> None:
        with self._database.write() as connection:
            feed_rows.save_robots(connection, file)

    # hubs

    def find_subscriptions(self) -> list[Subscription]:
        """Return what is asked of hubs for the feeds that are polled."""
        with self._database.read() as connection:
            return subscriptions.find(connection)

    def find_subscription(self, *, feed_id: str = "", token: str = "") -> Subscription | None:
        with self._database.read() as connection:
            if token:
                return subscriptions.find_of_token(connection, token)
            return subscriptions.find_of_feed(connection, feed_id)

    def change_subscription(
        self, feed_id: str, decide: Callable[[Subscription | None], Subscription | None]
    ) -> Subscription | None:
        with self._database.write() as connection:
            before = subscriptions.find_of_feed(connection, feed_id)
            after = decide(before)
            if after is None:
                subscriptions.delete(connection, feed_id)
            elif after != before:
                subscriptions.save(connection, after)
            return after

    def lease_subscriptions(self, now: datetime, lease: timedelta, limit: int) -> list[Subscription]:
        with self._database.write() as connection:
            return subscriptions.lease(connection, now, now + lease, limit)

    def add_push(self, push: Push, room: int) -> bool:
        with self._database.write() as connection:
            return subscriptions.add_push(connection, push, room)

    def lease_pushes(self, now: datetime, lease: timedelta, limit: int) -> list[tuple[Feed, Push]]:
        with self._database.write() as connection:
            return subscriptions.lease_pushes(connection, now, now + lease, limit)

    def save_push(self, feed: Feed, push: Push, new: Sequence[Entry], edited: Sequence[Entry], now: datetime) -> None:
        with self._database.write() as connection:
            feed_rows.add_entries(connection, new, Origin.LIVE, now)
            feed_rows.edit_entries(connection, edited, Origin.LIVE, now)
            subscriptions.take_push(connection, feed, push)

    def drop_push(self, push: Push) -> None:
        with self._database.write() as connection:
            subscriptions.end_push(connection, push)

    # entries

    def lease_entries(self, now: datetime, lease: timedelta, limit: int) -> list[EntryToRead]:
        with self._database.write() as connection:
            return articles.lease_entries(connection, now, now + lease, limit)

    def save_article(self, entry: EntryToRead, result: ArticleResult, now: datetime) -> None:
        with self._database.write() as connection:
            articles.save_article(connection, result.article, now)
            articles.save_claims(connection, result, key_of_person, now)
            articles.save_groups(connection, result.article.id, result.groups, now)
            articles.end_entry(connection, entry, result.article, now)
            copies.save(connection, result)

    def find_alike(self, fingerprint: Fingerprint, since: datetime) -> list[tuple[str, Fingerprint]]:
        with self._database.read() as connection:
            return copies.find_alike(connection, fingerprint, since)

    def skip_entry(self, entry: Entry, reason: str, now: datetime, article_id: str | None = None) -> None:
        with self._database.write() as connection:
            articles.skip_entry(connection, entry, reason, now, article_id)

    def was_read(self, article_id: str, leased: EntryToRead, since: datetime) -> bool:
        with self._database.read() as connection:
            return articles.was_read(connection, article_id, leased, since)

    def retry_entry(self, key: str, at: datetime, error: str) -> None:
        with self._database.write() as connection:
            articles.retry_entry(connection, key, at, error)

    def find_claims(self, article_id: str) -> list[tuple[SourcedClaim, str | None, tuple[Reason, ...] | None]]:
        """The reasons are None while the claim waits, and empty where nothing was decided on it."""
        with self._database.read() as connection:
            return articles.find_claims(connection, article_id)

    def find_article(self, id: str) -> Article | None:
        with self._database.read() as connection:
            return articles.find_article(connection, id)

    def find_feeds_of(self, article_id: str) -> tuple[str, ...]:
        """Return the ids of the feeds that carry an article."""
        with self._database.read() as connection:
            return articles.find_feeds(connection, article_id)

    def find_articles(self, since: datetime, after: str, limit: int) -> list[Article]:
        """Return articles whose text is kept, published since then, in the order of their addresses after `after`."""
        with self._database.read() as connection:
            return articles.find_articles(connection, since, after, limit)

    # moves

    def pending_people(self, limit: int) -> list[str]:
        with self._database.read() as connection:
            return ledger.pending_people(connection, limit)

    def consolidate(
        self, person_key: str, decide: Callable[[Sequence[Move], Sequence[SourcedClaim]], Consolidation]
    ) -> Consolidation:
        """`decide` runs inside the write transaction: it must be pure and may take milliseconds, not seconds."""
        with self._database.write(durable=True) as connection:
            pending = ledger.load_pending(connection, person_key)
            outcome = decide(pending.moves, pending.claims)
            ledger.save_outcome(connection, pending, outcome)
        return outcome

    def add_known_moves(self, moves: Sequence[Move]) -> int:
        with self._database.write() as connection:
            return ledger.add_moves(connection, moves)

    def find_moves(
        self, *, person: str | None = None, company: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[Move]:
        with self._database.read() as connection:
            return ledger.find_moves(connection, person=person, company=company, since=since, limit=limit)

    def find_moves_of(self, person_key: str) -> list[Move]:
        """Return what a claim of this person key is consolidated with."""
        with self._database.read() as connection:
            return list(ledger.load_pending(connection, person_key).moves)

    def correct(self, id: str, decide: Callable[[Move, Sequence[Delivery]], Corrected]) -> Corrected | None:
        with self._database.write(durable=True) as connection:
            return corrections.correct(connection, id, decide)

    def find_corrections(self, move_id: str | None = None) -> list[Correction]:
        with self._database.read() as connection:
            return corrections.find(connection, move_id)

    # outbox

    def lease_deliveries(
        self, now: datetime, lease: timedelta, limit: int, busy: Collection[str] = ()
    ) -> list[Delivery]:
        with self._database.write() as connection:
            return outbox.lease(connection, now, now + lease, limit, busy)

    def save_delivery(self, delivery: Delivery) -> None:
        with self._database.write(durable=True) as connection:
            outbox.save(connection, delivery)

    def save_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        with self._database.write(durable=True) as connection:
            for delivery in deliveries:
                outbox.save(connection, delivery)

    def find_deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        with self._database.read() as connection:
            return outbox.find(connection, state, limit)

    def release_deliveries(self, ids: Sequence[str], now: datetime) -> None:
        with self._database.write() as connection:
            outbox.release(connection, ids, now)

    def expire_deliveries(self, channel: str, before: datetime, error: str) -> int:
        with self._database.write() as connection:
            return outbox.expire(connection, channel, before, error)

    def hasten_deliveries(self, channel: str, now: datetime) -> None:
        with self._database.write() as connection:
            outbox.hasten(connection, channel, now)

    def replay_delivery(self, id: str, now: datetime) -> Delivery | None:
        with self._database.write() as connection:
            return outbox.replay(connection, id, now)

    def replay_dead(self, channel: str | None, since: datetime, now: datetime) -> int:
        with self._database.write() as connection:
            return outbox.replay_dead(connection, channel, since, now)

    def discard_dead(self, wanted: str, error: str) -> int:
        """End for good the dead delivery of this id, or those of this channel, with `error`; return how many."""
        with self._database.write() as connection:
            return outbox.discard(connection, wanted, error)

    # endpoints and silences

    def find_endpoints(self) -> list[Endpoint]:
        with self._database.read() as connection:
            return endpoints.find(connection)

    def save_endpoint(self, endpoint: Endpoint, notices: Sequence[Delivery] = ()) -> None:
        with self._database.write(durable=bool(notices)) as connection:
            endpoints.save(connection, endpoint, notices)

    def raise_alert(self, alert: Alert, deliveries: Sequence[Delivery]) -> bool:
        with self._database.write(durable=True) as connection:
            return endpoints.raise_alert(connection, alert, deliveries)

    def trust_endpoint(self, channel: str) -> int:
        with self._database.write() as connection:
            return endpoints.trust(connection, channel)

    def add_silence(self, silence: Silence) -> None:
        with self._database.write() as connection:
            endpoints.add_silence(connection, silence)

    def find_silences(self, at: datetime | None = None) -> list[Silence]:
        with self._database.read() as connection:
            return endpoints.find_silences(connection, at)

    def end_silence(self, id: str, now: datetime) -> bool:
        with self._database.write() as connection:
            return endpoints.end_silence(connection, id, now)

    # upkeep

    def take_slot(self, host: str, now: datetime, gap: timedelta) -> datetime:
        with self._database.write() as connection:
            return upkeep.take_slot(connection, host, now, gap)

    def spend_tokens(self, day: date, tokens: int) -> int:
        with self._database.write() as connection:
            return token_rows.spend(connection, day, tokens)

    def resume(self, now: datetime) -> None:
        """Only for the holder of the state's lock: nobody else may be at work."""
        with self._database.write() as connection:
            feed_rows.resume(connection, now)
            subscriptions.resume(connection, now)
            articles.resume(connection, now)
            outbox.resume(connection, now)

    def sweep(self, now: datetime) -> int:
        with self._database.write() as connection:
            return outbox.end_leases(connection, now)

    def next_due(self) -> datetime | None:
        with self._database.read() as connection:
            return upkeep.next_due(connection)

    def counts(self) -> dict[str, int]:
        with self._database.read() as connection:
            return upkeep.counts(connection)

    def backup(self, path: Path) -> None:
        """Write a consistent copy of the database to `path` while others read and write."""
        self._database.backup(path)

    # housekeeping

    def forget_texts(self, before: datetime, limit: int) -> int:
        with self._database.write() as connection:
            return housekeeping.forget_texts(connection, before, limit)

    def forget_settled(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` deliveries accepted, superseded or silenced before then; return how many."""
        with self._database.write() as connection:
            return housekeeping.forget_settled(connection, before, limit)

    def rein_in(self, now: datetime, horizon: timedelta) -> dict[str, int]:
        """Make due now what a clock that was ahead made due only after `horizon`; return how many rows by table."""
        with self._database.write() as connection:
            return housekeeping.rein_in(connection, now, horizon)

    def figures(self) -> dict[str, Any]:
        """Return what `status` and the metrics tell beyond `counts`."""
        with self._database.read() as connection:
            return housekeeping.figures(connection)
