"""Small model values for tests: each builder gives a valid one, `changes` say what the test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model import (
    Alert,
    Article,
    ArticleResult,
    Claim,
    Consolidation,
    Decision,
    Delivery,
    DeliveryState,
    Entry,
    EntryToRead,
    Event,
    Evidence,
    Feed,
    GroupClaim,
    Kind,
    Move,
    Origin,
    Reason,
    Register,
    SourcedClaim,
    Span,
    Status,
    StatusChange,
    Subscription,
    Told,
    content_id,
)
from monitor.names import person_key

NOW = datetime(2025, 6, 10, 12, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_feed(name: str = "a", **changes: Any) -> Feed:
    url = f"https://{name}.example/feed"
    values: dict[str, Any] = {"id": content_id(url), "url": url, "title": f"Feed {name}", "next_poll_at": NOW}
    return Feed(**{**values, **changes})


def a_subscription(name: str = "a", **changes: Any) -> Subscription:
    values: dict[str, Any] = {
        "feed_id": a_feed(name).id,
        "hub": "https://hub.example/",
        "topic": a_feed(name).url,
        "callback": f"https://monitor.example/push/token-{name}",
        "secret": f"secret-{name}",
        "next_try_at": NOW,
    }
    return Subscription(**{**values, **changes})


def an_entry(number: int = 1, feed: Feed | None = None, **changes: Any) -> Entry:
    feed = feed or a_feed()
    values: dict[str, Any] = {
        "feed_id": feed.id,
        "guid": f"guid-{number}",
        "url": f"https://outlet.example/{number}",
        "address": f"outlet.example/{number}",
        "title": f"Ada Lovelace joins Cohere, part {number}",
        "summary": "The mathematician left Meta.",
        "author": "A. Reporter",
        "published_at": NOW - minutes(number),
        "updated_at": NOW,
    }
    return Entry(**{**values, **changes})


def an_entry_to_read(entry: Entry | None = None, **changes: Any) -> EntryToRead:
    values: dict[str, Any] = {"entry": entry or an_entry(), "origin": Origin.LIVE, "first_seen_at": NOW}
    return EntryToRead(**{**values, **changes})


def an_article(number: int = 1, **changes: Any) -> Article:
    values: dict[str, Any] = {
        "url": f"https://outlet.example/{number}",
        "title": "Ada Lovelace joins Cohere",
        "text": f"Ada Lovelace has joined Cohere from Meta, as chief scientist. Copy {number}.",
        "published_at": NOW - minutes(number),
        "outlet": "outlet.example",
        "language": "en",
    }
    return Article(**{**values, **changes})


def a_claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "person": "Ada Lovelace",
        "kind": Kind.MOVE,
        "from_org": "Meta",
        "to_org": "Cohere",
        "role": "chief scientist",
        "from_role": "research lead",
        "date": "2025-06",
        "status": Status.REPORTED,
        "evidence": "Ada Lovelace has joined Cohere from Meta, as chief scientist.",
        "span": Span(start=26, end=87),
        "confidence": 0.9,
        "register": Register.BUSINESS,
        "trigger": "has joined",
        "rule": "join",
    }
    return Claim(**{**values, **changes})


def a_sourced_claim(article: Article | None = None, claim: Claim | None = None, **changes: Any) -> SourcedClaim:
    article = article or an_article()
    values: dict[str, Any] = {
        "claim": claim or a_claim(),
        "article_id": article.id,
        "url": article.url,
        "outlet": article.outlet,
        "title": article.title,
        "published_at": article.published_at,
        "person_id": "ada-lovelace",
        "from_id": "meta",
        "to_id": "cohere",
    }
    return SourcedClaim(**{**values, **changes})


def a_result(article: Article | None = None, claims: tuple[Claim, ...] | None = None, **changes: Any) -> ArticleResult:
    article = article or an_article()
    said = (a_claim(),) if claims is None else claims
    sourced = tuple(a_sourced_claim(article, claim) for claim in said)
    return ArticleResult(**{"article": article, "claims": sourced, **changes})


def a_group_claim(**changes: Any) -> GroupClaim:
    values: dict[str, Any] = {"group": "authors of the paper", "count": 11, "of": 14, "kind": Kind.LEAVE}
    return GroupClaim(**{**values, "from_org": "Meta", "evidence": "Eleven of the fourteen have left.", **changes})


def some_evidence(claim: SourcedClaim | None = None, **changes: Any) -> Evidence:
    claim = claim or a_sourced_claim()
    values: dict[str, Any] = {
        "claim_key": claim.key,
        "article_id": claim.article_id,
        "url": claim.url,
        "outlet": claim.outlet,
        "title": claim.title,
        "published_at": claim.published_at,
        "sentence": claim.claim.evidence,
        "status": claim.claim.status,
        "background": claim.claim.background,
        "confidence": claim.claim.confidence,
    }
    return Evidence(**{**values, **changes})


def a_move(person: str = "Ada Lovelace", **changes: Any) -> Move:
    values: dict[str, Any] = {
        "id": content_id(person, "Meta", "Cohere"),
        "person": person,
        "person_id": "ada-lovelace",
        "person_key": person_key(person),
        "kind": Kind.MOVE,
        "from_org": "Meta",
        "to_org": "Cohere",
        "from_id": "meta",
        "to_id": "cohere",
        "role": "chief scientist",
        "from_role": None,
        "date": "2025-06",
        "status": Status.REPORTED,
        "history": (StatusChange(status=Status.REPORTED, at=NOW, url="https://outlet.example/1"),),
        "confidence": 0.9,
        "register": Register.BUSINESS,
        "origin": Origin.LIVE,
        "background": False,
        "first_seen_at": NOW,
        "updated_at": NOW,
        "evidence": (some_evidence(),),
    }
    return Move(**{**values, **changes})


def a_told(move: Move, **changes: Any) -> Told:
    names = ("status", "from_org", "to_org", "role", "date")
    return Told(**{**{name: getattr(move, name) for name in names}, "at": NOW, **changes})


def an_alert(move: Move | None = None, sequence: int = 1, **changes: Any) -> Alert:
    move = move or a_move()
    values: dict[str, Any] = {
        "id": content_id(move.id, str(sequence)),
        "move_id": move.id,
        "sequence": sequence,
        "event": Event.NEW if sequence == 1 else Event.UPDATED,
        "reasons": (Reason.NEW,) if sequence == 1 else (Reason.STATUS_CHANGED, Reason.DATE_KNOWN),
        "origin": Origin.LIVE,
        "created_at": NOW,
        "payload": {"type": "move.new", "person": "Ada Lovelace – “Countess”", "evidence": [{"n": 1}], "to": None},
    }
    return Alert(**{**values, **changes})


def a_delivery(alert: Alert | None = None, channel: str = "team", **changes: Any) -> Delivery:
    alert = alert or an_alert()
    values: dict[str, Any] = {
        "id": f"msg_{content_id(alert.id, channel)}",
        "alert": alert,
        "channel": channel,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "created_at": alert.created_at,
        "next_try_at": alert.created_at,
    }
    return Delivery(**{**values, **changes})


def a_consolidation(
    move: Move | None = None, *, sequence: int = 1, channels: tuple[str, ...] = ("team",), **changes: Any
) -> Consolidation:
    """The outcome that raises alert number `sequence` of `move` on every one of `channels`."""
    move = move or a_move(sequence=sequence)
    alert = an_alert(move, sequence)
    values: dict[str, Any] = {
        "moves": (move,),
        "support": {each.claim_key: move.id for each in move.evidence},
        "decisions": {move.id: Decision(reasons=alert.reasons)},
        "alerts": (alert,),
        "deliveries": tuple(a_delivery(alert, channel) for channel in channels),
    }
    return Consolidation(**{**values, **changes})
