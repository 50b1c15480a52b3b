"""Rows of feeds -> a table or JSON lines for a person to look at.  Never reads or writes anything itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from monitor.collect.websub import describe
from monitor.commands.report import dumps, plain
from monitor.model import Feed, Subscription
from monitor.notify.sources import diagnose

STYLE = {"well": "green", "new": "cyan", "quiet": "yellow"}


def health_of(feed: Feed, now: datetime) -> str:
    """Return "well", "new", "quiet", or what is wrong: "blocked", "gone", "not a feed", "failing"."""
    if feed.failures or feed.gone:
        return diagnose(feed)
    if not feed.last_poll_at:
        return "new"
    return "quiet" if feed.quiet_at and feed.quiet_at <= now else "well"


def feed_json(feed: Feed, subscription: Subscription | None, now: datetime) -> str:
    fields = {**asdict(feed), "skip_hours": sorted(feed.skip_hours), "skip_days": sorted(feed.skip_days)}
    return dumps({"health": health_of(feed, now), "news_by": describe(subscription, now), **fields})


def print_feeds(feeds: Sequence[Feed], subscriptions: Mapping[str, Subscription], now: datetime) -> None:
    """Print the feeds as a table, those that are not well first; how news comes where any of them has a hub."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    news_by = ["news by"] if subscriptions else []
    for heading in ("health", "feed", "last news", "an entry every", *news_by, "next poll", "error"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("health", "last news", "next poll"))
    for feed in sorted(feeds, key=lambda feed: (health_of(feed, now) in ("well", "new"), feed.title or feed.url)):
        health = health_of(feed, now)
        error = f"{feed.error} ({feed.failures} in a row)" if feed.error else ""
        table.add_row(
            f"[{STYLE.get(health, 'red')}]{health}[/]", plain(feed.title or feed.url), _ago(feed.news_at, now),
            _span(feed.rhythm), *(describe(subscriptions.get(feed.id), now) for _ in news_by), _until(feed.next_poll_at, now), plain(error),
        )  # fmt: skip
    console = Console()
    console.print(table)
    unwell = sum(health_of(feed, now) not in ("well", "new") for feed in feeds)
    console.print(f"[dim]{len(feeds)} feeds, {unwell} not well[/]")


def _ago(at: datetime | None, now: datetime) -> str:
    return f"{_span(now - at)} ago" if at else "–"


def _until(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "–"
    return "now" if at <= now else f"in {_span(at - now)}"


def _span(span: timedelta | None) -> str:
    if span is None:
        return "–"
    seconds = int(span.total_seconds())
    sizes = ((86_400, "d"), (3_600, "h"), (60, "min"))
    return next((f"{seconds // size} {unit}" for size, unit in sizes if seconds >= 2 * size), f"{seconds} s")
