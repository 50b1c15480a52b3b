"""feed + outcome of its poll -> the feed's next row.  Pure.

Never gives a feed up: one that fails is tried again in growing gaps of at most a day, one that is gone once a week.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import Feed, FeedDocument, Fetched, NotModified, Poll, Refused, Validators

FULL_FETCH_EVERY = 50  # polls: some servers answer 304 for ever
LONGEST_GAP = timedelta(days=1)
GONE_GAP = timedelta(days=7)
# Publishers' wishes count up to here, or to four intervals: WordPress says "hourly" of every site, caches say "a year".
_WISH_CAP = timedelta(hours=1)
_JITTER = 0.1  # how much of an interval chance may take off


class Outcome(StrEnum):
    """What a poll came to; logged and counted."""

    CHANGED = "changed"
    SAME_BODY = "same body"
    NOT_MODIFIED = "not modified"
    NOT_A_FEED = "not a feed"
    REFUSED = "refused"
    GONE = "gone"


def validators_for(feed: Feed) -> Validators:
    """Return what to send with the next poll: nothing on every fiftieth, so that a server that lies is found out."""
    forced = feed.polls % FULL_FETCH_EVERY == FULL_FETCH_EVERY - 1
    return Validators() if forced else feed.validators


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def has_same_body(feed: Feed, poll: Fetched) -> bool:
    """True if this body was parsed before: it need not be parsed again."""
    return feed.body_hash is not None and feed.body_hash == body_hash(poll.body)


def decide_outcome(feed: Feed, poll: Poll, document: FeedDocument | None) -> Outcome:
    match poll:
        case NotModified():
            return Outcome.NOT_MODIFIED
        case Refused():
            return Outcome.GONE if poll.status == 410 else Outcome.REFUSED
        case Fetched() if document is not None:
            return Outcome.CHANGED
        case Fetched():
            return Outcome.SAME_BODY if has_same_body(feed, poll) else Outcome.NOT_A_FEED


def decide_next_poll(
    feed: Feed, poll: Poll, document: FeedDocument | None, now: datetime, jitter: float, *, error: str | None = None
) -> Feed:
    """Return the complete next row of `feed`.

    `document` is None where nothing was parsed: not modified, the same body, or not a feed, and then `error` says why.
    `jitter` is random in [0, 1); it only makes a poll earlier, so that a feed is due again when a job of the same
    period next runs.  Validators and body hash are kept only from a poll whose entries are kept with them.
    """
    outcome = decide_outcome(feed, poll, document)
    polled = replace(feed, last_poll_at=now, polls=feed.polls + 1)
    if outcome in (Outcome.CHANGED, Outcome.SAME_BODY, Outcome.NOT_MODIFIED):
        wait = _wait_after_success(feed, poll, document, jitter)
        return _succeeded(replace(polled, next_poll_at=now + wait), poll, document, now)
    failed = replace(polled, failures=feed.failures + 1, error=error or _error(poll), gone=outcome is Outcome.GONE)
    return replace(failed, next_poll_at=now + _wait_after_failure(failed, poll, jitter))


def _succeeded(feed: Feed, poll: Poll, document: FeedDocument | None, now: datetime) -> Feed:
    feed = replace(feed, failures=0, error=None, gone=False)
    if not isinstance(poll, Fetched):
        return feed
    feed = replace(feed, validators=poll.validators, body_hash=body_hash(poll.body))
    return feed if document is None else replace(feed, title=document.title or feed.title, last_change_at=now)


def _wait_after_success(feed: Feed, poll: Poll, document: FeedDocument | None, jitter: float) -> timedelta:
    wishes = [document.ttl if document else None, None if isinstance(poll, Refused) else poll.max_age]
    wish = max(filter(None, wishes), default=timedelta(0))
    floor = min(wish, max(_WISH_CAP, 4 * feed.interval))
    return max(floor, _shorten(feed.interval, jitter))


def _wait_after_failure(feed: Feed, poll: Poll, jitter: float) -> timedelta:
    if feed.gone:
        return GONE_GAP
    doublings = min(feed.failures - 1, 16)
    gap = min(max(feed.interval * 2**doublings, feed.interval), max(LONGEST_GAP, feed.interval))
    asked = poll.retry_after if isinstance(poll, Refused) and poll.retry_after else timedelta(0)
    return max(min(asked, LONGEST_GAP), _shorten(gap, jitter))


def _shorten(gap: timedelta, jitter: float) -> timedelta:
    return gap * (1 - _JITTER * jitter)


def _error(poll: Poll) -> str:
    return poll.reason if isinstance(poll, Refused) else Outcome.NOT_A_FEED
