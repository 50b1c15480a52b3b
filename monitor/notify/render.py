"""payload of an alert, a digest or a notice -> subject, text, HTML, log line.  Pure.

Never reads the move again: what an alert says was frozen in its payload when it was decided.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.notify.sources import render_source

_MAX_SUBJECT = 250  # characters; a line of a mail may hold 998 bytes (RFC 5322, section 2.1.1)
_MAX_SHOWN = 5  # pieces of evidence in a mail; the payload holds more


def render_subject(payload: Mapping[str, object]) -> str:
    """Say the alert as a wire headline: "Alexandr Wang leaves Scale AI for Meta (confirmed)"."""
    text = _SUBJECTS.get(str(payload["type"]), _render_alert)(payload)
    if _data(payload)["test"]:
        text = f"[test] {text}"
    return text if len(text) <= _MAX_SUBJECT else f"{text[: _MAX_SUBJECT - 1]}…"


def _render_alert(payload: Mapping[str, object]) -> str:
    text = render_headline(payload)
    if _data(payload)["sequence"] > 1:
        text = f"Update: {text}"
        if changes := render_changes(payload):
            text += f" – {', '.join(changes)}"
    return text


def _render_retraction(payload: Mapping[str, object]) -> str:
    correction = _data(payload)["correction"]
    return flatten(f"Retracted: {render_headline(payload)} – {correction['verdict'].replace('-', ' ')}")


def _render_digest(payload: Mapping[str, object]) -> str:
    data = _data(payload)
    headlines = "; ".join(render_headline({"data": move}) for move in data["moves"])
    return flatten(f"{data['count']} {'move' if data['count'] == 1 else 'moves'} ({data['digest']}): {headlines}")


def _render_threshold(payload: Mapping[str, object]) -> str:
    data = _data(payload)
    people = ", ".join(move["person"]["name"] for move in data["moves"])
    return flatten(f"{data['digest']}: {data['headline']} ({people})")


def _render_notice(payload: Mapping[str, object]) -> str:
    data = _data(payload)
    if data["disabled"]:
        return flatten(f"Channel {data['channel']} is disabled: {data['reason']}")
    lost = f"{data['dead']} {'alert' if data['dead'] == 1 else 'alerts'}"
    return flatten(f"Channel {data['channel']} did not take {lost}: {data['reason']}")


def _render_heartbeat(payload: Mapping[str, object]) -> str:
    data = _data(payload)
    counts = f"{data['moves_found']} moves in {data['articles_read']} articles of {data['feeds_checked']} feeds"
    return f"All is watched: {counts}; {data['feeds_failing']} feeds failing"


_SUBJECTS: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "move.retracted": _render_retraction,
    "moves.digest": _render_digest,
    "threshold.reached": _render_threshold,
    "endpoint.failed": _render_notice,
    "source.failing": lambda payload: flatten(render_source(_data(payload))),
    "source.recovered": lambda payload: flatten(f"{render_source(_data(payload))} is well again"),
    "source.quiet": lambda payload: flatten(f"{render_source(_data(payload))} has been silent for unusually long"),
    "heartbeat": _render_heartbeat,
}


def render_headline(payload: Mapping[str, object]) -> str:
    data = _data(payload)
    return flatten(f"{data['person']['name']} {_HEADLINES[data['kind']](data)} ({data['status']})")


def render_changes(payload: Mapping[str, object]) -> list[str]:
    """Name what an update says beyond the alert before it: "destination known: Cohere"."""
    return [_render_change(field, change) for field, change in _data(payload)["changes"].items()]


def render_line(payload: Mapping[str, object]) -> str:
    """Say the whole alert on one line, for the log."""
    data = _data(payload)
    parts = [payload["timestamp"], payload["type"], render_subject(payload)]
    if "move_id" in data:
        source = next(iter(data["evidence"]), {"outlet": "", "url": ""})
        parts += [source["outlet"], source["url"], f"[move {data['move_id']} #{data['sequence']}]"]
    return flatten(" ".join(str(part) for part in parts))


def render_text(payload: Mapping[str, object]) -> str:
    return ENVIRONMENT.get_template(f"{_template(payload)}.txt.j2").render(view(payload))


def render_html(payload: Mapping[str, object]) -> str:
    return ENVIRONMENT.get_template(f"{_template(payload)}.html.j2").render(view(payload))


def _template(payload: Mapping[str, object]) -> str:
    return _TEMPLATES.get(str(payload["type"]), "alert")


_TEMPLATES = {
    "moves.digest": "digest",
    "threshold.reached": "digest",
    "endpoint.failed": "notice",
    **dict.fromkeys(("source.failing", "source.recovered", "source.quiet", "heartbeat"), "source"),
}


def flatten(text: str) -> str:
    """Put `text` on one line, without control characters: safe as a header and on a terminal."""
    return " ".join("".join(" " if _is_control(char) else char for char in text).split())


def is_link(url: str) -> bool:
    """True where a reader may safely click."""
    return url.startswith(("https://", "http://"))


# C0/C1 controls (terminal escapes, CR LF), surrogates, line separators, and the marks that turn text round (Bidi).
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def _is_control(char: str) -> bool:
    return char in _BIDI or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def _data(payload: Mapping[str, object]) -> Mapping[str, Any]:
    data = payload["data"]
    assert isinstance(data, Mapping)
    return data


def _verb(data: Mapping[str, Any], fact: str, base: str, gerund: str) -> str:
    """Put a verb into the mood of the status: leaves, may leave, not leaving."""
    match data["status"]:
        case "considered":
            return f"may {base}"
        case "denied":
            return f"not {gerund}"
        case _:
            return fact


def _leaves(data: Mapping[str, Any]) -> str:
    return f"{_verb(data, 'leaves', 'leave', 'leaving')} {_org(data, 'from', 'their company')}"


def _render_join(data: Mapping[str, Any]) -> str:
    return f"{_verb(data, 'joins', 'join', 'joining')} {_org(data, 'to', 'a company')}{_as_role(data)}"


def _render_leave(data: Mapping[str, Any]) -> str:
    return _render_move(data) if data["to"] else _leaves(data)


def _render_move(data: Mapping[str, Any]) -> str:
    if not data["from"]:
        return _render_join(data)
    return f"{_leaves(data)} for {_org(data, 'to', 'another company')}"


def _render_found(data: Mapping[str, Any]) -> str:
    company = _org(data, "to", "a company")
    if data["from"]:
        return f"{_leaves(data)} to found {company}"
    return f"{_verb(data, 'founds', 'found', 'founding')} {company}"


def _render_role(data: Mapping[str, Any]) -> str:
    company = _org(data, "to", "") or _org(data, "from", "their company")
    if data["role"]:
        return f"{_verb(data, 'becomes', 'become', 'becoming')} {data['role']} at {company}"
    if data["from_role"]:
        return f"{_verb(data, 'steps down', 'step down', 'stepping down')} as {data['from_role']} at {company}"
    return f"{_verb(data, 'changes role', 'change role', 'changing role')} at {company}"


def _render_board(data: Mapping[str, Any]) -> str:
    if data["to"]:
        return f"{_verb(data, 'joins', 'join', 'joining')} the board of {data['to']['name']}"
    return f"{_verb(data, 'leaves', 'leave', 'leaving')} the board of {_org(data, 'from', 'a company')}"


_HEADLINES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "join": _render_join,
    "leave": _render_leave,
    "move": _render_move,
    "found": _render_found,
    "role": _render_role,
    "board": _render_board,
}


def _org(data: Mapping[str, Any], side: str, unnamed: str) -> str:
    company = data[side]
    return str(company["name"]) if company else unnamed


def _as_role(data: Mapping[str, Any]) -> str:
    return f" as {data['role']}" if data["role"] else ""


_FIELDS = {"from": "origin", "to": "destination"}


def _render_change(field: str, change: Mapping[str, str | None]) -> str:
    name = _FIELDS.get(field, field)
    if change["old"] is None:
        return flatten(f"{name} known: {change['new']}")
    return flatten(f"{name} {change['old']} → {change['new'] or 'unknown'}")


def view(payload: Mapping[str, object]) -> dict[str, object]:
    """Return what the templates see: the payload's data, and the sentences that this module makes of it."""
    data = _data(payload)
    shared = {"type": payload["type"], "data": data, "subject": render_subject(payload)}
    if _template(payload) == "digest":
        return {**shared, "companies": _by_company(data["moves"])}
    if _template(payload) in ("notice", "source"):
        return {**shared, "facts": list(_facts(data))}
    return {
        **shared,
        "correction": data.get("correction"),
        "headline": render_headline(payload),
        "changes": render_changes(payload),
        "evidence": data["evidence"][:_MAX_SHOWN],
    }


def _facts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a mail about a feed or about the day says, line by line."""
    named = {
        name: value for name, value in data.items() if name not in ("schema", "alert_id", "test", "advice", "feed")
    }
    for name, value in {**data.get("feed", {}), **named}.items():
        if value is not None and value != "" and not isinstance(value, list | dict):
            yield name.replace("_", " "), str(value)


def _by_company(moves: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Group a digest's moves by the company left, or joined where none is known to be left; within it by person."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for move in sorted(moves, key=lambda move: (move["person"]["name"], move["move_id"], move["sequence"])):
        company = move["from"] or move["to"]
        said = {"headline": render_headline({"data": move}), "changes": render_changes({"data": move})}
        groups.setdefault(company["name"] if company else "No company named", []).append({**move, **said})
    return sorted(groups.items())


def _day(text: str) -> str:
    """Shorten a time to its day: "2025-06-10T09:00:00Z" -> "10 June 2025"."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _build_environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=PackageLoader("monitor.notify", "templates"),
        autoescape=lambda name: bool(name) and str(name).endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": _day, "flat": flatten}
    environment.tests["link"] = is_link
    return environment


ENVIRONMENT = _build_environment()
