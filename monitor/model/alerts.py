"""move -> alert -> delivery: whom to tell what, and how the telling went.

Values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from monitor.model.basics import Origin
from monitor.model.moves import Move


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
