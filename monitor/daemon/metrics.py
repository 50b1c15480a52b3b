"""The pipeline's ports -> the same ports, measured, and the text that Prometheus scrapes.

Never changes what passes through: a port is wrapped, and its calls are timed and counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from structlog.contextvars import get_contextvars

from monitor.clock import Clock
from monitor.model import (
    Accepted,
    ArticleResult,
    Delivery,
    DeliveryState,
    Elsewhere,
    EntryToRead,
    Fetched,
    Poll,
    Refused,
    Review,
    SendResult,
    Validators,
)
from monitor.pipeline import Pipeline
from monitor.ports import Channel, Fetcher, Sandbox, SecondReader, Store

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800)
_KEEP = 5.0  # seconds that counts of rows are kept: a scraper in a hurry costs the database nothing


class Metrics:
    """All instruments of one process.  `text` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        histogram = partial(Histogram, registry=self.registry)
        counter = partial(Counter, registry=self.registry)
        self.batch = histogram("monitor_batch_seconds", "Time of one batch of a job.", ["job"], buckets=_QUICK)
        self.failures = counter("monitor_job_failures", "Batches that failed; the log says why.", ["job"])
        self.fetch = histogram(
            "monitor_fetch_seconds",
            "From asking to the answer of one GET, the wait for the host's turn included.",
            ["job", "outcome"],
            buckets=_QUICK,
        )
        self.work = histogram(
            "monitor_worker_seconds", "Time of one document in a worker process.", ["function"], buckets=_QUICK
        )
        self.send = histogram(
            "monitor_send_seconds", "Time of one delivery's attempt.", ["channel", "outcome"], buckets=_QUICK
        )
        self.read_latency = histogram(
            "monitor_read_latency_seconds", "From an entry's first sight to its claims.", buckets=_LONG
        )
        self.alert_latency = histogram(
            "monitor_alert_latency_seconds",
            "To the acceptance of an alert, since its newest evidence was published or since it was decided.",
            ["since", "channel"],
            buckets=_LONG,
        )
        self.pushes = counter("monitor_pushes", "Requests at the callback that hubs are given.", ["outcome"])
        self.second_readings = counter(
            "monitor_second_readings", "Articles that a second reader was to be asked about.", ["outcome"]
        )
        self.second_tokens = counter("monitor_second_reader_tokens", "Tokens that its answers took.")
        self.reloads = counter("monitor_config_reloads", "Reloads of the configuration.", ["outcome"])
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def watch(self, rows: Callable[[], Mapping[str, Any]], clock: Clock) -> None:
        """Add the counts of rows that `rows` gives ({"counts": …, "figures": …}) and the memory of the workers."""
        self.registry.register(_Rows(rows, clock))
        self.registry.register(_Workers())


def metered(pipeline: Pipeline, metrics: Metrics) -> Pipeline:
    """Return the pipeline with every port measured."""
    fetcher = _Fetcher(pipeline.fetcher, metrics)
    return replace(
        pipeline,
        store=cast("Store", _Store(pipeline.store, metrics)),
        fetcher=fetcher,
        manners=replace(pipeline.manners, fetcher=fetcher),
        sandbox=_Sandbox(pipeline.sandbox, metrics),
        channels={name: _Channel(channel, metrics) for name, channel in pipeline.channels.items()},
        second_reader=_SecondReader(pipeline.second_reader, metrics) if pipeline.second_reader else None,
    )


# --- the ports, measured --------------------------------------------------------------------------------------------


