"""The pipeline's ports as classes that one can read.  What they promise: tests/contract."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from monitor.errors import PermanentError
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
    EntryState,
    EntryToRead,
    Evidence,
    Feed,
    Fingerprint,
    GroupClaim,
    KnownEntry,
    Move,
    Origin,
    Push,
    Reason,
    RobotsFile,
    Silence,
    SourcedClaim,
    Status,
    Subscription,
    SubscriptionState,
)
from monitor.names import fold, nfc, person_key
from tests.builders import an_alert

_NONE = an_alert(move_id="")
OPEN = (DeliveryState.PENDING, DeliveryState.LEASED)


@dataclass
class FeedRow:
    feed: Feed
    active: bool = True
    leased: bool = False


@dataclass
class EntryRow:
    entry: Entry
    origin: Origin
    first_seen_at: datetime
    next_try_at: datetime
    state: EntryState = EntryState.NEW
    attempts: int = 0
    note: str | None = None
    article_id: str | None = None
    leased: bool = False


@dataclass
class ClaimRow:
    claim: SourcedClaim
    pending: bool = True
    withdrawn: bool = False
    move_id: str | None = None
    reasons: tuple[Reason, ...] | None = None  # None until consolidated


@dataclass
class MemoryStore:
    """`ports.Store` in dictionaries, for one thread."""

    feeds: dict[str, FeedRow] = field(default_factory=dict)
    entries: dict[str, EntryRow] = field(default_factory=dict)
    articles: dict[str, Article] = field(default_factory=dict)
    claims: dict[str, ClaimRow] = field(default_factory=dict)
    groups: dict[str, tuple[GroupClaim, ...]] = field(default_factory=dict)
    moves: dict[str, Move] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    due_at: dict[str, datetime] = field(default_factory=dict)  # delivery id -> when it was first due
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    slots: dict[str, datetime] = field(default_factory=dict)
    beat_at: datetime | None = None
    tokens: dict[date, int] = field(default_factory=dict)
    results: dict[str, tuple[ArticleResult, datetime]] = field(default_factory=dict)
    read_at: dict[str, datetime] = field(default_factory=dict)  # article id -> when it was last read
    robots: dict[str, RobotsFile] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    pushes: dict[str, tuple[Push, datetime, bool]] = field(default_factory=dict)  # id -> push, when it is due, leased

    # feeds

    def sync_feeds(self, feeds: Sequence[Feed], now: datetime) -> None:
        for row in self.feeds.values():
            row.active = False
        for feed in feeds:
            known = self.feeds.get(feed.id)
            if known is None:
                self.feeds[feed.id] = FeedRow(replace(feed, next_poll_at=now))
            else:
                known.feed = replace(known.feed, title=feed.title or known.feed.title, interval=feed.interval)
                known.active = True

    def lease_feeds(self, now: datetime, lease: timedelta, limit: int) -> list[Feed]:
        due = [row for row in self.feeds.values() if row.active and row.feed.next_poll_at <= now]
        leased = sorted(due, key=lambda row: row.feed.next_poll_at)[:limit]
        for row in leased:
            row.feed, row.leased = replace(row.feed, next_poll_at=now + lease), True
        return [row.feed for row in leased]

    def known_entries(self, feed_id: str, entries: Sequence[Entry]) -> list[KnownEntry]:
        stored = [row.entry for row in self.entries.values() if row.entry.feed_id == feed_id]
        known = [e for entry in entries for e in stored if e.key == entry.key]
        unknown = [entry for entry in entries if entry.key not in self.entries]
        known += [e for entry in unknown for e in stored if entry.address and e.address == entry.address]
        dated = [entry for entry in unknown if entry.published_at]
        known += [
            e for entry in dated for e in stored if (e.title, e.published_at) == (entry.title, entry.published_at)
        ]
        return [_known(entry) for entry in {entry.key: entry for entry in known}.values()]

    def save_poll(
        self, feed: Feed, new: Sequence[Entry], edited: Sequence[Entry], origin: Origin, now: datetime
    ) -> None:
        row = self.feeds[feed.id]
        kept = {"url": row.feed.url, "interval": row.feed.interval, "told": row.feed.told}
        row.feed, row.leased = replace(feed, **kept), False
        for entry in new:
            self.entries.setdefault(entry.key, EntryRow(entry, origin, first_seen_at=now, next_try_at=now))
        for entry in edited:
            known = self.entries[entry.key]
            if known.state is not EntryState.NEW:
                known.origin = origin
            known.entry, known.state, known.next_try_at, known.attempts = entry, EntryState.NEW, now, 0
            known.note, known.leased = None, False

    def failing_feeds(self) -> list[Feed]:
        failing = [row.feed for row in self._polled() if row.feed.failures]
        return sorted(failing, key=lambda feed: (-feed.failures, feed.url))

    def _polled(self) -> list[FeedRow]:
        return [row for row in self.feeds.values() if row.active and not row.feed.gone]

    def feeds_to_tell(self, now: datetime, streak: int) -> list[Feed]:
        def may_tell(feed: Feed) -> bool:
            if feed.told == "failing":
                return not feed.failures and not feed.gone
            if feed.failures >= streak or feed.gone:
                return True
            is_quiet = feed.quiet_at is not None and feed.quiet_at <= now
            return not feed.failures and feed.quiet_at is not None and is_quiet != (feed.told == "quiet")

        feeds = (row.feed for row in self.feeds.values() if row.active)
        return sorted(filter(may_tell, feeds), key=lambda feed: feed.url)

    def save_told(self, feed_id: str, told: str | None, deliveries: Sequence[Delivery]) -> None:
        row = self.feeds[feed_id]
        row.feed = replace(row.feed, told=told)
        self._add_notices(deliveries)

    def last_heartbeat(self) -> datetime | None:
        return self.beat_at

    def activity(self, since: datetime) -> dict[str, int]:
        feeds = [row.feed for row in self.feeds.values() if row.active]
        return {
            "feeds_checked": sum(feed.last_poll_at is not None and feed.last_poll_at >= since for feed in feeds),
            "articles_read": len(self.articles),
            "moves_found": sum(m.first_seen_at >= since and m.origin is not Origin.KNOWN for m in self.moves.values()),
            "alerts_raised": sum(a.created_at >= since and bool(a.move_id) for a in self.alerts.values()),
            "feeds_failing": sum(bool(feed.failures or feed.gone) for feed in feeds),
        }

    def save_heartbeat(self, now: datetime, deliveries: Sequence[Delivery]) -> None:
        self.beat_at = now
        self._add_notices(deliveries)

    def _add_notices(self, deliveries: Sequence[Delivery]) -> None:
        self.alerts |= {each.alert.id: each.alert for each in deliveries}
        self.deliveries |= {each.id: each for each in deliveries}

    def find_robots(self, origins: Sequence[str]) -> list[RobotsFile]:
        return [self.robots[origin] for origin in origins if origin in self.robots]

    def save_robots(self, file: RobotsFile) -> None:
        self.robots[file.origin] = file

    # hubs

    def find_subscriptions(self) -> list[Subscription]:
        return [each for id, each in sorted(self.subscriptions.items()) if self.feeds[id].active]

    def find_subscription(self, *, feed_id: str = "", token: str = "") -> Subscription | None:
        found = self.find_subscriptions()
        return next((s for s in found if (s.token == token if token else s.feed_id == feed_id)), None)

    def change_subscription(
        self, feed_id: str, decide: Callable[[Subscription | None], Subscription | None]
    ) -> Subscription | None:
        after = decide(self.find_subscription(feed_id=feed_id))
        self.subscriptions.pop(feed_id, None)
        if after:
            self.subscriptions[feed_id] = after
        return after

    def lease_subscriptions(self, now: datetime, lease: timedelta, limit: int) -> list[Subscription]:
        polled = {row.feed.id for row in self._polled()}
        due = [s for s in self.find_subscriptions() if s.next_try_at <= now and s.feed_id in polled]
        due.sort(key=lambda each: each.next_try_at)
        asked = {SubscriptionState.DENIED: SubscriptionState.ASKED}
        leased = [
            replace(each, next_try_at=now + lease, asked_at=now, state=asked.get(each.state, each.state))
            for each in due[:limit]
        ]
        self.subscriptions |= {each.feed_id: each for each in leased}
        return leased

    def add_push(self, push: Push, room: int) -> bool:
        waiting = [each for each, _, _ in self.pushes.values() if each.feed_id == push.feed_id]
        if len(waiting) < room:
            self.pushes.setdefault(push.id, (push, push.received_at, False))
        return len(waiting) < room

    def lease_pushes(self, now: datetime, lease: timedelta, limit: int) -> list[tuple[Feed, Push]]:
        due = [push for push, at, _ in self.pushes.values() if at <= now]
        due.sort(key=lambda push: (push.received_at, push.id))
        self.pushes |= {push.id: (push, now + lease, True) for push in due[:limit]}
        return [(self.feeds[push.feed_id].feed, push) for push in due[:limit]]

    def save_push(self, feed: Feed, push: Push, new: Sequence[Entry], edited: Sequence[Entry], now: datetime) -> None:
        row = self.feeds[feed.id]
        due = replace(row.feed, news_at=feed.news_at, quiet_at=feed.quiet_at)
        leased = row.leased
        self.save_poll(due, new, edited, Origin.LIVE, now)
        row.leased = leased
        if known := self.subscriptions.get(feed.id):
            self.subscriptions[known.feed_id] = replace(known, pushed_at=push.received_at, missed=0)
        self.drop_push(push)

    def drop_push(self, push: Push) -> None:
        self.pushes.pop(push.id, None)

    # entries

    def lease_entries(self, now: datetime, lease: timedelta, limit: int) -> list[EntryToRead]:
        due = [row for row in self.entries.values() if row.state is EntryState.NEW and row.next_try_at <= now]
        leased = sorted(due, key=lambda row: row.next_try_at)[:limit]
        for row in leased:
            row.next_try_at = now + lease
            row.attempts += 1
            row.leased = True
        found = [self._entry_to_read(row) for row in leased]
        return sorted(found, key=lambda each: (each.first_seen_at, each.entry.key))

    def _entry_to_read(self, row: EntryRow) -> EntryToRead:
        article = self.articles.get(row.article_id or "")
        return EntryToRead(
            entry=row.entry,
            origin=row.origin,
            first_seen_at=row.first_seen_at,
            attempts=row.attempts - 1,
            article_hash=article.content_hash if article else None,
        )

    def save_article(self, entry: EntryToRead, result: ArticleResult, now: datetime) -> None:
        id = result.article.id
        self.articles[id], self.groups[id] = result.article, result.groups
        self.results[id] = (result, self.results[id][1] if id in self.results else now)
        self.read_at[id] = now
        said = {claim.key: claim for claim in result.claims}
        for key, row in self.claims.items():
            if row.claim.article_id == id:
                row.withdrawn = key not in said
                row.pending = not row.withdrawn and row.reasons is None
        for key, claim in said.items():
            self.claims.setdefault(key, ClaimRow(claim))
        row = self.entries[entry.entry.key]
        row.article_id, row.note, row.leased = id, result.article.note, False
        if row.entry.content_hash == entry.entry.content_hash:  # else it was edited meanwhile and stays due
            row.state = EntryState.READ

    def find_alike(self, fingerprint: Fingerprint, since: datetime) -> list[tuple[str, Fingerprint]]:
        alike = [
            (id, result.fingerprint, at)
            for id, (result, at) in self.results.items()
            if result.fingerprint and not result.copy_of and set(result.fingerprint.keys) & set(fingerprint.keys)
        ]
        return [(id, other) for id, other, at in sorted(alike, key=lambda each: (each[2], each[0])) if at >= since]

    def skip_entry(self, entry: Entry, reason: str, now: datetime, article_id: str | None = None) -> None:
        row = self.entries[entry.key]
        if row.state is EntryState.NEW:
            row.note, row.leased, row.article_id = reason, False, article_id or row.article_id
            if row.entry.content_hash == entry.content_hash:  # else it was edited meanwhile and stays due
                row.state = EntryState.SKIPPED

    def was_read(self, article_id: str, leased: EntryToRead, since: datetime) -> bool:
        article = self.articles.get(article_id)
        if article is None or article.partial:
            return False
        feeds = {row.entry.feed_id for row in self.entries.values() if row.article_id == article_id}
        by_others = leased.entry.feed_id not in feeds and self.read_at[article_id] >= since
        return by_others or self.read_at[article_id] >= leased.first_seen_at

    def retry_entry(self, key: str, at: datetime, error: str) -> None:
        row = self.entries[key]
        row.state, row.next_try_at, row.note, row.leased = EntryState.NEW, at, error, False

    def find_claims(self, article_id: str) -> list[tuple[SourcedClaim, str | None, tuple[Reason, ...] | None]]:
        rows = [row for row in self.claims.values() if row.claim.article_id == article_id]
        rows.sort(key=lambda row: (row.claim.claim.span.start, row.claim.key))
        return [(self._with_feeds(row.claim), row.move_id, row.reasons) for row in rows]

    def _with_feeds(self, claim: SourcedClaim) -> SourcedClaim:
        return replace(claim, feeds=self._feeds(claim.article_id))

    def _feeds(self, article_id: str) -> tuple[str, ...]:
        return tuple(sorted({row.entry.feed_id for row in self.entries.values() if row.article_id == article_id}))

    # moves

    def pending_people(self, limit: int) -> list[str]:
        waiting = sorted(self._pending(), key=lambda row: (row.claim.published_at, person_key(row.claim.claim.person)))
        return list(dict.fromkeys(person_key(row.claim.claim.person) for row in waiting))[:limit]

    def consolidate(
        self, person_key: str, decide: Callable[[Sequence[Move], Sequence[SourcedClaim]], Consolidation]
    ) -> Consolidation:
        moves = sorted(
            (move for move in self.moves.values() if move.person_key == person_key),
            key=lambda move: (move.first_seen_at, move.id),
        )
        rows = sorted(self._pending(person_key), key=lambda row: (row.claim.published_at, row.claim.key))
        outcome = decide(tuple(map(self._with_copies, moves)), tuple(self._with_feeds(row.claim) for row in rows))
        self._refuse_repeated(outcome)
        self.moves |= {move.id: move for move in outcome.moves}
        self.alerts |= {alert.id: alert for alert in outcome.alerts}
        self._add_deliveries(outcome.deliveries)
        for row in rows:
            row.pending, row.move_id = False, outcome.support.get(row.claim.key)
            decision = outcome.decisions.get(row.move_id or "")
            row.reasons = decision.reasons if decision else ()
        return outcome

    def _add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        for new in deliveries:
            self.deliveries[new.id], self.due_at[new.id] = new, new.next_try_at
        for new in deliveries:
            for held in self.deliveries.values():
                waits = held.state is DeliveryState.PENDING and not held.attempts and held.next_try_at > new.created_at
                if waits and _goes_before(held, new):
                    error = f"superseded by {new.id}"
                    self.deliveries[held.id] = replace(held, state=DeliveryState.SUPERSEDED, error=error)

    def _pending(self, key: str | None = None) -> list[ClaimRow]:
        pending = [row for row in self.claims.values() if row.pending]
        return [row for row in pending if key is None or person_key(row.claim.claim.person) == key]

    def _refuse_repeated(self, outcome: Consolidation) -> None:
        alerts = {alert.id for alert in outcome.alerts} & self.alerts.keys()
        deliveries = {delivery.id for delivery in outcome.deliveries} & self.deliveries.keys()
        if repeated := alerts | deliveries:
            raise PermanentError(f"already stored: {', '.join(sorted(repeated))}")

    def add_known_moves(self, moves: Sequence[Move]) -> int:
        new = {move.id: move for move in moves if move.id not in self.moves}
        self.moves |= new
        return len(new)

    def find_moves(
        self, *, person: str | None = None, company: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[Move]:
        found = [
            move
            for move in self.moves.values()
            if (person is None or _names(person, (move.id, move.person_id), (move.person,)))
            and (company is None or _names(company, (move.from_id, move.to_id), (move.from_org, move.to_org)))
            and (since is None or move.updated_at >= since)
        ]
        found = sorted(map(self._with_copies, found), key=lambda move: move.id)
        return sorted(found, key=lambda move: move.updated_at, reverse=True)[:limit]

    def _with_copies(self, move: Move) -> Move:
        evidence = (replace(e, copies=self._copies(e), feeds=self._feeds(e.article_id)) for e in move.evidence)
        return replace(move, evidence=tuple(evidence))

    def _copies(self, evidence: Evidence) -> tuple[str, ...]:
        copies = (result for result, _ in self.results.values() if result.copy_of == evidence.article_id)
        return tuple(sorted({result.article.outlet for result in copies} - {evidence.outlet}))

    def correct(self, id: str, decide: Callable[[Move, Sequence[Delivery]], Corrected]) -> Corrected | None:
        alert, delivery = self.alerts.get(id), self.deliveries.get(id)
        found = self.moves.get(id) or self.moves.get((alert or (delivery.alert if delivery else None) or _NONE).move_id)
        if found is None:
            return None
        theirs = [each for each in self.deliveries.values() if each.alert.move_id == found.id]
        outcome = decide(self._with_copies(found), sorted(theirs, key=lambda each: (each.alert.sequence, each.channel)))
        self.corrections.append(outcome.correction)
        self.moves[outcome.move.id] = outcome.move
        self.alerts |= {outcome.alert.id: outcome.alert} if outcome.alert else {}
        self._add_deliveries(outcome.deliveries)
        error = f"corrected by {outcome.correction.author}: {outcome.correction.verdict}"
        for each in map(self.deliveries.__getitem__, outcome.withdrawn):
            if each.state is DeliveryState.PENDING:
                self.deliveries[each.id] = replace(each, state=DeliveryState.SUPERSEDED, error=error)
        return outcome

    def find_corrections(self, move_id: str | None = None) -> list[Correction]:
        return [each for each in self.corrections if move_id in (None, each.move_id)]

    # outbox

    def lease_deliveries(
        self, now: datetime, lease: timedelta, limit: int, busy: Collection[str] = ()
    ) -> list[Delivery]:
        self._bury(now)
        due = [each for each in self._unblocked() if each.next_try_at <= now and each.channel not in busy]
        taken = [each for channel in {each.channel for each in due} for each in self._first(due, channel, limit, now)]
        leased = [replace(each, state=DeliveryState.LEASED, next_try_at=now + lease) for each in taken]
        self.deliveries |= {each.id: each for each in leased}
        places = {id: place for place, id in enumerate(self.deliveries)}
        return sorted(leased, key=lambda each: places[each.id])

    def _first(self, due: list[Delivery], channel: str, limit: int, now: datetime) -> list[Delivery]:
        retry_at = self.endpoints.get(channel, Endpoint(channel=channel)).retry_at
        if retry_at and retry_at > now:
            return []
        line = sorted((each for each in due if each.channel == channel), key=lambda each: each.next_try_at)
        first = line[: 1 if retry_at else limit]
        digests = {each.digest for each in first if each.digest is not None}
        return first + [each for each in line if each.digest in digests and each not in first]

    def _bury(self, now: datetime) -> None:
        for each in list(self.deliveries.values()):
            endpoint = self.endpoints.get(each.channel)
            due = each.state is DeliveryState.PENDING and each.next_try_at <= now
            if due and endpoint and endpoint.disabled_at:
                error = f"the endpoint is disabled: {endpoint.error}"
                self.deliveries[each.id] = replace(each, state=DeliveryState.DEAD, error=error)

    def release_deliveries(self, ids: Sequence[str], now: datetime) -> None:
        for id in ids:
            each = self.deliveries[id]
            if each.state is DeliveryState.LEASED:
                at = now if each.attempts else self.due_at[id]
                self.deliveries[id] = replace(each, state=DeliveryState.PENDING, next_try_at=at)

    def expire_deliveries(self, channel: str, before: datetime, error: str) -> int:
        waiting = [e for e in self._pending_of(channel) if self.due_at[e.id] < before]
        self.deliveries |= {each.id: replace(each, state=DeliveryState.DEAD, error=error) for each in waiting}
        return len(waiting)

    def hasten_deliveries(self, channel: str, now: datetime) -> None:
        waiting = [each for each in self._pending_of(channel) if each.attempts and each.next_try_at > now]
        self.deliveries |= {each.id: replace(each, next_try_at=now) for each in waiting}

    def _pending_of(self, channel: str) -> list[Delivery]:
        found = self.deliveries.values()
        return [each for each in found if each.channel == channel and each.state is DeliveryState.PENDING]

    def _unblocked(self) -> list[Delivery]:
        open_ones = [each for each in self.deliveries.values() if each.state in OPEN]
        return [each for each in open_ones if not any(_goes_before(other, each) for other in open_ones)]

    def save_delivery(self, delivery: Delivery) -> None:
        stored = self.deliveries.get(delivery.id)
        if stored and stored.state is not DeliveryState.ACCEPTED:
            self.deliveries[delivery.id] = delivery

    def save_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.save_delivery(delivery)

    def find_deliveries(self, *, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        found = [each for each in self.deliveries.values() if state in (None, each.state)]
        found.sort(key=lambda each: each.id)
        return sorted(found, key=lambda each: (each.created_at, each.alert.sequence), reverse=True)[:limit]

    def replay_delivery(self, id: str, now: datetime) -> Delivery | None:
        stored = self.deliveries.get(id)
        if stored and stored.state not in OPEN:
            again = {"state": DeliveryState.PENDING, "attempts": 0, "error": None, "accepted_at": None, "digest": None}
            self.deliveries[id], self.due_at[id] = replace(stored, next_try_at=now, **again), now
        if stored:
            self.endpoints.pop(stored.channel, None)
        return self.deliveries.get(id)

    def replay_dead(self, channel: str | None, since: datetime, now: datetime) -> int:
        dead = [each for each in self.deliveries.values() if each.state is DeliveryState.DEAD]
        asked = [e for e in dead if e.created_at >= since and (channel is None or _is_of(e.channel, channel))]
        for each in asked:
            self.replay_delivery(each.id, now)
        return len(asked)

    # endpoints and silences

    def find_endpoints(self) -> list[Endpoint]:
        return sorted(self.endpoints.values(), key=lambda each: each.channel)

    def save_endpoint(self, endpoint: Endpoint, notices: Sequence[Delivery] = ()) -> None:
        self.endpoints[endpoint.channel] = endpoint
        for each in notices:
            self.alerts.setdefault(each.alert.id, each.alert)
            self.deliveries.setdefault(each.id, each)
            self.due_at.setdefault(each.id, each.next_try_at)

    def raise_alert(self, alert: Alert, deliveries: Sequence[Delivery]) -> bool:
        if alert.id in self.alerts:
            return False
        self.alerts[alert.id] = alert
        self._add_deliveries(deliveries)
        return True

    def trust_endpoint(self, channel: str) -> int:
        known = [each for each in self.endpoints if _is_of(each, channel)]
        for each in known:
            del self.endpoints[each]
        return len(known)

    def add_silence(self, silence: Silence) -> None:
        self.silences.setdefault(silence.id, silence)

    def find_silences(self, at: datetime | None = None) -> list[Silence]:
        found = [s for s in self.silences.values() if at is None or s.created_at <= at < s.expires_at]
        return sorted(found, key=lambda each: (each.expires_at, each.id))

    def end_silence(self, id: str, now: datetime) -> bool:
        silence = self.silences.get(id)
        if silence is None or silence.expires_at <= now:
            return False
        self.silences[id] = replace(silence, expires_at=now)
        return True

    # upkeep

    def spend_tokens(self, day: date, tokens: int) -> int:
        self.tokens = {day: self.tokens.get(day, 0) + tokens}
        return self.tokens[day]

    def take_slot(self, host: str, now: datetime, gap: timedelta) -> datetime:
        last = self.slots.get(host)
        self.slots[host] = max(now, last + gap) if last else now
        return self.slots[host]

    def resume(self, now: datetime) -> None:
        for feed in self.feeds.values():
            if feed.leased:
                feed.feed, feed.leased = replace(feed.feed, next_poll_at=now), False
        self.pushes |= {id: (push, now, False) for id, (push, _, leased) in self.pushes.items() if leased}
        for entry in self.entries.values():
            if entry.leased and entry.state is EntryState.NEW:
                entry.next_try_at, entry.leased = now, False
        for each in self.deliveries.values():
            if each.state is DeliveryState.LEASED:
                self.deliveries[each.id] = replace(each, state=DeliveryState.PENDING, next_try_at=now)

    def sweep(self, now: datetime) -> int:
        over = [e for e in self.deliveries.values() if e.state is DeliveryState.LEASED and e.next_try_at <= now]
        self.deliveries |= {each.id: replace(each, state=DeliveryState.PENDING) for each in over}
        return len(over)

    def next_due(self) -> datetime | None:
        feeds = [row.feed.next_poll_at for row in self._polled()]
        entries = [row.next_try_at for row in self.entries.values() if row.state is EntryState.NEW]
        return min([*feeds, *entries, *(each.next_try_at for each in self._unblocked())], default=None)

    def counts(self) -> dict[str, int]:
        active = [row.feed for row in self.feeds.values() if row.active]
        return {
            "feeds.active": len(self._polled()),
            "feeds.failing": len(self.failing_feeds()),
            "feeds.gone": sum(feed.gone for feed in active),
            **{
                f"subscriptions.{s}": sum(each.state is s for each in self.find_subscriptions())
                for s in SubscriptionState
            },
            **{f"entries.{s}": sum(row.state is s for row in self.entries.values()) for s in EntryState},
            "articles": len(self.articles),
            "claims": len(self.claims),
            "claims.pending": len(self._pending()),
            **{f"moves.{s}": sum(move.status is s for move in self.moves.values()) for s in Status},
            "alerts": len(self.alerts),
            **{f"deliveries.{s}": sum(each.state is s for each in self.deliveries.values()) for s in DeliveryState},
        }


def _known(entry: Entry) -> KnownEntry:
    names = ("key", "guid", "content_hash", "address", "title", "published_at")
    return KnownEntry(**{name: getattr(entry, name) for name in names})


def _names(wanted: str, ids: tuple[str | None, ...], names: tuple[str | None, ...]) -> bool:
    return wanted in ids or any(fold(nfc(wanted)) in fold(nfc(name)) for name in names if name)


def _is_of(channel: str, asked: str) -> bool:
    return channel == asked or channel.startswith(f"{asked}:")


def _goes_before(other: Delivery, one: Delivery) -> bool:
    same_line = (other.alert.move_id, other.channel) == (one.alert.move_id, one.channel)
    return bool(one.alert.move_id) and same_line and other.alert.sequence < one.alert.sequence
