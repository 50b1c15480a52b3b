"""The pipeline, driven: once until nothing is due, or for ever on a heartbeat.

Never holds state: every job leases what is due from the store, so a lost or doubled heartbeat changes nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.log import log
from monitor.pipeline import Pipeline

HEARTBEAT = timedelta(seconds=1)
PATIENCE = 8.0  # seconds that a stop waits for running jobs; their leases run out by themselves

Progress = Callable[[str, int], None]


def run_once(pipeline: Pipeline, progress: Progress = lambda arrow, rows: None) -> None:
    """Drive every arrow until nothing is due: poll, read, consolidate, deliver."""
    arrows = (
        ("feeds polled", pipeline.poll_feeds),
        ("entries read", pipeline.read_entries),
        ("people consolidated", pipeline.consolidate),
        ("deliveries tried", pipeline.deliver),
    )
    for name, arrow in arrows:
        while rows := arrow():
            progress(name, rows)


def run_for_ever(pipeline: Pipeline, stop: threading.Event) -> bool:
    """Run the heartbeat until `stop` is set; feeds that are due are polled at once.

    Returns whether the jobs under way ended within `PATIENCE`.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(4)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    # One job an arrow, so that a slow feed never delays an alert.  The heartbeat leases what is due; no job per feed.
    for arrow in (pipeline.poll_feeds, read_and_consolidate(pipeline), pipeline.deliver):
        scheduler.add_job(beat(arrow, stop), "interval", seconds=HEARTBEAT.total_seconds())
    scheduler.start()
    log.info("daemon.started")
    stop.wait()
    log.info("daemon.stopping")
    ending = threading.Thread(target=scheduler.shutdown, daemon=True)
    ending.start()
    ending.join(PATIENCE)
    return not ending.is_alive()


def read_and_consolidate(pipeline: Pipeline) -> Callable[[], int]:
    def read_then_consolidate() -> int:
        return pipeline.read_entries() + pipeline.consolidate()

    return read_then_consolidate


def beat(arrow: Callable[[], int], stop: threading.Event) -> Callable[[], None]:
    """Wrap an arrow as a job: it works until nothing is due, and one error never ends the daemon."""

    def job() -> None:
        try:
            while not stop.is_set() and arrow():
                pass
        except Exception:  # the top of a job: recorded; the rows' leases bring them back
            log.exception("job.failed", arrow=getattr(arrow, "__name__", "arrow"))

    return job


def stop_on_signals(stop: threading.Event) -> None:
    """Set `stop` on SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
