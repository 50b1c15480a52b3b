"""feed + outcome of its poll -> the feed's next row.  Pure.

Never gives a feed up: one that fails is tried again in growing gaps of at most a day, one that is gone once a week.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import Feed, FeedDocument, Fetched, NotModified, Poll, Refused, Validators

FULL_FETCH_EVERY = 50  # polls: some servers answer 304 for ever
LONGEST_GAP = timedelta(days=1)
GONE_GAP = timedelta(days=7)
# Publishers' wishes count up to here, or to four intervals: WordPress says "hourly" of every site, caches say "a year".
_WISH_CAP = timedelta(hours=1)
_JITTER = 0.1  # how much of an interval chance may take off


POLLS_PER_ENTRY = 4  # an entry is then seen after an eighth of the time between two, on average
MOVED_AFTER = 5  # polls that a permanent redirect must have led to one place before it is believed
_NEWEST = 20  # entries that tell a feed's rhythm
_FEWEST = 4
_QUIET_AFTER = timedelta(days=4)  # the longest weekend of a busy feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The bounds within which a feed's interval adapts; they are one where its interval is given."""

    shortest: timedelta
    longest: timedelta
    factor: float = 1.0  # how much longer it is while a hub sends the feed's news (0023)
    limit: timedelta = LONGEST_GAP  # of what `factor` makes longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What a poll came to.  `document` is None where nothing was parsed: not modified, the same body, or no feed."""

    poll: Poll
    document: FeedDocument | None = None
    error: str | None = None  # why the body is no feed
    new: int = 0  # entries that were not known


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


def address_of(feed: Feed) -> str:
    """Return where to poll: where permanent redirects have led for some time, else the configured address."""
    return feed.moved_to if feed.moved_to and feed.moves >= MOVED_AFTER else feed.url


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


def decide_next_poll(feed: Feed, polled: Polled, pace: Pace, now: datetime, jitter: float) -> Feed:
    """Return the complete next row of `feed`.

    `jitter` is random in [0, 1); it only makes a poll earlier, so that a feed is due again when a job of the same
    period next runs.  Validators and body hash are kept only from a poll whose entries are kept with them.
    """
    outcome = decide_outcome(feed, polled.poll, polled.document)
    after = replace(feed, last_poll_at=now, polls=feed.polls + 1)
    if outcome in (Outcome.CHANGED, Outcome.SAME_BODY, Outcome.NOT_MODIFIED):
        after = _succeeded(_remember_move(after, polled.poll), polled, now)
        due_at = now + _wait_after_success(after, polled.poll, pace, now, jitter)
        return replace(after, next_poll_at=_after_skipped(after, due_at))
    error = polled.error or _error(polled.poll)
    gone = outcome is Outcome.GONE and address_of(feed) == feed.url  # where it moved to, only the redirect has ended
    failed = replace(after, failures=feed.failures + 1, error=error, gone=gone, moves=0)
    return replace(failed, next_poll_at=now + _wait_after_failure(failed, polled.poll, jitter))


def decide_interval(feed: Feed, pace: Pace, now: datetime) -> timedelta:
    """Return how long to wait: by the feed's rhythm, and longer where a hub sends its news."""
    interval = _adapt_interval(feed, pace, now)
    return max(interval, min(interval * pace.factor, pace.limit))


def _adapt_interval(feed: Feed, pace: Pace, now: datetime) -> timedelta:
    """Return a quarter of the time between two entries, or of a long silence's tenth, within the bounds of `pace`."""
    if feed.rhythm is None:
        return min(max(feed.interval, pace.shortest), pace.longest)
    silence = (now - feed.news_at) / 10 if feed.news_at else timedelta(0)
    return min(max(max(feed.rhythm, silence) / POLLS_PER_ENTRY, pace.shortest), pace.longest)


def decide_rhythm(feed: Feed, polled: Polled, now: datetime) -> timedelta | None:
    """Return the mean time between the newest entries by their own dates; without dates, by when they came."""
    dates = [entry.published_at for entry in polled.document.entries if entry.published_at] if polled.document else []
    newest = sorted(date for date in dates if date <= now)[-_NEWEST:]
    if len(newest) >= _FEWEST and newest[0] < newest[-1]:
        return (newest[-1] - newest[0]) / (len(newest) - 1)
    if polled.new and feed.news_at and not dates:
        observed = (now - feed.news_at) / polled.new
        return (feed.rhythm + observed) / 2 if feed.rhythm else observed
    return feed.rhythm


def decide_quiet_at(feed: Feed) -> datetime | None:
    """Return from when on the feed's silence is worth a word: ten times its rhythm, holidays allowed for."""
    if feed.rhythm is None or feed.news_at is None:
        return None
    return feed.news_at + max(10 * feed.rhythm, _QUIET_AFTER)


def _succeeded(feed: Feed, polled: Polled, now: datetime) -> Feed:
    feed = replace(feed, failures=0, error=None, gone=False)
    if not isinstance(polled.poll, Fetched):
        return feed
    feed = replace(feed, validators=polled.poll.validators, body_hash=body_hash(polled.poll.body))
    document = polled.document
    if document is None:
        return feed
    feed = replace(
        feed,
        title=document.title or feed.title,
        last_change_at=now,
        rhythm=decide_rhythm(feed, polled, now),
        news_at=_newest(document, now) if feed.news_at is None else now if polled.new else feed.news_at,
        ttl=document.ttl,
        skip_hours=document.skip_hours,
        skip_days=document.skip_days,
    )
    return replace(feed, quiet_at=decide_quiet_at(feed))


def _newest(document: FeedDocument, now: datetime) -> datetime:
    """Return when the first poll's newest entry was published: a feed that has been dead for years is so from the start."""
    return max((e.published_at for e in document.entries if e.published_at and e.published_at <= now), default=now)


def _remember_move(feed: Feed, poll: Poll) -> Feed:
    """Count how often in a row a permanent redirect led to the same place; asked there, it no longer redirects."""
    moved_to = None if isinstance(poll, Refused) else poll.moved_to
    if moved_to is None:
        return feed if address_of(feed) != feed.url else replace(feed, moved_to=None, moves=0)
    return replace(feed, moved_to=moved_to, moves=feed.moves + 1 if moved_to == feed.moved_to else 1)


def _wait_after_success(feed: Feed, poll: Poll, pace: Pace, now: datetime, jitter: float) -> timedelta:
    interval = decide_interval(feed, pace, now)
    wishes = [feed.ttl, None if isinstance(poll, Refused) else poll.max_age]
    wish = max(filter(None, wishes), default=timedelta(0))
    floor = min(wish, max(_WISH_CAP, 4 * feed.interval))
    return max(floor, _shorten(interval, jitter))


def _after_skipped(feed: Feed, due_at: datetime) -> datetime:
    """Move on to the first hour that the feed does not ask to skip; one that would skip more than a day is not heeded."""
    if not feed.skip_hours and not feed.skip_days:
        return due_at
    hours = (due_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=n) for n in range(1, 25))
    moments = (due_at, *hours)
    open_ones = (at for at in moments if at.hour not in feed.skip_hours and at.weekday() not in feed.skip_days)
    return next(open_ones, due_at)


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
