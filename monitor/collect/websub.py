"""what a feed announces, what a hub answers and sends -> what to ask of it, whether to believe it (W3C WebSub).  Pure.

Never asks, answers or stores: `hubs.py` asks, `daemon/callback.py` answers.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from monitor.collect.schedule import Pace, Polled
from monitor.collect.texts import plain_line
from monitor.collect.urls import joined_url
from monitor.model import Fetched, Subscription, SubscriptionState

LEASE = timedelta(days=10)  # asked for; the hub decides
LONGEST_LEASE = timedelta(days=14)  # counted on, whatever a hub grants
RENEW_AFTER = 2 / 3  # of a lease: what is left is for more tries
SOONEST = timedelta(minutes=5)  # no hub makes us ask more often
FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)  # between tries; each is twice the one before
DENIED_PAUSE = timedelta(days=7)
STABLE = timedelta(days=1)  # an announcement that changes more often than this is heeded once
QUIET_AFTER = 2  # polls that found what the hub had not sent: the first may have been quicker than the hub

_METHODS = frozenset(["sha1", "sha256", "sha384", "sha512"])
_LONGEST_URL = 2_000
_LONGEST_CHALLENGE = 2_000
_LINK = re.compile(r"<([^<>]{1,2000})>([^<]*)")
_REL = re.compile(r""";\s*rel\s*=\s*["']?([^"';,]{1,200})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The hub that a feed names, and the address under which the hub knows the feed."""

    hub: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAnswer:
    """What a hub said when it was asked; no status where it said nothing."""

    status: int | None
    error: str | None = None
    retry_after: timedelta | None = None


# --- what a feed announces ------------------------------------------------------------------------------------------


def find_announcement(polled: Polled) -> Announcement | None:
    """Return what Link headers announce, else what the feed does (section 4); None where there is no hub to trust."""
    poll, document = polled.poll, polled.document
    if not isinstance(poll, Fetched) or document is None:
        return None
    links = parse_links(poll.link, poll.url)
    hubs = [url for relation, url in links if relation == "hub"]
    topic = next((url for relation, url in links if relation == "self"), None)
    if not hubs:
        hubs, topic = list(document.hubs), document.topic
    topic = topic or poll.url
    if len(topic) > _LONGEST_URL:
        return None
    return next((Announcement(hub=hub, topic=topic) for hub in hubs if is_safe(hub, topic)), None)


def parse_links(header: str, base: str) -> list[tuple[str, str]]:
    """Return the (relation, URL) pairs of Link headers (RFC 8288); relations in lower case."""
    found = []
    for link in _LINK.finditer(header):
        relations, url = _REL.search(link[2]), joined_url(link[1].strip(), base)
        if relations and url:
            found += [(relation, url) for relation in relations[1].lower().split()]
    return found


def is_safe(hub: str, topic: str) -> bool:
    """True where asking the hub shows nobody more than polling does: over TLS, or for a feed that comes without it too."""
    schemes = ("https://",) if topic.startswith("https://") else ("https://", "http://")
    return hub.startswith(schemes) and len(hub) <= _LONGEST_URL


# --- what becomes of a subscription -----------------------------------------------------------------------------------


def decide_after_poll(
    known: Subscription | None, wanted: Subscription | None, polled: Polled, now: datetime
) -> Subscription | None:
    """Return what stands after a poll; `wanted` is new, or what is known where nothing else is announced."""
    if known is None or not _is_same(known, wanted):
        return wanted if known is None or _may_change(known, wanted, now) else known
    if not (polled.new and known.is_live(now)):
        return known
    missed = known.missed + 1
    # A hub that forgot us is told again.
    return replace(known, missed=missed, next_try_at=now if missed == QUIET_AFTER else known.next_try_at)


def _is_same(known: Subscription, wanted: Subscription | None) -> bool:
    if wanted is None:
        return False
    return (known.hub, known.topic, _place(known)) == (wanted.hub, wanted.topic, _place(wanted))


def _may_change(known: Subscription, wanted: Subscription | None, now: datetime) -> bool:
    moved = wanted is not None and _place(known) != _place(wanted)
    return moved or known.asked_at is None or now - known.asked_at >= STABLE


def _place(subscription: Subscription) -> str:
    return subscription.callback.rpartition("/")[0]


def decide_after_asking(asked: Subscription, answer: HubAnswer, now: datetime) -> Subscription:
    """Return what stands after a hub was asked; it is live only once the hub has verified that we asked."""
    after = replace(asked, attempts=asked.attempts + 1, error=answer.error)
    if answer.status is not None and 400 <= answer.status < 500 and answer.status not in (408, 429):
        state = asked.state if asked.is_live(now) else SubscriptionState.DENIED
        return replace(after, state=state, next_try_at=now + DENIED_PAUSE)
    pause = min(FIRST_PAUSE * 2 ** min(asked.attempts, 10), LONGEST_PAUSE)
    if asked.is_live(now) and asked.expires_at:
        pause = max(min(pause, (asked.expires_at - now) / 2), SOONEST)
    state = asked.state if asked.is_live(now) else SubscriptionState.ASKED
    wait = max(pause, min(answer.retry_after or pause, LONGEST_PAUSE))
    return replace(after, state=state, next_try_at=now + wait)


def decide_pace(subscription: Subscription | None, pace: Pace, factor: float, now: datetime) -> Pace:
    """Slow down only for a hub that has proven itself: it has sent something, and nothing was missed since."""
    if subscription is None or not is_proven(subscription, now):
        return pace
    return replace(pace, factor=factor)


def is_proven(subscription: Subscription, now: datetime) -> bool:
    return subscription.is_live(now) and subscription.pushed_at is not None and not subscription.missed


def describe(subscription: Subscription | None, now: datetime) -> str:
    """Say in a word or two how news of a feed reaches us."""
    if subscription is None:
        return "poll"
    if not subscription.is_live(now):
        return "poll, hub denied" if subscription.state is SubscriptionState.DENIED else "poll, hub asked"
    if subscription.missed >= QUIET_AFTER:
        return "poll, hub quiet"
    return "push" if is_proven(subscription, now) else "poll, hub ready"


# --- what is said to hubs, and believed of them ---------------------------------------------------------------------


def render_request(subscription: Subscription) -> bytes:
    """Write the form that asks for a subscription (section 5.1)."""
    return urlencode(
        {
            "hub.mode": "subscribe",
            "hub.topic": subscription.topic,
            "hub.callback": subscription.callback,
            "hub.secret": subscription.secret,
            "hub.lease_seconds": int(LEASE.total_seconds()),
        }
    ).encode()


def decide_verification(known: Subscription, query: Mapping[str, str], now: datetime) -> Subscription | None:
    """Return what stands once a hub has verified or denied what we asked (section 5.2, 5.3); None: we did not ask this."""
    if query.get("hub.topic") != known.topic or known.asked_at is None:
        return None
    match query.get("hub.mode"):
        case "denied":
            error = plain_line(query.get("hub.reason", ""), 200) or "denied"
            return replace(known, state=SubscriptionState.DENIED, error=error, next_try_at=now + DENIED_PAUSE)
        case "subscribe" if known.state is not SubscriptionState.DENIED and is_challenge(query.get("hub.challenge")):
            return _verified(known, _granted(query.get("hub.lease_seconds", "")), now)
        case _:
            return None


def is_challenge(text: str | None) -> bool:
    return bool(text) and len(text or "") <= _LONGEST_CHALLENGE


def _granted(seconds: str) -> timedelta:
    granted = timedelta(seconds=int(seconds)) if re.fullmatch(r"[0-9]{1,9}", seconds) else LEASE
    return min(granted or LEASE, LONGEST_LEASE)


def _verified(known: Subscription, lease: timedelta, now: datetime) -> Subscription:
    return replace(
        known,
        state=SubscriptionState.LIVE,
        verified_at=now,
        expires_at=now + lease,
        next_try_at=now + max(lease * RENEW_AFTER, SOONEST),
        attempts=0,
        error=None,
    )


def is_signed(body: bytes, secret: str, header: str) -> bool:
    """True if `header` (X-Hub-Signature) is the HMAC of `body` by one of the methods of section 7.1.1."""
    method, _, signature = header.strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace"))
