"""Feeds that announce a hub: news is pushed, polling slows down while the hub keeps its word, and takes over when not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from monitor.app import App
from monitor.clock import FixedClock
from monitor.collect.websub import DENIED_PAUSE, RENEW_AFTER, describe
from monitor.config import load_config
from monitor.daemon.callback import Callback
from monitor.daemon.reload import Running
from monitor.demo.mailbox import Mailbox
from monitor.model import Feed, Subscription, SubscriptionState
from tests.e2e.desk import SECRET, START, Desk
from tests.e2e.hub import CHALLENGE, Hub, HubNewsroom, post, request, sign
from tests.notify.servers import free_port

SETTINGS = """\
http: {{host_gap: 0s, allow_networks: [127.0.0.1], feed_limit: 20kB}}
pages: {{workers: 1}}
websub: {{public_url: "http://127.0.0.1:{port}/some/where", listen: "127.0.0.1:{port}", slower: 4}}
"""
QUARTER = timedelta(minutes=15)
NEWS = ("Mira Solano joins Borealis AI", "Borealis AI has hired Mira Solano from Aster Labs as chief scientist.")


class Scene:
    """A desk with a hub: the monitor's arrows run by hand, its callback open, its clock in our hands."""

    def __init__(self, desk: Desk, app: App, hub: Hub, callback: Callback) -> None:
        self.desk, self.app, self.hub, self.callback = desk, app, hub, callback
        self.store, self.pipeline = app.store, app.pipeline

    def poll(self) -> None:
        """Poll the feed, whenever it is due."""
        self.desk.clock.at = max(self.desk.clock.at, self.feed.next_poll_at or START)
        assert self.pipeline.poll_feeds() == 1

    def subscribe(self) -> None:
        self.desk.publish("first", "Nothing happened", "On Sunday nothing happened.")
        self.poll()
        assert self.pipeline.ask_hubs() == 1

    def push(self, slug: str, title: str, text: str) -> list[int]:
        """Publish a story and have the hub send the feed."""
        self.desk.publish(slug, title, text)
        return self.hub.push(self.body())

    def body(self) -> bytes:
        found = self.desk.newsroom.render("/wire/feed.xml")
        assert found
        return found[1].encode()

    def read(self) -> None:
        for arrow in (self.pipeline.take_pushes, self.pipeline.read_entries, self.pipeline.consolidate):
            while arrow():
                pass
        while self.pipeline.deliver():
            pass

    @property
    def feed(self) -> Feed:
        (feed,) = self.store.find_feeds()
        return feed

    @property
    def wait(self) -> timedelta:
        assert self.feed.next_poll_at
        return self.feed.next_poll_at - self.desk.clock.at

    @property
    def known(self) -> Subscription:
        (known,) = self.store.find_subscriptions()
        return known

    @property
    def word(self) -> str:
        return describe(self.store.find_subscription(feed_id=self.feed.id), self.desk.clock.at)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


@pytest.fixture
def desk(tmp_path, hub) -> Iterator[Desk]:
    clock = FixedClock(START)
    with HubNewsroom(secret=SECRET, clock=clock, hub=hub.url) as newsroom, Mailbox() as mailbox:
        desk = Desk(tmp_path, newsroom, mailbox, clock)
        desk.write("settings", SETTINGS.format(port=free_port()))
        desk.write("feeds", f"feeds:\n  - {{url: '{newsroom.feed_url('wire')}', interval: 15m}}\n")
        yield desk


@contextmanager
def opened(desk: Desk, hub: Hub) -> Iterator[Scene]:
    with desk.app() as app:
        callback = Callback(running=Running(app), clock=desk.clock)
        callback.follow(app.config.settings)
        try:
            yield Scene(desk, app, hub, callback)
        finally:
            callback.close()


@pytest.fixture
def scene(desk, hub) -> Iterator[Scene]:
    with opened(desk, hub) as scene:
        yield scene


def nearly(span: timedelta) -> Callable[[timedelta], bool]:
    """Chance makes a poll up to a tenth earlier."""
    return lambda other: span * 0.9 <= other <= span


def test_news_that_a_hub_pushes_is_told_at_once_and_once(scene: Scene) -> None:
    scene.subscribe()
    (asked,) = scene.hub.asked
    assert asked["hub.topic"] == scene.desk.newsroom.feed_url("wire")
    assert asked["hub.callback"].startswith(f"http://127.0.0.1:{scene.callback.port}/some/where/")
    assert len(asked["hub.secret"]) < 200
    assert scene.known.state is SubscriptionState.LIVE
    assert scene.push("move", *NEWS) == [202]
    assert scene.hub.push(scene.body()) == [202]  # as a hub does that lost the answer
    scene.read()
    assert scene.desk.events() == [("move.new", "Mira Solano", "confirmed")]
    scene.poll()
    scene.read()
    assert len(scene.desk.events()) == 1
    assert scene.store.counts()["entries.read"] == 2


