"""A line of deliveries that breaks off or hangs shows on the daemon's pages and stills its watchdog."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from monitor.clock import FixedClock
from monitor.courier import Courier
from monitor.daemon.drive import pet_watchdog
from monitor.daemon.health import Health
from monitor.daemon.heartbeat import STALE, Heartbeat
from monitor.daemon.metrics import Metrics
from monitor.model import Accepted, Consolidation, Delivery, DeliveryState, SendResult
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.rules import AlertRules, conclude
from monitor.store.sqlite import SqliteStore
from tests.builders import NOW, a_move

LIMIT = STALE.total_seconds()


@dataclass
class Gate:
    """A channel that does what it is told to before it accepts."""

    name: str
    before: Callable[[], object] = lambda: None

    def send(self, delivery: Delivery, now: datetime) -> SendResult:
        self.before()
        return Accepted()


def told(*channels: str) -> Consolidation:
    concluded = conclude(None, a_move(), rules=AlertRules(), now=NOW)
    assert concluded.alert
    deliveries = plan_deliveries(concluded.alert, [Route(channels=channels)], NOW)
    return Consolidation(moves=(concluded.move,), alerts=(concluded.alert,), deliveries=deliveries)


def crash() -> None:
    raise ZeroDivisionError("a bug of ours")


@dataclass
class Office:
    """A courier with two channels, and what the daemon's pages say of it."""

    courier: Courier
    clock: FixedClock
    store: SqliteStore
    heartbeat: Heartbeat

    def page(self, path: str, later: float = 0.0) -> tuple[int, dict[str, object]]:
        health = Health(heartbeat=self.heartbeat, metrics=Metrics(), monotonic=lambda: time.monotonic() + later)
        self.heartbeat.beat("deliver", time.monotonic() + later)  # the job itself is well
        status, _, body = health.answer(path)
        return status, json.loads(body)

    def states(self) -> dict[str, DeliveryState]:
        return {each.channel: each.state for each in self.store.find_deliveries()}


@pytest.fixture
def bad() -> Gate:
    return Gate("bad")


@pytest.fixture
def office(tmp_path, bad) -> Iterator[Office]:
    clock = FixedClock(NOW)
    with closing(SqliteStore.open(tmp_path / "monitor.db", NOW)) as store:
        store.consolidate("lovelace", lambda moves, claims: told("bad", "good"))
        courier = Courier(store=store, channels={"bad": bad, "good": Gate("good")}, clock=clock)
        heartbeat = Heartbeat(("deliver",), time.monotonic(), lines=lambda: courier.lines)
        yield Office(courier, clock, store, heartbeat)
        courier.lines.close(5)


def test_a_line_that_crashes_is_not_ready_while_the_others_go_on_until_one_ends_well(office, bad):
    bad.before = crash
    office.courier.deliver()
    office.courier.lines.wait(5)
    assert office.states() == {"bad": DeliveryState.LEASED, "good": DeliveryState.ACCEPTED}
    crashed = {"line bad": "ZeroDivisionError('a bug of ours')"}
    assert office.page("/readyz") == (503, {"ok": False, "failing": crashed})
    assert office.page("/healthz")[0] == 200, "a restart would not help"
    bad.before = lambda: None
    office.clock.at += timedelta(minutes=6)  # its lease ends
    office.courier.deliver()
    office.courier.lines.wait(5)
    assert office.states()["bad"] is DeliveryState.ACCEPTED
    assert office.page("/readyz") == (200, {"ok": True})


def test_a_line_that_hangs_is_not_healthy_and_stills_the_watchdog(office, bad, tmp_path, monkeypatch):
    ending = threading.Event()
    bad.before = ending.wait
    office.courier.deliver()
    assert office.page("/healthz")[0] == 200
    status, page = office.page("/healthz", later=LIMIT + 5)
    assert (status, list(page["stale"])) == (503, ["line bad"])
    assert office.page("/readyz", later=LIMIT + 5)[1]["stale"] == ["line bad"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", str(tmp_path / "notify"))
        pet_watchdog(office.heartbeat, time.monotonic() + LIMIT + 5)
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        ending.set()
        assert office.courier.lines.wait(5)
        pet_watchdog(office.heartbeat, time.monotonic() + LIMIT + 5)
        assert manager.recv(100) == b"WATCHDOG=1"
