"""config folder and environment -> Config.

Never stops at the first problem: all files are read, all problems are raised together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from monitor.config import files
from monitor.config.document import Document, parse_document
from monitor.config.feeds import resolve_feeds
from monitor.config.model import Config, SecondReader
from monitor.config.routing import resolve_routing
from monitor.config.secrets import SecretReader
from monitor.config.settings import SecondReader as SecondReaderSection
from monitor.config.settings import Settings
from monitor.config.thresholds import resolve_thresholds
from monitor.config.validate import Checked, validate
from monitor.config.watch import Watched, resolve_watchlist
from monitor.errors import ConfigError, Problem


def load_config(folder: Path, environ: Mapping[str, str], edits: Mapping[str, bytes] | None = None) -> Config:
    """Load the four files of `folder`; raise ConfigError with all problems, in the order of files and lines.

    `edits` stand in for files as they would be.
    """
    edits = edits or {}
    documents = {n: parse_document(n, edits[n]) if n in edits else _read(folder, n) for n in files.FILES}
    settings, of_settings = validate(documents["settings.yaml"], Settings)
    feeds, of_feeds = validate(documents["feeds.yaml"], files.Feeds)
    watchlist, of_watchlist = validate(documents["watchlist.yaml"], files.Watchlist)
    channels, of_channels = validate(documents["channels.yaml"], files.Channels)
    watched = resolve_watchlist(watchlist)
    secrets = SecretReader(folder=folder, environ=environ, document=channels.document)
    feed_secrets = SecretReader(folder=folder, environ=environ, document=feeds.document)
    configured = resolve_feeds(feeds, settings.model, feed_secrets)
    unsure = bool(of_feeds or feed_secrets.problems)
    routing = resolve_routing(channels, secrets, watched, None if unsure else [each.url for each in configured])
    thresholds = resolve_thresholds(channels, watched, routing.problems)
    own_secrets = SecretReader(folder=folder, environ=environ, document=settings.document)
    second_reader = _second_reader(settings.model.second_reader, own_secrets)
    problems = [problem for document in documents.values() for problem in document.problems]
    problems += [*of_settings, *of_feeds, *of_watchlist, *of_channels]
    problems += [
        *_listen_problems(settings),
        *own_secrets.problems,
        *feed_secrets.problems,
        *watched.problems,
        *routing.problems,
    ]
    if problems:
        raise ConfigError(_in_order(_without_echoes(problems, documents)))
    leading = [*(route.to for route in routing.routes), *(threshold.to for threshold in thresholds), routing.fallback]
    return Config(
        settings=settings.model,
        feeds=tuple(configured),
        subjects=tuple(watched.subjects),
        known_moves=tuple(watched.known_moves),
        channels=routing.channels,
        routes=routing.routes,
        fallback=routing.fallback,
        thresholds=thresholds,
        cohorts=watched.cohorts,
        second_reader=second_reader,
        hints=tuple(_hints(settings, watched, channels, {name for names in leading for name in names})),
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


def _listen_problems(settings: Checked[Settings]) -> list[Problem]:
    websub, listen = settings.model.websub, settings.model.listen
    if websub is None or websub.listen != listen:
        return []
    message = "must differ from 'listen': what stands there is for operators, not for the world"
    return [settings.document.problem(("websub", "listen"), message)]


def _second_reader(given: SecondReaderSection | None, secrets: SecretReader) -> SecondReader | None:
    if given is None:
        return None
    return SecondReader(
        url=given.url,
        model=given.model,
        api_key=secrets.read(("second_reader",), "api_key"),
        timeout=given.timeout,
        tokens_per_day=given.tokens_per_day,
        min_confidence=given.min_confidence,
        trust=given.trust,
    )


# --- hints -------------------------------------------------------------------------------------------------------


def _hints(
    settings: Checked[Settings],
    watched: Watched,
    channels: Checked[files.Channels],
    used: Collection[str],
) -> list[Problem]:
    """Return what is not wrong but is hardly meant."""
    hints: list[Problem] = []
    if not settings.model.contact:
        message = "no 'contact' is given: publishers cannot reach you, and some refuse such readers"
        hints.append(settings.document.problem(("contact",), message))
    if not any(subject.watched for subject in watched.subjects):
        hints.append(watched.source.document.problem((), "nobody is watched, so nothing will ever be alerted"))
    idle = [name for name in channels.model.channels if name not in used]
    return hints + [
        channels.document.problem(("channels", name), f"no route leads to channel {name!r}") for name in idle
    ]
