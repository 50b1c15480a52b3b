"""article -> claims: what a text says of people, and how it stands with each statement.

Values only; never a judgement on whether a claim is true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.articles import Article, Fingerprint, Mention
from monitor.model.basics import Origin, content_id


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

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


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
    feeds: tuple[str, ...] = field(default=(), compare=False)  # ids of those that carry the article, as the store knows

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was read of one page after a second reader was asked about it."""

    result: ArticleResult
    outcome: str  # "judged", or in few words why not
    tokens: int = 0  # what it took
