"""move -> decision, alert.  Pure: says whether a move deserves an alert, and why (0050).

Never stores, sends or routes anything; `routes` says who gets the alert, `payload` what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from monitor.model import Alert, Decision, Move, Origin, Reason, Status, Subject, Told, content_id
from monitor.notify.payload import Frame, render_payload

NO_SUBJECTS: Mapping[str, Subject] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """What a move must be to be told."""

    threshold: float = 0.5  # least confidence
    max_age: timedelta = timedelta(days=14)  # of the newest article that tells it as news
    alert_backlog: bool = False
    # A move that took effect, or was told as history, longer than this before the newest article is told again, not
    # news: "quietly left in March" is still news in May, "left in 2023" is not.
    retold_after: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A move as it is to be stored, why there is or is no alert, and the alert."""

    move: Move
    decision: Decision
    alert: Alert | None = None


def conclude(
    before: Move | None,
    after: Move,
    *,
    rules: AlertRules,
    now: datetime,
    subjects: Mapping[str, Subject] = NO_SUBJECTS,
) -> Conclusion:
    """Decide about `after` and write into the move what was told, or what was deliberately not told."""
    decision = decide_alert(before, after, rules=rules, now=now)
    if decision.event is None:
        silent = decision.reasons[0] in _SILENT and after.told is None
        return Conclusion(move=tell_silently(after, now) if silent else after, decision=decision)
    move, alert = build_alert(after, decision, now, subjects)
    return Conclusion(move=move, decision=decision, alert=alert)


def decide_alert(before: Move | None, after: Move, *, rules: AlertRules, now: datetime) -> Decision:
    """Compare `after` with what was told of it; every reason that holds is named, the decisive one first.

    `before` is the move as the ledger held it: it stands in for `after.told` where nothing was ever told.
    """
    known = after.told or (told_of(before, now) if before else None)
    changes = tuple(find_changes(known, after)) if known else ()
    if after.sequence and not changes:
        return Decision(reasons=(Reason.UNCHANGED,))
    obstacles = tuple(_find_obstacles(after, changes, rules, now))
    news = changes if after.sequence else (Reason.NEW, *changes)
    return Decision(reasons=obstacles + news)


def build_alert(
    move: Move, decision: Decision, now: datetime, subjects: Mapping[str, Subject] = NO_SUBJECTS
) -> tuple[Move, Alert]:
    """Return the move as told once more and the alert that tells it; `decision.event` must not be None."""
    if decision.event is None:
        raise ValueError(f"no alert follows from {decision.reasons[0]!r}")
    sequence = move.sequence + 1
    id = content_id(move.id, str(sequence))
    origin = _origin_of_alert(move)
    frame = Frame(alert_id=id, sequence=sequence, origin=origin, event=decision.event, reasons=decision.reasons, at=now)
    alert = Alert(
        id=id,
        move_id=move.id,
        sequence=sequence,
        event=decision.event,
        reasons=decision.reasons,
        origin=origin,
        created_at=now,
        payload=render_payload(move, frame, subjects),
    )
    return replace(move, sequence=sequence, told=told_of(move, now)), alert


def tell_silently(move: Move, now: datetime) -> Move:
    """Note what the ledger held when it kept silent: a later change is measured from there, however late it is sure."""
    return replace(move, told=told_of(move, now))


def told_of(move: Move, at: datetime) -> Told:
    return Told(status=move.status, from_org=move.from_org, to_org=move.to_org, role=move.role, date=move.date, at=at)


def find_changes(told: Told, move: Move) -> Iterator[Reason]:
    """Name what `move` says beyond `told`.  Another wording of what was told is no change."""
    if move.status in _NEXT[told.status]:
        yield Reason.STATUS_CHANGED
    if move.to_org and not told.to_org:
        yield Reason.DESTINATION_KNOWN
    if move.from_org and not told.from_org:
        yield Reason.ORIGIN_KNOWN
    if move.role and not told.role:
        yield Reason.ROLE_KNOWN
    if _is_more_precise(move.date, told.date):
        yield Reason.DATE_KNOWN


_SILENT = frozenset({Reason.BACKLOG, Reason.BACKGROUND, Reason.OLD})

# A status that a weaker outlet restores ("reported" after "confirmed") is no news; a denial that falls is.
_NEXT: Mapping[Status, frozenset[Status]] = {
    Status.CONSIDERED: frozenset({Status.REPORTED, Status.CONFIRMED, Status.DENIED}),
    Status.REPORTED: frozenset({Status.CONFIRMED, Status.DENIED}),
    Status.CONFIRMED: frozenset({Status.DENIED}),
    Status.DENIED: frozenset({Status.REPORTED, Status.CONFIRMED}),
}

# What makes a move that stood in the ledger untold (backlog, history) news after all; more detail of it does not.
_MATERIAL = frozenset({Reason.STATUS_CHANGED, Reason.DESTINATION_KNOWN})


def _is_more_precise(new: str | None, old: str | None) -> bool:
    if not new:
        return False
    return not old or new.startswith(f"{old}-")


def _find_obstacles(move: Move, changes: tuple[Reason, ...], rules: AlertRules, now: datetime) -> Iterator[Reason]:
    material = not _MATERIAL.isdisjoint(changes)
    if move.retracted:
        yield Reason.RETRACTED
    if move.origin is Origin.KNOWN:
        yield Reason.KNOWN
    if move.needs_review:
        yield Reason.NEEDS_REVIEW
    if move.background or (move.evidence and _newest_news(move) is None):
        yield Reason.BACKGROUND
    if move.origin is Origin.BACKLOG and not (rules.alert_backlog or move.sequence or material):
        yield Reason.BACKLOG
    if _is_old(move, rules, now) or (not move.sequence and _is_retold(move, rules, material=material)):
        yield Reason.OLD
    if move.confidence < rules.threshold:
        yield Reason.TOO_WEAK


def _is_old(move: Move, rules: AlertRules, now: datetime) -> bool:
    newest = _newest_news(move)
    return newest is not None and newest < now - rules.max_age


def _newest_news(move: Move) -> datetime | None:
    return max((each.published_at for each in move.evidence if not each.background), default=None)


def _is_retold(move: Move, rules: AlertRules, *, material: bool) -> bool:
    newest = _newest_news(move)
    if newest is None:
        return False
    limit = newest - rules.retold_after
    if move.date and _end_of(move.date) < limit:
        return True
    return not material and any(
        each.background and each.status is Status.CONFIRMED and each.published_at < limit for each in move.evidence
    )


def _end_of(text: str) -> datetime:
    """Return the last moment that an ISO date of reduced precision can mean; the far future where it is no date."""
    try:
        year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
        if day:
            last = date(year, month, day) + timedelta(days=1)
        else:
            last = date(year, month + 1, 1) if 0 < month < 12 else date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        last = date.max
    return datetime(last.year, last.month, last.day, tzinfo=UTC)


def _origin_of_alert(move: Move) -> Origin:
    """Return `live` for a change of a backlog move: what changed it came after the first poll."""
    return Origin.LIVE if move.origin is Origin.BACKLOG and move.told else move.origin
