"""validated channels file -> channels with their secrets and routes with their references resolved.

Never sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from monitor.config import files
from monitor.config.model import Channel, EmailChannel, LogChannel, Match, Route, WebhookChannel
from monitor.config.secrets import SecretReader, signing_secret_fault
from monitor.config.units import check_url
from monitor.config.validate import Checked, suggest
from monitor.config.watch import Watched
from monitor.errors import Problem


@dataclass(slots=True, kw_only=True)
class Routing:
    """Channels and routes, and what is wrong with them."""

    channels: tuple[Channel, ...]
    routes: tuple[Route, ...]
    problems: list[Problem]


def resolve_routing(source: Checked[files.Channels], secrets: SecretReader, watched: Watched) -> Routing:
    """Resolve channels and routes; what is wrong is in `problems`."""
    problems: list[Problem] = []
    channels = [_channel(name, channel, secrets) for name, channel in source.model.channels.items()]
    routes = [_route(source, number, watched, problems) for number in range(len(source.model.routes))]
    known = set(source.model.channels) | source.failed_names("channels")
    for number, route in enumerate(source.model.routes):
        for index, name in enumerate(route.to):
            if name not in known:
                message = f"channel {name!r} is not known{suggest(name, known)}"
                problems.append(source.problem(message, "routes", number, "to", index))
    return Routing(channels=tuple(c for c in channels if c), routes=tuple(routes), problems=problems + secrets.problems)


# --- channels ----------------------------------------------------------------------------------------------------


def _channel(name: str, channel: files.Log | files.Webhook | files.Mail, secrets: SecretReader) -> Channel | None:
    match channel:
        case files.Log():
            return LogChannel(name=name)
        case files.Webhook():
            return _webhook(name, channel, secrets)
        case files.Mail():
            return _mail(name, channel, secrets)


def _webhook(name: str, channel: files.Webhook, secrets: SecretReader) -> WebhookChannel | None:
    at = ("channels", name)
    url = SecretStr(channel.url) if channel.url else secrets.read(at, "url", check=_url_fault)
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
    return WebhookChannel(name=name, url=url, secrets=(current, old) if old else (current,), timeout=channel.timeout)


def _url_fault(url: str) -> str | None:
    try:
        check_url(url)
    except ValueError:
        return "holds no web address"  # which one is nobody's business
    return None


def _mail(name: str, channel: files.Mail, secrets: SecretReader) -> EmailChannel:
    at = ("channels", name)
    password = secrets.read(at, "password")
    named = bool(channel.password_env or channel.password_file)
    if channel.username and not named:
        message = "'username' needs 'password_env' or 'password_file'"
        secrets.problems.append(secrets.document.problem((*at, "username"), message))
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
    )


# --- routes ------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Names:
    """Resolves the names of one route's match."""

    source: Checked[files.Channels]
    number: int
    watched: Watched
    problems: list[Problem]

    def ids(self, kind: str, key: str, names: list[str]) -> frozenset[str]:
        for index, name in enumerate(names):
            if fault := self.watched.unknown(kind, name):
                self.problems.append(self.source.problem(fault, "routes", self.number, "match", key, index))
        return frozenset(id for name in names if (id := self.watched.find(kind, name)))


def _route(source: Checked[files.Channels], number: int, watched: Watched, problems: list[Problem]) -> Route:
    route = source.model.routes[number]
    names = _Names(source=source, number=number, watched=watched, problems=problems)
    return Route(
        name=route.name or f"route {number + 1}",
        match=_match(route.match, names, watched.cohorts),
        to=tuple(dict.fromkeys(route.to)),
        continues=route.continue_,
    )


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
        kinds=frozenset(match.kind),
        statuses=frozenset(match.status),
        registers=frozenset(match.register_),
        origins=frozenset(match.origin),
        min_confidence=match.min_confidence,
    )
