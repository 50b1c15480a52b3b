"""Receivers at their worst, over virtual days: every alert is accepted once in the end, or dead with its reason."""

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import FixedClock
from monitor.courier import Courier
from monitor.model import Alert, Consolidation, Delivery, DeliveryState, Event, Move
from monitor.notify.breaker import PAUSES
from monitor.notify.email import Email, Relay, Tls
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.silences import build_silence
from monitor.notify.timing import Digest, Every
from monitor.notify.webhook import Webhook
from monitor.ports import Channel
from monitor.store.sqlite import SqliteStore
from tests.builders import NOW, a_move
from tests.notify.servers import HttpPoster, Receiver, free_port, http_receiver, smtp_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DAY = timedelta(days=1)


class Post:
    """A post office with a clock of its own: tell moves, let days pass, see what became of each alert."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.clock = store, FixedClock(NOW)
        self.channels: dict[str, Channel] = {}
        self.fallback: tuple[str, ...] = ()
        self.told: list[str] = []

    def tell(self, *channels: str, count: int = 1, route: Route | None = None) -> None:
        route = route or Route(channels=channels)
        for _ in range(count):
            move = a_move(f"Person Number{len(self.told)}", first_seen_at=self.clock.at, updated_at=self.clock.at)
            self.record(move, [route])
            self.told.append(move.person)

    def record(self, move: Move, routes: list[Route], before: Move | None = None) -> tuple[Move, Alert]:
        concluded = conclude(before, move, rules=AlertRules(max_age=400 * DAY), now=self.clock.at)
        assert concluded.alert
        alert = concluded.alert
        deliveries = plan_deliveries(alert, routes, self.clock.at)
        outcome = Consolidation(moves=(concluded.move,), alerts=(alert,), deliveries=deliveries)
        self.store.consolidate(move.person_key, lambda moves, claims: outcome)
        return concluded.move, alert

    def courier(self) -> Courier:
        return Courier(
            store=self.store, channels=self.channels, clock=self.clock, fallback=self.fallback, jitter=random.Random(1)
        )

    def run(self, span: timedelta = timedelta(0), each: Callable[[], None] = lambda: None) -> None:
        """Let `span` pass, delivering whatever comes due; `each` is called before every round."""
        courier, until = self.courier(), self.clock.at + span
        while True:
            each()
            while courier.deliver():
                pass
            due = self.next_due()
            if due is None or due > until:
                break
            self.clock.at = max(due, self.clock.at + timedelta(seconds=1))
        self.clock.at = max(until, self.clock.at)

    def next_due(self) -> datetime | None:
        retry = {each.channel: each.retry_at for each in self.store.find_endpoints() if each.retry_at}
        waiting = self.store.find_deliveries(state=DeliveryState.PENDING, limit=10_000)
        return min((max(each.next_try_at, retry.get(each.channel) or NOW) for each in waiting), default=None)

    def states(self, channel: str) -> Counter[str]:
        return Counter(each.state.value for each in self.of(channel))

    def of(self, channel: str) -> list[Delivery]:
        return [each for each in self.store.find_deliveries(limit=10_000) if each.channel == channel]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with closing(SqliteStore.open(tmp_path / "monitor.db", NOW)) as store:
        yield Post(store)


def hook(name: str, url: str, **changes: Any) -> Webhook:
    return Webhook(**{"name": name, "url": url, "secrets": (SECRET,), "poster": HttpPoster(), **changes})


def mail(port: int, **changes: Any) -> Email:
    relay = Relay(host="127.0.0.1", port=port, tls=Tls.NONE, timeout=timedelta(seconds=5))
    return Email(
        name="mail:a@x.example", relay=replace(relay, **changes), sender="m@monitor.example", recipient="a@x.example"
    )


def accepted(receiver: Receiver) -> list[str]:
    """The webhook-ids that the receiver took, in order: the last answer to each id counts."""
    return [headers["webhook-id"] for _, headers, _ in receiver.requests]


@contextmanager
def answering(answer: Callable[[], tuple[int, Mapping[str, str]]]) -> Iterator[Receiver]:
    """A receiver that asks `answer` at every request and notes only those that it took."""

    class Answers(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 2

        def pop(self, _: int = 0) -> tuple[int, Mapping[str, str]]:  # type: ignore[override]
            status, headers = answer()
            if status >= 300:
                receiver.requests.pop()
            return status, headers

    with http_receiver() as receiver:
        receiver.answers = Answers()
        yield receiver


def test_a_receiver_that_is_down_for_two_days_gets_every_alert_once_and_delays_no_other(post: Post) -> None:
    port = free_port()
    with http_receiver() as well:
        post.channels = {"down": hook("down", f"http://127.0.0.1:{port}/"), "well": hook("well", well.url)}
        post.tell("down", "well", count=60)
        post.run(2 * DAY)
        assert post.states("well") == {"accepted": 60}
        assert post.states("down") == {"pending": 60}
        assert max(each.accepted_at - NOW for each in post.of("well") if each.accepted_at) == timedelta(0)
    with answering(lambda: (204, {})) as back:
        post.channels["down"] = hook("down", back.url)
        post.run(DAY)
        assert post.states("down") == {"accepted": 60}
        assert len(accepted(back)) == len(set(accepted(back))) == 60
    assert max(each.accepted_at - NOW - 2 * DAY for each in post.of("down") if each.accepted_at) <= PAUSES[-1] * 1.2


def test_a_receiver_that_is_down_for_good_leaves_every_alert_dead_with_its_reason(post: Post) -> None:
    with http_receiver() as well:
        post.channels = {"down": hook("down", f"http://127.0.0.1:{free_port()}/"), "well": hook("well", well.url)}
        post.fallback = ("well",)
        post.tell("down", count=30)
        post.run(6 * DAY)
        assert post.states("down") == {"dead": 30}
        assert {(each.error or "").partition(":")[0] for each in post.of("down")} <= {
            "given up",
            "given up after 13 attempts",
        }
        (notice,) = post.of("well")
        assert (notice.alert.event, notice.state) == (Event.ENDPOINT_FAILED, DeliveryState.ACCEPTED)
        assert b'"type":"endpoint.failed"' in well.requests[0][2]
        post.channels["down"] = hook("down", well.url)
        assert post.store.replay_dead("down", NOW, post.clock.at) == 30
        post.run()
        assert post.states("down") == {"accepted": 30}


def test_a_flapping_receiver_gets_every_alert_once_in_the_end(post: Post) -> None:
    chance = random.Random(3)
    with answering(lambda: (204, {}) if chance.random() < 0.4 else (500, {})) as flapping:
        post.channels = {"team": hook("team", flapping.url)}
        post.tell("team", count=100)
        post.run(3 * DAY)
        assert post.states("team") == {"accepted": 100}
        assert len(accepted(flapping)) == len(set(accepted(flapping))) == 100


def test_too_many_requests_are_heeded_and_nothing_is_sent_meanwhile(post: Post) -> None:
    asked: list[datetime] = []

    def answer() -> tuple[int, Mapping[str, str]]:
        asked.append(post.clock.at)
        return (429, {"Retry-After": "600"}) if len(asked) == 1 else (204, {})

    with answering(answer) as busy:
        post.channels = {"team": hook("team", busy.url)}
        post.tell("team", count=10)
        post.run(timedelta(hours=2))
        assert post.states("team") == {"accepted": 10}
    assert asked[1] - asked[0] >= timedelta(minutes=10)
    assert len(asked) == 11


def test_an_endpoint_that_is_gone_is_disabled_and_another_channel_is_told(post: Post) -> None:
    with http_receiver((410, {})) as gone, http_receiver() as well:
        post.channels = {"gone": hook("gone", gone.url), "well": hook("well", well.url)}
        post.fallback = ("gone", "well")
        post.tell("gone", count=5)
        post.run(DAY)
        post.tell("gone")
        post.run(DAY)
        assert post.states("gone") == {"dead": 6}
        assert len(gone.requests) == 1, "one is enough to know"
        assert {each.error for each in post.of("gone")} == {
            "http 410: the receiver wants no more",
            "the endpoint is disabled: http 410: the receiver wants no more",
        }
        ((_, _, body),) = well.requests
        assert b'"disabled":true' in body


def test_a_slow_receiver_delays_no_other(post: Post) -> None:
    release = threading.Event()

    def slowly() -> tuple[int, Mapping[str, str]]:
        release.wait(10)
        return 204, {}

    with answering(slowly) as slow, http_receiver() as well:
        post.channels = {"slow": hook("slow", slow.url), "well": hook("well", well.url)}
        post.tell("slow", "well", count=3)
        courier = post.courier()
        started = time.monotonic()
        courier.deliver()
        assert post.states("well") == {"accepted": 3}
        post.tell("well", count=100)
        while post.states("well")["accepted"] < 103:
            courier.deliver()
        assert time.monotonic() - started < 9, "a slow line is not waited for"
        assert post.states("slow")["accepted"] == 0
        release.set()
        while courier.deliver():
            pass
        assert post.states("slow") == {"accepted": 3}


def test_a_greylisting_relay_takes_every_mail_once(post: Post) -> None:
    with smtp_server() as relay:
        post.channels = {"mail:a@x.example": mail(relay.port)}
        post.tell("mail:a@x.example", count=8)
        relay.says["RCPT"] = "451 4.7.1 Greylisted, come back"
        ends = NOW + timedelta(minutes=20)
        post.run(DAY, each=lambda: relay.says.pop("RCPT", None) if post.clock.at >= ends else None)
        assert post.states("mail:a@x.example") == {"accepted": 8}
        ids = [line for mail in relay.taken for line in mail.content.splitlines() if line.startswith(b"Message-ID")]
        assert len(ids) == len(set(ids)) == 8


def test_a_relay_that_refuses_for_good_ends_each_mail_with_its_words_and_the_fallback_is_told_once(post: Post) -> None:
    with smtp_server() as relay, http_receiver() as well:
        relay.says["RCPT"] = "550 5.1.1 No such user"
        post.channels = {"mail:a@x.example": mail(relay.port), "well": hook("well", well.url)}
        post.fallback = ("well",)
        post.tell("mail:a@x.example", count=4)
        post.run(DAY)
        assert {each.error for each in post.of("mail:a@x.example")} == {"recipient refused: 550 5.1.1 No such user"}
        assert post.states("mail:a@x.example") == {"dead": 4}
        assert len(well.requests) == 1


@pytest.mark.parametrize(
    "channel, reason",
    [
        (lambda: mail(free_port(), host="no-such-host.invalid"), "dns"),
        (lambda: mail(free_port()), "no connection"),
    ],
)
def test_a_relay_that_cannot_be_found_is_tried_until_it_can(post: Post, channel: Any, reason: str) -> None:
    post.channels = {"mail:a@x.example": channel()}
    post.tell("mail:a@x.example", count=3)
    post.run(DAY)
    assert post.states("mail:a@x.example") == {"pending": 3}
    assert {each.error for each in post.of("mail:a@x.example")} <= {reason, None}
    with smtp_server() as relay:
        post.channels = {"mail:a@x.example": mail(relay.port)}
        post.run(DAY)
        assert post.states("mail:a@x.example") == {"accepted": 3}


def test_a_relay_without_the_tls_that_was_asked_for_gets_nothing(post: Post) -> None:
    with smtp_server() as relay:
        post.channels = {"mail:a@x.example": mail(relay.port, tls=Tls.TLS, context=ssl.create_default_context())}
        post.tell("mail:a@x.example")
        post.run(DAY)
        (waiting,) = post.of("mail:a@x.example")
        assert (waiting.state, waiting.error) == (DeliveryState.PENDING, "tls failed")
        assert relay.taken == []


def test_a_digest_that_fails_is_the_same_message_until_it_is_taken(post: Post) -> None:
    failures = iter([True, True, False])
    bodies: list[str] = []

    def answer() -> tuple[int, Mapping[str, str]]:
        bodies.append(receiver.requests[-1][1]["webhook-id"])
        return (503, {}) if next(failures) else (204, {})

    daily = Route(name="daily", channels=("team",), digest=Digest(every=Every.DAILY, zone=UTC))  # type: ignore[arg-type]
    with answering(answer) as receiver:
        post.channels = {"team": hook("team", receiver.url)}
        post.tell(count=7, route=daily)
        post.run(timedelta(hours=6))
        assert bodies == [], "it is not yet the time"
        post.run(DAY)
        assert post.states("team") == {"accepted": 7}
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_a_confirmation_takes_the_place_of_the_rumour_that_was_held_back(post: Post) -> None:
    daily = Route(name="daily", channels=("team",), digest=Digest(every=Every.DAILY, zone=UTC))  # type: ignore[arg-type]
    with http_receiver() as receiver:
        post.channels = {"team": hook("team", receiver.url)}
        rumour, _ = post.record(a_move(role=None), [daily])
        post.record(replace(rumour, role="chief scientist"), [Route(channels=("team",))], before=rumour)
        post.run(2 * DAY)
        assert post.states("team") == {"superseded": 1, "accepted": 1}
        assert len(receiver.requests) == 1


def test_what_is_silenced_is_not_sent_and_says_why(post: Post) -> None:
    with http_receiver() as receiver:
        post.channels = {"team": hook("team", receiver.url)}
        silence = build_silence(
            {"person": ("Person Number1",)}, author="anna", reason="enough", now=NOW, until=NOW + DAY
        )
        post.store.add_silence(silence)
        post.tell("team", count=3)
        post.run()
        assert post.states("team") == {"accepted": 2, "silenced": 1}
        assert len(receiver.requests) == 2


def test_a_line_that_is_closed_puts_back_what_it_has_not_tried(post: Post) -> None:
    with http_receiver() as receiver:
        post.channels = {"team": hook("team", receiver.url)}
        post.tell("team", count=5)
        courier = post.courier()
        courier.lines.closing.set()
        courier.deliver()
        assert post.states("team") == {"pending": 5}
        post.run()
        assert post.states("team") == {"accepted": 5}


def test_a_channel_that_is_no_longer_configured_ends_its_deliveries(post: Post) -> None:
    post.tell("gone")
    post.run()
    (dead,) = post.of("gone")
    assert (dead.state, dead.error) == (DeliveryState.DEAD, "channel is no longer configured")
