"""moves of the ledger, thresholds -> the alert that one was reached.  Pure.

Never tells a threshold twice, nor one that was reached before anybody asked: what reached it must have just been told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.model import Alert, Delivery, Event, Kind, Move, Origin, Reason, Status, Subject, content_id
from monitor.notify.digest import describe, shrink
from monitor.notify.payload import SCHEMA, Frame, Payload, iso, render_payload
from monitor.notify.routes import plan_delivery
from monitor.notify.timing import QuietHours, decide_slot

FRESH = timedelta(days=1)  # the move that reaches a threshold was told within this time
RECENT = timedelta(days=14)  # and became sure within this time: an update of last year's move reaches nothing
_MOST = 20
_SURE = (Status.REPORTED, Status.CONFIRMED)

Ledger = Callable[..., Sequence[Move]]  # `find_moves` of the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """So many departures from a company within a time; or so many members of a group who are at a company now."""

    name: str
    channels: tuple[str, ...]
    count: int
    left: str | None = None  # company id
    within: timedelta = timedelta(days=30)
    members: tuple[str, ...] = ()  # person ids
    at: str | None = None  # company id
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What thresholds are measured against."""

    ledger: Ledger
    subjects: Mapping[str, Subject]
    parents: Mapping[str, str]
    now: datetime


def reach(thresholds: Iterable[Threshold], world: World) -> Iterator[tuple[Alert, tuple[Delivery, ...]]]:
    """Yield the alerts of thresholds that the latest moves have reached, with their deliveries."""
    for threshold in thresholds:
        moves = find_reaching(threshold, world)
        if moves and _is_fresh(moves[-1], world.now):
            alert = _build_alert(threshold, moves, world)
            slot = decide_slot(world.now, quiet=threshold.quiet)
            yield alert, tuple(plan_delivery(alert, channel, world.now, slot) for channel in threshold.channels)


def find_reaching(threshold: Threshold, world: World) -> list[Move]:
    """Return the moves that reach a threshold, the one that reached it last; none where it is not reached."""
    return _find_departures(threshold, world) if threshold.left else _find_arrivals(threshold, world)


def _find_departures(threshold: Threshold, world: World) -> list[Move]:
    """Count from the newest departure back: the one that made it so many is the last of the first `count`."""
    found = world.ledger(since=world.now - threshold.within, limit=10_000)
    leaving = [move for move in found if _counts(move) and _leaves(move, threshold.left or "", world.parents)]
    recent = sorted(
        (move for move in leaving if _counted_at(move) >= world.now - threshold.within), key=_counting_order
    )
    return _one_each(recent)[: threshold.count] if len(_one_each(recent)) >= threshold.count else []


def _find_arrivals(threshold: Threshold, world: World) -> list[Move]:
    latest = [_latest(world.ledger(person=member), member) for member in threshold.members]
    there = [move for move in latest if move and _is_at(move.to_id, threshold.at or "", world.parents)]
    there.sort(key=_counting_order)
    return there[: threshold.count] if len(there) >= threshold.count else []


def _latest(moves: Sequence[Move], member: str) -> Move | None:
    """Return someone's last change of employer, board seats aside."""
    theirs = [m for m in moves if m.person_id == member and _counts(m) and m.kind is not Kind.BOARD]
    return max(theirs, key=lambda m: (_moved_at(m), m.id), default=None)


def _moved_at(move: Move) -> datetime:
    if not move.date:
        return move.first_seen_at
    year, month, day = (*(int(part) for part in move.date.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


def _counts(move: Move) -> bool:
    return not move.retracted and not move.needs_review and move.status in _SURE


def _counted_at(move: Move) -> datetime:
    """Return since when it is sure enough to count: later detail of it changes nothing."""
    since = move.first_seen_at
    for step in reversed(move.history):
        if step.status not in _SURE:
            break
        since = step.at
    return since


def _counting_order(move: Move) -> tuple[datetime, str]:
    return _counted_at(move), move.id


def _leaves(move: Move, company: str, parents: Mapping[str, str]) -> bool:
    changes = move.kind not in (Kind.ROLE, Kind.BOARD) and not move.background and move.origin is not Origin.KNOWN
    return changes and _is_at(move.from_id, company, parents)


def _is_at(id: str | None, company: str, parents: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    while id and id not in seen:
        if id == company:
            return True
        seen.add(id)
        id = parents.get(id)
    return False


def _one_each(moves: Iterable[Move]) -> list[Move]:
    first: dict[str, Move] = {}
    for move in moves:
        first.setdefault(move.person_id or move.person, move)
    return list(first.values())


def _is_fresh(move: Move, now: datetime) -> bool:
    told = move.sequence > 0 and move.told is not None and move.told.at >= now - FRESH
    return told and _counted_at(move) >= now - RECENT


def _build_alert(threshold: Threshold, moves: Sequence[Move], world: World) -> Alert:
    id = content_id("threshold", threshold.name, str(threshold.count), moves[-1].id)
    shown = [describe(_payload(move, world)) for move in moves[-_MOST:]]
    data = {
        "schema": SCHEMA,
        "alert_id": id,
        "digest": threshold.name,
        "headline": _headline(threshold, world.subjects),
        "count": len(moves),
        "test": False,
        "moves": shown,
    }
    payload: Payload = {"type": Event.THRESHOLD.value, "timestamp": iso(world.now), "data": data}
    return Alert(
        id=id,
        move_id="",
        sequence=0,
        event=Event.THRESHOLD,
        reasons=(Reason.NEW,),
        origin=Origin.LIVE,
        created_at=world.now,
        payload=shrink(payload, shown),
    )


def _payload(move: Move, world: World) -> Payload:
    id = content_id(move.id, str(max(move.sequence, 1)))
    frame = Frame(
        alert_id=id, sequence=max(move.sequence, 1), origin=move.origin, event=Event.NEW, reasons=(), at=world.now
    )
    return render_payload(move, frame, world.subjects)


def _headline(threshold: Threshold, subjects: Mapping[str, Subject]) -> str:
    company = subjects[threshold.left or threshold.at or ""].name
    if threshold.left:
        return f"{threshold.count} departures from {company} in {threshold.within.days} days"
    return f"{threshold.count} of {len(threshold.members)} are now at {company}"
