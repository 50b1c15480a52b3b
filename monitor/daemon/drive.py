"""The pipeline, driven: once until nothing is due, or for ever on a heartbeat.

Never holds state: every job leases what is due from the store, so a lost or doubled heartbeat changes nothing.
"""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor as Threads
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from structlog.contextvars import bound_contextvars

from monitor.app import App, close_replaced
from monitor.clock import Clock
from monitor.config.settings import Settings
from monitor.daemon.callback import Callback
from monitor.daemon.health import Health
from monitor.daemon.heartbeat import Heartbeat
from monitor.daemon.metrics import Metrics, metered
from monitor.daemon.reload import FolderWatch, Loader, Running, reload
from monitor.daemon.service import notify
from monitor.daemon.upkeep import Upkeep
from monitor.errors import MonitorError, TransientError
from monitor.log import log
from monitor.pipeline import Pipeline

HEARTBEAT = timedelta(seconds=1)
GRACE = 4.0  # seconds that running jobs have after a stop to end their batch
CUT = 2.0  # seconds more, with their connections cut; then their leases bring their rows back at the next start
RELOAD_AGAIN = 30.0  # seconds after which a reload that failed for reasons outside the files is tried again
# Batches of feeds under way at once: one that holds a feed that drips for all its time holds up no other (0024).
LANES = 16
ENDING = (signal.SIGTERM, signal.SIGINT)

Progress = Callable[[str, int], None]
Arrow = Callable[[Pipeline], int]

# One job an arrow, so that a slow feed never delays an alert.
ARROWS: dict[str, Arrow] = {
    "poll": Pipeline.poll_feeds,
    "push": Pipeline.take_pushes,
    "subscribe": Pipeline.ask_hubs,
    "read": lambda pipeline: pipeline.consolidate() + pipeline.read_entries(),  # first what is read already
    "deliver": Pipeline.deliver,
}


def no_progress(arrow: str, rows: int) -> None:
    """Tell nobody."""


def run_once(pipeline: Pipeline, progress: Progress = no_progress) -> None:
    """Drive every arrow until nothing is due: poll, read, consolidate, deliver."""
    poll_all(pipeline, progress)
    arrows = (
        ("entries read", pipeline.read_entries),
        ("people consolidated", pipeline.consolidate),
        ("deliveries tried", pipeline.deliver),
    )
    for name, arrow in arrows:
        while rows := arrow():
            progress(name, rows)


