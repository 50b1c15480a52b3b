"""The state directory, the configuration, the daemon's own page -> what it is doing, what is wrong, what to do.

Never changes anything, and works whether a daemon runs or not.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from monitor.config import Config
from monitor.errors import ConfigError
from monitor.model import Delivery, DeliveryState, Endpoint, Feed
from monitor.notify.breaker import is_closed
from monitor.store.lock import find_holder
from monitor.store.sqlite import SqliteStore

LEAST_DISK = 500_000_000  # bytes: SQLite needs room for its log, a backup as much as the database
LATE = timedelta(minutes=10)  # of a delivery: the first retries have failed
CLOCK = timedelta(minutes=1)
_DIRECTLY = build_opener(ProxyHandler({}))  # whatever HTTP_PROXY says
_SHOWN = 5  # of each kind of problem
_LOOKED_AT = 200  # dead deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong, and what an operator does about it."""

    what: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that `monitor status` shows."""

    at: datetime
    process: str | None  # of the daemon that runs
    counts: dict[str, int]
    figures: dict[str, Any]
    next_due: datetime | None
    database: int  # bytes
    disk_free: int  # bytes
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is looked at."""

    store: SqliteStore
    state: Path
    config: Config | ConfigError
    now: datetime


def take_status(scene: Scene) -> Report:
    """Look at everything."""
    database = scene.state / "monitor.db"
    report = Report(
        at=scene.now,
        process=find_holder(scene.state / "monitor.lock"),
        counts=scene.store.counts(),
        figures=scene.store.figures(),
        next_due=scene.store.next_due(),
        database=sum(path.stat().st_size for path in scene.state.glob(f"{database.name}*")),
        disk_free=shutil.disk_usage(scene.state).free,
    )
    report.troubles.extend(find_troubles(scene, report))
    return report


# --- what is wrong --------------------------------------------------------------------------------------------------


def find_troubles(scene: Scene, report: Report) -> Iterator[Trouble]:
    """Yield what is wrong, the worst first."""
    if report.process is None:
        yield Trouble(what="no daemon runs", do="start it: `monitor run`, or `systemctl start monitor`")
    if isinstance(scene.config, ConfigError):
        first, *others = scene.config.problems
        more = f" and {len(others)} more" if others else ""
        yield Trouble(what=f"the configuration has problems: {first}{more}", do="`monitor check` lists them all")
    elif report.process:
        yield from _of_daemon(scene.config)
    yield from _of_machine(report)
    yield from _of_deliveries(scene, report)
    yield from _of_feeds(report, scene.store.failing_feeds())


def _of_daemon(config: Config) -> Iterator[Trouble]:
    page = ask_daemon(config.settings.listen)
    for job, error in page.get("failing", {}).items():
        yield Trouble(
            what=f"the job '{job}' fails: {error}", do="mend the cause; it is tried again at least every minute"
        )
    for job in page.get("stale", ()):
        yield Trouble(what=f"the job '{job}' hangs", do="restart the daemon and report its log; nothing is lost by it")


def ask_daemon(listen: str | None) -> dict[str, Any]:
    """Return what /readyz of the daemon tells; nothing where it does not listen."""
    if not listen:
        return {}
    try:
        with _DIRECTLY.open(f"http://{listen}/readyz", timeout=2) as answer:
            page = json.loads(answer.read())
    except HTTPError as error:
        page = _parse(error.read())
    except (OSError, HTTPException, ValueError):  # nobody, or another program
        return {}
    return page if isinstance(page, dict) else {}


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _of_machine(report: Report) -> Iterator[Trouble]:
    if report.disk_free < max(LEAST_DISK, report.database):
        yield Trouble(
            what=f"only {_bytes(report.disk_free)} of disk are left",
            do="make room, or shorten settings.keep and run `monitor gc`; what cannot be written stays due",
        )
    last_write = report.figures["last_write"]
    if last_write and last_write > report.at + CLOCK:
        yield Trouble(
            what=f"the clock is {_span(last_write - report.at)} behind the ledger's last write",
            do="set the clock; the daemon makes due what a wrong one has planned",
        )


def _of_deliveries(scene: Scene, report: Report) -> Iterator[Trouble]:
    unwell = {each.channel: each for each in scene.store.find_endpoints() if not is_closed(each, scene.now)}
    for channel, endpoint in list(unwell.items())[:_SHOWN]:
        yield Trouble(what=f"{channel} {describe_endpoint(endpoint, scene.now)}", do=_remedy(endpoint))
    if report.counts["deliveries.dead"]:
        yield from _of_dead(scene.store.find_deliveries(state=DeliveryState.DEAD, limit=_LOOKED_AT))
    for late in [each for each in _find_late(scene) if each.channel not in unwell][:_SHOWN]:
        yield Trouble(
            what=f"{late.channel} has not accepted an alert of {_span(scene.now - late.created_at)} ago: {late.error}",
            do=f"`monitor doctor` tries its address; the next attempt is at {late.next_try_at:%H:%M} UTC",
        )


