"""validated channels file -> channels with their secrets and routes with their references resolved.

Never sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import assert_never, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from monitor.config import files
from monitor.config.model import (
    Channel,
    Digest,
    EmailChannel,
    LogChannel,
    Match,
    QuietHours,
    Route,
    ServiceChannel,
    Templates,
    WebhookChannel,
)
from monitor.config.secrets import SecretReader, signing_secret_fault
from monitor.config.templates import read_templates
from monitor.config.units import address_fault
from monitor.config.validate import Checked, suggest
from monitor.config.watch import Watched
from monitor.errors import Problem
from monitor.model import content_id


@dataclass(slots=True, kw_only=True)
class Routing:
    """Channels and routes, and what is wrong with them."""

    channels: tuple[Channel, ...]
    routes: tuple[Route, ...]
    fallback: tuple[str, ...]
    problems: list[Problem]


def resolve_routing(
    source: Checked[files.Channels], secrets: SecretReader, watched: Watched, feeds: Sequence[str] | None
) -> Routing:
    """Resolve channels and routes; what is wrong is in `problems`.

    `feeds` are the addresses of feeds.yaml, None where the file has problems of its own.
    """
    problems: list[Problem] = []
    channels = [_channel(name, channel, secrets) for name, channel in source.model.channels.items()]
    names = [
        _Names(source=source, number=number, watched=watched, urls=feeds, problems=problems)
        for number in range(len(source.model.routes))
    ]
    routes = [_route(source.model, each) for each in names]
    known = set(source.model.channels) | source.failed_names("channels")
    places = [
        (source.path("routes", n, "to", i), name)
        for n, r in enumerate(source.model.routes)
        for i, name in enumerate(r.to)
    ]
    places += [(("fallback", index), name) for index, name in enumerate(source.model.fallback)]
    for place, name in places:
        if name not in known:
            problems.append(source.document.problem(place, f"channel {name!r} is not known{suggest(name, known)}"))
    if (quiet := source.model.quiet_hours) and quiet.from_ == quiet.to:
        problems.append(source.document.problem(("quiet_hours", "to"), "quiet hours that never end"))
    return Routing(
        channels=tuple(c for c in channels if c),
        routes=tuple(routes),
        fallback=tuple(dict.fromkeys(source.model.fallback)),
        problems=problems + secrets.problems,
    )


# --- channels ----------------------------------------------------------------------------------------------------


def _channel(name: str, channel: files.Channel, secrets: SecretReader) -> Channel | None:
    match channel:
        case files.Log():
            return LogChannel(name=name)
        case files.Webhook():
            return _webhook(name, channel, secrets)
        case files.Mail():
            return _mail(name, channel, secrets)
        case files.Slack() | files.Discord() | files.Apprise():
            return _service(name, channel, secrets)
    assert_never(channel)


def _webhook(name: str, channel: files.Webhook, secrets: SecretReader) -> WebhookChannel | None:
    at = ("channels", name)
    url = SecretStr(channel.url) if channel.url else secrets.read(at, "url", check=address_fault)
    current = secrets.read(at, "secret", check=signing_secret_fault)
    old = secrets.read(at, "old_secret", check=signing_secret_fault)
    given = [bool(channel.url), bool(channel.url_env), bool(channel.url_file)]
    if sum(given) != 1:
        wants = "give one of 'url', 'url_env' and 'url_file'"
        secrets.problems.append(secrets.document.problem(at, f"webhook {name!r} has {sum(given)} URLs; {wants}"))
    if not channel.secret_env and not channel.secret_file:
        message = "key 'secret_env' is missing: it names the environment variable of the signing secret"
        secrets.problems.append(secrets.document.problem(at, message))
    if not url or not current:
        return None
    return WebhookChannel(
        name=name,
        url=url,
        secrets=(current, old) if old else (current,),
        timeout=channel.timeout,
        templates=_templates(name, channel.templates, secrets),
    )


def _service(
    name: str, channel: files.Slack | files.Discord | files.Apprise, secrets: SecretReader
) -> ServiceChannel | None:
    at = ("channels", name)
    if not channel.url_env and not channel.url_file:
        message = "key 'url_env' is missing: it names the environment variable of the address, which is the secret"
        secrets.problems.append(secrets.document.problem(at, message))
    url = secrets.read(at, "url", check=_service_fault if channel.type == "apprise" else address_fault)
    templates = _templates(name, channel.templates, secrets) if channel.type == "apprise" else Templates()
    if url is None:
        return None
    return ServiceChannel(name=name, service=channel.type, url=url, timeout=channel.timeout, templates=templates)


def _service_fault(url: str) -> str | None:
    """Apprise itself is asked when the channel is built: loading it takes longer than all of the configuration."""
    try:
        urlsplit(url)
    except ValueError:  # whose message quotes the address
        return "holds no address: spell [, ] and other signs of a password as %5B, %5D and so on"
    return None if re.fullmatch(r"[a-z0-9]+://\S+", url) else "holds no address such as tgram://…"


def _mail(name: str, channel: files.Mail, secrets: SecretReader) -> EmailChannel:
    at = ("channels", name)
    password = secrets.read(at, "password", check=_login_fault)
    named = bool(channel.password_env or channel.password_file)
    if channel.username and not named:
        message = "'username' needs 'password_env' or 'password_file'"
        secrets.problems.append(secrets.document.problem((*at, "username"), message))
    if channel.username and (fault := _login_fault(channel.username)):
        secrets.problems.append(secrets.document.problem((*at, "username"), f"'username' {fault}"))
    if named and channel.security == "none":
        message = "a password would go over the line in the clear; use starttls or tls"
        secrets.problems.append(secrets.document.problem((*at, "security"), message))
    return EmailChannel(
        name=name,
        host=channel.host,
        port=channel.port,
        security=channel.security,
        username=channel.username,
        password=password,
        sender=channel.from_,
        recipients=tuple(channel.to),
        timeout=channel.timeout,
        templates=_templates(name, channel.templates, secrets),
    )


def _login_fault(text: str) -> str | None:
    return None if text.isascii() else "holds letters beyond ASCII, with which smtplib cannot log in"


def _templates(name: str, wanted: str | None, secrets: SecretReader) -> Templates:
    """Read a channel's templates; what is no template is told with its file and line."""
    if wanted is None:
        return Templates()
    texts, problems = read_templates(secrets.folder / "templates", wanted)
    secrets.problems += problems
    if not texts and not problems:
        message = f"there is no templates/{wanted}.subject.j2, .text.j2, .html.j2 or .extra.j2"
        secrets.problems.append(secrets.document.problem(("channels", name, "templates"), message))
    return Templates(**texts)


