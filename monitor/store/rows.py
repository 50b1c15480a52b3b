"""sqlite3 row <-> model value.  Never runs a statement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Row
from typing import Any, TypeAlias

from monitor.model import (
    Alert,
    Claim,
    Delivery,
    DeliveryState,
    Entry,
    Event,
    Evidence,
    Feed,
    Kind,
    KnownEntry,
    Move,
    Origin,
    Reason,
    Register,
    RobotsFile,
    SourcedClaim,
    Span,
    Status,
    StatusChange,
    Told,
    Validators,
)
from monitor.store.times import duration_from_micros, duration_to_micros, from_micros, to_micros

Values: TypeAlias = dict[str, Any]  # column -> value


def insert(table: str, columns: tuple[str, ...]) -> str:
    """Write `INSERT INTO table (columns) VALUES (:columns)`, for tables too wide to say every name twice."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(':' + name for name in columns)})"  # noqa: S608 - constants


def feed_from(row: Row) -> Feed:
    return Feed(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        body_hash=row["body_hash"],
        interval=duration_from_micros(row["interval"]),
        next_poll_at=from_micros(row["next_poll_at"]),
        last_poll_at=from_micros(row["last_poll_at"]),
        last_change_at=from_micros(row["last_change_at"]),
        failures=row["failures"],
        error=row["error"],
        polls=row["polls"],
        gone=bool(row["gone"]),
        rhythm=duration_from_micros(row["rhythm"]) if row["rhythm"] is not None else None,
        news_at=from_micros(row["news_at"]),
        ttl=duration_from_micros(row["ttl"]) if row["ttl"] is not None else None,
        skip_hours=_numbers(row["skip_hours"]),
        skip_days=_numbers(row["skip_days"]),
        moved_to=row["moved_to"],
        moves=row["moves"],
        quiet_at=from_micros(row["quiet_at"]),
        told=row["told"],
    )


def feed_values(feed: Feed) -> Values:
    """All but what the configuration says of it."""
    plain = ("id", "title", "body_hash", "failures", "error", "polls", "gone", "moved_to", "moves")
    times = ("next_poll_at", "last_poll_at", "last_change_at", "news_at", "quiet_at")
    durations = {"rhythm": feed.rhythm, "ttl": feed.ttl}
    return {
        **{name: getattr(feed, name) for name in plain},
        **{name: to_micros(getattr(feed, name)) for name in times},
        **{name: None if value is None else duration_to_micros(value) for name, value in durations.items()},
        "etag": feed.validators.etag,
        "last_modified": feed.validators.last_modified,
        "skip_hours": " ".join(map(str, sorted(feed.skip_hours))),
        "skip_days": " ".join(map(str, sorted(feed.skip_days))),
    }


def robots_from(row: Row) -> RobotsFile:
    rules = tuple((bool(allowed), pattern) for allowed, pattern in json.loads(row["rules"]))
    times = {"expires_at": from_micros(row["expires_at"]), "delay": row["delay"] and duration_from_micros(row["delay"])}
    return RobotsFile(origin=row["host"], rules=rules, silent=bool(row["silent"]), **times)


def robots_values(file: RobotsFile) -> Values:
    rules = _json([list(rule) for rule in file.rules])
    times = {"expires_at": to_micros(file.expires_at), "delay": file.delay and duration_to_micros(file.delay)}
    return {"host": file.origin, "rules": rules, "silent": file.silent, **times}


def _numbers(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split()))


def entry_from(row: Row) -> Entry:
    return Entry(
        feed_id=row["feed_id"],
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        author=row["author"],
        published_at=from_micros(row["published_at"]),
        updated_at=from_micros(row["updated_at"]),
        address=row["address"],
    )


def known_entry_from(row: Row) -> KnownEntry:
    names = ("key", "guid", "content_hash", "address", "title")
    return KnownEntry(**{name: row[name] for name in names}, published_at=from_micros(row["published_at"]))


def entry_values(entry: Entry) -> Values:
    return {
        "key": entry.key,
        "feed_id": entry.feed_id,
        "guid": entry.guid,
        "url": entry.url,
        "address": entry.address,
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "published_at": to_micros(entry.published_at),
        "updated_at": to_micros(entry.updated_at),
        "content_hash": entry.content_hash,
    }