class _Fetcher:
    def __init__(self, inner: Fetcher, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        return cast("Iterator[tuple[int, Poll]]", self._measured(self._inner.fetch(requests, limit)))

    def fetch_within(
        self,
        requests: Sequence[tuple[str, Validators]],
        limit: int | None,
        origins: Mapping[str, timedelta] | None,
    ) -> Iterator[tuple[int, Poll | Elsewhere]]:
        return self._measured(self._inner.fetch_within(requests, limit, origins))

    def _measured(self, polls: Iterable[tuple[int, Poll | Elsewhere]]) -> Iterator[tuple[int, Poll | Elsewhere]]:
        started = time.monotonic()
        job = get_contextvars().get("job", "")
        for index, poll in polls:
            self._metrics.fetch.labels(job, _outcome(poll)).observe(time.monotonic() - started)
            yield index, poll


def _outcome(poll: Poll | Elsewhere) -> str:
    if isinstance(poll, Elsewhere):
        return "elsewhere"
    if isinstance(poll, Refused):
        return f"status {poll.status}" if poll.status else poll.reason
    return "fetched" if isinstance(poll, Fetched) else "not modified"


class _Sandbox:
    def __init__(self, inner: Sandbox, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics

    def map(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        seconds = self._metrics.work.labels(function.__name__)
        for index, result in self._inner.map(Stopwatch(function), arguments):
            if isinstance(result, Timed):
                seconds.observe(result.seconds)
            yield index, result.value if isinstance(result, Timed) else result


@dataclass(frozen=True, slots=True)
class Timed:
    """A result on its way from a worker."""

    value: Any
    seconds: float


class Stopwatch:
    """A function that also says how long it took; unlike a closure it can be pickled on its way to a worker."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.__name__ = self.__qualname__ = function.__name__

    def __call__(self, argument: Any) -> Timed:
        started = time.perf_counter()
        return Timed(self.function(argument), time.perf_counter() - started)


class _Channel:
    def __init__(self, inner: Channel, metrics: Metrics) -> None:
        self._inner, self._metrics, self.name = inner, metrics, inner.name

    def send(self, delivery: Delivery, now: datetime) -> SendResult:
        started = time.monotonic()
        result = self._inner.send(delivery, now)
        outcome = "accepted" if isinstance(result, Accepted) else "refused" if result.permanent else "failed"
        self._metrics.send.labels(self.name, outcome).observe(time.monotonic() - started)
        return result


class _SecondReader:
    def __init__(self, inner: SecondReader, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics
        self.doubts, self.close = inner.doubts, inner.close

    def review(self, results: Sequence[ArticleResult]) -> Iterator[Review]:
        for review in self._inner.review(results):
            self._metrics.second_readings.labels(review.outcome).inc()
            self._metrics.second_tokens.inc(review.tokens)
            yield review


class _Store:
    """Passes everything on; two writes are the end of a wait that is measured."""

    def __init__(self, inner: Store, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def save_article(self, entry: EntryToRead, result: ArticleResult, now: datetime) -> None:
        self._inner.save_article(entry, result, now)
        self._metrics.read_latency.observe(_seconds(entry.first_seen_at, now))

    def save_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._inner.save_deliveries(deliveries)
        for delivery in deliveries:
            self._observe(delivery)

    def save_delivery(self, delivery: Delivery) -> None:
        self._inner.save_delivery(delivery)
        self._observe(delivery)

    def _observe(self, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.ACCEPTED and delivery.accepted_at:
            latency = self._metrics.alert_latency
            latency.labels("decision", delivery.channel).observe(_seconds(delivery.created_at, delivery.accepted_at))
            published = find_publication(delivery)
            if published:
                latency.labels("publication", delivery.channel).observe(_seconds(published, delivery.accepted_at))


def find_publication(delivery: Delivery) -> datetime | None:
    """Return when the newest evidence of an alert was published."""
    data = cast("Mapping[str, Any]", delivery.alert.payload.get("data") or {})
    published = [each["published_at"] for each in data.get("evidence", ()) if each.get("published_at")]
    return max(map(datetime.fromisoformat, published), default=None)


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since) / timedelta(seconds=1), 0.0)


# --- what stands in rows ------------------------------------------------------------------------------------------


class _Rows(Collector):
    def __init__(self, rows: Callable[[], Mapping[str, Any]], clock: Clock) -> None:
        self._rows, self._clock = rows, clock
        self._kept: list[GaugeMetricFamily] = []
        self._kept_until = 0.0

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()  # or the registry would read the rows already when this is registered

    def collect(self) -> Iterable[GaugeMetricFamily]:
        if time.monotonic() > self._kept_until:
            self._kept = [*render_rows(self._rows(), self._clock.now())]
            self._kept_until = time.monotonic() + _KEEP
        return self._kept


def render_rows(rows: Mapping[str, Any], now: datetime) -> Iterator[GaugeMetricFamily]:
    """Spell counts such as "deliveries.dead" as monitor_deliveries{state="dead"}, and the outbox's figures."""
    counts, figures = dict(rows["counts"]), rows["figures"]
    counts["feeds.healthy"] = counts["feeds.active"] - counts["feeds.failing"]
    for table in ("feeds", "subscriptions", "entries", "moves", "deliveries"):
        family = GaugeMetricFamily(f"monitor_{table}", f"Rows of {table} by state.", labels=["state"])
        for name, number in counts.items():
            if name.startswith(f"{table}."):
                family.add_metric([name.removeprefix(f"{table}.")], number)
        yield family
    claims = GaugeMetricFamily("monitor_claims", "Claims by status.", labels=["status"])
    for status, number in figures["claims"].items():
        claims.add_metric([status], number)
    yield claims
    oldest = figures["outbox_oldest"]
    yield GaugeMetricFamily("monitor_articles", "Articles read.", value=counts["articles"])
    yield GaugeMetricFamily("monitor_alerts", "Alerts decided.", value=counts["alerts"])
    yield GaugeMetricFamily("monitor_claims_pending", "Claims that wait to be settled.", value=counts["claims.pending"])
    yield GaugeMetricFamily("monitor_outbox_depth", "Open deliveries.", value=figures["outbox_depth"])
    age = _seconds(oldest, now) if oldest else 0.0
    yield GaugeMetricFamily("monitor_outbox_oldest_seconds", "Since when the oldest open delivery is due.", value=age)


class _Workers(Collector):
    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "monitor_worker_memory_bytes", "Resident memory of all worker processes together.", value=worker_memory()
        )


def worker_memory() -> int:
    """Return the bytes that the processes below this one hold; pages that they share are counted in each."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            continue
    return total
