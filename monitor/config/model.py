"""What the rest of the program sees of the configuration: resolved, frozen, free of file formats.

Never holds a secret in the clear: secrets are `SecretStr`, whose text shows only on request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal, TypeAlias

from pydantic import SecretStr

from monitor.config.settings import Settings
from monitor.errors import Problem
from monitor.model import Feed, Kind, Origin, Register, Status, Subject, SubjectKind, content_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredFeed:
    """One feed with the settings' defaults filled in."""

    url: str  # or what stands for it, where it is secret
    title: str
    interval: timedelta
    shortest: timedelta  # the bounds within which the interval adapts
    longest: timedelta
    pages: bool
    address: SecretStr | None = None  # that is secret

    @property
    def id(self) -> str:
        return content_id(self.url)

    def as_feed(self) -> Feed:
        """Return the feed as the store is told of it."""
        return Feed(id=self.id, url=self.url, title=self.title, interval=self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMove:
    """A move that the watchlist tells as history; it stands in the ledger and is never alerted."""

    person_id: str
    person: str
    kind: Kind
    status: Status
    from_id: str | None = None
    from_org: str | None = None
    to_id: str | None = None
    to_org: str | None = None
    role: str | None = None
    from_role: str | None = None
    date: str | None = None
    note: str | None = None
    source: str | None = None

    @property
    def key(self) -> str:
        """Survive an edited role, date, note or source: the same step of the same person is the same move."""
        return content_id("known", self.person_id, self.from_id or "", self.to_id or "", self.role_inside)

    @property
    def role_inside(self) -> str:
        return (self.role or "") if self.kind is Kind.ROLE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChannel:
    """Alerts as lines of the log."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """Texts of a channel's templates, for the parts that have one."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannel:
    """An endpoint and its signing secrets, the current one first."""

    name: str
    url: SecretStr  # of Slack and its like, the URL is the secret
    secrets: tuple[SecretStr, ...]
    timeout: timedelta
    templates: Templates = Templates()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChannel:
    """An SMTP relay, sender and recipients."""

    name: str
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None
    password: SecretStr | None
    sender: str
    recipients: tuple[str, ...]
    timeout: timedelta
    templates: Templates = Templates()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChannel:
    """A service behind an address that is the secret."""

    name: str
    service: Literal["slack", "discord", "apprise"]
    url: SecretStr
    timeout: timedelta
    templates: Templates = Templates()


Channel: TypeAlias = LogChannel | WebhookChannel | EmailChannel | ServiceChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a route asks of a move; an empty set asks nothing.

    `people` holds the members of the cohorts as well; a company stands for its units too (`Config.parents`).
    """

    people: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()  # on either side
    from_companies: frozenset[str] = frozenset()
    to_companies: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()  # above a company on either side
    outlets: frozenset[str] = frozenset()  # domains
    feeds: frozenset[str] = frozenset()  # ids
    kinds: frozenset[Kind] = frozenset()
    statuses: frozenset[Status] = frozenset()
    registers: frozenset[Register] = frozenset()
    origins: frozenset[Origin] = frozenset({Origin.LIVE, Origin.BACKLOG})
    min_confidence: float = 0.0
    events: frozenset[str] = frozenset({"move"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When what a route gathered is told."""

    every: Literal["hourly", "daily", "weekly"]
    at: time
    weekday: int  # 0 is Monday
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When nobody is told anything."""

    start: time
    end: time
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """So many departures within a time, or so many of a group at one company; one of the two."""

    name: str
    count: int
    left: str | None
    within: timedelta
    members: tuple[str, ...]
    at: str | None
    to: tuple[str, ...]
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Routes are tried in order; the first that matches decides, unless it `continues`."""

    name: str
    match: Match
    to: tuple[str, ...]  # channel names
    continues: bool = False
    digest: Digest | None = None
    quiet: QuietHours | None = None  # None: none, or bypassed


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReader:
    """The endpoint that is asked about claims in doubt."""

    url: str
    model: str
    api_key: SecretStr | None
    timeout: timedelta
    tokens_per_day: int
    min_confidence: float
    trust: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of the configuration, checked."""

    settings: Settings
    feeds: tuple[ConfiguredFeed, ...]
    subjects: tuple[Subject, ...]
    known_moves: tuple[KnownMove, ...]
    channels: tuple[Channel, ...]
    routes: tuple[Route, ...]
    thresholds: tuple[Threshold, ...] = ()
    fallback: tuple[str, ...] = ()  # channels that are told when another one fails for good
    cohorts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # cohort id -> ids of its members
    second_reader: SecondReader | None = None
    hints: tuple[Problem, ...] = ()  # not wrong, but worth a look; `monitor check` shows them

    @property
    def parents(self) -> dict[str, str]:
        """Return company id -> id of its parent."""
        return {s.id: s.parent for s in self.subjects if s.kind is SubjectKind.COMPANY and s.parent}

    @property
    def secret_addresses(self) -> dict[str, str]:
        """Return what stands for an address that is secret -> the address."""
        return {feed.url: feed.address.get_secret_value() for feed in self.feeds if feed.address}

    @property
    def feed_names(self) -> dict[str, str]:
        """Return feed id -> what to call it; without a query, which may hold a token."""
        return {feed.id: feed.title or feed.url.partition("?")[0] for feed in self.feeds}

    @property
    def names(self) -> dict[str, str]:
        """Return subject id -> name."""
        return {s.id: s.name for s in self.subjects}