# --- routes ------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Names:
    """Resolves the names of one route's match."""

    source: Checked[files.Channels]
    number: int
    watched: Watched
    urls: Sequence[str] | None
    problems: list[Problem]

    def ids(self, kind: str, key: str, names: list[str]) -> frozenset[str]:
        for index, name in enumerate(names):
            if fault := self.watched.unknown(kind, name):
                self.problems.append(self.source.problem(fault, "routes", self.number, "match", key, index))
        return frozenset(id for name in names if (id := self.watched.find(kind, name)))

    def feed_ids(self, patterns: list[str]) -> frozenset[str]:
        """Return the ids of the configured feeds that one of these addresses, patterns or ids means."""
        found: set[str] = set()
        for index, pattern in enumerate(patterns):
            mine = {id for url in self.urls or () if _means(pattern, url, id := content_id(url))}
            if not mine and self.urls is not None:
                near = "" if "*" in pattern else suggest(pattern, self.urls)
                message = f"no feed of feeds.yaml is {pattern!r}{near}"
                self.problems.append(self.source.problem(message, "routes", self.number, "match", "feed", index))
            found |= mine
        return frozenset(found)


def _means(pattern: str, url: str, id: str) -> bool:
    return pattern in (url, id) or fnmatchcase(url, pattern)


def _route(channels: files.Channels, names: _Names) -> Route:
    route = channels.routes[names.number]
    return Route(
        name=route.name or f"route {names.number + 1}",
        match=_match(route.match, names, names.watched.cohorts),
        to=tuple(dict.fromkeys(route.to)),
        continues=route.continue_,
        digest=_digest(route, channels.zone),
        quiet=None if route.bypass_quiet_hours else quiet_hours(channels),
    )


def _digest(route: files.Route, zone: str) -> Digest | None:
    if route.digest is None:
        return None
    weekday = get_args(files.Weekday).index(route.digest.on)
    return Digest(every=route.digest.every, at=route.digest.at, weekday=weekday, zone=route.digest.zone or zone)


def quiet_hours(channels: files.Channels) -> QuietHours | None:
    if channels.quiet_hours is None:
        return None
    quiet = channels.quiet_hours
    return QuietHours(start=quiet.from_, end=quiet.to, zone=quiet.zone or channels.zone)


def _match(match: files.Match, names: _Names, cohorts: Mapping[str, tuple[str, ...]]) -> Match:
    groups = names.ids("cohort", "cohort", match.cohort)
    members = frozenset(member for group in groups for member in cohorts.get(group, ()))
    return Match(
        people=names.ids("person", "person", match.person) | members,
        companies=names.ids("company", "company", match.company),
        from_companies=names.ids("company", "from", match.from_),
        to_companies=names.ids("company", "to", match.to),
        parents=names.ids("company", "parent", match.parent),
        outlets=frozenset(outlet.lower() for outlet in match.outlet),
        feeds=names.feed_ids(match.feed),
        kinds=frozenset(match.kind),
        statuses=frozenset(match.status),
        registers=frozenset(match.register_),
        origins=frozenset(match.origin),
        min_confidence=match.min_confidence,
        events=frozenset(match.events),
    )
