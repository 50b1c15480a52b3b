"""Configuration -> the object graph: the only place that names concrete edges.

Never decides anything; what is built here lives until `App.close`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.clock import Clock
from monitor.collect import guard
from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions
from monitor.collect.schedule import Pace
from monitor.config import Channel as ChannelConfig
from monitor.config import Config, EmailChannel, KnownMove, LogChannel, ServiceChannel, Templates, WebhookChannel
from monitor.config import Digest as DigestConfig
from monitor.config import QuietHours as QuietHoursConfig
from monitor.config import Route as RouteConfig
from monitor.errors import MonitorError, PermanentError, TransientError
from monitor.hubs import Hubs
from monitor.manners import Manners
from monitor.match.watchlist import Watchlist
from monitor.model import ArticleResult, Move, Origin, Page, Register, StatusChange, Subject, content_id
from monitor.moves.reader import default_reader
from monitor.names import person_key
from monitor.notify.apprise import AppriseService, find_fault
from monitor.notify.chat import Chat, Service
from monitor.notify.email import Email, Relay, Tls, name_recipient, spread_email
from monitor.notify.log import Log
from monitor.notify.look import Look
from monitor.notify.routes import Route, spread
from monitor.notify.rules import AlertRules
from monitor.notify.thresholds import Threshold
from monitor.notify.timing import Digest, Every, QuietHours
from monitor.notify.webhook import Webhook
from monitor.pipeline import Pipeline, Sizes, process_article
from monitor.ports import Channel, Reader
from monitor.sandbox import ProcessSandbox, SandboxOptions
from monitor.second_reader import ChatReader
from monitor.store.lock import StateLock
from monitor.store.sqlite import SqliteStore
from monitor.veil import Veil

ENDING = 3.0  # seconds that deliveries under way have when the program ends


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The built program and what must be closed after it."""

    config: Config
    pipeline: Pipeline
    store: SqliteStore
    sandbox: ProcessSandbox
    fetcher: HttpFetcher
    lock: StateLock | None

    def close(self) -> None:
        self.pipeline.close(ENDING)  # what does not end in time comes back when its lease ends
        self.sandbox.close()
        self.fetcher.close()
        self.store.close()
        if self.lock:
            self.lock.release()