def describe_endpoint(endpoint: Endpoint, now: datetime) -> str:
    """Say what is held against a channel."""
    if endpoint.disabled_at:
        return f"has been disabled for {_span(now - endpoint.disabled_at)}: {endpoint.error}"
    failed = f"has failed {endpoint.failures} times in a row: {endpoint.error}"
    if endpoint.retry_at and endpoint.retry_at > now:
        return f"is left alone for {_span(endpoint.retry_at - now)} more: it {failed}"
    return failed if endpoint.failures else f"refused an alert: {endpoint.error}"


def _remedy(endpoint: Endpoint) -> str:
    trust = f"`monitor endpoints trust {shlex.quote(endpoint.channel)}`"
    if endpoint.disabled_at:
        again = f"`monitor replay --endpoint {shlex.quote(endpoint.channel)}` sends what it missed, too"
        return f"it wants no more: mend its address, then {trust}; {again}"
    return f"`monitor doctor` tries its address; it is tried again by itself, at once after {trust}"


def _of_dead(dead: list[Delivery]) -> Iterator[Trouble]:
    for channel, delivery in list({each.channel: each for each in reversed(dead)}.items())[:_SHOWN]:
        number = str(sum(each.channel == channel for each in dead)) + ("+" if len(dead) == _LOOKED_AT else "")
        name = shlex.quote(channel)
        yield Trouble(
            what=f"{number} dead deliveries to {channel}; the latest, {delivery.id}: {delivery.error}",
            do=f"mend the cause, then `monitor replay --endpoint {name}`, or one by its id; or let go of them: "
            f"`monitor discard {name} --by … --because …`; `monitor deliveries --state dead` lists them",
        )


def _find_late(scene: Scene) -> list[Delivery]:
    """Return the oldest delivery of each channel that has failed for a while."""
    open_ones = scene.store.find_deliveries(state=DeliveryState.PENDING, limit=1000)
    late = [each for each in open_ones if each.error and scene.now - each.created_at > LATE]
    return list({each.channel: each for each in late}.values())  # newest first: the oldest stays


def _of_feeds(report: Report, failing: list[Feed]) -> Iterator[Trouble]:
    if not report.counts["feeds.active"]:
        yield Trouble(what="no feed is polled", do="add some to feeds.yaml")
    if report.counts["feeds.gone"]:
        yield Trouble(
            what=f"{report.counts['feeds.gone']} feeds answer that they are gone",
            do="take them out of feeds.yaml; they are asked once a week",
        )
    lasting = [feed for feed in failing if feed.failures > 2]
    for feed in lasting[:_SHOWN]:
        yield Trouble(
            what=f"{feed.url} fails: {feed.error} ({feed.failures} times in a row)",
            do=f"{_ADVICE.get(feed.error or '', 'look at it in a browser')}; next poll {feed.next_poll_at:%H:%M} UTC",
        )
    if len(lasting) > _SHOWN:
        yield Trouble(what=f"{len(lasting) - _SHOWN} more feeds fail", do="`monitor doctor` tries them")


_ADVICE = {
    "dns": "check the name, and `monitor doctor` for the name service",
    "connect": "the server does not answer; check the address",
    "timeout": "the server is slow; raise http.timeout if it stays so",
    "tls": "its certificate is not valid",
    "blocked address": "it leads into a private network; http.allow_networks may allow it",
    "too large": "raise http.feed_limit",
    "not a feed": "the address gives something else than a feed now",
}


# --- shown ----------------------------------------------------------------------------------------------------------


def render_status(report: Report) -> str:
    """Spell the report on one screen."""
    return "\n".join([*_render_work(report), "", *_render_troubles(report)])


def _render_work(report: Report) -> Iterator[str]:
    counts, figures = report.counts, report.figures
    runs = f"runs as process {report.process}" if report.process else "does not run"
    due = f", next work {_when(report.next_due, report.at)}" if report.next_due and report.process else ""
    yield f"daemon      {runs}{due}"
    live = counts["subscriptions.live"]
    yield (
        f"feeds       {counts['feeds.active']} polled, {counts['feeds.failing']} of them failing; "
        f"{counts['feeds.gone']} gone" + (f"; {live} subscribed at hubs" if live else "")
    )
    yield f"reading     {counts['entries.new']} entries wait, {counts['articles']} articles read"
    moves = sum(number for name, number in counts.items() if name.startswith("moves."))
    yield f"ledger      {moves} moves, {counts['alerts']} alerts, {_bytes(report.database)}"
    oldest = figures["outbox_oldest"]
    age = f", the oldest due for {_span(report.at - oldest)}" if oldest and oldest <= report.at else ""
    yield (
        f"deliveries  {counts['deliveries.accepted']} accepted, {figures['outbox_depth']} open{age}, "
        f"{counts['deliveries.dead']} dead"
    )
    yield f"disk        {_bytes(report.disk_free)} free"


def _render_troubles(report: Report) -> Iterator[str]:
    if report.ok:
        yield "Nothing is wrong."
    for number, trouble in enumerate(report.troubles, 1):
        yield f"{number}. {trouble.what}"
        yield f"   → {trouble.do}"


def status_json(report: Report) -> str:
    return json.dumps({"ok": report.ok, **asdict(report)}, ensure_ascii=False, default=str, indent=1)


def _when(at: datetime, now: datetime) -> str:
    return f"in {_span(at - now)}" if at > now else "now"


def _span(span: timedelta) -> str:
    seconds = abs(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _bytes(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"
