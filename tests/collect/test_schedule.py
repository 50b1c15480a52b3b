"""When a feed is due again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.collect.schedule import (
    FULL_FETCH_EVERY,
    Outcome,
    body_hash,
    decide_next_poll,
    decide_outcome,
    validators_for,
)
from monitor.model import Feed, FeedDocument, Fetched, NotModified, Poll, Refused, Validators

NOW = datetime(2025, 7, 9, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FEED = Feed(id="feed", url="https://wire.example/feed", interval=QUARTER, title="Old")
BODY = Fetched(url=FEED.url, status=200, body=b"<rss/>", validators=Validators(etag='"a"'))
DOCUMENT = FeedDocument(entries=(), title="New")
FAILED = Refused(reason="http 503", status=503)


def wait(feed: Feed, poll: Poll, document: FeedDocument | None = None, jitter: float = 0.0) -> timedelta:
    due = decide_next_poll(feed, poll, document, NOW, jitter).next_poll_at
    assert due is not None
    return due - NOW


def test_validators_and_hash_are_kept_with_the_entries_of_a_poll() -> None:
    feed = decide_next_poll(replace(FEED, failures=3, error="dns"), BODY, DOCUMENT, NOW, 0.0)
    assert (feed.validators, feed.body_hash) == (BODY.validators, body_hash(BODY.body))
    assert (feed.title, feed.last_change_at, feed.last_poll_at) == ("New", NOW, NOW)
    assert (feed.failures, feed.error, feed.polls) == (0, None, 1)


def test_a_body_that_was_no_feed_leaves_no_validators_behind() -> None:
    feed = decide_next_poll(FEED, BODY, None, NOW, 0.0, error="not a feed: bot wall")
    assert (feed.validators, feed.body_hash, feed.title) == (Validators(), None, "Old")
    assert (feed.failures, feed.error) == (1, "not a feed: bot wall")


def test_the_same_body_is_a_success_without_a_change() -> None:
    known = replace(FEED, body_hash=body_hash(BODY.body), last_change_at=NOW - QUARTER)
    feed = decide_next_poll(known, BODY, None, NOW, 0.0)
    assert (feed.failures, feed.last_change_at, feed.validators) == (0, NOW - QUARTER, BODY.validators)


@pytest.mark.parametrize(
    ("poll", "document", "outcome"),
    [
        (BODY, DOCUMENT, Outcome.CHANGED),
        (BODY, None, Outcome.NOT_A_FEED),
        (NotModified(), None, Outcome.NOT_MODIFIED),
        (FAILED, None, Outcome.REFUSED),
        (Refused(reason="http 410", status=410, permanent=True), None, Outcome.GONE),
    ],
)
def test_every_poll_has_a_named_outcome(poll: Poll, document: FeedDocument | None, outcome: Outcome) -> None:
    assert decide_outcome(FEED, poll, document) is outcome


def test_a_success_waits_for_the_interval_and_chance_only_shortens_it() -> None:
    assert wait(FEED, NotModified()) == QUARTER
    assert QUARTER * 0.9 <= wait(FEED, NotModified(), jitter=0.999) < QUARTER


def test_wishes_of_the_publisher_are_floors_up_to_an_hour() -> None:
    assert wait(FEED, BODY, replace(DOCUMENT, ttl=timedelta(minutes=30))) == timedelta(minutes=30)
    assert wait(FEED, NotModified(max_age=timedelta(minutes=40)), jitter=0.5) == timedelta(minutes=40)
    assert wait(FEED, NotModified(max_age=timedelta(days=365))) == timedelta(hours=1)


def test_failures_wait_longer_and_longer_but_at_most_a_day() -> None:
    waits = [wait(replace(FEED, failures=failures), FAILED) for failures in range(40)]
    assert waits[:4] == [QUARTER, 2 * QUARTER, 4 * QUARTER, 8 * QUARTER]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)


def test_an_interval_of_more_than_a_day_is_not_shortened_by_failing() -> None:
    assert wait(replace(FEED, interval=timedelta(days=3), failures=9), FAILED) == timedelta(days=3)


def test_retry_after_is_honoured_up_to_a_day() -> None:
    assert wait(FEED, replace(FAILED, retry_after=timedelta(hours=2))) == timedelta(hours=2)
    assert wait(FEED, replace(FAILED, retry_after=timedelta(days=9))) == timedelta(days=1)
    assert wait(FEED, replace(FAILED, retry_after=timedelta(seconds=1))) == QUARTER


def test_a_gone_feed_is_asked_once_a_week_and_comes_back() -> None:
    gone = decide_next_poll(FEED, Refused(reason="http 410", status=410, permanent=True), None, NOW, 0.0)
    assert gone.gone
    assert gone.next_poll_at == NOW + timedelta(days=7)
    assert not decide_next_poll(gone, BODY, DOCUMENT, NOW, 0.0).gone


def test_every_fiftieth_poll_sends_no_validators() -> None:
    feed = replace(FEED, validators=Validators(etag='"a"'))
    sent = [validators_for(replace(feed, polls=polls)) for polls in range(2 * FULL_FETCH_EVERY)]
    assert [polls for polls, validators in enumerate(sent) if validators == Validators()] == [49, 99]
