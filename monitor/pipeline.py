"""feed -> entry -> page -> article -> mention -> claim -> move -> alert -> delivery: one method per arrow.

Never decides and never does I/O itself: the stages' pure functions decide, the ports do.  Each arrow leases rows,
works outside any transaction and writes its result with the follow-up work at once; what is lost on the way is due again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.clock import Clock
from monitor.collect.feeds import parse_feed
from monitor.collect.identity import decide_entries
from monitor.collect.pages import page_of, with_answer
from monitor.collect.schedule import (
    Pace,
    Polled,
    address_of,
    decide_next_poll,
    decide_quiet_at,
    has_same_body,
    validators_for,
)
from monitor.collect.urls import article_key, registrable_domain
from monitor.courier import Courier, Lines
from monitor.errors import MonitorError, PermanentError
from monitor.extract.fingerprint import fingerprint, is_copy
from monitor.extract.text import extract_article
from monitor.hubs import Hubs
from monitor.log import log
from monitor.manners import Manners
from monitor.match.identify import identify_claim
from monitor.match.mentions import find_mentions
from monitor.match.watchlist import Watchlist
from monitor.model import (
    Article,
    ArticleResult,
    Consolidation,
    Entry,
    EntryToRead,
    Feed,
    FeedDocument,
    Fetched,
    Move,
    Origin,
    Page,
    Poll,
    Push,
    Refused,
    SourcedClaim,
    Status,
    Subject,
    content_id,
)
from monitor.moves.resolve import resolve
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.thresholds import Threshold, World, reach
from monitor.ports import Channel, Fetcher, Reader, Sandbox, SecondReader, Store
from monitor.vigil import Vigil

LEASE = timedelta(minutes=5)  # longer than any batch takes: limits end every request and every worker task well before
COPIES_WITHIN = timedelta(days=30)
SAME_PAGE_WITHIN = timedelta(days=1)  # a page that was read is not fetched for another feed's entry
PAGE_RETRIES = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))  # for pages that could not be had at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """How many rows an arrow takes at a time: small enough to be lost without harm, large enough to be quick."""

    feeds: int = 50
    pushes: int = 20
    entries: int = 20
    people: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The largest bodies that are taken, in bytes."""

    feed: int = 5_000_000
    page: int = 3_000_000


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """The program: its ports, its rules, and one method per arrow.  Every method returns how many rows it worked on."""

    store: Store
    fetcher: Fetcher
    sandbox: Sandbox
    channels: Mapping[str, Channel]
    clock: Clock
    read_page: Callable[[Page], ArticleResult]  # `process_article` bound to watchlist and reader, run in the sandbox
    reads_pages: Callable[[str], bool]  # feed id -> is the article's page fetched, or is the entry the article?
    subjects: Mapping[str, Subject]
    parents: Mapping[str, str]  # company id -> its parent's
    rules: AlertRules
    routes: Sequence[Route]
    manners: Manners
    pace: Callable[[str], Pace]  # feed id -> the bounds of its interval
    hubs: Hubs | None = None  # where feeds may be pushed
    second_reader: SecondReader | None = None  # of claims in doubt
    sizes: Sizes = Sizes()
    max_entry_age: timedelta = timedelta(days=30)
    batches: Batches = Batches()
    jitter: random.Random = field(default_factory=random.Random)
    thresholds: Sequence[Threshold] = ()
    fallback: Sequence[str] = ()  # channels that are told when another one fails for good
    lines: Lines = field(default_factory=Lines)  # of deliveries under way
    _courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self._courier = Courier(
            store=self.store,
            channels=self.channels,
            clock=self.clock,
            fallback=self.fallback,
            jitter=self.jitter,
            lines=self.lines,
        )

    def close(self, seconds: float) -> None:
        """Give deliveries under way so long to end, and ask nobody any more."""
        self.lines.close(seconds)
        if self.second_reader:
            self.second_reader.close()

    # feed -> entry

    def poll_feeds(self) -> int:
        feeds = self.store.lease_feeds(self.clock.now(), LEASE, self.batches.feeds)
        changed: list[tuple[Feed, Fetched]] = []
        for index, poll in self.fetcher.fetch([(address_of(f), validators_for(f)) for f in feeds], self.sizes.feed):
            if isinstance(poll, Fetched) and not has_same_body(feeds[index], poll):
                changed.append((feeds[index], poll))
            else:
                self._record_poll(feeds[index], poll, None)
        tasks = [(feed.id, poll) for feed, poll in changed]
        for index, document in self.sandbox.map(parse_polled, tasks):
            self._record_poll(*changed[index], document)
        Vigil(store=self.store, clock=self.clock, routes=self.routes).keep()
        return len(feeds)

    def _record_poll(self, feed: Feed, poll: Poll, document: FeedDocument | MonitorError | None) -> None:
        now = self.clock.now()
        error, document = (str(document), None) if isinstance(document, MonitorError) else (None, document)
        new, edited = self._find_news(feed, document) if document else ([], [])
        polled = Polled(poll=poll, document=document, error=error, new=len(new))
        pace = self.hubs.after_poll(feed, polled, self.pace(feed.id)) if self.hubs else self.pace(feed.id)
        after = decide_next_poll(feed, polled, pace, now, self.jitter.random())
        origin = Origin.LIVE if feed.last_change_at else Origin.BACKLOG
        self.store.save_poll(after, new, edited, origin, now)
        tell = log.info if document or after.error else log.debug  # most polls find nothing changed
        tell("feed.polled", feed=feed.url, new=len(new), edited=len(edited), error=after.error)

    def _find_news(self, feed: Feed, document: FeedDocument, *, whole: bool = True) -> tuple[list[Entry], list[Entry]]:
        return decide_entries(document, self.store.known_entries(feed.id, document.entries), whole=whole)

    def ask_hubs(self) -> int:
        return self.hubs.ask() if self.hubs else 0

    def take_pushes(self) -> int:
        """Take what hubs have sent as if it had been polled."""
        if not self.hubs:
            return 0
        pushes = self.store.lease_pushes(self.clock.now(), LEASE, self.batches.pushes)
        for index, document in self.sandbox.map(parse_polled, [(feed.id, as_poll(push)) for feed, push in pushes]):
            self._record_push(*pushes[index], document)
        return len(pushes)

    def _record_push(self, feed: Feed, push: Push, document: FeedDocument | MonitorError) -> None:
        now = self.clock.now()
        if isinstance(document, MonitorError) or not feed.last_change_at:  # before the first poll all would seem new
            self.store.drop_push(push)
            log.warning(
                "feed.push_dropped", feed=feed.url, error=str(document) if feed.last_change_at else "not polled"
            )
            return
        new, edited = self._find_news(feed, document, whole=False)
        if new:
            feed = replace(feed, news_at=now)
            feed = replace(feed, quiet_at=decide_quiet_at(feed))
        self.store.save_push(feed, push, new, edited, now)
        log.info("feed.pushed", feed=feed.url, new=len(new), edited=len(edited))

    # entry -> page -> article -> mention -> claim

    def read_entries(self) -> int:
        leased = self.store.lease_entries(self.clock.now(), LEASE, self.batches.entries)
        waiting = [entry for entry in leased if not self._skip_old(entry)]
        while waiting:  # of entries that lead to one page, the second is looked at when the first is read
            first = {article_key(page_of(entry).url): entry for entry in reversed(waiting)}
            waiting = [entry for entry in waiting if entry not in first.values()]
            self._read([entry for entry in first.values() if not self._skip_read(entry)])
        return len(leased)

    def _read(self, leased: Sequence[EntryToRead]) -> None:
        found = self._fetch_pages(leased)
        entries, pages = [entry for entry, _ in found], [page for _, page in found]
        for index, result in self._read_twice(entries, self.sandbox.map(self.read_page, pages)):
            self._record_article(entries[index], pages[index], result)

    def _read_twice(
        self, entries: Sequence[EntryToRead], results: Iterator[tuple[int, ArticleResult | MonitorError]]
    ) -> Iterator[tuple[int, ArticleResult | MonitorError]]:
        """Pass on what was read, last of all what the second reader doubts: nothing else waits for it."""
        doubted: dict[int, ArticleResult] = {}
        for index, result in results:
            if isinstance(result, ArticleResult) and self._is_doubted(entries[index], result):
                doubted[index] = self._as_copy(result)
            else:
                yield index, result
        if self.second_reader and doubted:
            reviews = self.second_reader.review(list(doubted.values()))
            yield from ((index, review.result) for index, review in zip(doubted, reviews, strict=True))

    def _is_doubted(self, entry: EntryToRead, result: ArticleResult) -> bool:
        unchanged = result.article.content_hash == entry.article_hash
        return not unchanged and self.second_reader is not None and self.second_reader.doubts(result)

    def _fetch_pages(self, entries: Sequence[EntryToRead]) -> list[tuple[EntryToRead, Page]]:
        """Return the entries with their pages, less those that wait until their host may be asked again."""
        pages = {index: page_of(entry) for index, entry in enumerate(entries)}
        wanted = [index for index, entry in enumerate(entries) if self._wants_page(entry)]
        for number, url, poll in self.manners.fetch([pages[index].url for index in wanted], self.sizes.page):
            index = wanted[number]
            if not self._postpone(entries[index], poll):
                pages[index] = with_answer(pages[index], poll, url)
            else:
                del pages[index]
        return [(entries[index], page) for index, page in pages.items()]

    def _wants_page(self, entry: EntryToRead) -> bool:
        return entry.entry.url is not None and self.reads_pages(entry.entry.feed_id)

    def _postpone(self, entry: EntryToRead, poll: Poll) -> bool:
        """Put the entry back until its host's pause between two pages is over; not for ever, then the entry is the article."""
        if not isinstance(poll, Refused) or poll.reason != "crawl delay" or entry.attempts >= len(PAGE_RETRIES):
            return False
        at = self.clock.now() + (poll.retry_after or timedelta(0))
        self.store.retry_entry(entry.entry.key, at, poll.reason)
        return True

    def _skip_read(self, entry: EntryToRead) -> bool:
        """Skip what leads to a page that was read since; not an edit, which the page may have had as well."""
        if entry.article_hash is not None or not self._wants_page(entry):
            return False
        now, page = self.clock.now(), page_of(entry)
        article_id = content_id(article_key(page.url))
        read = self.store.was_read(article_id, entry, max(page.published_at, now - SAME_PAGE_WITHIN))
        if read:
            self.store.skip_entry(entry.entry, "its page was read", now, article_id)
        return read

    def _skip_old(self, entry: EntryToRead) -> bool:
        old = page_of(entry).published_at < entry.first_seen_at - self.max_entry_age
        if old:
            self.store.skip_entry(entry.entry, "older than pages.max_age", self.clock.now())
        return old

    def _record_article(self, entry: EntryToRead, page: Page, result: ArticleResult | MonitorError) -> None:
        now = self.clock.now()
        if isinstance(result, MonitorError) and page.html is not None:
            # The page was too much: the entry is the article.
            page = replace(page, html=None, refused=str(result))
            ((_, result),) = self.sandbox.map(self.read_page, [page])
        if isinstance(result, MonitorError):
            self.store.skip_entry(entry.entry, str(result), now)
        elif result.article.content_hash == entry.article_hash:
            self.store.skip_entry(entry.entry, "unchanged", now)
        else:
            result = self._as_copy(result)
            self.store.save_article(entry, result, now)
            log.info("article.read", url=page.url, claims=len(result.claims), partial=page.refused)
        if page.html is None and page.again and entry.attempts < len(PAGE_RETRIES):
            self.store.retry_entry(entry.entry.key, now + PAGE_RETRIES[entry.attempts], page.refused or "")

    def _as_copy(self, result: ArticleResult) -> ArticleResult:
        """Say whose text it is, if another outlet has told it: then only what that one did not assert is a claim of it."""
        if result.fingerprint is None:
            return result
        since = self.clock.now() - COPIES_WITHIN
        alike = self.store.find_alike(result.fingerprint, since)
        others = (id for id, other in alike if id != result.article.id and is_copy(result.fingerprint, other))
        original = next(others, None)
        if original is None:
            return result
        told = {assertion_of(claim) for claim, _, _ in self.store.find_claims(original)}
        claims = tuple(claim for claim in result.claims if assertion_of(claim) not in told)
        return replace(result, claims=claims, copy_of=original)

    # claim -> move -> alert -> deliveries, in one transaction for each person

    def consolidate(self) -> int:
        done = sum(map(self._consolidate_person, self.store.pending_people(self.batches.people)))
        if done and self.thresholds:
            self._reach_thresholds()
        return done

    def _reach_thresholds(self) -> None:
        now = self.clock.now()
        world = World(ledger=self.store.find_moves, subjects=self.subjects, parents=self.parents, now=now)
        for alert, deliveries in reach(self.thresholds, world):
            if self.store.raise_alert(alert, deliveries):
                log.info("alert.raised", alert=alert.id, type=alert.event, move=None)

    def _consolidate_person(self, person_key: str) -> bool:
        try:
            outcome = self.store.consolidate(person_key, self._decide)
        except (PermanentError, ValueError) as error:  # one person's rows must not keep all others from being told
            log.error("person.refused", person=person_key, error=str(error))
            return False
        for alert in outcome.alerts:
            log.info("alert.raised", alert=alert.id, type=alert.event, move=alert.move_id)
        return True

    def _decide(self, moves: Sequence[Move], claims: Sequence[SourcedClaim]) -> Consolidation:
        now = self.clock.now()
        resolution = resolve(moves, claims, parents=self.parents, now=now)
        concluded = [
            conclude(before, after, rules=self.rules, now=now, subjects=self.subjects)
            for before, after in resolution.changes
        ]
        alerts = tuple(c.alert for c in concluded if c.alert)
        deliveries = (plan_deliveries(alert, self.routes, now) for alert in alerts)
        return Consolidation(
            moves=tuple(c.move for c in concluded),
            support=resolution.support,
            decisions={c.move.id: c.decision for c in concluded},
            alerts=alerts,
            deliveries=tuple(d for ds in deliveries for d in ds),
        )

    # delivery -> accepted | dead

    def deliver(self) -> int:
        return self._courier.deliver()


