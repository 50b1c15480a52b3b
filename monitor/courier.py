"""due deliveries -> channels -> recorded outcomes; one line for each channel, so that a bad endpoint delays no other.

Never decides: `notify` says what an outcome means, for the delivery and for its endpoint.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from monitor.clock import Clock
from monitor.errors import MonitorError
from monitor.log import log
from monitor.model import Delivery, DeliveryState, Endpoint, Event, Failed, SendResult, Silence
from monitor.notify.breaker import GIVES_UP_AFTER, after_result, has_recovered, is_closed
from monitor.notify.digest import group, merge
from monitor.notify.notices import Loss, plan_notices
from monitor.notify.outbox import after_attempt
from monitor.notify.render import render_subject
from monitor.notify.silences import find_silence, silence_delivery
from monitor.ports import Channel, Store

LEASE = timedelta(minutes=5)
LINE = 50  # deliveries of one channel at a time
PATIENCE = 1.0  # seconds that a round waits for its lines; slower ones go on by themselves
LONGEST = 60.0  # seconds after which a line puts back what it has not tried: well before its leases end
# Outcomes that are written together: half of the time of a delivery is the disk's.  Whoever dies before they are written
# sends so many of a channel again, under the same ids.
TOGETHER = 10
AT_LATEST = 0.25  # seconds
_SHOWN = 5  # headlines of lost alerts in a notice


class Lines:
    """The lines under way, by channel; whoever ends the program closes them."""

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._begun: dict[str, float] = {}  # monotonic
        self._errors: dict[str, str] = {}  # of those whose last one did not end well
        self.closing = threading.Event()

    def busy(self) -> Collection[str]:
        self._threads = {channel: line for channel, line in self._threads.items() if line.is_alive()}
        return self._threads.keys()

    def start(self, channel: str, run: Callable[[], None]) -> None:
        self._begun[channel] = time.monotonic()
        self._threads[channel] = threading.Thread(target=run, name=f"line {channel}", daemon=True)
        self._threads[channel].start()

    def end(self, channel: str, error: str | None) -> None:
        """Note how a line ended."""
        if error is None:
            self._errors.pop(channel, None)
        else:
            self._errors[channel] = error

    def failing(self) -> dict[str, str]:
        """Return the channels whose last line broke off, with the error; what an endpoint refuses is none."""
        return dict(self._errors)

    def since(self) -> dict[str, float]:
        """Return the channels that have a line under way, with the monotonic time when it began."""
        return {channel: self._begun[channel] for channel, line in list(self._threads.items()) if line.is_alive()}

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for the lines under way; return whether all have ended."""
        until = time.monotonic() + seconds
        for line in list(self._threads.values()):
            line.join(max(0.0, until - time.monotonic()))
        return not self.busy()

    def close(self, seconds: float) -> bool:
        """Let each line end the delivery that it is at and put the others back; return whether all have."""
        self.closing.set()
        return self.wait(seconds)


@dataclass(slots=True, kw_only=True)
class Courier:
    """Takes deliveries to their channels.  `deliver` may be called at any time, from one thread at a time."""

    store: Store
    channels: Mapping[str, Channel]
    clock: Clock
    fallback: Sequence[str] = ()
    jitter: random.Random = field(default_factory=random.Random)
    lines: Lines = field(default_factory=Lines)

    def deliver(self) -> int:
        """Start a line for every channel that has something due and none under way; wait a while for all.

        Returns how many deliveries were taken up, or how many lines are still under way.
        """
        busy = self.lines.busy()
        deliveries = self.store.lease_deliveries(self.clock.now(), LEASE, LINE, busy)
        by_channel: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            by_channel.setdefault(delivery.channel, []).append(delivery)
        if by_channel:
            self._start(by_channel)
        self.lines.wait(PATIENCE)
        return len(deliveries) or len(busy)

    def _start(self, by_channel: Mapping[str, Sequence[Delivery]]) -> None:
        known = {endpoint.channel: endpoint for endpoint in self.store.find_endpoints()}
        silences = self.store.find_silences(self.clock.now())
        for channel, deliveries in by_channel.items():
            line = _Line(courier=self, endpoint=known.get(channel, Endpoint(channel=channel)), silences=silences)
            self.lines.start(channel, partial(line.run, deliveries))


