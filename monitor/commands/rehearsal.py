"""moves of the ledger, routes -> who would get an alert of each, and why the others would not.

Never records or sends anything: the alerts are made for looking at only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.model import Alert, Decision, Move, Reason, Subject
from monitor.notify.render import render_headline
from monitor.notify.routes import Route, RouteOutcome, explain_routes, name_feeds
from monitor.notify.rules import build_alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How an alert that tells a move as it now stands would fare."""

    move: Move
    alert: Alert
    outcomes: tuple[RouteOutcome, ...]
    feeds: Mapping[str, str]  # id -> name

    @property
    def carriers(self) -> list[str]:
        """The feeds that carry its evidence."""
        ids = {id for each in self.move.evidence for id in each.feeds}
        return sorted(self.feeds.get(id, f"{id}, no longer in feeds.yaml") for id in ids)

    @property
    def channels(self) -> list[str]:
        return list(dict.fromkeys(c for each in self.outcomes if each.takes for c in each.route.channels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What alerts are told to, and by which names."""

    routes: Sequence[Route] = ()
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)  # id -> name


def rehearse(moves: Sequence[Move], stage: Stage, now: datetime) -> list[Rehearsal]:
    """Tell each move to the routes, whether or not it deserves an alert; that is `rules`' to decide."""
    return [_rehearse(move, stage, now) for move in moves]


def _rehearse(move: Move, stage: Stage, now: datetime) -> Rehearsal:
    _, alert = build_alert(move, Decision(reasons=(Reason.NEW,)), now, stage.subjects)
    return Rehearsal(move=move, alert=alert, outcomes=explain_routes(alert, stage.routes), feeds=stage.feeds)


def rehearsal_dict(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "move": rehearsal.move.id,
        "headline": render_headline(rehearsal.alert.payload),
        "told": rehearsal.move.sequence,
        "channels": rehearsal.channels,
        "feeds": rehearsal.carriers,
        "routes": [
            {
                "route": each.route.name or f"route {number}",
                "to": list(each.route.channels),
                "takes": each.takes,
                "misses": name_feeds(each.misses, rehearsal.feeds),
            }
            for number, each in enumerate(rehearsal.outcomes, 1)
        ],
    }


def render_rehearsals(rehearsals: Sequence[Rehearsal]) -> str:
    """Lay rehearsals out for reading, one paragraph a move."""
    return "\n\n".join("\n".join(_lines(each)) for each in rehearsals)


def _lines(rehearsal: Rehearsal) -> Iterator[str]:
    move = rehearsal.move
    told = f"told {move.sequence}×" if move.sequence else "never told"
    yield f"{render_headline(rehearsal.alert.payload)}  [{move.id}, {move.origin}, {told}]"
    if rehearsal.carriers:
        yield f"  carried by {'; '.join(rehearsal.carriers)}"
    for number, outcome in enumerate(rehearsal.outcomes, 1):
        yield f"  {outcome.route.name or f'route {number}'}: {_spell(outcome, rehearsal.feeds)}"
    yield f"  → {', '.join(rehearsal.channels) or 'nobody'}"


def _spell(outcome: RouteOutcome, feeds: Mapping[str, str]) -> str:
    if outcome.takes:
        return "→ " + ", ".join(outcome.route.channels) + (", and on" if outcome.route.continue_ else "")
    if outcome.misses:
        return "no: " + "; ".join(name_feeds(outcome.misses, feeds))
    return "not asked: a route above took it"
