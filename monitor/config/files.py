"""The config files as models: one class per file, one field per key.  The JSON Schemas are generated from these.

Never checks what needs two places to be seen (references, duplicates, secrets): `references` and `secrets` do.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from monitor.config.settings import File, Name, Settings
from monitor.config.units import (
    Duration,
    Email,
    PartialDate,
    TimeOfDay,
    Url,
    Zone,
)
from monitor.model import Kind, Origin, Register, Status


def _listed(value: Any) -> Any:
    """Take `person: X` for `person: [X]`."""
    return [value] if isinstance(value, str) else value


# --- feeds.yaml --------------------------------------------------------------------------------------------------


class Feed(File):
    url: Url | None = Field(default=None, description="Address of the RSS, Atom or JSON feed.")
    url_env: str | None = Field(default=None, description="Environment variable of an address that is secret.")
    url_file: str | None = Field(default=None, description="File that holds an address that is secret.")
    title: str = Field(default="", description="What to call it.")
    interval: Duration | None = Field(
        default=None, description="How often it is polled; settings decide if it is left out."
    )
    pages: bool | None = Field(default=None, description="Read the articles' pages; settings decide if it is left out.")


def _feed(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class Feeds(File):
    """What is polled: feeds.yaml."""

    feeds: list[Annotated[Feed, BeforeValidator(_feed, json_schema_input_type=Feed | Url)]] = Field(
        description="The feeds, in any order."
    )


# --- watchlist.yaml ----------------------------------------------------------------------------------------------


class _Subject(File):
    name: Name = Field(description="The full name.")
    id: str | None = Field(
        default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Stable id; made of the name if it is left out."
    )
    aliases: list[Name] = Field(default=[], description="Other names that mean nobody else.")
    exact: list[Name] = Field(
        default=[],
        description="Names, the main one included, that are everyday words or very short: they count only as written "
        "here, and only where the sentence speaks of a company or person.",
    )
    context: list[Name] = Field(
        default=[], description="Words that speak for this subject where the name alone is doubtful."
    )
    not_: list[Name] = Field(default=[], alias="not", description="Words that speak of a namesake.")
    watched: bool = Field(default=True, description="If false, the name is known but raises no alert by itself.")


class Company(_Subject):
    former: list[Name] = Field(default=[], description="Names that it had before.")
    parent: str | None = Field(default=None, description="The company that it belongs to.")
    separate: bool = Field(
        default=False, description="Changes between it and its parent are moves; otherwise they are changes of role."
    )


class Person(_Subject):
    pass


class Cohort(File):
    name: Name = Field(description="What to call the group.")
    id: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Stable id.")
    members: list[Name] = Field(description="People of this file.")
    context: list[Name] = Field(
        default=[], description="Words that speak for each member where the name alone is doubtful."
    )
    note: str = Field(default="", description="Who they are.")


class KnownMove(File):
    person: Name = Field(description="A person of this file.")
    from_: str | None = Field(default=None, alias="from", description="The company left.")
    to: str | None = Field(default=None, description="The company joined.")
    kind: Kind | None = Field(default=None, description="Follows from the two sides if it is left out.")
    role: str | None = Field(default=None, description="The new role.")
    from_role: str | None = Field(default=None, description="The role given up.")
    date: PartialDate | None = Field(default=None, description="When, as precise as it is known.")
    status: Status = Field(default=Status.CONFIRMED, description="How sure it is.")
    note: str = Field(default="", description="Anything worth knowing.")
    source: str = Field(default="", description="Where this is told: an address or a title.")

    @model_validator(mode="after")
    def _has_a_side(self) -> KnownMove:
        if not self.from_ and not self.to:
            raise ValueError("a known move needs 'from' or 'to'")
        return self


class Watchlist(File):
    """Who is watched: watchlist.yaml."""

    companies: list[Company] = Field(default=[], description="Companies and their units.")
    people: list[Person] = Field(default=[], description="People.")
    cohorts: list[Cohort] = Field(default=[], description="Groups of people, for routes.")
    known_moves: list[KnownMove] = Field(default=[], description="Moves that are known already and are never alerted.")


# --- channels.yaml -----------------------------------------------------------------------------------------------


class _Channel(File):
    pass


class _Templated(_Channel):
    templates: str | None = Field(
        default=None,
        pattern=r"^[\w-]+$",
        description="Name of the templates in config/templates, NAME.subject.j2, NAME.text.j2 and so on.",
    )


class Log(_Channel):
    type: Literal["log"] = Field(description="Writes alerts to the log.")


class Webhook(_Templated):
    type: Literal["webhook"] = Field(description="POSTs alerts, signed as Standard Webhooks are.")
    url: Url | None = Field(default=None, description="Where to POST.")
    url_env: str | None = Field(default=None, description="Environment variable that holds the URL.")
    url_file: str | None = Field(default=None, description="File that holds the URL.")
    secret_env: str | None = Field(
        default=None, description="Environment variable that holds the signing secret (whsec_…)."
    )
    secret_file: str | None = Field(default=None, description="File that holds the signing secret.")
    old_secret_env: str | None = Field(
        default=None, description="During a rotation: the secret before, signed with as well."
    )
    old_secret_file: str | None = Field(default=None, description="During a rotation: file of the secret before.")
    timeout: Duration = Field(
        default=timedelta(seconds=15), description="An endpoint that takes longer is tried again later."
    )


class Mail(_Templated):
    type: Literal["email"] = Field(description="Sends alerts over SMTP.")
    host: Name = Field(description="The SMTP relay.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 for starttls, 465 for tls.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is protected."
    )
    username: str | None = Field(default=None, description="User name, if the relay wants one.")
    password_env: str | None = Field(default=None, description="Environment variable that holds the password.")
    password_file: str | None = Field(default=None, description="File that holds the password.")
    from_: Email = Field(alias="from", description="Sender.")
    to: Annotated[list[Email], BeforeValidator(_listed, json_schema_input_type=list[Email] | Email)] = Field(
        min_length=1, description="Recipients."
    )
    timeout: Duration = Field(
        default=timedelta(seconds=30), description="A relay that takes longer is tried again later."
    )


class Service(_Channel):
    """A service whose address is the secret."""

    url_env: str | None = Field(default=None, description="Environment variable that holds the address.")
    url_file: str | None = Field(default=None, description="File that holds the address.")
    timeout: Duration = Field(default=timedelta(seconds=30), description="What takes longer is tried again later.")


class Slack(Service):
    type: Literal["slack"] = Field(description="Posts to an incoming webhook of Slack.")


class Discord(Service):
    type: Literal["discord"] = Field(description="Posts to a webhook of Discord.")


class Apprise(Service, _Templated):
    type: Literal["apprise"] = Field(description="Sends to any service that Apprise knows.")


Channel = Annotated[Log | Webhook | Mail | Slack | Discord | Apprise, Field(discriminator="type")]
Names = Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=list[Name] | Name)]


def _one_or_more(choices: type) -> Any:
    return Annotated[list[choices], BeforeValidator(_listed, json_schema_input_type=list[choices] | choices)]  # type: ignore[valid-type]


Topic = Literal["move", "source", "heartbeat"]


class Match(File):
    person: Names = Field(default=[], description="The person is one of these.")
    cohort: Names = Field(default=[], description="The person belongs to one of these groups.")
    company: Names = Field(default=[], description="One side is one of these companies or a unit of one.")
    from_: Names = Field(default=[], alias="from", description="The company left is one of these or a unit of one.")
    to: Names = Field(default=[], description="The company joined is one of these or a unit of one.")
    parent: Names = Field(default=[], description="One side is a unit of one of these companies.")
    outlet: Names = Field(default=[], description="One of these outlets tells it: the domain of its site.")
    feed: Names = Field(default=[], description="One of these feeds carries it: address, pattern (*) or id.")
    kind: _one_or_more(Kind) = Field(default=[], description="The kind of move.")  # type: ignore[valid-type]
    status: _one_or_more(Status) = Field(default=[], description="How sure it is.")  # type: ignore[valid-type]
    register_: _one_or_more(Register) = Field(  # type: ignore[valid-type]
        default=[], alias="register", description="The world that the news is of."
    )
    origin: _one_or_more(Origin) = Field(  # type: ignore[valid-type]
        default=[Origin.LIVE, Origin.BACKLOG],
        description="How it came to us; backlog is alerted of at all only where `alert_backlog` asks for it.",
    )
    min_confidence: float = Field(default=0.0, ge=0, le=1, description="At least this confidence.")
    events: _one_or_more(Topic) = Field(  # type: ignore[valid-type]
        default=["move"],
        description="What it is about: moves; source, feeds that fail, recover or fall silent; heartbeat, a daily sign of life.",
    )


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Digest(File):
    every: Literal["hourly", "daily", "weekly"] = Field(description="How often.")
    at: TimeOfDay = Field(default=time(8), description="The time of day; of an hourly one, the minute counts.")
    on: Weekday = Field(default="monday", description="The day of a weekly one.")
    zone: Zone | None = Field(default=None, description="Its time zone; the file's if it is left out.")


class QuietHours(File):
    from_: TimeOfDay = Field(default=time(22), alias="from", description="When they begin.")
    to: TimeOfDay = Field(default=time(7), description="When they end, and what came meanwhile is told.")
    zone: Zone | None = Field(default=None, description="Their time zone; the file's if it is left out.")


def _digest(value: Any) -> Any:
    """Take `digest: daily` for `digest: {every: daily}`."""
    return {"every": value} if isinstance(value, str) else value


class Route(File):
    name: str = Field(default="", description="What to call it.")
    match: Match = Field(default=Match(), description="All of these must hold; nothing said matches all.")
    to: Names = Field(min_length=1, description="The channels that get the alert.")
    continue_: bool = Field(
        default=False, alias="continue", description="Go on to the next route after this one matched."
    )
    digest: Annotated[Digest | None, BeforeValidator(_digest, json_schema_input_type=Digest | str | None)] = Field(
        default=None, description="Gather alerts and tell them together; at once if it is left out."
    )
    bypass_quiet_hours: bool = Field(default=False, description="Tell at once, whatever the hour.")


class Threshold(File):
    name: Name = Field(description="What to call it.")
    count: int = Field(ge=2, le=100, description="How many it takes.")
    left: str | None = Field(default=None, description="So many have left this company, or a unit of it.")
    within: Duration = Field(default=timedelta(days=30), description="In this time; of `left`.")
    cohort: str | None = Field(default=None, description="So many of this group, whose latest move leads to `at`.")
    at: str | None = Field(default=None, description="Are now at this company, or a unit of it.")
    to: Names = Field(min_length=1, description="The channels that are told.")


class Channels(File):
    """Who is told what: channels.yaml."""

    channels: dict[str, Channel] = Field(description="The channels, each under its name.")
    zone: Zone = Field(default="UTC", description="The time zone of digests and quiet hours that name none.")
    quiet_hours: QuietHours | None = Field(default=None, description="When nobody is told anything.")
    thresholds: list[Threshold] = Field(default=[], description="What is told of the ledger as a whole.")
    fallback: Names = Field(default=[], description="The channels that are told when another one fails for good.")
    routes: list[Route] = Field(description="Tried first to last; the first that matches decides, unless it continues.")


FILES: dict[str, type[File]] = {
    "settings.yaml": Settings,
    "feeds.yaml": Feeds,
    "watchlist.yaml": Watchlist,
    "channels.yaml": Channels,
}
