"""how a feed fares, what the monitor did in a day -> the alert of it.  Pure: silence must mean that nothing happened.

Never tells the same twice: what was told of a feed stands in its row until the opposite is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from monitor.model import Alert, Event, Feed, Origin, content_id
from monitor.notify.payload import SCHEMA, iso

FAILING_AFTER = 5  # polls in a row: three to four hours at the default pace

# What keeps robots or strangers out, as polls name it; all else is a fault that may pass by itself.
_BLOCKED = re.compile(r"http 40[1-3]|http 451|http 999|bot wall|cookie wall|login wall|paywall|blocked address|robots")
_ADVICE = {
    "blocked": "The site keeps us out. Ask the publisher, or look for another address of the feed.",
    "gone": "The publisher has removed the feed. Look for its new address: monitor feeds add SITE.",
    "not a feed": "The address answers, but no longer with a feed. Look for its new address: monitor feeds add SITE.",
    "failing": "It is tried again in growing gaps of at most a day.",
}


def decide_event(feed: Feed, now: datetime) -> Event | None:
    """Return what is to be told of a feed, if anything."""
    is_failing = feed.failures >= FAILING_AFTER or feed.gone
    is_quiet = not feed.failures and feed.quiet_at is not None and feed.quiet_at <= now
    match feed.told:
        case "failing":
            return None if feed.failures or feed.gone else Event.SOURCE_RECOVERED
        case "quiet" if not is_quiet and not feed.failures:
            return Event.SOURCE_RECOVERED
        case "quiet":
            return Event.SOURCE_FAILING if is_failing else None
        case _:
            return Event.SOURCE_FAILING if is_failing else Event.SOURCE_QUIET if is_quiet else None


def told_after(event: Event) -> str | None:
    """Return what stands in the feed's row once the event is told."""
    return {Event.SOURCE_FAILING: "failing", Event.SOURCE_QUIET: "quiet"}.get(event)


def diagnose(feed: Feed) -> str:
    """Name the kind of failure: "blocked", "gone", "not a feed" or "failing"."""
    error = feed.error or ""
    if feed.gone:
        return "gone"
    if _BLOCKED.search(error):
        return "blocked"
    return "not a feed" if error.startswith("not a feed") else "failing"


def build_source_alert(feed: Feed, event: Event, now: datetime) -> Alert:
    diagnosis = diagnose(feed) if event is Event.SOURCE_FAILING else None
    return _alert(
        event,
        content_id(event, feed.id, iso(now)),
        now,
        {
            "feed": {"id": feed.id, "url": feed.url, "title": feed.title},
            "diagnosis": diagnosis,
            "error": feed.error,
            "failures": feed.failures,
            "news_at": iso(feed.news_at) if feed.news_at else None,
            "rhythm": int(feed.rhythm.total_seconds()) if feed.rhythm else None,
            "advice": _ADVICE.get(diagnosis or ""),
        },
    )


def build_heartbeat(activity: Mapping[str, int], since: datetime | None, now: datetime) -> Alert:
    """Say what was done since the last one; an operator who gets none knows that something is wrong."""
    data = {"since": iso(since) if since else None, **activity}
    return _alert(Event.HEARTBEAT, content_id("heartbeat", iso(now)), now, data)


def render_source(data: Mapping[str, object]) -> str:
    """Say on one line how a feed fares."""
    feed = data["feed"]
    assert isinstance(feed, Mapping)
    name = f"{feed['title']} ({feed['url']})" if feed["title"] else str(feed["url"])
    if data["diagnosis"]:
        return f"Feed {data['diagnosis']}: {name}: {data['error']}"
    return f"Feed {name}"


def _alert(event: Event, id: str, now: datetime, data: Mapping[str, object]) -> Alert:
    return Alert(
        id=id,
        move_id="",
        sequence=0,
        event=event,
        reasons=(),
        origin=Origin.LIVE,
        created_at=now,
        payload={
            "type": event.value,
            "timestamp": iso(now),
            "data": {"schema": SCHEMA, "alert_id": id, **data, "test": False},
        },
    )
