"""Beats and failures of the daemon's jobs and lines -> what is stale, what is failing.  Monotonic time is an argument.

Never runs a job and never ends one: the watchdog and `/healthz` only look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.courier import Lines
from monitor.pipeline import LEASE

# Limits end every batch within its lease; a job that shows no end of one for longer hangs.
STALE = LEASE + timedelta(minutes=1)
LONGEST_PAUSE = 60.0  # seconds between two attempts of a job that fails


@dataclass(frozen=True, slots=True)
class Pulse:
    """One job's life; times are monotonic seconds."""

    seen_at: float  # the end of its last batch, failed or not
    beats: int = 0  # batches that ended well
    failures: int = 0  # in a row
    error: str | None = None
    resume_at: float = 0.0  # not to be tried before


@dataclass(slots=True)
class Heartbeat:
    """The pulses of all jobs; any thread may beat or look."""

    jobs: tuple[str, ...]
    started_at: float
    lines: Callable[[], Lines] = Lines  # of deliveries, which outlast the batch that began them
    _pulses: dict[str, Pulse] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._pulses = {job: Pulse(seen_at=self.started_at) for job in self.jobs}

    def beat(self, job: str, at: float) -> Pulse:
        """Note a batch that ended well; return the pulse before it, which says whether the job recovers."""
        with self._lock:
            before = self._pulses[job]
            self._pulses[job] = Pulse(seen_at=at, beats=before.beats + 1)
            return before

    def fail(self, job: str, error: str, at: float) -> float:
        """Note a batch that failed; return for how many seconds the job pauses: 1, 2, 4 … 60."""
        with self._lock:
            before = self._pulses[job]
            pause = min(2.0**before.failures, LONGEST_PAUSE)
            self._pulses[job] = replace(
                before, seen_at=at, error=error, failures=before.failures + 1, resume_at=at + pause
            )
            return pause

    def pauses(self, job: str, at: float) -> bool:
        return self._pulses[job].resume_at > at

    def stale(self, at: float) -> dict[str, float]:
        """Return the jobs that hang, with the seconds since they were last seen."""
        silent = {job: at - pulse.seen_at for job, pulse in self.pulses().items()}
        silent |= {f"line {channel}": at - begun for channel, begun in self.lines().since().items()}
        return {job: seconds for job, seconds in silent.items() if seconds > STALE.total_seconds()}

    def failing(self) -> dict[str, str]:
        """Return the jobs whose last batch failed, with its error."""
        lines = {f"line {channel}": error for channel, error in self.lines().failing().items()}
        return {job: pulse.error for job, pulse in self.pulses().items() if pulse.error} | lines

    def waiting(self) -> list[str]:
        """Return the jobs that have not yet done a batch."""
        return [job for job, pulse in self.pulses().items() if not pulse.beats]

    def pulses(self) -> Mapping[str, Pulse]:
        with self._lock:
            return dict(self._pulses)
