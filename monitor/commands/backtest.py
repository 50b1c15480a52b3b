"""stored articles, two configurations -> the alerts that the new one would add, remove or send elsewhere.

Never touches the ledger: both run over the same articles, from the same known moves, in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from monitor.app import build_known_move, build_routes, build_rules
from monitor.collect.urls import article_key
from monitor.config import Config
from monitor.match.watchlist import Watchlist
from monitor.model import Alert, Article, Move, Origin, SourcedClaim
from monitor.moves.reader import default_reader
from monitor.moves.resolve import resolve
from monitor.names import fold, nfc, person_key
from monitor.notify.render import render_subject
from monitor.notify.routes import plan_deliveries
from monitor.notify.rules import conclude
from monitor.pipeline import read_article
from monitor.ports import Reader
from monitor.store.sqlite import SqliteStore

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert of a run, and the channels that it would have gone to."""

    alert: Alert
    channels: tuple[str, ...]

    @property
    def key(self) -> Key:
        """What an alert says: two configurations agree where it is the same."""
        data: Any = self.alert.payload["data"]
        sides = [_fold(data[side]["name"]) if data[side] else "" for side in ("from", "to")]
        return (_fold(data["person"]["name"]), *sides, data["status"], self.alert.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What would change, each in the order of time."""

    articles: int
    kept: int
    added: tuple[Told, ...]
    removed: tuple[Told, ...]
    moved: tuple[tuple[Told, Told], ...]  # before and after, to other channels


@dataclass(slots=True, kw_only=True)
class Run:
    """One configuration over the articles, in the order that they were published."""

    config: Config
    watch: Watchlist
    reader: Reader
    store: SqliteStore  # for what is known of the articles
    moves: dict[str, Move] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    @classmethod
    def of(cls, config: Config, start: datetime, store: SqliteStore) -> Run:
        known = (build_known_move(each, start) for each in config.known_moves)
        return cls(
            config=config,
            watch=Watchlist.build(config.subjects),
            reader=default_reader(config.subjects),
            store=store,
            moves={move.id: move for move in known},
        )

    def read(self, article: Article) -> None:
        found = read_article(article, Origin.LIVE, self.watch, self.reader).claims
        feeds = self.store.find_feeds_of(article.id) if found else ()
        claims = [replace(each, feeds=feeds) for each in found]
        for key in sorted({person_key(each.claim.person) for each in claims}):
            self._consolidate(key, [each for each in claims if person_key(each.claim.person) == key])

    def _consolidate(self, key: str, claims: Sequence[SourcedClaim]) -> None:
        now = claims[0].published_at
        theirs = [move for move in self.moves.values() if move.person_key == key]
        subjects = {subject.id: subject for subject in self.config.subjects}
        rules, routes = build_rules(self.config), build_routes(self.config)
        for before, after in resolve(theirs, claims, parents=self.config.parents, now=now).changes:
            concluded = conclude(before, after, rules=rules, now=now, subjects=subjects)
            self.moves[concluded.move.id] = concluded.move
            if concluded.alert:
                channels = tuple(each.channel for each in plan_deliveries(concluded.alert, routes, now))
                self.told.append(Told(alert=concluded.alert, channels=channels))


def compare(articles: Iterable[Article], old: Run, new: Run) -> Comparison:
    """Run both configurations; an alert that reaches nobody counts as none."""
    runs = old, new
    ordered = sorted(articles, key=lambda each: (each.published_at, each.url))
    for article in ordered:
        for run in runs:
            run.read(replace(article, key=article_key(article.url)))
    before, after = ({told.key: told for told in run.told if told.channels} for run in runs)
    shared = [(before[key], after[key]) for key in before if key in after]
    return Comparison(
        articles=len(ordered),
        kept=sum(set(a.channels) == set(b.channels) for a, b in shared),
        added=tuple(after[key] for key in after if key not in before),
        removed=tuple(before[key] for key in before if key not in after),
        moved=tuple((a, b) for a, b in shared if set(a.channels) != set(b.channels)),
    )


def _fold(text: str) -> str:
    return fold(nfc(text))


# --- as text --------------------------------------------------------------------------------------------------------


def render_comparison(comparison: Comparison) -> str:
    return "\n".join(_lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    for sign, alerts in (("-", comparison.removed), ("+", comparison.added)):
        for told in alerts:
            yield f"{sign} {_spell(told)} → {', '.join(told.channels)}"
    for before, after in comparison.moved:
        yield f"~ {_spell(before)} → {', '.join(before.channels)}, now {', '.join(after.channels)}"
    counts = f"{len(comparison.added)} added, {len(comparison.removed)} removed, {len(comparison.moved)} elsewhere"
    yield f"{comparison.articles} articles: {comparison.kept} alerts stay as they are, {counts}"


def _spell(told: Told) -> str:
    return f"{told.alert.created_at:%Y-%m-%d} {render_subject(told.alert.payload)}"


def comparison_dict(comparison: Comparison) -> Mapping[str, Any]:
    return {
        "articles": comparison.articles,
        "kept": comparison.kept,
        "added": [_told_dict(each) for each in comparison.added],
        "removed": [_told_dict(each) for each in comparison.removed],
        "moved": [{**_told_dict(after), "before": list(before.channels)} for before, after in comparison.moved],
    }


def _told_dict(told: Told) -> dict[str, Any]:
    evidence: Any = told.alert.payload["data"]
    url = next((each["url"] for each in evidence["evidence"]), None)
    at = told.alert.created_at.isoformat()
    return {"at": at, "subject": render_subject(told.alert.payload), "channels": list(told.channels), "url": url}
