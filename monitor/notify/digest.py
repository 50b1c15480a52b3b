"""deliveries that go together -> one message.  Pure: groups, merges, and gives what was merged an id that stays.

Never drops a delivery: what became of the message became of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.model import Alert, Delivery, Event, Origin, content_id
from monitor.notify.payload import MAX_BYTES, SCHEMA, Payload, encode, iso

# A count, not a size: the messages of a digest that failed are cut again at the same places.
MOST = 20
_NAME, _SENTENCE, _URL = 80, 250, 300  # bytes


def group(deliveries: Sequence[Delivery]) -> list[tuple[Delivery, ...]]:
    """Return what goes as one message each, in the order given; a long digest is several."""
    by_digest: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_digest.setdefault(delivery.digest or delivery.id, []).append(delivery)
    return [part for each in by_digest.values() for part in _cut(each)]


def _cut(deliveries: list[Delivery]) -> list[tuple[Delivery, ...]]:
    """Cut a digest at the same places whatever the order that it comes in."""
    ordered = sorted(deliveries, key=lambda each: (each.created_at, each.alert.sequence, each.id))
    return [tuple(ordered[at : at + MOST]) for at in range(0, len(ordered), MOST)]


def merge(deliveries: Sequence[Delivery]) -> Delivery:
    """Return the one delivery that is sent for all; its id follows from theirs, so that a retry has the same."""
    first = deliveries[0]
    if first.digest is None:
        return first
    ids = sorted(each.id for each in deliveries)
    at = max(each.created_at for each in deliveries)
    id = content_id("digest", *ids)
    alert = Alert(
        id=id,
        move_id="",
        sequence=0,
        event=Event.DIGEST,
        reasons=(),
        origin=Origin.LIVE,
        created_at=at,
        payload=_render(id, iso(at), deliveries),
    )
    return Delivery(
        id=f"msg_{id}",
        alert=alert,
        channel=first.channel,
        state=first.state,
        attempts=first.attempts,
        created_at=at,
        next_try_at=first.next_try_at,
        digest=first.digest,
    )


def _render(id: str, at: str, deliveries: Sequence[Delivery]) -> Payload:
    moves = [describe(each.alert.payload) for each in deliveries]
    name = (deliveries[0].digest or "").rpartition(" ")[0]
    data = {
        "schema": SCHEMA,
        "alert_id": id,
        "digest": name,
        "headline": None,
        "count": len(moves),
        "test": False,
        "moves": moves,
    }
    return shrink({"type": Event.DIGEST.value, "timestamp": at, "data": data}, moves)


_KEPT = ("alert_id", "move_id", "sequence", "changes", "kind", "date", "status", "confidence", "register", "origin")


def describe(payload: Mapping[str, object]) -> dict[str, Any]:
    """Say an alert in short: what it says of the move, and its best evidence."""
    data: Any = payload["data"]
    best: Mapping[str, Any] = next(iter(data["evidence"]), {})
    names = {name: _clip(data[name], _NAME) for name in ("role", "from_role")}
    sides = {side: data[side] and {**data[side], "name": _clip(data[side]["name"], _NAME)} for side in ("from", "to")}
    person = {**data["person"], "name": _clip(data["person"]["name"], _NAME)}
    url = best.get("url")
    return {
        **{name: data[name] for name in _KEPT},
        **names,
        **sides,
        "person": person,
        "type": payload["type"],
        "outlet": best.get("outlet"),
        "url": url if url and len(url.encode()) <= _URL else None,
        "sentence": _clip(best.get("sentence"), _SENTENCE),
    }


def _clip(text: str | None, limit: int) -> str | None:
    """Cut `text` to `limit` bytes: twenty moves share one body."""
    if text is None or len(encoded := text.encode()) <= limit:
        return text
    return f"{encoded[: limit - 3].decode(errors='ignore')}…"


def shrink(payload: Payload, moves: list[dict[str, Any]]) -> Payload:
    """Leave out sentences, then changes, then addresses, the last move's first, until the body is small enough."""
    for field, empty in (("sentence", None), ("changes", {}), ("url", None), ("role", None), ("from_role", None)):
        for move in reversed(moves):
            if len(encode(payload)) < MAX_BYTES:
                return payload
            move[field] = empty
    return payload