def poll_all(pipeline: Pipeline, progress: Progress) -> None:
    """Poll until no feed is due, in as many lanes as the feeds have batches."""

    def lane(_: int) -> None:
        while rows := pipeline.poll_feeds():
            with telling:
                progress("feeds polled", rows)

    telling = threading.Lock()
    lanes = min(LANES, 1 + pipeline.store.counts().get("feeds.active", 0) // pipeline.batches.feeds)
    with Threads(lanes) as threads:
        list(threads.map(lane, range(lanes)))  # raises what a lane raised


# --- the heartbeat --------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Heart:
    """The jobs on their heartbeat, between `start` and `stop`."""

    running: Running
    metrics: Metrics
    upkeep: Upkeep | None = None
    heartbeat: Heartbeat = field(default_factory=lambda: Heartbeat((*ARROWS, "upkeep"), time.monotonic()))
    stopping: threading.Event = field(default_factory=threading.Event)
    _hindered: set[str] = field(default_factory=set)  # jobs that failed for a reason that passes
    _scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin to beat; what is due is worked on at once."""
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(len(ARROWS) + LANES)},
            job_defaults={"coalesce": True, "misfire_grace_time": None},
        )
        arrows: dict[str, Arrow] = {**ARROWS, "upkeep": self.upkeep or (lambda _: 0)}
        now, seconds = self.running.app.pipeline.clock.now(), HEARTBEAT.total_seconds()
        for name, arrow in arrows.items():
            lanes = LANES if name == "poll" else 1  # one more joins at every beat that finds the others still at work
            job = self._job(name, arrow)
            self._scheduler.add_job(job, "interval", seconds=seconds, next_run_time=now, max_instances=lanes)
        self._scheduler.start()

    def stop(self) -> bool:
        """Let the jobs end their batch, then cut their connections; return whether all ended."""
        self.stopping.set()
        self.running.app.pipeline.lines.closing.set()
        if self._scheduler is None:
            return True
        ending = threading.Thread(target=self._scheduler.shutdown, daemon=True)
        ending.start()
        ending.join(GRACE)
        if ending.is_alive():
            for part in (self.running.app.fetcher, self.running.app.pipeline.second_reader):
                if part:
                    threading.Thread(target=part.close, daemon=True).start()
            ending.join(CUT)
        return not ending.is_alive()

    def _job(self, name: str, arrow: Arrow) -> Callable[[], None]:
        def job() -> None:
            with bound_contextvars(job=name):
                while not self.stopping.is_set() and not self.heartbeat.pauses(name, time.monotonic()):
                    if not self._batch(name, arrow):
                        return

        return job

    def _batch(self, name: str, arrow: Arrow) -> int:
        """Do one batch; whatever it raises ends the batch only: its rows' leases bring them back."""
        try:
            with self.metrics.batch.labels(name).time(), self.running.use() as pipeline:
                rows = arrow(pipeline)
                self._succeeded(name, pipeline)
        except MonitorError as error:  # a full disk, a busy or damaged database: said in one line
            self._failed(name, error)
            return 0
        except Exception as error:  # noqa: BLE001 - the top of a job
            if not self.stopping.is_set():  # else it is our own cut
                log.exception("job.crashed")
            self._failed(name, error)
            return 0
        return rows

    def _succeeded(self, name: str, pipeline: Pipeline) -> None:
        """Take up at once what batches held leased that a full disk ended; a row that fails by itself waits for its lease."""
        if name in self._hindered:
            pipeline.store.resume(pipeline.clock.now())
            self._hindered.discard(name)
        if failures := self.heartbeat.beat(name, time.monotonic()).failures:
            log.info("job.recovered", failures=failures)

    def _failed(self, name: str, error: Exception) -> None:
        if isinstance(error, TransientError):
            self._hindered.add(name)
        self.metrics.failures.labels(name).inc()
        pause = self.heartbeat.fail(name, str(error) or repr(error), time.monotonic())
        log.error("job.failed", error=str(error) or repr(error), again_in=pause)


def run_for_ever(running: Running, stop: threading.Event) -> bool:
    """Run the heartbeat until `stop` is set; return whether the jobs under way ended in time."""
    heart = Heart(running=running, metrics=Metrics())
    heart.start()
    stop.wait()
    return heart.stop()


# --- the daemon -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Daemon:
    """The heart, and what the outside world may ask of it: to stop, to reload, whether it is well."""

    heart: Heart
    load: Loader
    watch: FolderWatch
    clock: Clock
    signals: SimpleQueue[int]
    follow: Callable[[Settings], None] = lambda _: None  # told of the settings after a reload
    _reload_at: float | None = None  # monotonic

    def run(self) -> bool:
        """Run until SIGTERM or SIGINT; return whether the jobs under way ended in time.

        Signals come through a queue, so that none interrupts the program between two steps.
        """
        self.heart.start()
        log.info("daemon.started")
        notify("READY=1", "STATUS=polling, reading, delivering")
        while (number := self._next_signal()) not in ENDING:
            self._tick(asked=number == signal.SIGHUP)
        log.info("daemon.stopping")
        notify("STOPPING=1")
        ended = self.heart.stop()
        log.info("daemon.stopped", clean=ended)
        return ended

    def _next_signal(self) -> int | None:
        try:
            return self.signals.get(timeout=HEARTBEAT.total_seconds())
        except Empty:
            return None

    def _tick(self, *, asked: bool) -> None:
        pet_watchdog(self.heart.heartbeat, time.monotonic())
        if self.watch.edited() or asked or self._is_due():
            self._reload()

    def _is_due(self) -> bool:
        return self._reload_at is not None and time.monotonic() >= self._reload_at

    def _reload(self) -> None:
        notify("STATUS=reloading")
        before = self.heart.running.app
        try:
            outcome = reload(self.heart.running, self.load, self.clock)
        except Exception as error:  # noqa: BLE001 - the top of a job: no edit ends the daemon
            # Not what it says: it may quote a secret that is not known yet.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("config.kept", why=f"a bug, report it: {type(error).__name__}", where=where)
            outcome = "kept"
        if self.heart.running.app is not before:
            self._follow()
        self.heart.metrics.reloads.labels(outcome).inc()
        self._reload_at = time.monotonic() + RELOAD_AGAIN if outcome == "failed" else None
        notify("STATUS=polling, reading, delivering")

    def _follow(self) -> None:
        try:
            self.follow(self.heart.running.app.config.settings)
        except MonitorError as error:  # an address that is taken: hubs wait, polling goes on
            log.error("callback.failed", error=str(error))


def pet_watchdog(heartbeat: Heartbeat, at: float) -> None:
    """Tell the service manager that we live, unless a job hangs: then it hears nothing and starts us anew."""
    if stale := heartbeat.stale(at):
        log.error("daemon.stale", **stale)
    else:
        notify("WATCHDOG=1")


def hear_signals(signals: SimpleQueue[int], *numbers: signal.Signals) -> SimpleQueue[int]:
    """Return the queue, in which these signals arrive from now on: a handler only puts, which is reentrant there."""
    for number in numbers:
        signal.signal(number, lambda number, _: signals.put(number))
    return signals


def run_daemon(app: App, load: Loader, folder: Path, signals: SimpleQueue[int]) -> bool:
    """Run `app` until a signal ends it, reloading `folder` when it is edited; return whether all jobs ended in time.

    `signals` holds what was asked for while `app` was being opened: a reload then is done at once.
    """
    clock, metrics = app.pipeline.clock, Metrics()
    hear_signals(signals, signal.SIGHUP, *ENDING)
    running = Running(app, lambda pipeline: metered(pipeline, metrics))
    metrics.watch(lambda: {"counts": app.store.counts(), "figures": app.store.figures()}, clock)
    upkeep = Upkeep(app.store, lambda: running.app.config.settings, clock)
    heart = Heart(running=running, metrics=metrics, upkeep=upkeep)
    heart.heartbeat.lines = lambda: running.app.pipeline.lines
    health = Health(heartbeat=heart.heartbeat, metrics=metrics)
    if app.config.settings.listen:
        log.info("health.listening", port=health.start(app.config.settings.listen))
    callback = Callback(running=running, clock=clock, count=lambda outcome: metrics.pushes.labels(outcome).inc())
    callback.follow(app.config.settings)
    watch = FolderWatch(folder)
    daemon = Daemon(heart=heart, load=load, watch=watch, clock=clock, signals=signals, follow=callback.follow)
    ended = daemon.run()
    callback.close()
    health.close()
    if ended:
        close_replaced(running.app, [app])  # the rest is the caller's, who built it
    return ended
