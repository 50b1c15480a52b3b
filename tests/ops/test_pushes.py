"""A daemon is told by a hub what it would have polled an hour later, and follows its settings to another port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor.clock import SystemClock
from monitor.demo.mailbox import Mailbox
from tests.e2e.desk import SECRET, Desk
from tests.e2e.hub import Hub, HubNewsroom, request
from tests.ops.process import SETTINGS, Process, free_port, monitor, until

WEBSUB = "websub: {{public_url: 'http://127.0.0.1:{port}', listen: '127.0.0.1:{port}'}}\n"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def desk(tmp_path, hub) -> Iterator[Desk]:
    clock = SystemClock()
    with HubNewsroom(secret=SECRET, clock=clock, hub=hub.url) as newsroom, Mailbox() as mailbox:
        yield Desk(tmp_path, newsroom, mailbox, clock)


def test_pushed_news_is_told_without_a_poll(desk: Desk, hub: Hub) -> None:
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        settings, port = SETTINGS.format(listen=f"listen: 127.0.0.1:{daemon.port}"), free_port()
        desk.write("settings", settings.replace("interval: 1s", "interval: 1h") + WEBSUB.format(port=port))
        (listening,) = until(lambda: daemon.events("callback.listening"))
        assert listening["port"] == port
        desk.publish("first", "Nothing happened", "On Sunday nothing happened.", outlet="press")
        desk.write("feeds", f"feeds:\n  - url: {desk.newsroom.feed_url('press')}\n")  # is polled at once
        until(lambda: hub.verified)
        until(lambda: daemon.events("hub.asked"))
        before = len(desk.newsroom.requests)
        desk.publish(
            "move", "Mira Solano joins Borealis AI", "Borealis AI hired Mira Solano from Aster Labs.", outlet="press"
        )
        found = desk.newsroom.render("/press/feed.xml")
        assert found
        assert hub.push(found[1].encode()) == [202]
        until(desk.events)
        assert [path for _, path, _ in desk.newsroom.requests[before:] if "feed.xml" in path] == []
        assert "subscribed at hubs" in monitor(desk, "status").stdout
        assert '"news_by": "push"' in monitor(desk, "feeds", "--json").stdout
        assert 'monitor_pushes_total{outcome="kept"} 1.0' in daemon.get("/metrics")[1]

        other = free_port()
        desk.write("settings", settings + WEBSUB.format(port=other))
        until(lambda: len(daemon.events("callback.listening")) == 2)
        assert request(f"http://127.0.0.1:{other}/x", {})[0] == 404
        with pytest.raises(ConnectionRefusedError):
            request(f"http://127.0.0.1:{port}/x", {})
        assert daemon.stop() < 10
        assert daemon.process.returncode == 0
