"""alert, routes -> deliveries.  Pure: who gets an alert, and why or why not.

Never asks whether a move deserves an alert; that was decided by `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.model import Alert, Delivery, DeliveryState, Kind, Origin, Register, Status, content_id
from monitor.notify.timing import Digest, QuietHours, Slot, decide_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Conditions that must all hold; an empty one always does.  Companies match with all that belongs to them."""

    channels: tuple[str, ...]
    name: str = ""
    continue_: bool = False  # ask the routes below as well
    people: frozenset[str] = frozenset()  # ids
    cohorts: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()  # ids, on either side
    from_companies: frozenset[str] = frozenset()
    to_companies: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()  # ids above a company on either side
    outlets: frozenset[str] = frozenset()  # domains
    feeds: frozenset[str] = frozenset()  # ids
    kinds: frozenset[Kind] = frozenset()
    statuses: frozenset[Status] = frozenset()
    min_confidence: float = 0.0
    registers: frozenset[Register] = frozenset()
    # Backlog alerts exist only where `alert_backlog` asks for them: to ask twice would be a trap.
    origins: frozenset[Origin] = frozenset({Origin.LIVE, Origin.BACKLOG})
    events: frozenset[str] = frozenset({"move"})  # topics
    digest: Digest | None = None
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOutcome:
    """How one route fared: it matched where `misses` is empty; one not `reached` was shadowed by a match above."""

    route: Route
    misses: tuple[str, ...]
    reached: bool

    @property
    def takes(self) -> bool:
        return self.reached and not self.misses


def plan_deliveries(alert: Alert, routes: Sequence[Route], now: datetime) -> tuple[Delivery, ...]:
    """Return one delivery for each channel that a route leads to: the soonest, where several do."""
    slots: dict[str, Slot] = {}
    for route in (outcome.route for outcome in explain_routes(alert, routes) if outcome.takes):
        slot = (
            decide_slot(now, name=route.name, digest=route.digest, quiet=route.quiet) if alert.move_id else Slot(at=now)
        )
        for channel in route.channels:
            if channel not in slots or slot.at < slots[channel].at:
                slots[channel] = slot
    return tuple(plan_delivery(alert, channel, now, slot) for channel, slot in slots.items())


def plan_delivery(alert: Alert, channel: str, now: datetime, slot: Slot | None = None) -> Delivery:
    return Delivery(
        id=delivery_id(alert.id, channel),
        alert=alert,
        channel=channel,
        state=DeliveryState.PENDING,
        attempts=0,
        created_at=now,
        next_try_at=slot.at if slot else now,
        digest=slot.digest if slot else None,
    )


def delivery_id(alert_id: str, channel: str) -> str:
    return f"msg_{content_id(alert_id, channel)}"


def explain_routes(alert: Alert, routes: Sequence[Route]) -> tuple[RouteOutcome, ...]:
    """Return for each route, first to last, what kept it from matching."""
    return tuple(_explain(alert, routes))


def name_feeds(misses: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Spell the ids of feeds in misses by their names."""
    return [" ".join(names.get(word, word) for word in miss.split(" ")) for miss in misses]


def spread(route: Route, members: Mapping[str, Sequence[str]]) -> Route:
    """Replace each channel that stands for several ("mail" for its recipients) by its members (0053)."""
    channels = tuple(member for channel in route.channels for member in members.get(channel, (channel,)))
    return replace(route, channels=channels)


def _explain(alert: Alert, routes: Sequence[Route]) -> Iterator[RouteOutcome]:
    reached = True
    for route in routes:
        outcome = RouteOutcome(route=route, misses=tuple(_find_misses(alert, route)), reached=reached)
        yield outcome
        reached = reached and (route.continue_ or not outcome.takes)


def _find_misses(alert: Alert, route: Route) -> Iterator[str]:
    data: Any = alert.payload["data"]
    if alert.event.topic not in route.events:
        yield f"event {alert.event.topic} is not {_list(route.events)}"
    if not alert.move_id:
        return
    sources, targets = _company_ids(data["from"]), _company_ids(data["to"])
    above = [id for side in ("from", "to") if data[side] for id in data[side]["parents"]]
    conditions: tuple[tuple[str, Iterable[str], Iterable[str | None]], ...] = (
        ("person", route.people, (data["person"]["id"],)),
        ("cohort", route.cohorts, data["person"]["cohorts"]),
        ("company", route.companies, sources + targets),
        ("from", route.from_companies, sources),
        ("to", route.to_companies, targets),
        ("parent", route.parents, above),
        ("outlet", route.outlets, {each["outlet"] for each in data["evidence"]}),
        ("feed", route.feeds, {id for each in data["evidence"] for id in each.get("feeds", ())}),
        ("kind", route.kinds, (data["kind"],)),
        ("status", route.statuses, (data["status"],)),
        ("register", route.registers, (data["register"],)),
        ("origin", route.origins, (alert.origin,)),
    )
    for field, wanted, found in conditions:
        if wanted and not set(wanted) & set(found):
            yield f"{field} {_list(found)} is not {_list(wanted)}"
    if data["confidence"] < route.min_confidence:
        yield f"confidence {data['confidence']} is under {route.min_confidence}"


def _company_ids(company: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not company or not company["id"]:
        return ()
    return (company["id"], *company["parents"])


def _list(values: Iterable[str | None]) -> str:
    return " or ".join(sorted(str(value) for value in values if value)) or "none"