# The feeds whose entries led to an article.
FEEDS_OF = "(SELECT group_concat(DISTINCT feed_id) FROM entries WHERE article_id = {})"

# Columns that claims and moves have in common, by the same names in row and type.
_ASSERTED = ("person", "kind", "from_org", "to_org", "role", "from_role", "date", "status", "background", "confidence")

CLAIM_COLUMNS = (
    *("key", "article_id", "person_key", *_ASSERTED, "register", "evidence", "span_start", "span_end", "trigger"),
    *("rule", "url", "outlet", "title", "published_at", "person_id", "from_id", "to_id", "origin", "needs_review"),
    *("pending", "recorded_at"),
)


def sourced_claim_from(row: Row) -> SourcedClaim:
    return SourcedClaim(
        claim=_claim_from(row),
        article_id=row["article_id"],
        url=row["url"],
        outlet=row["outlet"],
        title=row["title"],
        published_at=from_micros(row["published_at"]),
        person_id=row["person_id"],
        from_id=row["from_id"],
        to_id=row["to_id"],
        origin=Origin(row["origin"]),
        needs_review=row["needs_review"],
        feeds=_listed(row["feeds"]),
    )


def _claim_from(row: Row) -> Claim:
    return Claim(
        person=row["person"],
        kind=Kind(row["kind"]),
        from_org=row["from_org"],
        to_org=row["to_org"],
        role=row["role"],
        from_role=row["from_role"],
        date=row["date"],
        status=Status(row["status"]),
        background=bool(row["background"]),
        evidence=row["evidence"],
        span=Span(start=row["span_start"], end=row["span_end"]),
        confidence=row["confidence"],
        register=Register(row["register"]),
        trigger=row["trigger"],
        rule=row["rule"],
    )


def sourced_claim_values(sourced: SourcedClaim) -> Values:
    """All columns of `CLAIM_COLUMNS` but those of its way through the store: person key, pending, recorded."""
    claim = sourced.claim
    return {
        **{name: getattr(claim, name) for name in (*_ASSERTED, "register", "evidence", "trigger", "rule")},
        "key": sourced.key,
        "article_id": sourced.article_id,
        "span_start": claim.span.start,
        "span_end": claim.span.end,
        "url": sourced.url,
        "outlet": sourced.outlet,
        "title": sourced.title,
        "published_at": to_micros(sourced.published_at),
        "person_id": sourced.person_id,
        "from_id": sourced.from_id,
        "to_id": sourced.to_id,
        "origin": sourced.origin,
        "needs_review": sourced.needs_review,
    }


MOVE_COLUMNS = (
    *("id", "person_key", *_ASSERTED, "register", "person_id", "from_id", "to_id", "history", "origin"),
    *("first_seen_at", "updated_at", "source", "note", "needs_review", "sequence", "told"),
    "retracted",
    *("person_folded", "orgs_folded"),
)


def move_from(row: Row, evidence: tuple[Evidence, ...]) -> Move:
    plain = ("id", "person_key", "person", "person_id", "from_org", "to_org", "from_id", "to_id", "role", "from_role")
    return Move(
        **{name: row[name] for name in plain},
        date=row["date"],
        kind=Kind(row["kind"]),
        status=Status(row["status"]),
        history=tuple(_status_change_from(step) for step in json.loads(row["history"])),
        confidence=row["confidence"],
        register=Register(row["register"]),
        origin=Origin(row["origin"]),
        background=bool(row["background"]),
        first_seen_at=from_micros(row["first_seen_at"]),
        updated_at=from_micros(row["updated_at"]),
        evidence=evidence,
        source=row["source"],
        note=row["note"],
        needs_review=row["needs_review"],
        sequence=row["sequence"],
        told=_told_from(row["told"]),
        retracted=row["retracted"],
    )


