"""What feeds announce of hubs, what is believed of hubs."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.collect.feeds import parse_feed
from monitor.collect.schedule import Pace, Polled, decide_interval
from monitor.collect.websub import (
    LONGEST_LEASE,
    RENEW_AFTER,
    SOONEST,
    Announcement,
    HubAnswer,
    decide_after_asking,
    decide_after_poll,
    decide_verification,
    find_announcement,
    is_signed,
    parse_links,
)
from monitor.model import FeedDocument, Fetched, NotModified, Subscription, SubscriptionState
from tests.builders import NOW, a_feed, a_subscription, minutes

FEED = "https://wire.example/feed"
LIVE: dict[str, Any] = {
    "state": SubscriptionState.LIVE,
    "asked_at": NOW - timedelta(days=3),
    "verified_at": NOW - timedelta(days=3),
    "expires_at": NOW + timedelta(days=7),
    "pushed_at": NOW - timedelta(days=1),
}


def announced(body: bytes, link: str = "", url: str = FEED) -> Announcement | None:
    fetched = Fetched(url=url, status=200, body=body, link=link)
    return find_announcement(Polled(poll=fetched, document=parse_feed(body, feed_id="f", url=url)))


def rss(*links: str) -> bytes:
    elements = "".join(f"<a:link {link}/>" for link in links)
    head = '<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>t</title>'
    return f"{head}{elements}<item><a:link rel='hub' href='https://entry.example/'/></item></channel></rss>".encode()


HUB = 'rel="hub" href="https://hub.example/?a=1&amp;utm_source=x"'
SELF = 'rel="self" href="https://Wire.example/feed?utm_medium=rss"'
FOUND = Announcement(hub="https://hub.example/?a=1&utm_source=x", topic="https://Wire.example/feed?utm_medium=rss")


def test_a_feed_announces_its_hub_and_its_topic_to_the_letter() -> None:
    assert announced(rss(HUB, SELF)) == FOUND
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom"><link {SELF}/><link {HUB}/><title>t</title></feed>'
    assert announced(atom.encode()) == FOUND
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [], "feed_url": FOUND.topic}
    hubs = [{"type": "rssCloud", "url": "https://no.example/"}, {"type": "WebSub", "url": FOUND.hub}, "x"]
    assert announced(json.dumps(feed | {"hubs": hubs}).encode()) == FOUND


def test_link_headers_go_before_what_the_feed_says() -> None:
    link = f'<https://first.example/>; rel="hub", <{FEED}?page=1>; rel=self; type="a,b"'
    assert announced(rss(HUB, SELF), link) == Announcement(hub="https://first.example/", topic=f"{FEED}?page=1")
    assert announced(rss(HUB, SELF), f'<{FEED}>; rel="self"') == FOUND


def test_a_feed_without_a_self_link_is_known_by_its_address() -> None:
    assert announced(rss(HUB)) == replace(FOUND, topic=FEED)
    assert announced(rss(SELF)) is None


def test_a_hub_without_tls_is_not_asked_for_a_feed_with_it() -> None:
    plain = 'rel="hub" href="http://hub.example/"'
    assert announced(rss(plain)) is None
    assert announced(rss(plain), url="http://wire.example/feed") is not None
    assert announced(rss(plain, HUB)) == replace(FOUND, topic=FEED)
    assert announced(rss('rel="hub" href="file:///etc/passwd"')) is None


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ('<https://a.example/>; rel="hub self"', [("hub", "https://a.example/"), ("self", "https://a.example/")]),
        ("</b>; title=x; REL='Hub'", [("hub", "https://w.example/b")]),
        ("<https://a.example/>", []),
        ("<https://a.example/>; rel=hub" + ", <>; rel=hub" * 99, [("hub", "https://a.example/")]),
        ("<http://[>; rel=hub", []),
        ("", []),
    ],
)
def test_link_headers_are_read(header: str, links: list[tuple[str, str]]) -> None:
    assert parse_links(header, "https://w.example/x") == links


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_counts_by_every_method_of_the_standard(method: str) -> None:
    good = hmac.new(b"secret", b"body", method).hexdigest()
    assert is_signed(b"body", "secret", f"{method}={good}")
    assert is_signed(b"body", "secret", f"{method.upper()}={good.upper()}")
    assert not is_signed(b"body.", "secret", f"{method}={good}")
    assert not is_signed(b"body", "secret", f"{method}={good[:-1]}")
    assert not is_signed(b"body", "secret", f"{method}={hashlib.new(method, b'body').hexdigest()}")


@pytest.mark.parametrize(
    "header", ["", "=", "sha256", "sha256=", "md5=00", "blake2b=00", "sha256=é\udce9", "__class__=1"]
)
def test_what_is_no_signature_is_none(header: str) -> None:
    assert not is_signed(b"body", "secret", header)


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [("3600", timedelta(hours=1)), ("999999999", LONGEST_LEASE), ("0", timedelta(days=10)), ("-5", timedelta(days=10))],
)
def test_a_granted_lease_is_believed_within_bounds(seconds: str, lease: timedelta) -> None:
    known = a_subscription(asked_at=NOW)
    query = {"hub.mode": "subscribe", "hub.topic": known.topic, "hub.challenge": "x", "hub.lease_seconds": seconds}
    after = decide_verification(known, query, NOW)
    assert after is not None
    assert (after.expires_at, after.next_try_at) == (NOW + lease, NOW + lease * RENEW_AFTER)
    brief = decide_verification(known, query | {"hub.lease_seconds": "1"}, NOW)
    assert brief is not None
    assert brief.next_try_at == NOW + SOONEST


def test_what_nobody_asked_for_yet_is_not_verified() -> None:
    known = a_subscription()
    assert (
        decide_verification(known, {"hub.mode": "subscribe", "hub.topic": known.topic, "hub.challenge": "x"}, NOW)
        is None
    )


def test_a_hub_that_will_not_renew_is_live_until_the_lease_ends() -> None:
    live = a_subscription(**LIVE)
    after = decide_after_asking(live, HubAnswer(status=403, error="http 403"), NOW)
    assert (after.is_live(NOW), after.is_live(NOW + timedelta(days=7))) == (True, False)
    late = decide_after_asking(replace(live, expires_at=NOW), HubAnswer(status=403), NOW)
    assert late.state is SubscriptionState.DENIED


def test_a_renewal_is_tried_again_while_the_lease_lasts() -> None:
    ending = a_subscription(**{**LIVE, "expires_at": NOW + minutes(40), "attempts": 5})
    after = decide_after_asking(ending, HubAnswer(status=None, error="timeout"), NOW)
    assert after.next_try_at == NOW + minutes(20)


def test_a_hub_may_ask_for_patience() -> None:
    answer = HubAnswer(status=429, retry_after=timedelta(hours=3))
    after = decide_after_asking(a_subscription(), answer, NOW)
    assert (after.state, after.next_try_at) == (SubscriptionState.ASKED, NOW + timedelta(hours=3))


def poll(new: int = 0, *, document: bool = True) -> Polled:
    body = Fetched(url=FEED, status=200, body=b"")
    return Polled(poll=body, document=FeedDocument(entries=()), new=new) if document else Polled(poll=NotModified())


def test_an_announcement_that_comes_and_goes_is_heeded_once_a_day() -> None:
    known = a_subscription(**{**LIVE, "asked_at": NOW - timedelta(hours=23)})
    other = a_subscription(hub="https://other.example/")
    for wanted in (other, None):
        assert decide_after_poll(known, wanted, poll(), NOW) == known
        assert decide_after_poll(known, wanted, poll(), NOW + timedelta(hours=1)) == wanted


def test_news_counts_as_missed_only_while_the_hub_has_promised_to_send_it() -> None:
    def missed(known: Subscription, polled: Polled) -> int:
        after = decide_after_poll(known, known, polled, NOW)
        assert after is not None
        return after.missed

    live = a_subscription(**LIVE)
    assert (missed(live, poll(3)), missed(live, poll(0)), missed(live, poll(document=False))) == (1, 0, 0)
    assert missed(a_subscription(), poll(3)) == 0
    assert missed(replace(live, expires_at=NOW), poll(3)) == 0


def test_slower_polling_stays_within_its_limit() -> None:
    pace = Pace(shortest=minutes(15), longest=minutes(15), factor=8, limit=minutes(60))
    assert decide_interval(a_feed(), pace, NOW) == minutes(60)
    assert decide_interval(a_feed(), replace(pace, factor=2), NOW) == minutes(30)
    assert decide_interval(a_feed(), replace(pace, limit=minutes(5)), NOW) == minutes(15)
