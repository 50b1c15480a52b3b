"""An edited configuration -> the running program under it, with what changed; or the old one, with the reason.

Never stops what works: the new parts are built and tried before the old ones are let go.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from monitor.app import App, close_replaced, rebuild
from monitor.clock import Clock
from monitor.config import Config
from monitor.config.hidden import find_secrets
from monitor.errors import ConfigError, MonitorError
from monitor.log import conceal, log
from monitor.model import SubjectKind
from monitor.pipeline import Pipeline

Loader: TypeAlias = Callable[[], Config]
Wrap: TypeAlias = Callable[[Pipeline], Pipeline]
Outcome: TypeAlias = Literal["done", "unchanged", "kept", "failed"]
Stamp: TypeAlias = dict[str, tuple[int, int, int]]

_AT_START_ONLY = ("listen",)


class Running:
    """The program under its present configuration.  A job that began under the one before ends with its parts."""

    def __init__(self, app: App, wrap: Wrap = lambda pipeline: pipeline) -> None:
        self._wrap = wrap
        self._lock = threading.Lock()
        self._users: Counter[int] = Counter()
        self._retired: list[App] = []
        self.app = app
        self._pipeline = wrap(app.pipeline)

    @contextmanager
    def use(self) -> Iterator[Pipeline]:
        """Lend the pipeline for one batch; its parts are not closed before the batch ends."""
        with self._lock:
            app, pipeline = self.app, self._pipeline
            self._users[id(app)] += 1
        try:
            yield pipeline
        finally:
            with self._lock:
                self._users[id(app)] -= 1
                idle = self._take_idle()
            self._close(idle)

    def replace(self, app: App) -> None:
        """Put `app` in place of the present one, whose own parts are closed when their last batch ends."""
        pipeline = self._wrap(app.pipeline)
        with self._lock:
            self._retired.append(self.app)
            self.app, self._pipeline = app, pipeline
            idle = self._take_idle()
        self._close(idle)

    def _take_idle(self) -> list[App]:
        idle = [app for app in self._retired if not self._users[id(app)]]
        self._retired = [app for app in self._retired if self._users[id(app)]]
        return idle

    def _close(self, idle: Iterable[App]) -> None:
        for app in idle:
            close_replaced(app, [self.app, *self._retired])


def reload(running: Running, load: Loader, clock: Clock) -> Outcome:
    """Take up the configuration as it is now; "failed" must be tried again, because not the configuration failed."""
    try:
        config = load()
    except ConfigError as error:
        for problem in error.problems:
            log.error("config.refused", problem=str(problem))
        log.error(
            "config.kept", why=f"{len(error.problems)} problem(s); the daemon goes on with the configuration before"
        )
        return "kept"
    conceal(find_secrets(config))
    before = running.app.config
    if config == before:
        log.info("config.unchanged")
        return "unchanged"
    try:
        running.replace(rebuild(running.app, config, clock))
    except MonitorError as error:
        log.error("config.kept", why=str(error))
        return "failed"
    log.info("config.reloaded", **describe_changes(before, config))
    return "done"


# --- what changed ---------------------------------------------------------------------------------------------------


def describe_changes(before: Config, after: Config) -> dict[str, Any]:
    """Say what was added, removed and changed, as fields of a log line; nothing of it is secret."""
    changes: dict[str, Any] = {}
    for what, old, new in zip(_KINDS, _by_name(before), _by_name(after), strict=True):
        changes[f"{what}_added"] = sorted(new.keys() - old.keys())
        changes[f"{what}_removed"] = sorted(old.keys() - new.keys())
        changes[f"{what}_changed"] = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
    changes |= {f"{what}_changed": True for what, old, new in _whole(before, after) if old != new}
    restart = [name for name in changes["settings_changed"] if name in _AT_START_ONLY]
    return {name: names for name, names in changes.items() if names} | ({"needs_restart": restart} if restart else {})


_KINDS = ("feeds", "people", "companies", "channels", "routes", "settings")


def _whole(before: Config, after: Config) -> Iterator[tuple[str, Any, Any]]:
    """Yield what has no names to tell apart."""
    for what in ("known_moves", "thresholds", "fallback", "cohorts", "second_reader"):
        yield what, getattr(before, what), getattr(after, what)
    yield "routes_order", [route.name for route in before.routes], [route.name for route in after.routes]


def _by_name(config: Config) -> tuple[Mapping[str, Any], ...]:
    subjects = config.subjects
    return (
        {feed.url: feed for feed in config.feeds},
        {subject.name: subject for subject in subjects if subject.kind is SubjectKind.PERSON},
        {subject.name: subject for subject in subjects if subject.kind is SubjectKind.COMPANY},
        {channel.name: channel for channel in config.channels},
        {route.name or f"route {number}": route for number, route in enumerate(config.routes, 1)},
        dict(config.settings),
    )


# --- when it was edited ---------------------------------------------------------------------------------------------


class FolderWatch:
    """Says when a folder's files were edited, once the edit has settled; files of editors, which begin with a dot, aside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = self._seen = self._stamp()

    def edited(self) -> bool:
        """Look; True once for each edit, when two looks in a row see the same."""
        stamp = self._stamp()
        settled = stamp == self._seen != self._known
        self._seen = stamp
        if settled:
            self._known = stamp
        return settled

    def _stamp(self) -> Stamp:
        try:
            paths = [*self._folder.iterdir(), *self._folder.glob("templates/*")]
            return {str(path): stamp for path in paths if (stamp := _stamp_of(path))}
        except OSError:
            return {}


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    """Of what a link leads to: a mounted folder of settings is swapped by its link."""
    try:
        status = path.stat()
    except OSError:
        return None
    if path.name.startswith(".") or path.name.endswith("~") or path.is_dir():
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
