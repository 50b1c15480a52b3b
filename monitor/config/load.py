"""config folder and environment -> Config.

Never stops at the first problem: all files are read, all problems are raised together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config import files
from monitor.config.document import Document, parse_document
from monitor.config.model import Config, ConfiguredFeed
from monitor.config.routing import Routing, resolve_routing
from monitor.config.secrets import SecretReader
from monitor.config.thresholds import resolve_thresholds
from monitor.config.units import render_duration
from monitor.config.validate import Checked, validate
from monitor.config.watch import Watched, resolve_watchlist
from monitor.errors import ConfigError, Problem


def load_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """Load the four files of `folder`; raise ConfigError with all problems, in the order of files and lines."""
    documents = {name: _read(folder, name) for name in files.FILES}
    settings, of_settings = validate(documents["settings.yaml"], files.Settings)
    feeds, of_feeds = validate(documents["feeds.yaml"], files.Feeds)
    watchlist, of_watchlist = validate(documents["watchlist.yaml"], files.Watchlist)
    channels, of_channels = validate(documents["channels.yaml"], files.Channels)
    watched = resolve_watchlist(watchlist)
    secrets = SecretReader(folder=folder, environ=environ, document=channels.document)
    routing = resolve_routing(channels, secrets, watched)
    thresholds = resolve_thresholds(channels, watched, routing.problems)
    problems = [problem for document in documents.values() for problem in document.problems]
    problems += [*of_settings, *of_feeds, *of_watchlist, *of_channels]
    problems += [*_feed_problems(feeds, settings.model), *watched.problems, *routing.problems]
    if problems:
        raise ConfigError(_in_order(_without_echoes(problems, documents)))
    return Config(
        settings=settings.model,
        feeds=tuple(_configured(feed, settings.model) for feed in feeds.model.feeds),
        subjects=tuple(watched.subjects),
        known_moves=tuple(watched.known_moves),
        channels=routing.channels,
        routes=routing.routes,
        fallback=routing.fallback,
        thresholds=thresholds,
        cohorts=watched.cohorts,
        hints=tuple(_hints(settings, watched, channels, routing)),
    )


def _read(folder: Path, name: str) -> Document:
    try:
        return parse_document(name, (folder / name).read_bytes())
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or "not readable"
        document = Document(file=name, data={}, readable=False)
        document.problems.append(Problem(file=name, line=1, column=1, message=f"{reason} in {folder}"))
        return document


def _without_echoes(problems: list[Problem], documents: Mapping[str, Document]) -> list[Problem]:
    """Leave out names said to be unknown because the watchlist itself cannot be read."""
    if documents["watchlist.yaml"].readable:
        return problems
    return [p for p in problems if p.file == "watchlist.yaml" or " is not known" not in p.message or "key" in p.message]


def _in_order(problems: list[Problem]) -> list[Problem]:
    order = {name: number for number, name in enumerate(files.FILES)}
    return sorted(
        dict.fromkeys(problems), key=lambda p: (order.get(p.file, len(order)), p.file, p.line, p.column, p.message)
    )


# --- feeds -------------------------------------------------------------------------------------------------------


def _feed_problems(feeds: Checked[files.Feeds], settings: files.Settings) -> list[Problem]:
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, feed in enumerate(feeds.model.feeds):
        line = feeds.document.line(feeds.path("feeds", number, "url"))
        if lines.setdefault(feed.url, line) != line:
            message = f"feed {feed.url} is already on line {lines[feed.url]}"
            problems.append(feeds.problem(message, "feeds", number, "url"))
        if feed.interval and not settings.poll.shortest <= feed.interval <= settings.poll.longest:
            bounds = f"{render_duration(settings.poll.shortest)} to {render_duration(settings.poll.longest)}"
            message = f"interval {render_duration(feed.interval)} is outside the bounds of settings.yaml, {bounds}"
            problems.append(feeds.problem(message, "feeds", number, "interval"))
    return problems


# How far a feed's interval adapts from `poll.interval`: by default to 3 minutes for one that publishes all the time, and to
# 2 hours for one that hardly does, since even the rarest news should not be told a day late (0091).
_FASTER, _SLOWER = 5, 8


def _configured(feed: files.Feed, settings: files.Settings) -> ConfiguredFeed:
    poll = settings.poll
    return ConfiguredFeed(
        url=feed.url,
        title=feed.title,
        interval=feed.interval or poll.interval,
        shortest=feed.interval or max(poll.shortest, poll.interval / _FASTER),
        longest=feed.interval or min(poll.longest, poll.interval * _SLOWER),
        pages=settings.pages.read if feed.pages is None else feed.pages,
    )


# --- hints -------------------------------------------------------------------------------------------------------


def _hints(
    settings: Checked[files.Settings], watched: Watched, channels: Checked[files.Channels], routing: Routing
) -> list[Problem]:
    """Return what is not wrong but is hardly meant."""
    hints: list[Problem] = []
    if not settings.model.contact:
        message = "no 'contact' is given: publishers cannot reach you, and some refuse such readers"
        hints.append(settings.document.problem(("contact",), message))
    if not any(subject.watched for subject in watched.subjects):
        hints.append(watched.source.document.problem((), "nobody is watched, so nothing will ever be alerted"))
    used = {name for route in routing.routes for name in route.to} | set(routing.fallback)
    idle = [name for name in channels.model.channels if name not in used]
    return hints + [
        channels.document.problem(("channels", name), f"no route leads to channel {name!r}") for name in idle
    ]
