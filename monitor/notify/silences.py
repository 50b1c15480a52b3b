"""delivery, silences -> the one that keeps it from being told.  Pure.

Never silences what is said about an endpoint or a feed: that is the operator's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.model import Delivery, DeliveryState, Event, Silence, Subject, content_id
from monitor.names import fold, nfc

FIELDS = ("person", "company", "from", "to", "kind", "status", "register", "channel", "move")


def build_silence(
    matchers: Mapping[str, Sequence[str]], *, author: str, reason: str, now: datetime, until: datetime
) -> Silence:
    """Return a silence; ValueError where it would silence everything, or has no author, reason or end."""
    said = {field: tuple(values) for field, values in matchers.items() if values}
    if not said or said.keys() - set(FIELDS):
        raise ValueError(f"a silence says what it is about: {', '.join(FIELDS)}")
    if not author.strip() or not reason.strip():
        raise ValueError("a silence says who asked for it, and why")
    if until <= now:
        raise ValueError("a silence ends in the future")
    spelled = [f"{field}={value}" for field in sorted(said) for value in said[field]]
    id = content_id("silence", author, now.isoformat(), *spelled)
    return Silence(id=id, matchers=said, author=author, reason=reason, created_at=now, expires_at=until)


def with_ids(names: Sequence[str], subjects: Iterable[Subject]) -> tuple[str, ...]:
    """Add the ids of those on the watchlist who are called so: an alert spells a name as its article did."""
    wanted = {_fold(name) for name in names}
    found = (each.id for each in subjects if wanted & {_fold(name) for name in (each.name, *each.aliases)})
    return tuple(dict.fromkeys((*names, *found)))


def find_silence(delivery: Delivery, silences: Iterable[Silence]) -> Silence | None:
    """Return the first silence whose matchers all hold; of one matcher's values any will do."""
    if not delivery.alert.move_id and delivery.alert.event is not Event.DIGEST:
        return None
    found = {field: {_fold(value) for value in values} for field, values in _values(delivery).items()}
    return next((silence for silence in silences if _holds(silence, found)), None)


def silence_delivery(delivery: Delivery, silence: Silence) -> Delivery:
    why = f"silenced by {silence.author} until {silence.expires_at:%Y-%m-%d %H:%M} UTC: {silence.reason}"
    return replace(delivery, state=DeliveryState.SILENCED, error=f"{why} ({silence.id})")


def _holds(silence: Silence, found: Mapping[str, set[str]]) -> bool:
    return all(found[field] & {_fold(value) for value in values} for field, values in silence.matchers.items())


def _values(delivery: Delivery) -> dict[str, list[str]]:
    data: Any = delivery.alert.payload["data"]
    left, joined = _names(data["from"]), _names(data["to"])
    base, _, _ = delivery.channel.partition(":")
    return {
        "person": [data["person"]["name"], data["person"]["id"] or "", *data["person"]["cohorts"]],
        "company": left + joined,
        "from": left,
        "to": joined,
        "kind": [data["kind"]],
        "status": [data["status"]],
        "register": [data["register"]],
        "channel": [delivery.channel, base],
        "move": [data["move_id"]],
    }


def _names(company: Mapping[str, Any] | None) -> list[str]:
    return [company["name"], company["id"] or "", *company["parents"]] if company else []


def _fold(text: str) -> str:
    return fold(nfc(text)).strip()