def test_a_push_that_the_hub_did_not_sign_is_ignored_and_its_sender_learns_nothing(scene: Scene) -> None:
    scene.subscribe()
    scene.desk.publish("move", *NEWS)
    (callback,) = scene.hub.verified
    assert scene.hub.push(scene.body(), secret="another") == [202]
    assert post(callback, scene.body()) == 202
    assert post(callback, scene.body(), "md5=00") == 202
    assert post(callback, scene.body() + b" ", sign(scene.body(), "sha512", scene.known.secret)) == 202
    scene.read()
    assert scene.desk.events() == []
    assert scene.known.pushed_at is None


def test_strangers_meet_nothing_at_the_callback(scene: Scene) -> None:
    scene.subscribe()
    place = f"http://127.0.0.1:{scene.callback.port}"
    for path in ("/", "/metrics", "/healthz", "/some/where/", "/some/where/unknown"):
        assert request(place + path, {"hub.challenge": "x", "hub.mode": "subscribe"})[0] == 404
        assert post(place + path, scene.body(), sign(scene.body(), "sha256", scene.known.secret)) == 404
    assert request(scene.known.callback, {}, "PUT")[0] == 405


def test_only_what_was_asked_is_confirmed(scene: Scene) -> None:
    scene.subscribe()
    topic, place = scene.known.topic, scene.known.callback
    right = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": CHALLENGE, "hub.lease_seconds": "60"}
    wrong = ({"hub.topic": topic + "?"}, {"hub.mode": "unsubscribe"}, {"hub.challenge": "x" * 5000}, {"hub.mode": ""})
    before = scene.known
    assert [request(place, right | each) for each in wrong] == [(404, "")] * 4
    assert scene.known == before
    assert request(place, right) == (200, CHALLENGE)


def test_a_lease_is_renewed_before_it_ends(scene: Scene) -> None:
    scene.subscribe()
    lease = timedelta(seconds=scene.hub.lease)
    assert scene.known.expires_at == START + lease
    scene.desk.clock.at = START + lease * RENEW_AFTER - timedelta(seconds=1)
    assert scene.pipeline.ask_hubs() == 0
    scene.desk.clock.at += timedelta(seconds=1)
    assert scene.pipeline.ask_hubs() == 1
    first, second = scene.hub.asked
    assert first == second
    assert scene.known.expires_at == scene.desk.clock.at + lease


def test_a_hub_that_is_down_is_asked_again_in_growing_pauses(scene: Scene) -> None:
    scene.hub.answer = 503
    scene.subscribe()
    pauses = []
    for _ in range(3):
        pauses.append(scene.known.next_try_at - scene.desk.clock.at)
        scene.desk.clock.at = scene.known.next_try_at
        assert scene.pipeline.ask_hubs() == 1
    assert pauses == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)]
    assert (scene.known.error, scene.word) == ("http 503", "poll, hub asked")
    scene.hub.answer = 202
    scene.desk.clock.at = scene.known.next_try_at
    scene.pipeline.ask_hubs()
    assert (scene.known.state, scene.known.attempts, scene.known.error) == (SubscriptionState.LIVE, 0, None)


def test_a_hub_that_denies_is_left_alone_for_a_week_and_polling_goes_on(scene: Scene) -> None:
    scene.hub.denies = True
    scene.subscribe()
    assert (scene.known.state, scene.known.error) == (SubscriptionState.DENIED, "not for you")
    query = {"hub.mode": "subscribe", "hub.topic": scene.known.topic, "hub.challenge": "late"}
    assert request(scene.known.callback, query)[0] == 404
    scene.poll()
    assert nearly(QUARTER)(scene.wait)
    scene.hub.denies = False
    scene.desk.clock.at = START + DENIED_PAUSE - timedelta(seconds=1)
    assert scene.pipeline.ask_hubs() == 0
    scene.desk.clock.at += timedelta(seconds=1)
    assert scene.pipeline.ask_hubs() == 1
    assert scene.known.state is SubscriptionState.LIVE


def test_polling_slows_down_for_a_hub_that_sends_and_speeds_up_when_it_misses_news(scene: Scene) -> None:
    scene.subscribe()
    scene.poll()
    assert nearly(QUARTER)(scene.wait)  # it has promised, but sent nothing yet
    scene.push("one", "One", "The first.")
    scene.read()
    scene.poll()
    assert (scene.word, nearly(4 * QUARTER)(scene.wait)) == ("push", True)

    scene.desk.publish("two", "Two", "The second, which the hub does not send.")
    scene.poll()
    assert (scene.word, nearly(QUARTER)(scene.wait)) == ("poll, hub ready", True)
    scene.desk.publish("three", "Three", "The third.")
    scene.poll()
    assert scene.word == "poll, hub quiet"
    assert scene.pipeline.ask_hubs() == 1  # it may have forgotten us
    scene.poll()
    assert nearly(QUARTER)(scene.wait)

    scene.push("four", "Four", "The fourth.")
    scene.read()
    scene.poll()
    assert (scene.word, nearly(4 * QUARTER)(scene.wait)) == ("push", True)


