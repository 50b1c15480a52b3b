"""polls of feeds that announce a hub -> subscriptions there, asked for and renewed, and the pace of polling (0023).

Never judges an announcement or an answer: `collect/websub.py` does.  What hubs send comes by `daemon/callback.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from urllib.parse import urljoin

from monitor.clock import Clock
from monitor.collect.schedule import Pace, Polled
from monitor.collect.websub import (
    QUIET_AFTER,
    Announcement,
    HubAnswer,
    decide_after_asking,
    decide_after_poll,
    decide_pace,
    find_announcement,
    is_safe,
    render_request,
)
from monitor.log import log
from monitor.model import Feed, Refused, Subscription
from monitor.ports import Store

LEASE = timedelta(minutes=5)  # longer than a batch takes: ten hubs at their slowest, redirects and all
BATCH = 10
TIMEOUT = 10.0  # seconds
REDIRECTS = 2
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def retry_after(self) -> timedelta | None: ...


class Poster(Protocol):
    """POSTs once: no redirects, no retries, guarded against addresses that are not public."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer | Refused: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hubs:
    """What is asked of hubs.  `public_url` is where they reach us."""

    store: Store
    poster: Poster
    clock: Clock
    public_url: str
    factor: float  # by which polling slows down
    longest: timedelta  # that it slows down to
    private: frozenset[str] = frozenset()  # ids of feeds of which no hub is told: their address is secret
    token: Callable[[], str] = secrets.token_urlsafe  # 32 bytes

    def after_poll(self, feed: Feed, polled: Polled, pace: Pace) -> Pace:
        """Note what the feed announces and what its hub has not sent; return the pace at which it is polled from now on."""
        now = self.clock.now()
        known = self.store.find_subscription(feed_id=feed.id)
        wanted = self._wanted(feed.id, known, polled)
        after = decide_after_poll(known, wanted, polled, now)
        if after != known:
            after = self.store.change_subscription(feed.id, lambda row: decide_after_poll(row, wanted, polled, now))
            tell(feed, known, after)
        return decide_pace(
            after, Pace(shortest=pace.shortest, longest=pace.longest, limit=self.longest), self.factor, now
        )

    def _wanted(self, feed_id: str, known: Subscription | None, polled: Polled) -> Subscription | None:
        """Return what stands if it is still what is announced to where we are, else a new subscription, or none."""
        if feed_id in self.private:
            return None
        before = Announcement(hub=known.hub, topic=known.topic) if known else None
        announced = find_announcement(polled) if polled.document else before
        place = self.public_url.rstrip("/")
        if announced is None or (known and announced == before and known.callback.startswith(f"{place}/")):
            return known if announced else None
        return Subscription(
            feed_id=feed_id,
            hub=announced.hub,
            topic=announced.topic,
            callback=f"{place}/{self.token()}",
            secret=self.token(),
            next_try_at=self.clock.now(),
        )

    def ask(self) -> int:
        """Ask hubs for what is due: subscriptions that are new, unanswered, or to be renewed."""
        leased = self.store.lease_subscriptions(self.clock.now(), LEASE, BATCH)
        for asked in leased:
            answer = self._ask(asked)
            now = self.clock.now()
            after = decide_after_asking(asked, answer, now)
            # A hub may verify before it answers: then what it said there counts.
            self.store.change_subscription(asked.feed_id, lambda row, b=asked, a=after: a if row == b else row)  # type: ignore[misc]
            log.info("hub.asked", feed=asked.feed_id, hub=asked.hub, status=answer.status, error=answer.error)
        return len(leased)

    def _ask(self, asked: Subscription) -> HubAnswer:
        """Ask one hub, following it to another one (section 5.1.2)."""
        url, body = asked.hub, render_request(asked)
        for _ in range(REDIRECTS + 1):
            answer = self.poster.post(url, _FORM, body, TIMEOUT)
            if isinstance(answer, Refused):
                return HubAnswer(status=None, error=answer.reason)
            if answer.status not in (307, 308):
                return read_answer(answer)
            url = urljoin(url, answer.headers.get("location", ""))
            if not is_safe(url, asked.topic):
                return HubAnswer(status=None, error="leads to an unsafe hub")
        return HubAnswer(status=None, error="too many redirects")


def read_answer(answer: Answer) -> HubAnswer:
    error = None if 200 <= answer.status < 300 else f"http {answer.status}"
    return HubAnswer(status=answer.status, error=error, retry_after=answer.retry_after)


def tell(feed: Feed, before: Subscription | None, after: Subscription | None) -> None:
    """Say in the log what changed between a feed and its hub."""
    if after is None:
        log.info("hub.withdrawn", feed=feed.url)
    elif before is None or before.callback != after.callback:
        log.info("hub.found", feed=feed.url, hub=after.hub)
    elif after.missed == QUIET_AFTER:
        log.warning(
            "hub.quiet", feed=feed.url, hub=after.hub, last_push=str(after.pushed_at), why="polling found its news"
        )
    elif after.missed > before.missed:
        log.info("hub.missed", feed=feed.url, hub=after.hub, missed=after.missed)