# --- the pure middle ------------------------------------------------------------------------------------------------


def parse_polled(task: tuple[str, Fetched]) -> FeedDocument:
    """Parse the body of a poll; runs in the sandbox."""
    feed_id, fetched = task
    return parse_feed(fetched.body, feed_id=feed_id, url=fetched.url, content_type=fetched.content_type)


def as_poll(push: Push) -> Fetched:
    return Fetched(url=push.topic, status=200, body=push.body, content_type=push.content_type)


def process_article(page: Page, watch: Watchlist, reader: Reader) -> ArticleResult:
    """Read one page: extract its text, find who is mentioned, and what is claimed of them.  Pure and picklable."""
    article = replace(extract_article(page, outlet=registrable_domain(page.url)), key=article_key(page.url))
    return read_article(article, page.origin, watch, reader)


def read_article(article: Article, origin: Origin, watch: Watchlist, reader: Reader) -> ArticleResult:
    """Find who is mentioned in an article, and what is claimed of them."""
    mentions = find_mentions(article.full_text, watch)
    if not mentions:
        return ArticleResult(article=article)
    reading = reader.read(article.title, article.text, article.published_at)
    identified = [(c, identify_claim(c, article, mentions, watch, origin)) for c in reading.claims]
    return ArticleResult(
        article=article,
        mentions=mentions,
        claims=tuple(sourced for _, sourced in identified if sourced),
        unwatched=tuple(claim for claim, sourced in identified if not sourced),
        groups=reading.groups,
        fingerprint=fingerprint(article) if reading.claims else None,
    )


def assertion_of(sourced: SourcedClaim) -> tuple[str, ...]:
    """Return what two readings of one text have in common, however it was cut: a copy confirms nothing by another headline."""
    claim = sourced.claim
    status = Status.CONFIRMED if claim.status is Status.REPORTED else claim.status
    sides = (sourced.from_id or claim.from_org or "", sourced.to_id or claim.to_org or "")
    return (sourced.person_id or claim.person, claim.kind, *sides, status)