def move_values(move: Move) -> Values:
    """All columns of `MOVE_COLUMNS` but the folded ones."""
    plain = ("id", "person_key", "person_id", "from_id", "to_id", "origin", "source", "note", "needs_review")
    return {
        **{name: getattr(move, name) for name in (*plain, *_ASSERTED, "register", "sequence", "retracted")},
        "history": _json([[step.status, to_micros(step.at), step.url] for step in move.history]),
        "first_seen_at": to_micros(move.first_seen_at),
        "updated_at": to_micros(move.updated_at),
        "told": _told_json(move.told),
    }


def _status_change_from(step: tuple[str, int, str]) -> StatusChange:
    status, at, url = step
    return StatusChange(status=Status(status), at=from_micros(at), url=url)


_TOLD = ("status", "from_org", "to_org", "role", "date")


def _told_json(told: Told | None) -> str | None:
    if told is None:
        return None
    return _json({**{name: getattr(told, name) for name in _TOLD}, "at": to_micros(told.at)})


def _told_from(text: str | None) -> Told | None:
    if text is None:
        return None
    told = json.loads(text)
    return Told(**{**told, "status": Status(told["status"]), "at": from_micros(told["at"])})


EVIDENCE_COLUMNS = (
    *("move_id", "claim_key", "position", "article_id", "url", "outlet", "title", "published_at", "sentence"),
    *("status", "background", "confidence"),
)
_EVIDENCE = ("claim_key", "article_id", "url", "outlet", "title", "sentence", "confidence")


def evidence_from(row: Row) -> Evidence:
    return Evidence(
        **{name: row[name] for name in _EVIDENCE},
        published_at=from_micros(row["published_at"]),
        status=Status(row["status"]),
        background=bool(row["background"]),
        copies=_listed(row["copies"]),
        feeds=_listed(row["feeds"]),
    )


def _listed(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(","))) if joined else ()


def evidence_values(evidence: Evidence, move_id: str, position: int) -> Values:
    return {
        **{name: getattr(evidence, name) for name in (*_EVIDENCE, "status", "background")},
        "published_at": to_micros(evidence.published_at),
        "move_id": move_id,
        "position": position,
    }


ALERT_COLUMNS = ("id", "move_id", "sequence", "event", "reasons", "origin", "created_at", "payload")


def alert_from(row: Row) -> Alert:
    return Alert(
        id=row["id"],
        move_id=row["move_id"] or "",
        sequence=row["sequence"],
        event=Event(row["event"]),
        reasons=reasons_from(row["reasons"]),
        origin=Origin(row["origin"]),
        created_at=from_micros(row["created_at"]),
        payload=json.loads(row["payload"]),
    )


def alert_values(alert: Alert) -> Values:
    return {
        **{name: getattr(alert, name) for name in ("id", "sequence", "event", "origin")},
        "move_id": alert.move_id or None,
        "reasons": reasons_json(alert.reasons),
        "created_at": to_micros(alert.created_at),
        "payload": _json(alert.payload),
    }


def reasons_json(reasons: tuple[Reason, ...]) -> str:
    return _json(list(reasons))


def reasons_from(text: str) -> tuple[Reason, ...]:
    return tuple(Reason(reason) for reason in json.loads(text))


DELIVERY_COLUMNS = (
    *("id", "alert_id", "move_id", "sequence", "channel", "state", "attempts", "created_at", "due_at", "next_try_at"),
    *("error", "accepted_at", "digest"),
)


def delivery_from(row: Row, alert: Alert) -> Delivery:
    return Delivery(
        id=row["id"],
        alert=alert,
        channel=row["channel"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        created_at=from_micros(row["created_at"]),
        next_try_at=from_micros(row["next_try_at"]),
        error=row["error"],
        accepted_at=from_micros(row["accepted_at"]),
        digest=row["digest"],
    )


def delivery_values(delivery: Delivery) -> Values:
    return {
        **{name: getattr(delivery, name) for name in ("id", "channel", "state", "attempts", "error", "digest")},
        "alert_id": delivery.alert.id,
        "move_id": delivery.alert.move_id or None,
        "due_at": to_micros(delivery.next_try_at),
        "sequence": delivery.alert.sequence,
        "created_at": to_micros(delivery.created_at),
        "next_try_at": to_micros(delivery.next_try_at),
        "accepted_at": to_micros(delivery.accepted_at),
    }


def _json(value: Mapping[str, object] | list[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
