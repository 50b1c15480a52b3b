"""page -> article -> mention: the types of reading pages and matching names.

Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.basics import Origin, content_id
from monitor.model.feeds import Entry


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
