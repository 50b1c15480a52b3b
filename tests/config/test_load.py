"""A sound configuration becomes subjects, known moves, channels and routes; secrets stay covered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.config import EmailChannel, LogChannel, WebhookChannel, load_config
from monitor.errors import ConfigError
from monitor.model import Kind, Origin, Status, SubjectKind, content_id

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + "YWJj" * 8

WATCHLIST = """
companies:
  - name: Meta
    exact: [Meta]
    former: [Facebook]
  - name: FAIR
    exact: [FAIR]
    parent: facebook
    separate: true
  - name: Mistral AI
people:
  - name: Jane Roe
    aliases: [Janey Roe]
    context: [robots]
    not: [tennis]
  - name: John Doe
cohorts:
  - name: The Two
    members: [janey roe, John Doe]
    context: [LLaMA]
known_moves:
  - {person: Jane Roe, from: Meta, to: Mistral AI, role: Co-founder & CTO, date: 2023}
  - {person: Jane Roe, from: FAIR, to: Meta, role: Scientist, date: 2022-11, note: 2 years, source: https://example.org/}
  - {person: John Doe, from: Meta, date: 2025-02-28}
  - {person: John Doe, to: Meta, status: reported}
  - {person: John Doe, from: Meta, to: Mistral AI}
"""
CHANNELS = """
channels:
  log: {type: log}
  team:
    type: webhook
    url_file: hook-url
    secret_env: HOOK_SECRET
    old_secret_env: OLD_SECRET
    timeout: 5s
  mail:
    type: email
    host: smtp.example.org
    username: monitor
    password_file: password
    from: Moves <moves@example.org>
    to: one@example.org
routes:
  - name: the two
    match: {cohort: the-two, person: [John Doe], company: Facebook, from: [fair], kind: join, status: [confirmed],
            register: business, origin: [live, backfill], min_confidence: 0.8}
    to: [team, mail]
    continue: true
  - to: log
"""


@pytest.fixture
def config(folder):
    (folder / "watchlist.yaml").write_text(WATCHLIST, "utf-8")
    (folder / "channels.yaml").write_text(CHANNELS, "utf-8")
    (folder / "hook-url").write_text("https://example.org/hook\n", "utf-8")
    (folder / "password").write_text("open sesame\n", "utf-8")
    return load_config(folder, {"HOOK_SECRET": SECRET, "OLD_SECRET": OLD_SECRET})


def subject(config, id):
    return next(s for s in config.subjects if s.id == id)


def test_a_company_has_all_its_names_and_its_parent(config):
    fair = subject(config, "fair")
    assert subject(config, "meta").aliases == ("Facebook",)
    assert subject(config, "meta").exact == ("Meta",)
    assert (fair.kind, fair.parent, fair.separate) == (SubjectKind.COMPANY, "meta", True)
    assert config.parents == {"fair": "meta"}


def test_cohorts_and_known_moves_add_to_what_speaks_for_a_person(config):
    jane = subject(config, "jane-roe")
    assert jane.context == ("robots", "LLaMA", "Meta", "Mistral AI", "FAIR")
    assert jane.not_words == ("tennis",)
    assert jane.cohorts == ("the-two",)
    assert config.cohorts == {"the-two": ("jane-roe", "john-doe")}


def test_the_kind_of_a_known_move_follows_from_its_sides(config):
    kinds = [move.kind for move in config.known_moves]
    assert kinds == [Kind.FOUND, Kind.ROLE, Kind.LEAVE, Kind.JOIN, Kind.MOVE]


def test_a_known_move_keeps_the_precision_of_its_date(config):
    assert [move.date for move in config.known_moves] == ["2023", "2022-11", "2025-02-28", None, None]


def test_a_known_move_names_both_sides_and_its_source(config):
    move = config.known_moves[1]
    assert (move.person_id, move.person) == ("jane-roe", "Jane Roe")
    assert (move.from_id, move.from_org, move.to_id, move.to_org) == ("fair", "FAIR", "meta", "Meta")
    assert (move.role, move.note, move.source) == ("Scientist", "2 years", "https://example.org/")
    assert config.known_moves[3].status is Status.REPORTED


def test_known_moves_have_keys_of_their_own(config):
    assert len({move.key for move in config.known_moves}) == len(config.known_moves)


def test_channels_come_with_their_secrets(config):
    log, team, mail = config.channels
    assert isinstance(log, LogChannel)
    assert isinstance(team, WebhookChannel)
    assert isinstance(mail, EmailChannel)
    assert team.url.get_secret_value() == "https://example.org/hook"
    assert [s.get_secret_value() for s in team.secrets] == [SECRET, OLD_SECRET]
    assert team.timeout == timedelta(seconds=5)
    assert mail.password.get_secret_value() == "open sesame"
    assert (mail.port, mail.security, mail.recipients) == (587, "starttls", ("one@example.org",))


@pytest.mark.parametrize("render", [repr, str])
def test_no_secret_shows_in_the_text_of_the_configuration(config, render):
    for secret in (SECRET, OLD_SECRET, "open sesame", "example.org/hook"):
        assert secret not in render(config)


def test_no_secret_shows_in_a_problem(folder):
    from monitor.errors import ConfigError

    channels = "channels:\n  a: {type: webhook, url_env: U, secret_env: S}\nroutes:\n  - to: a\n"
    (folder / "channels.yaml").write_text(channels, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(folder, {"U": "my-private-place", "S": "whsec_short"})
    assert len(raised.value.problems) == 2
    assert not any(secret in str(raised.value) for secret in ("my-private-place", "whsec_short"))


def test_a_route_matches_on_ids_and_a_cohort_is_its_members(config):
    first, last = config.routes
    assert first.match.people == {"jane-roe", "john-doe"}
    assert (first.match.companies, first.match.from_companies) == ({"meta"}, {"fair"})
    assert (first.match.kinds, first.match.origins) == ({Kind.JOIN}, {Origin.LIVE, Origin.BACKFILL})
    assert (first.to, first.continues) == (("team", "mail"), True)
    assert (last.name, last.match.people, last.continues) == ("route 2", frozenset(), False)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("https://a.example/?q=1", ["a"]),
        ("https://a*", ["a"]),
        ("https://*.example/*", ["a", "b"]),
        (content_id("https://b.example/"), ["b"]),
    ],
)
def test_a_route_takes_feeds_by_address_pattern_or_id(folder, wanted, found):
    (folder / "feeds.yaml").write_text("feeds:\n  - https://a.example/?q=1\n  - https://b.example/\n", "utf-8")
    channels = f"channels:\n  log: {{type: log}}\nroutes:\n  - to: log\n    match: {{feed: '{wanted}'}}\n"
    (folder / "channels.yaml").write_text(channels, "utf-8")
    ids = {"a": content_id("https://a.example/?q=1"), "b": content_id("https://b.example/")}
    assert load_config(folder, {}).routes[0].match.feeds == {ids[name] for name in found}


def test_feeds_take_what_they_leave_out_from_the_settings(folder):
    (folder / "settings.yaml").write_text("poll: {interval: 30m}\npages: {read: false}\n", "utf-8")
    feeds = "feeds:\n  - https://a.example/\n  - {url: https://b.example/, interval: 2h, pages: true, title: B}\n"
    (folder / "feeds.yaml").write_text(feeds, "utf-8")
    a, b = load_config(folder, {}).feeds
    assert (a.interval, a.pages) == (timedelta(minutes=30), False)
    assert (b.interval, b.pages, b.title) == (timedelta(hours=2), True, "B")
    assert b.as_feed().id == b.id


def test_a_feed_whose_address_is_secret_goes_by_its_host_and_where_the_address_is_kept(folder):
    (folder / "wire-url").write_text("https://me:my-password@wire.example:8443/my-path/rss?key=my-token\n", "utf-8")
    feeds = "feeds:\n  - {url_file: wire-url, title: Wire}\n  - {url_env: PAPER}\n"
    (folder / "feeds.yaml").write_text(feeds, "utf-8")
    channels = "channels:\n  log: {type: log}\nroutes:\n  - {to: log, match: {feed: '*#PAPER'}}\n"
    (folder / "channels.yaml").write_text(channels, "utf-8")
    config = load_config(folder, {"PAPER": "https://paper.example/my-paper"})
    wire, paper = config.feeds
    assert (wire.url, paper.url) == ("https://wire.example:8443/#wire-url", "https://paper.example/#PAPER")
    assert wire.address.get_secret_value() == "https://me:my-password@wire.example:8443/my-path/rss?key=my-token"
    assert config.routes[0].match.feeds == {paper.id}
    assert load_config(folder, {"PAPER": "https://paper.example/another"}).feeds[1].id == paper.id
    assert "my-" not in repr(config)


def test_an_empty_settings_file_is_the_defaults(folder):
    (folder / "settings.yaml").write_text("# nothing\n", "utf-8")
    settings = load_config(folder, {}).settings
    assert settings.poll.interval == timedelta(minutes=15)
    assert settings.alert_backlog is False
    assert settings.http.allow_networks == []


def test_hints_tell_what_is_hardly_meant(folder):
    (folder / "settings.yaml").write_text("", "utf-8")
    (folder / "watchlist.yaml").write_text("people:\n  - {name: Jane Roe, watched: false}\n", "utf-8")
    channels = "channels:\n  log: {type: log}\n  spare: {type: log}\nroutes:\n  - to: log\n"
    (folder / "channels.yaml").write_text(channels, "utf-8")
    hints = [str(hint) for hint in load_config(folder, {}).hints]
    assert hints == [
        "settings.yaml:1:1: no 'contact' is given: publishers cannot reach you, and some refuse such readers",
        "watchlist.yaml:1:1: nobody is watched, so nothing will ever be alerted",
        "channels.yaml:3:10: no route leads to channel 'spare'",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("6h", 21600), ("2d", 172800), ("1w", 604800), ("1.5h", 5400)]
)
def test_durations_are_a_number_and_a_unit(folder, text, seconds):
    (folder / "settings.yaml").write_text(f"alert_max_age: {text}\n", "utf-8")
    assert load_config(folder, {}).settings.alert_max_age == timedelta(seconds=seconds)


def test_the_second_reader_is_off_and_its_key_stays_covered(folder):
    assert load_config(folder, {}).second_reader is None
    (folder / "key").write_text("sk-123\n")
    (folder / "settings.yaml").write_text(
        "second_reader: {url: 'http://localhost:11434/v1', model: small, api_key_file: key, timeout: 30s}\n"
    )
    second = load_config(folder, {}).second_reader
    assert (second.url, second.model, second.timeout) == ("http://localhost:11434/v1", "small", timedelta(seconds=30))
    assert second.api_key.get_secret_value() == "sk-123"
    assert "sk-123" not in repr(load_config(folder, {}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{model: m}", "key 'url' is missing"),
        ("{url: 'http://a.example', model: m, timeout: 2m}", "the timeout must be between 2s and 1m; it is 2m"),
        ("{url: 'http://a.example', model: m, api_key_env: NONE}", "environment variable NONE is not set"),
        ("{url: 'http://a.example', model: m, key: sk-123}", "key 'key' is not known"),
    ],
)
def test_a_second_reader_that_is_not_whole_is_a_problem_with_its_place(folder, text, message):
    (folder / "settings.yaml").write_text(f"contact: me@example.org\nsecond_reader: {text}\n")
    with pytest.raises(ConfigError) as raised:
        load_config(folder, {})
    assert [(p.line, p.message.partition(";")[0]) for p in raised.value.problems] == [(2, message.partition(";")[0])]