def build(config: Config, state: Path, clock: Clock, *, locked: bool = True) -> App:
    """Build the program over the database in `state`; `locked` takes the directory for this process alone.

    Raises PermanentError where another process holds the directory or the database cannot be used.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = StateLock(state / "monitor.lock") if locked else None
    if lock:
        lock.acquire()
    store = SqliteStore.open(state / "monitor.db", clock.now())
    fetcher = build_fetcher(config, clock)
    sandbox = build_sandbox(config)
    if lock:
        prepare_store(store, config, clock.now())
    return App(
        config=config,
        pipeline=build_pipeline(config, store, fetcher, sandbox, clock),
        store=store,
        sandbox=sandbox,
        fetcher=fetcher,
        lock=lock,
    )


def rebuild(app: App, config: Config, clock: Clock) -> App:
    """Build the program anew under `config`, over the same store and lock; parts that it does not change are kept.

    Raises MonitorError where the new parts do not work; then nothing has changed.
    """
    old, new = app.config.settings, config.settings
    same_http = (old.http, old.poll, old.contact) == (new.http, new.poll, new.contact)
    same_work = (app.config.subjects, old.pages) == (config.subjects, new.pages)
    fetcher = app.fetcher if same_http else build_fetcher(config, clock)
    sandbox = app.sandbox if same_work else build_sandbox(config)
    pipeline = build_pipeline(config, app.store, fetcher, sandbox, clock)
    built = replace(app, config=config, pipeline=pipeline, fetcher=fetcher, sandbox=sandbox)
    try:
        if not same_work:
            prove(sandbox)
        app.store.sync_feeds([feed.as_feed() for feed in config.feeds], clock.now())
        app.store.add_known_moves([build_known_move(known, clock.now()) for known in config.known_moves])
    except MonitorError:
        close_replaced(built, [app])
        raise
    return built


def prove(sandbox: ProcessSandbox) -> None:
    """Have a worker start and do nothing: a watchlist that it cannot be built with shows here."""
    ((_, result),) = sandbox.map(str, [""])
    if isinstance(result, MonitorError):
        raise TransientError(f"no worker starts: {result}")


def close_replaced(app: App, kept: Sequence[App]) -> None:
    """Close those parts of `app` that none of `kept` shares."""
    if all(app.pipeline is not other.pipeline for other in kept):
        app.pipeline.close(ENDING)
    if all(app.sandbox is not other.sandbox for other in kept):
        app.sandbox.close()
    if all(app.fetcher is not other.fetcher for other in kept):
        app.fetcher.close()


def prepare_store(store: SqliteStore, config: Config, now: datetime) -> None:
    """Tell the store what is configured, and take up at once what an earlier process left half done."""
    store.sync_feeds([feed.as_feed() for feed in config.feeds], now)
    store.add_known_moves([build_known_move(known, now) for known in config.known_moves])
    store.resume(now)


def build_fetcher(config: Config, clock: Clock) -> HttpFetcher:
    http = config.settings.http
    limits = HttpLimits(
        total=http.timeout.total_seconds(),
        body=max(http.feed_limit, http.page_limit),
        wire=max(http.feed_limit, http.page_limit),
        concurrency=config.settings.poll.concurrency,
        gap=http.host_gap.total_seconds(),
    )
    contact = config.settings.contact or ""
    return HttpFetcher(HttpOptions(contact=contact, proxy=http.proxy, allow=http.allowed, limits=limits), clock)


def build_sandbox(config: Config) -> ProcessSandbox:
    pages = config.settings.pages
    return ProcessSandbox(
        SandboxOptions(
            workers=pages.workers,
            deadline=pages.deadline.total_seconds(),
            preload=[__name__],
            initializer=partial(prepare_worker, config.subjects),
        )
    )


def build_pipeline(
    config: Config, store: SqliteStore, fetcher: HttpFetcher, sandbox: ProcessSandbox, clock: Clock
) -> Pipeline:
    channels = {each.name: build_channels(each, fetcher) for each in config.channels}
    reads_pages = {feed.id for feed in config.feeds if feed.pages}
    return Pipeline(
        store=store,
        fetcher=Veil(inner=fetcher, addresses=config.secret_addresses),
        sandbox=sandbox,
        channels={channel.name: channel for several in channels.values() for channel in several},
        clock=clock,
        read_page=read_page,
        reads_pages=reads_pages.__contains__,
        subjects={subject.id: subject for subject in config.subjects},
        parents=config.parents,
        rules=build_rules(config),
        routes=build_routes(config),
        thresholds=build_thresholds(config),
        fallback=spread(Route(channels=config.fallback), recipients_of(config)).channels,
        max_entry_age=config.settings.pages.max_age,
        manners=Manners(store=store, fetcher=fetcher, clock=clock, obeys=config.settings.pages.robots),
        hubs=build_hubs(config, store, fetcher, clock),
        second_reader=build_second_reader(config, store, clock),
        pace=build_pace(config),
        sizes=Sizes(feed=config.settings.http.feed_limit, page=config.settings.http.page_limit),
    )


def build_pace(config: Config) -> Callable[[str], Pace]:
    poll = config.settings.poll
    paces = {feed.id: Pace(shortest=feed.shortest, longest=feed.longest) for feed in config.feeds}
    return lambda feed_id: paces.get(feed_id, Pace(shortest=poll.shortest, longest=poll.longest))


def build_hubs(config: Config, store: SqliteStore, fetcher: HttpFetcher, clock: Clock) -> Hubs | None:
    websub = config.settings.websub
    if websub is None:
        return None
    return Hubs(
        store=store,
        poster=fetcher,
        clock=clock,
        public_url=websub.public_url,
        factor=websub.slower,
        longest=config.settings.poll.longest,
        private=frozenset(feed.id for feed in config.feeds if feed.address),
    )


def build_second_reader(config: Config, store: SqliteStore, clock: Clock) -> ChatReader | None:
    """Build the second reader over a client of its own, which may reach its address and asks nothing else."""
    own = config.second_reader
    if own is None:
        return None
    allow = guard.networks_for(own.url, config.settings.http.allowed)
    poster = HttpFetcher(HttpOptions(contact=config.settings.contact or "", allow=allow), clock)
    return ChatReader(config=own, rules=build_rules(config), poster=poster, store=store, clock=clock)


def build_rules(config: Config) -> AlertRules:
    settings = config.settings
    return AlertRules(
        threshold=settings.alert_confidence, max_age=settings.alert_max_age, alert_backlog=settings.alert_backlog
    )


def build_routes(config: Config) -> list[Route]:
    """Build the routes, each leading to the recipients of its mail channels."""
    members = recipients_of(config)
    return [spread(build_route(route), members) for route in config.routes]


def build_thresholds(config: Config) -> list[Threshold]:
    members = recipients_of(config)
    return [
        Threshold(
            name=each.name,
            channels=spread(Route(channels=each.to), members).channels,
            count=each.count,
            left=each.left,
            within=each.within,
            members=each.members,
            at=each.at,
            quiet=build_quiet(each.quiet) if each.quiet else None,
        )
        for each in config.thresholds
    ]


def recipients_of(config: Config) -> dict[str, tuple[str, ...]]:
    """Return mail channel -> the channels of its recipients."""
    return {
        channel.name: tuple(name_recipient(channel.name, each) for each in channel.recipients)
        for channel in config.channels
        if isinstance(channel, EmailChannel)
    }


def build_route(route: RouteConfig) -> Route:
    match = route.match
    return Route(
        name=route.name,
        channels=route.to,
        continue_=route.continues,
        people=match.people,
        companies=match.companies,
        from_companies=match.from_companies,
        to_companies=match.to_companies,
        parents=match.parents,
        outlets=match.outlets,
        feeds=match.feeds,
        kinds=match.kinds,
        statuses=match.statuses,
        min_confidence=match.min_confidence,
        events=match.events,
        registers=match.registers,
        origins=match.origins,
        digest=build_digest(route.digest) if route.digest else None,
        quiet=build_quiet(route.quiet) if route.quiet else None,
    )


def build_digest(digest: DigestConfig) -> Digest:
    return Digest(every=Every(digest.every), at=digest.at, weekday=digest.weekday, zone=ZoneInfo(digest.zone))


def build_quiet(quiet: QuietHoursConfig) -> QuietHours:
    return QuietHours(start=quiet.start, end=quiet.end, zone=ZoneInfo(quiet.zone))


def build_channels(channel: ChannelConfig, fetcher: HttpFetcher) -> tuple[Channel, ...]:
    """Build a configured channel: one edge, or one for each recipient of a mail channel."""
    match channel:
        case LogChannel():
            return (Log(name=channel.name),)
        case WebhookChannel():
            secrets = tuple(secret.get_secret_value() for secret in channel.secrets)
            url = channel.url.get_secret_value()
            look = build_look(channel.templates)
            return (
                Webhook(
                    name=channel.name, url=url, secrets=secrets, poster=fetcher, timeout=channel.timeout, look=look
                ),
            )
        case ServiceChannel():
            return (build_service(channel, fetcher),)
        case EmailChannel():
            return spread_email(
                Email(
                    name=channel.name,
                    relay=build_relay(channel),
                    sender=channel.sender,
                    recipient=channel.recipients[0],
                    look=build_look(channel.templates),
                ),
                channel.recipients,
            )


def build_service(channel: ServiceChannel, fetcher: HttpFetcher) -> Channel:
    url = channel.url.get_secret_value()
    if channel.service == "apprise":
        if fault := find_fault(url):
            raise PermanentError(f"the address of channel {channel.name!r} {fault}")
        return AppriseService(name=channel.name, url=url, timeout=channel.timeout, look=build_look(channel.templates))
    service = Service(channel.service)
    return Chat(name=channel.name, service=service, url=url, poster=fetcher, timeout=channel.timeout)


def build_look(templates: Templates) -> Look:
    return Look(subject=templates.subject, text=templates.text, html=templates.html, extra=templates.extra)


def build_relay(channel: EmailChannel) -> Relay:
    return Relay(
        host=channel.host,
        port=channel.port,
        tls=Tls(channel.security),
        user=channel.username,
        password=channel.password.get_secret_value() if channel.password else None,
        timeout=channel.timeout,
    )


def build_known_move(known: KnownMove, now: datetime) -> Move:
    """Spell a move that the watchlist tells as one of the ledger, which is never alerted."""
    return Move(
        id=content_id("move", known.key),
        person=known.person,
        person_id=known.person_id,
        person_key=person_key(known.person),
        kind=known.kind,
        from_org=known.from_org,
        to_org=known.to_org,
        from_id=known.from_id,
        to_id=known.to_id,
        role=known.role,
        from_role=known.from_role,
        date=known.date,
        status=known.status,
        history=(StatusChange(status=known.status, at=now, url=known.source or ""),),
        confidence=1.0,
        register=Register.BUSINESS,
        origin=Origin.KNOWN,
        background=False,
        first_seen_at=now,
        updated_at=now,
        source=known.source,
        note=known.note,
    )


# --- in the sandbox's workers ---------------------------------------------------------------------------------------

_watch: Watchlist
_reader: Reader


def prepare_worker(subjects: Sequence[Subject]) -> None:
    """Build in a worker process what reading pages needs; called once when the worker starts."""
    global _watch, _reader  # noqa: PLW0603 - a worker's own, so that no task carries the index and the model
    _watch = Watchlist.build(subjects)
    _reader = default_reader(subjects)


def read_page(page: Page) -> ArticleResult:
    """Process one page with the worker's watchlist and reader."""
    return process_article(page, _watch, _reader)