@dataclass(slots=True, kw_only=True)
class _Line:
    """The deliveries of one channel, one after the other, for as long as its endpoint takes them."""

    courier: Courier
    endpoint: Endpoint
    silences: Sequence[Silence]
    _ended: list[Delivery] = field(default_factory=list)  # not yet written
    _written: float = field(default_factory=time.monotonic)

    def run(self, deliveries: Sequence[Delivery]) -> None:
        channel, lines = self.endpoint.channel, self.courier.lines
        try:
            self._run(deliveries)
        except MonitorError as error:  # a busy or full database, or one that was closed under us
            log.error("line.failed", channel=channel, error=str(error))
            lines.end(channel, str(error))
        except Exception as error:  # noqa: BLE001 - the top of a job
            log.exception("line.crashed", channel=channel, error=repr(error))
            lines.end(channel, repr(error))
        else:
            lines.end(channel, None)

    def _run(self, deliveries: Sequence[Delivery]) -> None:
        until = time.monotonic() + LONGEST
        told = [delivery for delivery in deliveries if not self._silence(delivery)]
        waiting = group(told)
        try:
            while waiting and self._goes_on(until):
                self._send(waiting.pop(0))
        finally:
            self._write()
        untried = [delivery.id for message in waiting for delivery in message]
        if untried:
            self.courier.store.release_deliveries(untried, self.courier.clock.now())

    def _goes_on(self, until: float) -> bool:
        stopped = self.courier.lines.closing.is_set() or time.monotonic() >= until
        return not stopped and is_closed(self.endpoint, self.courier.clock.now())

    def _silence(self, delivery: Delivery) -> bool:
        silence = find_silence(delivery, self.silences)
        if silence:
            self._end([silence_delivery(delivery, silence)])
        return silence is not None

    def _send(self, message: Sequence[Delivery]) -> None:
        result = self._attempt(merge(message))
        now, jitter = self.courier.clock.now(), self.courier.jitter.random()
        after = [after_attempt(delivery, result, now, jitter) for delivery in message]
        self._end(after)
        if isinstance(result, Failed):
            self._write()
        self._judge(result, [each for each in after if each.state is DeliveryState.DEAD], jitter)

    def _attempt(self, delivery: Delivery) -> SendResult:
        channel = self.courier.channels.get(delivery.channel)
        if channel is None:
            return Failed(reason="channel is no longer configured", permanent=True)
        return channel.send(delivery, self.courier.clock.now())

    def _end(self, deliveries: Iterable[Delivery]) -> None:
        for each in deliveries:
            log.info("delivery.tried", id=each.id, channel=each.channel, state=each.state, error=each.error)
            self._ended.append(each)
        if len(self._ended) >= TOGETHER or time.monotonic() > self._written + AT_LATEST:
            self._write()

    def _write(self) -> None:
        if len(self._ended) == 1:
            self.courier.store.save_delivery(self._ended[0])
        elif self._ended:
            self.courier.store.save_deliveries(self._ended)
        self._ended, self._written = [], time.monotonic()

    def _judge(self, result: SendResult, dead: Sequence[Delivery], jitter: float) -> None:
        """Note how the endpoint fares, give up what it kept waiting for too long, and tell the fallback of a loss."""
        store, now, before = self.courier.store, self.courier.clock.now(), self.endpoint
        after = after_result(before, result, now, jitter)
        expired = 0
        if isinstance(result, Failed) and not is_closed(after, now):
            expired = store.expire_deliveries(before.channel, now - GIVES_UP_AFTER, f"given up: {result.reason}")
        loss = _loss(result, dead, expired)
        notices = plan_notices(after, loss, self.courier.fallback, now) if loss and not after.noticed_at else ()
        if loss:
            log.error("delivery.lost", channel=before.channel, reason=loss.reason, dead=loss.dead)
            after = replace(after, noticed_at=after.noticed_at or now)
        if after != before:
            store.save_endpoint(after, notices)
        if has_recovered(before, after):
            store.hasten_deliveries(before.channel, now)
        self.endpoint = after


def _loss(result: SendResult, dead: Sequence[Delivery], expired: int) -> Loss | None:
    """Return what was lost for good; a lost notice is no loss, or it would be told round and round."""
    alerts = [each for each in dead if each.alert.event is not Event.ENDPOINT_FAILED]
    if not isinstance(result, Failed) or not (alerts or expired or result.gone):
        return None
    headlines = tuple(render_subject(each.alert.payload) for each in alerts[:_SHOWN])
    reason = alerts[0].error or result.reason if alerts else result.reason
    return Loss(reason=reason, dead=len(alerts) + expired, headlines=headlines)
