"""feed -> poll -> entry: the types of collecting.

Values only; how they come about is the collector's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from monitor.model.basics import content_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """The cache validators of a response (RFC 9110, section 8.8), sent back as If-None-Match / If-Modified-Since."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One polled feed as the store knows it; `id` is `content_id(url)`, so it survives restarts and config reloads."""

    id: str
    url: str
    title: str = ""
    validators: Validators = Validators()
    body_hash: str | None = None  # sha256 of the last parsed body: a body that hashes the same is not parsed
    interval: timedelta = timedelta(minutes=15)  # as configured: where adapting begins
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_change_at: datetime | None = None
    failures: int = 0  # consecutive
    error: str | None = None
    polls: int = 0
    gone: bool = False  # answered 410
    rhythm: timedelta | None = None  # between two of its entries, on average
    news_at: datetime | None = None  # when an entry last came
    ttl: timedelta | None = None  # as its last document asks; so are the hours (UTC) and weekdays (0: Monday) to skip
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    moved_to: str | None = None  # where 301 or 308 last led, and how often in a row
    moves: int = 0
    quiet_at: datetime | None = None  # when its silence is longer than its rhythm explains
    told: str | None = None  # "failing" or "quiet": what was last told of its health


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A complete 2xx answer.  `body` is decompressed and at most the client's cap long."""

    url: str  # after redirects
    status: int
    body: bytes
    content_type: str = ""
    validators: Validators = Validators()
    max_age: timedelta | None = None  # Cache-Control max-age / Expires
    moved_to: str | None = None  # target of a leading chain of 301/308
    link: str = ""  # its Link headers (RFC 8288), joined


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304: the stored copy is current."""

    max_age: timedelta | None = None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No usable answer.  `reason` has low cardinality ("timeout", "dns", "http 503", "too large", "blocked address")."""

    reason: str
    status: int | None = None
    retry_after: timedelta | None = None
    permanent: bool = False  # trying again cannot help (410, forbidden address, bad URL)


Poll: TypeAlias = Fetched | NotModified | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A redirect to an origin that was not among those to be asked."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as the feed published it (RFC 4287 section 4.1.2).  `key` survives an edited title."""

    feed_id: str
    guid: str
    url: str | None  # canonical link of the article, absolute
    title: str = ""  # plain text, NFC
    summary: str = ""  # plain text of the summary or content, NFC
    author: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    address: str | None = None  # what every spelling of the link has in common

    @property
    def key(self) -> str:
        return content_id(self.feed_id, self.guid)

    @property
    def content_hash(self) -> str:
        """Changes when the publisher edits what we read of the entry; a corrected address is no edit."""
        return content_id(self.title, self.summary)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What the store remembers of an entry, to tell whether a polled one is it."""

    key: str
    guid: str
    content_hash: str
    address: str | None
    title: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A parsed feed: its entries, newest wishes of the publisher about polling, and a health note."""

    entries: tuple[Entry, ...]
    title: str = ""
    ttl: timedelta | None = None  # RSS ttl, sy:updatePeriod
    skip_hours: frozenset[int] = frozenset()  # RSS skipHours, UTC
    skip_days: frozenset[int] = frozenset()  # RSS skipDays, 0 is Monday
    note: str | None = None  # feedparser's bozo, truncated item list
    hubs: tuple[str, ...] = ()  # that it announces (W3C WebSub), and the address under which they know it
    topic: str | None = None


class SubscriptionState(StrEnum):
    ASKED = "asked"
    LIVE = "live"  # verified; until `expires_at`
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What we asked of the hub that a feed announces."""

    feed_id: str
    hub: str
    topic: str
    callback: str = field(repr=False)  # where the hub reaches us; whoever knows it can speak to us
    secret: str = field(repr=False)  # by which the hub signs
    next_try_at: datetime  # when the hub is asked, or asked again
    state: SubscriptionState = SubscriptionState.ASKED
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    pushed_at: datetime | None = None  # when the hub last sent something that could be read
    attempts: int = 0  # to ask, since it was last verified
    missed: int = 0  # polls that found news which the hub had not sent, since it last sent some
    error: str | None = None

    @property
    def token(self) -> str:
        return self.callback.rpartition("/")[2]

    def is_live(self, now: datetime) -> bool:
        return self.state is SubscriptionState.LIVE and self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A body that a hub sent, its signature checked."""

    feed_id: str
    topic: str
    body: bytes
    content_type: str
    received_at: datetime

    @property
    def id(self) -> str:
        return content_id(self.feed_id, hashlib.sha256(self.body).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """What a host's robots.txt asks of us: (allowed, pattern) rules, and a pause between two pages."""

    origin: str  # "https://outlet.example"
    rules: tuple[tuple[bool, str], ...]
    expires_at: datetime
    silent: bool = False  # it did not answer, and its pages are left alone for a while
    delay: timedelta | None = None
