"""claims -> move: what happened, told once, with its evidence and its history.

Values only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.basics import Origin
from monitor.model.claims import Kind, Register, Status


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
    feeds: tuple[str, ...] = field(default=(), compare=False)  # ids of those that carry the article


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
