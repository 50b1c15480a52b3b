"""move, decision -> payload: the JSON that every channel renders, frozen when the alert is decided (docs/webhook.md).

Never holds anything but strings, numbers, booleans, lists and mappings, so that it survives any store unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.model import Correction, Event, Evidence, Move, Origin, Reason, StatusChange, Subject, Told

SCHEMA = 1
MAX_BYTES = 20_000  # Standard Webhooks, "Payload size"
_MAX_EVIDENCE = 10
_MAX_HISTORY = 10
_MAX_FEEDS = 10
_MAX_NAME = 200  # characters
_MAX_SENTENCE = 800
_MAX_URL = 2_000

Payload = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What an alert adds to its move."""

    alert_id: str
    sequence: int
    origin: Origin
    event: Event
    reasons: tuple[Reason, ...]
    at: datetime
    test: bool = False
    correction: Correction | None = None
    person_before: str | None = None  # where a correction names another person


def render_payload(move: Move, frame: Frame, subjects: Mapping[str, Subject]) -> Payload:
    """Return the payload of an alert about `move`, whose `told` still says what the alert before said."""
    data = _describe(move, frame, subjects)
    evidence = [_describe_evidence(each) for each in sort_evidence(move)]
    history = [_describe_step(step) for step in move.history[-_MAX_HISTORY:]]
    if frame.correction:
        data["correction"] = _describe_correction(frame.correction)
    data |= {"evidence": evidence[:_MAX_EVIDENCE], "evidence_total": len(evidence), "history": history}
    payload: Payload = {"type": frame.event.value, "timestamp": iso(frame.at), "data": data}
    return _shrink(payload, data)


def encode(payload: Mapping[str, object]) -> bytes:
    """Return the body of a webhook: the same bytes for the same payload, whatever order a store gave its keys."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sort_evidence(move: Move) -> list[Evidence]:
    """Sort what speaks for the present status first, news before history, the newest first."""

    def rank(each: Evidence) -> tuple[bool, bool, float, float, str]:
        return (
            each.background,
            each.status is not move.status,
            -each.published_at.timestamp(),
            -each.confidence,
            each.claim_key,
        )

    return sorted(move.evidence, key=rank)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _describe(move: Move, frame: Frame, subjects: Mapping[str, Subject]) -> dict[str, Any]:
    person = subjects.get(move.person_id or "")
    return {
        "schema": SCHEMA,
        "alert_id": frame.alert_id,
        "move_id": move.id,
        "sequence": frame.sequence,
        "reasons": [reason.value for reason in frame.reasons],
        "changes": _changes(move, frame),
        "person": {"name": _name(move.person), "id": move.person_id, "cohorts": list(person.cohorts if person else ())},
        "kind": move.kind.value,
        "from": _describe_company(move.from_org, move.from_id, subjects),
        "to": _describe_company(move.to_org, move.to_id, subjects),
        "role": _name(move.role),
        "from_role": _name(move.from_role),
        "date": move.date,
        "status": move.status.value,
        "confidence": round(move.confidence, 2),
        "register": move.register.value,
        "origin": frame.origin.value,
        "test": frame.test,
    }


def _describe_company(name: str | None, id: str | None, subjects: Mapping[str, Subject]) -> dict[str, object] | None:
    if not name:
        return None
    return {"name": _name(name), "id": id, "parents": list(_find_parents(id, subjects))}


def _find_parents(id: str | None, subjects: Mapping[str, Subject]) -> Iterator[str]:
    """Yield the ids above a company, the nearest first; a circle in the watchlist ends it."""
    seen = {id}
    subject = subjects.get(id or "")
    while subject and subject.parent and subject.parent not in seen:
        seen.add(subject.parent)
        yield subject.parent
        subject = subjects.get(subject.parent)


def _changes(move: Move, frame: Frame) -> dict[str, dict[str, str | None]]:
    changes = dict(_describe_changes(move.told, move)) if move.told and frame.sequence > 1 else {}
    if frame.person_before:
        changes["person"] = {"old": _name(frame.person_before), "new": _name(move.person)}
    return changes


def _describe_changes(told: Told, move: Move) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield the fields that an alert states otherwise than the alert before it."""
    fields = (
        ("status", told.status.value, move.status.value),
        ("from", told.from_org, move.from_org),
        ("to", told.to_org, move.to_org),
        ("role", told.role, move.role),
        ("date", told.date, move.date),
    )
    for field, old, new in fields:
        if new != old:
            yield field, {"old": _name(old), "new": _name(new)}


def _describe_correction(correction: Correction) -> dict[str, str | None]:
    because, by = _clip(correction.reason, _MAX_SENTENCE), _name(correction.author)
    return {"verdict": correction.verdict.value, "because": because, "by": by}


def _describe_evidence(each: Evidence) -> dict[str, object]:
    return {
        "outlet": _name(each.outlet),
        "url": _clip(each.url, _MAX_URL),
        "title": _name(each.title),
        "published_at": iso(each.published_at),
        "sentence": _clip(each.sentence, _MAX_SENTENCE),
        "status": each.status.value,
        "background": each.background,
        "feeds": list(each.feeds[:_MAX_FEEDS]),
    }


def _describe_step(step: StatusChange) -> dict[str, object]:
    return {"status": step.status.value, "at": iso(step.at), "url": _clip(step.url, _MAX_URL)}


def _name(text: str | None) -> str | None:
    return None if text is None else _clip(text, _MAX_NAME)


def _clip(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, without the lone surrogates that no UTF-8 can carry."""
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def _shrink(payload: Payload, data: dict[str, Any]) -> Payload:
    """Drop the weakest evidence, then the oldest history, at last the best evidence, until the body is small enough."""
    for items, last in _victims(data):
        if len(encode(payload)) < MAX_BYTES:
            break
        items.pop(last)
    return payload


def _victims(data: Mapping[str, Any]) -> Iterable[tuple[list[object], int]]:
    evidence, history = data["evidence"], data["history"]
    return [(evidence, -1)] * (len(evidence) - 1) + [(history, 0)] * len(history) + [(evidence, -1)] * bool(evidence)
