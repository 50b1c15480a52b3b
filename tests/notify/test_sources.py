"""What is told of feeds and of the day, to whom, and how often: once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.clock import FixedClock
from monitor.model import Event, Origin
from monitor.notify.render import render_html, render_line, render_subject, render_text
from monitor.notify.routes import Route
from monitor.notify.sources import FAILING_AFTER, build_heartbeat, build_source_alert, decide_event, diagnose
from monitor.vigil import Vigil
from tests.builders import NOW, a_feed, minutes
from tests.fakes import MemoryStore

OPERATOR = Route(channels=("ops",), events=frozenset({"source", "heartbeat"}))
EDITOR = Route(channels=("desk",))
FAILING = a_feed(failures=FAILING_AFTER, error="http 403")


class House:
    """A store with one feed, and the vigil over it."""

    def __init__(self, *routes: Route) -> None:
        self.store, self.clock = MemoryStore(), FixedClock(NOW)
        self.store.sync_feeds([a_feed()], NOW)
        self.vigil = Vigil(store=self.store, clock=self.clock, routes=routes or (EDITOR, OPERATOR))

    def polled(self, after=timedelta(0), **changes) -> list[tuple[str, str]]:
        """Let a poll come to this; return (channel, event) of what was told since."""
        known = set(self.store.deliveries)
        self.clock.at += after
        self.store.save_poll(a_feed(**changes), [], [], Origin.LIVE, self.clock.at)
        self.vigil.keep()
        told = [each for id, each in self.store.deliveries.items() if id not in known]
        return [(each.channel, each.alert.event) for each in told if each.alert.event is not Event.HEARTBEAT]


def test_a_feed_that_fails_is_told_once_after_a_streak_and_once_when_it_is_well_again() -> None:
    house = House()
    told = [house.polled(failures=n, error="dns") for n in (*range(1, 9), 0, 0, 1)]
    assert [index for index, each in enumerate(told) if each] == [FAILING_AFTER - 1, 8]
    assert told[FAILING_AFTER - 1] == [("ops", "source.failing")]
    assert told[8] == [("ops", "source.recovered")]


def test_a_feed_that_is_gone_is_told_at_once() -> None:
    house = House()
    assert house.polled(failures=1, gone=True, error="http 410") == [("ops", "source.failing")]
    assert house.polled() == [("ops", "source.recovered")]


def test_a_silence_is_told_once_and_so_is_its_end() -> None:
    house = House()
    quiet_at = NOW + timedelta(days=4)
    told = [house.polled(after=timedelta(days=1), quiet_at=quiet_at) for _ in range(8)]
    assert [each for each in told if each] == [[("ops", "source.quiet")]]
    assert house.polled(quiet_at=quiet_at + timedelta(days=30)) == [("ops", "source.recovered")]


def test_a_silent_feed_that_begins_to_fail_is_told_again() -> None:
    assert decide_event(replace(FAILING, told="quiet", quiet_at=NOW), NOW) is Event.SOURCE_FAILING
    assert decide_event(a_feed(failures=1, told="quiet", quiet_at=NOW), NOW) is None


def test_nothing_is_sent_where_no_route_names_it_and_it_counts_as_told() -> None:
    house = House(EDITOR)
    assert house.polled(failures=FAILING_AFTER) == []
    assert house.store.feeds_to_tell(NOW, FAILING_AFTER) == []


def test_a_heartbeat_comes_once_a_day() -> None:
    house = House()
    for _ in range(50):
        house.polled(after=timedelta(hours=1))
    assert sum(each.alert.event is Event.HEARTBEAT for each in house.store.deliveries.values()) == 3


@pytest.mark.parametrize(
    ("error", "diagnosis"),
    [
        ("http 403", "blocked"),
        ("bot wall", "blocked"),
        ("not a feed: bot wall", "blocked"),
        ("not a feed: cookie wall", "blocked"),
        ("not a feed: HTML page", "not a feed"),
        ("http 503", "failing"),
        ("dns", "failing"),
    ],
)
def test_what_keeps_us_out_is_named_as_such(error: str, diagnosis: str) -> None:
    assert diagnose(a_feed(failures=9, error=error)) == diagnosis


def test_every_alert_can_be_read_as_mail_and_line() -> None:
    payloads = [build_source_alert(FAILING, event, NOW).payload for event in Event if event.topic == "source"]
    day = {"feeds_checked": 9, "articles_read": 8, "moves_found": 7, "alerts_raised": 6, "feeds_failing": 5}
    for payload in (*payloads, build_heartbeat(day, NOW - minutes(9), NOW).payload):
        subject = render_subject(payload)
        assert all(subject.split(":")[0] in text for text in (render_text(payload), render_line(payload)))
        assert "<h1" in render_html(payload)
    assert render_subject(payloads[0]) == "Feed blocked: Feed a (https://a.example/feed): http 403"
