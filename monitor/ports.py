"""The ports of the pipeline: what it needs from the outside world, each as small as its use.

Never implemented here: `store/`, `collect/http.py`, `sandbox.py` and the channels satisfy them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from monitor.model import (
    Alert,
    ArticleResult,
    Consolidation,
    Corrected,
    Correction,
    Delivery,
    DeliveryState,
    Elsewhere,
    Endpoint,
    Entry,
    EntryToRead,
    Feed,
    Fingerprint,
    KnownEntry,
    Move,
    Origin,
    Poll,
    Push,
    Reading,
    Reason,
    Review,
    RobotsFile,
    SendResult,
    Silence,
    SourcedClaim,
    Subscription,
    Validators,
)


class Store(Protocol):
    """State in rows.  Every method is one transaction; leasing pushes the row's due time forward by `lease`."""

    # feeds
    def sync_feeds(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Insert the configured feeds that are new (due at once), update interval and title, deactivate the others."""
        ...

    def lease_feeds(self, now: datetime, lease: timedelta, limit: int) -> list[Feed]:
        """Lease up to `limit` active feeds that are due, the latest first."""
        ...

    def known_entries(self, feed_id: str, entries: Sequence[Entry]) -> list[KnownEntry]:
        """Return the feed's stored entries that have the key of one of these; for those whose key is not stored, also
        those that have their address, or their title and date.
        """
        ...

    def save_poll(
        self, feed: Feed, new: Sequence[Entry], edited: Sequence[Entry], origin: Origin, now: datetime
    ) -> None:
        """Write the feed's new state and its new and edited entries (due for reading) together, or nothing."""
        ...

    def failing_feeds(self) -> list[Feed]:
        """Return active feeds whose last poll failed, the longest streak first."""
        ...

    def feeds_to_tell(self, now: datetime, streak: int) -> list[Feed]:
        """Return active feeds whose health may differ from what was told of it.

        They have failed `streak` times in a row, are gone, silent for too long, or well again.
        """
        ...

    def save_told(self, feed_id: str, told: str | None, deliveries: Sequence[Delivery]) -> None:
        """Write what was told of a feed's health, with the alert and its deliveries, or nothing."""
        ...

    def last_heartbeat(self) -> datetime | None: ...

    def activity(self, since: datetime) -> dict[str, int]:
        """Count what was done since then, and what is not well now."""
        ...

    def save_heartbeat(self, now: datetime, deliveries: Sequence[Delivery]) -> None: ...

    def find_robots(self, origins: Sequence[str]) -> list[RobotsFile]:
        """Return what is kept of these hosts' robots.txt, expired ones too."""
        ...

    def save_robots(self, file: RobotsFile) -> None: ...

    # hubs
    def find_subscriptions(self) -> list[Subscription]:
        """Return what is asked of hubs for the feeds that are polled."""
        ...

    def find_subscription(self, *, feed_id: str = "", token: str = "") -> Subscription | None:
        """Return the subscription of a feed, or the one whose callback ends in `token`, if the feed is still polled."""
        ...

    def change_subscription(
        self, feed_id: str, decide: Callable[[Subscription | None], Subscription | None]
    ) -> Subscription | None:
        """Run `decide(what stands there)` under a lock and write what it returns; nothing stands where it is None."""
        ...

    def lease_subscriptions(self, now: datetime, lease: timedelta, limit: int) -> list[Subscription]:
        """Lease up to `limit` subscriptions that are to be asked for, and note that they were asked for now."""
        ...

    def add_push(self, push: Push, room: int) -> bool:
        """Keep a push, once, unless `room` others of its feed wait; say whether there was room."""
        ...

    def lease_pushes(self, now: datetime, lease: timedelta, limit: int) -> list[tuple[Feed, Push]]:
        """Lease up to `limit` pushes, each with its feed as it stands, the first received first."""
        ...

    def save_push(self, feed: Feed, push: Push, new: Sequence[Entry], edited: Sequence[Entry], now: datetime) -> None:
        """End a push: write its new and edited entries, when its feed had news, and that its hub was heard; or nothing."""
        ...

    def drop_push(self, push: Push) -> None:
        """End a push that cannot be read."""
        ...

    # entries
    def lease_entries(self, now: datetime, lease: timedelta, limit: int) -> list[EntryToRead]: ...

    def find_alike(self, fingerprint: Fingerprint, since: datetime) -> list[tuple[str, Fingerprint]]:
        """Return (article id, fingerprint) of the articles first read since then that share a key, the first read first."""
        ...

    def find_claims(self, article_id: str) -> list[tuple[SourcedClaim, str | None, tuple[Reason, ...] | None]]:
        """Return the claims of an article, each with the move that it supports and why that was told or not."""
        ...

    def save_article(self, entry: EntryToRead, result: ArticleResult, now: datetime) -> None:
        """Write article and claims (pending for consolidation, those already stored left alone), end the entry."""
        ...

    def skip_entry(self, entry: Entry, reason: str, now: datetime, article_id: str | None = None) -> None:
        """End the entry unread, unless it was edited meanwhile; `article_id` is of the article that tells what it would."""
        ...

    def was_read(self, article_id: str, leased: EntryToRead, since: datetime) -> bool:
        """Return whether the article's whole page was read after the entry was seen, or for other feeds since then."""
        ...

    def retry_entry(self, key: str, at: datetime, error: str) -> None: ...

    # moves
    def pending_people(self, limit: int) -> list[str]:
        """Return person keys that have claims not yet consolidated."""
        ...

    def consolidate(
        self, person_key: str, decide: Callable[[Sequence[Move], Sequence[SourcedClaim]], Consolidation]
    ) -> Consolidation:
        """Run `decide(moves, pending claims)` of one person key under its lock and write the outcome.

        Moves, support, alerts and deliveries are written in one transaction, or nothing is.
        """
        ...

    def add_known_moves(self, moves: Sequence[Move]) -> int:
        """Insert the watchlist's known moves that the ledger does not hold yet; return how many were new."""
        ...

    def find_moves(
        self, *, person: str | None = None, company: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[Move]:
        """Return moves with their evidence, newest first; `person` and `company` match ids or parts of names."""
        ...

    def correct(self, id: str, decide: Callable[[Move, Sequence[Delivery]], Corrected]) -> Corrected | None:
        """Run `decide(move, its deliveries)` for the move, alert or delivery `id` under a lock and write the outcome.

        None where nothing has that id.  What is withdrawn is superseded if it is still pending.
        """
        ...

    def find_corrections(self, move_id: str | None = None) -> list[Correction]:
        """Return the corrections of a move, or all, the oldest first."""
        ...

    # outbox
    def lease_deliveries(
        self, now: datetime, lease: timedelta, limit: int, busy: Collection[str] = ()
    ) -> list[Delivery]:
        """Lease up to `limit` due deliveries of each channel that is not `busy`, oldest first; a digest goes whole.

        Never one whose move has an earlier open one on that channel.  Of a channel with `retry_at`: none before then,
        and one after it.  What is due to a disabled channel is dead.
        """
        ...

    def release_deliveries(self, ids: Sequence[str], now: datetime) -> None:
        """Put leased deliveries that were not tried back into their place."""
        ...

    def expire_deliveries(self, channel: str, before: datetime, error: str) -> int:
        """End with `error` what waits for the channel since before then; return how many."""
        ...

    def hasten_deliveries(self, channel: str, now: datetime) -> None:
        """Make due now what waits for its next try on the channel."""
        ...

    def save_delivery(self, delivery: Delivery) -> None:
        """Write the state of a delivery after an attempt."""
        ...

    def save_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Write the states of several deliveries after their attempts, or of none."""
        ...

    def find_deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]: ...

    def replay_delivery(self, id: str, now: datetime) -> Delivery | None:
        """Make a delivery that has ended pending again, due now, under the same id; None if unknown.

        Its endpoint is trusted again.
        """
        ...

    def replay_dead(self, channel: str | None, since: datetime, now: datetime) -> int:
        """Replay the dead deliveries created since then, of a channel (or all its recipients) or of all; count them."""
        ...

    # endpoints and silences
    def find_endpoints(self) -> list[Endpoint]:
        """Return how channels fare of which something is known."""
        ...

    def save_endpoint(self, endpoint: Endpoint, notices: Sequence[Delivery] = ()) -> None:
        """Write how a channel fares, together with what is to be told of it elsewhere."""
        ...

    def raise_alert(self, alert: Alert, deliveries: Sequence[Delivery]) -> bool:
        """Write an alert about no one move with its deliveries, unless it was raised before; say whether it is new."""
        ...

    def trust_endpoint(self, channel: str) -> int:
        """Forget what is held against a channel and its recipients; return how many."""
        ...

    def add_silence(self, silence: Silence) -> None: ...

    def find_silences(self, at: datetime | None = None) -> list[Silence]:
        """Return all silences, or those in force at a time."""
        ...

    def end_silence(self, id: str, now: datetime) -> bool:
        """End a silence now; False if there is none in force under that id."""
        ...

    # upkeep
    def take_slot(self, host: str, now: datetime, gap: timedelta) -> datetime:
        """Reserve the next request slot of a host, at least `gap` after the one before; return when it is."""
        ...

    def spend_tokens(self, day: date, tokens: int) -> int:
        """Add to what the second reader took on that day (UTC) and return its sum; of days before nothing is kept."""
        ...

    def resume(self, now: datetime) -> None:
        """Make due at once what an earlier process of this state directory held leased when it ended."""
        ...

    def sweep(self, now: datetime) -> int:
        """Make rows with an expired lease due again; return how many."""
        ...

    def next_due(self) -> datetime | None:
        """When the next feed, entry or delivery is due."""
        ...

    def counts(self) -> dict[str, int]:
        """Return row counts by table and state, for `status` and metrics ("feeds.failing", "deliveries.pending" …)."""
        ...


class Fetcher(Protocol):
    """GETs over HTTP with limits; yields each outcome when it is complete, in no order."""

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        """Yield (index into `requests`, outcome) for every request; never raises for one of them.

        A body of more than `limit` bytes is refused.
        """
        ...

    def fetch_within(
        self,
        requests: Sequence[tuple[str, Validators]],
        limit: int | None,
        origins: Mapping[str, timedelta] | None,
    ) -> Iterator[tuple[int, Poll | Elsewhere]]:
        """Fetch from these origins, each with the pause between two pages that it asks for; None: follow redirects.

        Otherwise a redirect ends as Elsewhere, for the caller to judge; a page that would wait for long is Refused as "crawl delay".
        """
        ...


class Sandbox(Protocol):
    """Runs pure functions over hostile input where they can be killed."""

    def map(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield (index, result) in completion order; the result is a TransientError where the deadline or a crash hit."""
        ...


class Reader(Protocol):
    """Reads a text for claims."""

    def read(self, title: str, text: str, published_at: datetime) -> Reading: ...


class SecondReader(Protocol):
    """Judges claims that the reader is not sure of."""

    def doubts(self, result: ArticleResult) -> bool:
        """Tell whether there is anything to ask about."""
        ...

    def review(self, results: Sequence[ArticleResult]) -> Iterator[Review]:
        """Yield one review for each result, in order, all within one timeout; never raises where there is no answer."""
        ...

    def close(self) -> None:
        """Cut what is under way."""
        ...


class Channel(Protocol):
    """One configured address.  `send` does the network and maps every failure to `Failed`; it never raises for one."""

    name: str

    def send(self, delivery: Delivery, now: datetime) -> SendResult: ...
