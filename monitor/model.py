"""Every type that crosses a boundary between stages.  Standard library only.

Never holds behaviour beyond what follows from the values themselves.  All times are aware UTC datetimes (`*_at`);
a `date` is an ISO 8601 calendar date of reduced precision: "2025-06-10", "2025-06" or "2025".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias


def content_id(*parts: str) -> str:
    """Derive a stable 16-hex-digit identity from `parts` (BLAKE2b-64 of the parts joined by NUL)."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


class Origin(StrEnum):
    """How a claim or alert came to us; channels take `live` unless configured otherwise."""

    LIVE = "live"
    BACKLOG = "backlog"  # stood in the feed when it was first polled
    BACKFILL = "backfill"
    KNOWN = "known"  # from the watchlist


# --- feed -> poll -> entry ---------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """What a host's robots.txt asks of us: (allowed, pattern) rules."""

    origin: str  # "https://outlet.example"
    rules: tuple[tuple[bool, str], ...]
    expires_at: datetime
    silent: bool = False  # it did not answer, and its pages are left alone for a while


# --- page -> article -> mention -----------------------------------------------------------------------------------


class EntryState(StrEnum):
    """Where an entry stands: `new` entries are due for reading at `next_try_at`; the others are final."""

    NEW = "new"
    READ = "read"
    SKIPPED = "skipped"  # dropped by age, by cap or as a copy of an article already read


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryToRead:
    """A leased entry with what reading it needs to know."""

    entry: Entry
    origin: Origin
    first_seen_at: datetime
    attempts: int = 0
    article_hash: str | None = None  # content hash of the article as last read, if it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The bytes fetched for an entry's link, or the reason why there are none; the input of `process_article`."""

    url: str
    title: str  # of the entry
    summary: str  # of the entry
    published_at: datetime  # of the entry, or when it was first seen
    first_seen_at: datetime | None = None  # equal to `published_at` where the entry has no date of its own
    html: bytes | None = None
    content_type: str = ""
    refused: str | None = None
    again: bool = False  # worth another try later
    origin: Origin = Origin.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Readable text of one page, NFC.  Offsets of mentions and evidence point into `full_text`."""

    url: str
    title: str
    text: str
    published_at: datetime
    outlet: str = ""  # the publisher's registrable domain
    language: str | None = None
    partial: bool = False  # the entry's title and summary stand in for a page that could not be had
    note: str | None = None  # why partial or degraded
    key: str = ""  # the same for every spelling of its address; its URL where none is given

    @property
    def id(self) -> str:
        return content_id(self.key or self.url)

    @property
    def full_text(self) -> str:
        return f"{self.title}\n{self.text}"

    @property
    def content_hash(self) -> str:
        return content_id(self.title, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """`runs` is the number of different five-word runs; `smallest` are their smallest hashes, ascending, 63 bits each."""

    runs: int
    smallest: tuple[int, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        """What to index: of the copies of a text 0.99 share one of these (0062)."""
        return self.smallest[:8]


class SubjectKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A watched (or, with `watched=False`, merely known) person or company."""

    id: str  # slug, unique in the watchlist: "guillaume-lample", "google-deepmind"
    kind: SubjectKind
    name: str
    aliases: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()  # names that are common words: count only as written, and only in context
    parent: str | None = None  # company id
    separate: bool = False  # a change between this unit and its parent is a move, not a change of role
    cohorts: tuple[str, ...] = ()
    context: tuple[str, ...] = ()  # words that speak for this subject
    not_words: tuple[str, ...] = ()  # words that speak against it (a namesake)
    watched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A span of an article that names a subject; `article.full_text[start:end] == text`."""

    subject_id: str
    kind: SubjectKind
    start: int
    end: int
    text: str
    score: float = 1.0


# --- claim ---------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    JOIN = "join"
    LEAVE = "leave"
    MOVE = "move"
    FOUND = "found"
    ROLE = "role"
    BOARD = "board"


class Status(StrEnum):
    CONSIDERED = "considered"
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    DENIED = "denied"


class Register(StrEnum):
    """The world that a claim belongs to, so that a route can leave some out."""

    BUSINESS = "business"
    POLITICS = "politics"
    SPORT = "sport"
    ENTERTAINMENT = "entertainment"
    ACADEMIA = "academia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open character range of an article's `full_text`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one article asserts about one named person's place of work (docs/data.md, "claim")."""

    person: str  # fullest form of the name in the article
    kind: Kind
    from_org: str | None = None  # as the article names it
    to_org: str | None = None
    role: str | None = None
    from_role: str | None = None
    date: str | None = None
    status: Status = Status.CONFIRMED
    background: bool = False
    evidence: str = ""  # exact substring of the article's full_text
    span: Span = Span(start=0, end=0)  # where the evidence stands
    confidence: float = 0.5  # estimated probability that the claim is right
    register: Register = Register.BUSINESS
    trigger: str = ""  # the words that made it a claim
    rule: str = ""  # the frame or model that read it

    @property
    def key(self) -> str:
        """Identity within one article: the same assertion read again gives the same key."""
        return content_id(self.person, self.kind, self.from_org or "", self.to_org or "", self.status, self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupClaim:
    """'Eleven of the fourteen authors left Meta': counted, unnamed people.  Never raises a person's move."""

    group: str
    count: int | None
    of: int | None = None
    kind: Kind | None = None
    from_org: str | None = None
    to_org: str | None = None
    date: str | None = None
    status: Status = Status.CONFIRMED
    background: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one text asserts."""

    claims: tuple[Claim, ...] = ()
    groups: tuple[GroupClaim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedClaim:
    """A claim with its article's particulars and its names resolved against the watchlist: what `resolve` works on."""

    claim: Claim
    article_id: str
    url: str
    outlet: str
    title: str
    published_at: datetime
    person_id: str | None = None  # watched subject, if the person is one
    from_id: str | None = None  # known company, if it is one
    to_id: str | None = None
    origin: Origin = Origin.LIVE
    needs_review: str | None = None  # why the identity is doubtful ("namesake?"); such a claim never alerts

    @property
    def key(self) -> str:
        return content_id(self.article_id, self.claim.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleResult:
    """Everything `process_article` found in one page; picklable."""

    article: Article
    mentions: tuple[Mention, ...] = ()
    claims: tuple[SourcedClaim, ...] = ()  # only those that concern the watchlist
    unwatched: tuple[Claim, ...] = ()  # read, but nobody watches either side
    groups: tuple[GroupClaim, ...] = ()
    fingerprint: Fingerprint | None = None  # of an article with claims
    copy_of: str | None = None  # id of the article whose text this is


# --- move ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One claim in support of a move, with the exact sentence."""

    claim_key: str
    article_id: str
    url: str
    outlet: str
    title: str
    published_at: datetime
    sentence: str
    status: Status
    background: bool
    confidence: float
    copies: tuple[str, ...] = ()  # further outlets that carry the same text


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One step of a move's history."""

    status: Status
    at: datetime
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The change in the world that claims support.  `id` is fixed when the move is first recorded."""

    id: str
    person: str
    person_id: str | None
    person_key: str  # folded surname: moves of one key are resolved together under one lock
    kind: Kind
    from_org: str | None
    to_org: str | None
    from_id: str | None
    to_id: str | None
    role: str | None
    from_role: str | None
    date: str | None
    status: Status
    history: tuple[StatusChange, ...]
    confidence: float
    register: Register
    origin: Origin  # of its first claim
    background: bool  # True while told only as history
    first_seen_at: datetime
    updated_at: datetime
    evidence: tuple[Evidence, ...] = ()
    source: str | None = None  # of a known move
    note: str | None = None  # of a known move: "6 yrs, 7 mos at Meta"
    needs_review: str | None = None
    sequence: int = 0  # number of alerts told so far
    told: Told | None = None  # what the last alert said
    retracted: str | None = None  # why a person took it back; such a move never alerts again


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The fields of a move as the last alert stated them: an update is a difference from these."""

    status: Status
    from_org: str | None
    to_org: str | None
    role: str | None
    date: str | None
    at: datetime


# --- alert -> delivery ---------------------------------------------------------------------------------------------


class Event(StrEnum):
    NEW = "move.new"
    UPDATED = "move.updated"
    RETRACTED = "move.retracted"  # a person corrected it: it is no move, or not of this person
    DIGEST = "moves.digest"  # several alerts in one message; made when they are due, never stored
    SOURCE_FAILING = "source.failing"
    SOURCE_RECOVERED = "source.recovered"
    SOURCE_QUIET = "source.quiet"  # silent far beyond its own rhythm
    HEARTBEAT = "heartbeat"
    THRESHOLD = "threshold.reached"  # of the ledger as a whole; about no single move
    ENDPOINT_FAILED = "endpoint.failed"  # told on the fallback channel; about no move

    @property
    def topic(self) -> str:
        """What a route calls it: "move", "source" or "heartbeat"."""
        return "move" if self.value.startswith("move") else self.value.partition(".")[0]


class Reason(StrEnum):
    """Why an alert is raised, or why not."""

    NEW = "new"
    STATUS_CHANGED = "status changed"
    DESTINATION_KNOWN = "destination known"
    ORIGIN_KNOWN = "origin known"
    ROLE_KNOWN = "role known"
    DATE_KNOWN = "date known"
    CORRECTED = "corrected by hand"
    KNOWN = "known from the watchlist"
    BACKGROUND = "told as history"
    BACKLOG = "stood in the feed at the first poll"
    OLD = "old news"
    TOO_WEAK = "confidence under the threshold"
    NEEDS_REVIEW = "identity needs review"
    RETRACTED = "retracted by hand"
    UNCHANGED = "nothing new"

    @property
    def raises(self) -> bool:
        """True where an alert follows."""
        return self in _RAISING


_RAISING = frozenset(
    {
        Reason.NEW,
        Reason.STATUS_CHANGED,
        Reason.DESTINATION_KNOWN,
        Reason.ORIGIN_KNOWN,
        Reason.ROLE_KNOWN,
        Reason.DATE_KNOWN,
        Reason.CORRECTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of `decide_alert`: every reason that holds, the first one decisive."""

    reasons: tuple[Reason, ...]

    @property
    def event(self) -> Event | None:
        if not self.reasons[0].raises:
            return None
        return Event.NEW if self.reasons[0] is Reason.NEW else Event.UPDATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision that someone should hear of a move.  `payload` is what every channel renders, frozen at decision."""

    id: str  # content_id(move.id, sequence)
    move_id: str  # "" where it is about an endpoint
    sequence: int  # 1 for move.new, then 2, 3 … for its updates
    event: Event
    reasons: tuple[Reason, ...]
    origin: Origin
    created_at: datetime
    payload: Mapping[str, object]  # docs/data.md, "webhook payload"


class DeliveryState(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    ACCEPTED = "accepted"
    DEAD = "dead"
    SUPERSEDED = "superseded"  # a later alert of the same move came while this one was held back
    SILENCED = "silenced"  # someone asked not to be told; `error` says who and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert on its way to one channel.  `id` is the webhook-id and the local part of the Message-ID."""

    id: str  # "msg_" + content_id(alert.id, channel)
    alert: Alert
    channel: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_try_at: datetime
    error: str | None = None
    accepted_at: datetime | None = None
    digest: str | None = None  # deliveries of one channel and digest go as one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a channel fares: its circuit is open until `retry_at`, and then lets one delivery through to try."""

    channel: str
    failures: int = 0  # attempts in a row that the endpoint did not take
    error: str | None = None
    retry_at: datetime | None = None
    disabled_at: datetime | None = None  # it wants no more (410), until someone replays to it
    noticed_at: datetime | None = None  # when its fallback was told; once, until it takes something again


class Verdict(StrEnum):
    """What a person says is wrong with an alert."""

    NOT_A_MOVE = "not-a-move"
    WRONG_PERSON = "wrong-person"
    WRONG_COMPANY = "wrong-company"
    ALREADY_KNOWN = "already-known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Who corrected a move, when and why."""

    id: str
    move_id: str
    verdict: Verdict
    author: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction with all that follows from it; written in one transaction."""

    correction: Correction
    before: Move
    move: Move
    alert: Alert | None = None  # None: nobody has heard of it
    deliveries: tuple[Delivery, ...] = ()
    withdrawn: tuple[str, ...] = ()  # ids of deliveries that are held back and not to be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Someone asked not to be told of what matches, for a time."""

    id: str
    matchers: Mapping[str, tuple[str, ...]]  # field of an alert -> ids or names, any of which will do
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The relay or the endpoint took it."""

    detail: str = ""  # "204", "250 2.0.0 Ok: queued as …"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Not taken.  `permanent` ends the delivery; otherwise it is tried again, not before `retry_after`."""

    reason: str  # never holds a secret
    permanent: bool = False
    retry_after: timedelta | None = None
    gone: bool = False  # the endpoint wants no more of anything


SendResult: TypeAlias = Accepted | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidation:
    """What `consolidate` concluded for the pending claims of one person key; written in one transaction."""

    moves: tuple[Move, ...] = ()  # new or changed
    support: Mapping[str, str] = field(default_factory=dict)  # claim key -> move id, for every claim that was pending
    decisions: Mapping[str, Decision] = field(default_factory=dict)  # move id -> why there is, or is no, alert
    alerts: tuple[Alert, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
