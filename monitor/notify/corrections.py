"""move, what a person says of it -> the move corrected, and whom to tell.  Pure.

Never forgets: the move keeps its history and evidence, the ledger keeps what it said before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.model import (
    Alert,
    Corrected,
    Correction,
    Delivery,
    DeliveryState,
    Event,
    Move,
    Origin,
    Reason,
    Subject,
    Verdict,
    content_id,
)
from monitor.names import fold, nfc, person_key
from monitor.notify.payload import Frame, render_payload
from monitor.notify.routes import Route, explain_routes, plan_delivery
from monitor.notify.rules import told_of
from monitor.notify.timing import Slot, decide_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person says of a move.  A name given is the right one; "" says that there is none."""

    verdict: Verdict
    author: str
    reason: str
    person: str | None = None
    from_org: str | None = None
    to_org: str | None = None

    @property
    def names(self) -> bool:
        return any(name is not None for name in (self.person, self.from_org, self.to_org))


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Whom names mean, and who is told when."""

    subjects: Mapping[str, Subject] = field(default_factory=dict)
    routes: Sequence[Route] = ()


def decide_correction(
    move: Move, deliveries: Sequence[Delivery], request: Request, configured: Configured, now: datetime
) -> Corrected:
    """Take the move back, or put right what the request names; tell every channel that may have heard of it."""
    subjects = configured.subjects
    correction = Correction(
        id=content_id("correction", move.id, request.verdict, now.isoformat()),
        move_id=move.id,
        verdict=request.verdict,
        author=request.author,
        reason=request.reason,
        created_at=now,
    )
    after = replace(_apply(move, request, subjects), updated_at=now)
    event = Event.UPDATED if request.names else Event.RETRACTED
    heard = {each.channel: each for each in deliveries if _may_have_heard(each)}  # the latest of each
    held = {each.channel: each for each in deliveries if _is_held(each)}
    withdrawn = tuple(each.id for each in deliveries if _is_held(each))
    # Who waits for the alert waits for the right one; who has not heard of a move is not told that it was none.
    late = {channel: each for channel, each in held.items() if channel not in heard and event is Event.UPDATED}
    if not (heard or late):
        return Corrected(correction=correction, before=move, move=after, withdrawn=withdrawn)
    after, alert = _build_alert(after, move, event, correction, subjects)
    return Corrected(
        correction=correction,
        before=move,
        move=after,
        alert=alert,
        deliveries=tuple(
            plan_delivery(alert, channel, now, slot)
            for channel, slot in sorted(_find_slots(heard, late, configured.routes, now).items())
        ),
        withdrawn=withdrawn,
    )


def _apply(move: Move, request: Request, subjects: Mapping[str, Subject]) -> Move:
    if request.names:
        return _rename(move, request, subjects)
    if request.verdict is Verdict.ALREADY_KNOWN:
        return replace(move, origin=Origin.KNOWN, source=move.source or f"{request.author}: {request.reason}")
    return replace(move, retracted=f"{request.verdict}, {request.author}: {request.reason}")


def _rename(move: Move, request: Request, subjects: Mapping[str, Subject]) -> Move:
    move = replace(move, retracted=None)  # whoever says what is right says that it is a move after all
    if request.person is not None:
        move = replace(
            move,
            person=request.person,
            person_id=_find_id(request.person, subjects),
            person_key=person_key(request.person),
            needs_review=None,
        )
    if request.from_org is not None:
        move = replace(move, from_org=request.from_org or None, from_id=_find_id(request.from_org, subjects))
    if request.to_org is not None:
        move = replace(move, to_org=request.to_org or None, to_id=_find_id(request.to_org, subjects))
    return move


def _find_id(name: str, subjects: Mapping[str, Subject]) -> str | None:
    wanted = fold(nfc(name))
    for subject in subjects.values():
        if wanted in (fold(nfc(each)) for each in (subject.id, subject.name, *subject.aliases)):
            return subject.id
    return None


def _may_have_heard(delivery: Delivery) -> bool:
    """True where it was taken, or an attempt at it may have been."""
    if delivery.state is DeliveryState.ACCEPTED:
        return True
    return delivery.state is DeliveryState.LEASED or (delivery.state is DeliveryState.PENDING and delivery.attempts > 0)


def _is_held(delivery: Delivery) -> bool:
    """True where it was not taken, and could still be: what is dead comes back by `monitor replay`."""
    if delivery.state is DeliveryState.DEAD:
        return True
    return delivery.state is DeliveryState.PENDING and delivery.attempts == 0


def _build_alert(
    after: Move, before: Move, event: Event, correction: Correction, subjects: Mapping[str, Subject]
) -> tuple[Move, Alert]:
    sequence, now = before.sequence + 1, correction.created_at
    reasons = (Reason.CORRECTED if event is Event.UPDATED else Reason.RETRACTED,)
    id = content_id(before.id, str(sequence))
    frame = Frame(
        alert_id=id,
        sequence=sequence,
        origin=Origin.LIVE,
        event=event,
        reasons=reasons,
        at=now,
        correction=correction,
        person_before=before.person if before.person != after.person else None,
    )
    alert = Alert(
        id=id,
        move_id=before.id,
        sequence=sequence,
        event=event,
        reasons=reasons,
        origin=Origin.LIVE,
        created_at=now,
        payload=render_payload(after, frame, subjects),
    )
    return replace(after, sequence=sequence, told=told_of(after, now)), alert


def _find_slots(
    heard: Mapping[str, Delivery], late: Mapping[str, Delivery], routes: Sequence[Route], now: datetime
) -> dict[str, Slot]:
    """Return when each channel is told: who has heard at once, or when it is quiet no longer; who waits, as planned.

    A correction goes alone, in no digest: it says who corrected what and why, in the thread of what it corrects.
    """
    slots = {channel: Slot(at=_find_time(delivery, routes, now)) for channel, delivery in heard.items()}
    return slots | {channel: Slot(at=held.next_try_at, digest=held.digest) for channel, held in late.items()}


def _find_time(delivery: Delivery, routes: Sequence[Route], now: datetime) -> datetime:
    """Ask the routes by which the channel heard; where they lead there no longer, all that lead there."""
    leading = [route for route in routes if delivery.channel in route.channels]
    taken = [outcome.route for outcome in explain_routes(delivery.alert, routes) if outcome.takes]
    asked = [route for route in taken if route in leading] or leading
    return min((decide_slot(now, quiet=route.quiet).at for route in asked), default=now)
