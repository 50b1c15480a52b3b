"""When a feed is due again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.collect.schedule import (
    FULL_FETCH_EVERY,
    MOVED_AFTER,
    Outcome,
    Pace,
    Polled,
    address_of,
    body_hash,
    decide_interval,
    decide_next_poll,
    decide_outcome,
    validators_for,
)
from monitor.model import Entry, Feed, FeedDocument, Fetched, NotModified, Poll, Refused, Validators

NOW = datetime(2025, 7, 9, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PACE = Pace(shortest=timedelta(minutes=3), longest=timedelta(hours=2))
FEED = Feed(id="feed", url="https://wire.example/feed", interval=QUARTER, title="Old")
BODY = Fetched(url=FEED.url, status=200, body=b"<rss/>", validators=Validators(etag='"a"'))
DOCUMENT = FeedDocument(entries=(), title="New")
FAILED = Refused(reason="http 503", status=503)


def after(
    feed: Feed,
    poll: Poll,
    document: FeedDocument | None = None,
    *,
    jitter: float = 0.0,
    now: datetime = NOW,
    **more: Any,
) -> Feed:
    return decide_next_poll(feed, Polled(poll=poll, document=document, **more), PACE, now, jitter)


def wait(feed: Feed, poll: Poll, document: FeedDocument | None = None, jitter: float = 0.0) -> timedelta:
    due = after(feed, poll, document, jitter=jitter).next_poll_at
    assert due is not None
    return due - NOW


def test_validators_and_hash_are_kept_with_the_entries_of_a_poll() -> None:
    feed = after(replace(FEED, failures=3, error="dns"), BODY, DOCUMENT)
    assert (feed.validators, feed.body_hash) == (BODY.validators, body_hash(BODY.body))
    assert (feed.title, feed.last_change_at, feed.last_poll_at) == ("New", NOW, NOW)
    assert (feed.failures, feed.error, feed.polls) == (0, None, 1)


def test_a_body_that_was_no_feed_leaves_no_validators_behind() -> None:
    feed = after(FEED, BODY, error="not a feed: bot wall")
    assert (feed.validators, feed.body_hash, feed.title) == (Validators(), None, "Old")
    assert (feed.failures, feed.error) == (1, "not a feed: bot wall")


def test_the_same_body_is_a_success_without_a_change() -> None:
    known = replace(FEED, body_hash=body_hash(BODY.body), last_change_at=NOW - QUARTER)
    feed = after(known, BODY)
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
    gone = after(FEED, Refused(reason="http 410", status=410, permanent=True))
    assert gone.gone
    assert gone.next_poll_at == NOW + timedelta(days=7)
    assert not after(gone, BODY, DOCUMENT).gone


def test_every_fiftieth_poll_sends_no_validators() -> None:
    feed = replace(FEED, validators=Validators(etag='"a"'))
    sent = [validators_for(replace(feed, polls=polls)) for polls in range(2 * FULL_FETCH_EVERY)]
    assert [polls for polls, validators in enumerate(sent) if validators == Validators()] == [49, 99]


# --- adapting -------------------------------------------------------------------------------------------------------


def entries(every: timedelta, count: int = 10) -> FeedDocument:
    dated = (Entry(feed_id="feed", guid=str(n), url=None, published_at=NOW - n * every) for n in range(count))
    return FeedDocument(entries=tuple(dated))


@pytest.mark.parametrize(
    ("every", "interval"),
    [
        (timedelta(minutes=4), timedelta(minutes=3)),  # as often as the bounds allow
        (timedelta(hours=1), timedelta(minutes=15)),
        (timedelta(hours=4), timedelta(hours=1)),
        (timedelta(days=7), timedelta(hours=2)),
    ],
)
def test_a_feed_is_polled_four_times_for_each_of_its_entries(every: timedelta, interval: timedelta) -> None:
    feed = after(FEED, BODY, entries(every), new=10)
    assert decide_interval(feed, PACE, NOW) == interval


def test_a_busy_feed_that_falls_silent_is_polled_less_and_less() -> None:
    feed = after(FEED, BODY, entries(timedelta(minutes=20)), new=10)
    intervals = [decide_interval(feed, PACE, NOW + timedelta(hours=hours)) for hours in (0, 1, 24, 24 * 30)]
    assert intervals == [timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=36), timedelta(hours=2)]


def test_without_dates_the_rhythm_is_that_in_which_entries_come() -> None:
    bare = FeedDocument(entries=(Entry(feed_id="feed", guid="1", url=None),))
    feed = after(FEED, BODY, bare, new=1)
    assert decide_interval(feed, PACE, NOW) == QUARTER
    feed = after(feed, BODY, bare, new=2, now=NOW + timedelta(hours=4))
    assert feed.rhythm == timedelta(hours=2)


def test_a_given_interval_does_not_adapt() -> None:
    given = Pace(shortest=QUARTER, longest=QUARTER)
    assert decide_interval(after(FEED, BODY, entries(timedelta(days=7)), new=10), given, NOW) == QUARTER


def test_wishes_of_the_document_hold_for_polls_that_bring_none() -> None:
    feed = after(FEED, BODY, replace(DOCUMENT, ttl=timedelta(minutes=50)))
    assert wait(feed, NotModified()) == timedelta(minutes=50)


def test_hours_and_days_that_the_feed_asks_to_skip_are_skipped_for_at_most_a_day() -> None:
    lunch = after(FEED, BODY, replace(DOCUMENT, skip_hours=frozenset({12, 13})))
    assert lunch.next_poll_at == NOW.replace(hour=14)
    today = after(FEED, BODY, replace(DOCUMENT, skip_days=frozenset({NOW.weekday()})))
    assert today.next_poll_at == NOW.replace(hour=0) + timedelta(days=1)
    never = after(FEED, BODY, replace(DOCUMENT, skip_hours=frozenset(range(24))))
    assert never.next_poll_at == NOW + QUARTER


# --- moved feeds ----------------------------------------------------------------------------------------------------


def test_a_permanent_redirect_is_believed_after_it_has_repeated_and_dropped_when_it_fails() -> None:
    there = replace(BODY, moved_to="https://wire.example/new")
    feed = FEED
    asked = []
    for _ in range(MOVED_AFTER + 1):
        asked.append(address_of(feed))
        feed = after(feed, there if address_of(feed) == FEED.url else BODY, DOCUMENT)
    assert asked == [FEED.url] * MOVED_AFTER + ["https://wire.example/new"]
    assert address_of(after(feed, FAILED)) == FEED.url


def test_redirects_to_changing_places_are_never_believed() -> None:
    feed = FEED
    for number in range(20):
        feed = after(feed, NotModified(moved_to=f"https://wire.example/{number}"))
    assert address_of(feed) == FEED.url


def test_a_feed_that_is_gone_from_where_it_moved_to_is_asked_at_its_own_address() -> None:
    moved = replace(FEED, moved_to="https://b.example/feed", moves=MOVED_AFTER)
    failed = after(moved, Refused(reason="http 410", status=410, permanent=True))
    assert (failed.gone, address_of(failed)) == (False, FEED.url)