def test_pushed_news_is_the_news_of_the_feed(scene: Scene) -> None:
    scene.subscribe()
    scene.desk.clock.at += timedelta(days=1)
    scene.push("one", "One", "The first.")
    scene.read()
    assert scene.feed.news_at == scene.desk.clock.at  # or a feed that is pushed would be told as silent


def test_a_subscription_ends_when_the_feed_announces_another_hub_or_none(scene: Scene) -> None:
    scene.subscribe()
    first = scene.known
    scene.desk.clock.at += timedelta(days=2)
    with Hub() as other:
        scene.desk.newsroom.hub = other.url
        scene.poll()
        scene.pipeline.ask_hubs()
        assert (len(other.verified), scene.known.hub) == (1, other.url)
        assert post(first.callback, b"", "sha256=00") == 404
        scene.desk.clock.at += timedelta(days=2)
        scene.desk.newsroom.hub = ""
        scene.poll()
    assert scene.store.find_subscriptions() == []


def test_what_is_too_large_or_packed_or_no_feed_is_not_kept(scene: Scene) -> None:
    scene.subscribe()
    assert scene.hub.push(b"x" * 20_001) == [413]
    (callback,) = scene.hub.verified
    packed = {"Content-Encoding": "gzip"}
    assert post(callback, b"x", sign(b"x", "sha1", scene.known.secret), **packed) == 415
    assert scene.hub.push(b"<html><title>Error</title></html>") == [202]
    assert scene.pipeline.take_pushes() == 1
    assert scene.pipeline.take_pushes() == 0
    assert scene.known.pushed_at is None


def test_who_holds_connections_open_holds_up_the_callback_for_seconds_only(scene: Scene) -> None:
    scene.subscribe()
    small = Callback(running=scene.callback.running, clock=scene.desk.clock, connections=3, deadline=1.0)
    port = free_port()
    settings = scene.app.config.settings
    assert settings.websub
    websub = settings.websub.model_copy(update={"listen": f"127.0.0.1:{port}"})
    small.follow(settings.model_copy(update={"websub": websub}))
    try:
        idle = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(3)]
        idle[0].sendall(b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n")
        time.sleep(0.2)
        with socket.create_connection(("127.0.0.1", port), 5) as one_more:
            assert one_more.recv(1) == b""
        ends = [each.recv(1) for each in idle[1:]]
        assert ends == [b"", b""]
        assert request(f"http://127.0.0.1:{port}/x", {})[0] == 404
    finally:
        small.close()
        for each in idle:
            each.close()


def test_a_hub_in_the_inner_network_is_never_asked(desk: Desk, hub: Hub) -> None:
    with Hub(host="127.0.0.2") as inner, opened(desk, inner) as scene:
        desk.newsroom.hub = inner.url
        scene.subscribe()
        assert (inner.asked, scene.known.error) == ([], "blocked address")


def test_without_a_public_address_no_hub_is_asked(desk: Desk, hub: Hub) -> None:
    desk.write("settings", "http: {host_gap: 0s, allow_networks: [127.0.0.1]}\n")
    with opened(desk, hub) as scene:
        desk.publish("first", "Nothing happened", "On Sunday nothing happened.")
        scene.poll()
        assert scene.pipeline.ask_hubs() == 0
        assert scene.store.find_subscriptions() == []


def test_after_the_public_address_changed_hubs_are_told_where_we_are(desk: Desk, hub: Hub) -> None:
    with opened(desk, hub) as scene:
        scene.subscribe()
    desk.write("settings", SETTINGS.format(port=free_port()))
    with opened(desk, hub) as scene:
        scene.poll()
        assert scene.pipeline.ask_hubs() == 1
        assert scene.known.callback in scene.hub.verified
        assert f":{scene.callback.port}/" in scene.known.callback


def test_no_secret_reaches_the_log(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.subscribe()
    scene.push("move", *NEWS)
    scene.hub.push(b"forged", secret="another")
    scene.read()
    time.sleep(0.1)
    told = "".join(capsys.readouterr())
    assert "hub.asked" in told and "hub.verified" in told and "hub.bad_signature" in told  # noqa: PT018 - one premise
    assert scene.known.secret not in told
    assert scene.known.token not in told
    assert scene.known.secret not in repr(scene.known)


def test_configured_settings_are_checked(desk: Desk) -> None:
    from monitor.errors import ConfigError

    for websub, told in (
        ('{public_url: "https://m.example/x?y=1", listen: 127.0.0.1:9}', "settings.yaml:2:22"),
        ("{public_url: https://m.example, listen: 127.0.0.1:9464}", "must differ from 'listen'"),
        ("{public_url: https://m.example}", "key 'listen' is missing"),
    ):
        desk.write("settings", f"listen: 127.0.0.1:9464\nwebsub: {websub}\n")
        with pytest.raises(ConfigError, match=told):
            load_config(desk.config, desk.environ)
