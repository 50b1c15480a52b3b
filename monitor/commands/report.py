"""Rows -> what a person or a program reads: tables, JSON lines.  Never reads or writes anything itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from monitor.config import Config
from monitor.model import Claim, Delivery, GroupClaim, Move, SubjectKind
from monitor.ports import Reader

PIPED_WIDTH = 160  # columns of a table that is not shown on a terminal
STATUS_STYLE = {"confirmed": "green", "reported": "yellow", "considered": "cyan", "denied": "red"}
STATE_STYLE = {
    "accepted": "green",
    "pending": "yellow",
    "leased": "cyan",
    "dead": "red",
    "superseded": "dim",
    "silenced": "dim",
}


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


# --- claims ---------------------------------------------------------------------------------------------------------


def claim_line(line: str, reader: Reader) -> str:
    """Read one item {"id", "published", "title", "text"} (JSON) for claims; return {"id", "claims", "groups"} (JSON).

    Raises ValueError, KeyError or TypeError where `line` is no such item.
    """
    item = json.loads(line)
    if not isinstance(item, dict):
        raise TypeError(f"no JSON object: {line.strip()[:60]}")
    published_at = parse_published(item.get("published") or "")
    reading = reader.read(item.get("title") or "", item.get("text") or "", published_at)
    return dumps(
        {
            "id": item["id"],
            "claims": [claim_dict(c) for c in reading.claims],
            "groups": [group_dict(g) for g in reading.groups],
        }
    )


def parse_published(text: str) -> datetime:
    """Parse a publication date in ISO 8601 or as written ("May 31 2018", "2024"); a part not stated is its first.

    Without an offset it is UTC.  Of a span ("2004-2005") the first year counts; where nothing can be read, 1970.
    """
    from dateutil import parser

    first = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        at: datetime = parser.parse(text, default=first)
    except (ValueError, OverflowError):
        year = re.match(r"\d{4}", text)
        at = first.replace(year=int(year[0])) if year and int(year[0]) else first
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def claim_dict(claim: Claim) -> dict[str, Any]:
    """Spell a claim in the form of docs/data.md, "claim"."""
    return {
        "person": claim.person,
        "kind": claim.kind,
        "from": claim.from_org,
        "to": claim.to_org,
        "role": claim.role,
        "from_role": claim.from_role,
        "date": claim.date,
        "status": claim.status,
        "background": claim.background,
        "evidence": claim.evidence,
        "confidence": round(claim.confidence, 3),
        "register": claim.register,
        "trigger": claim.trigger,
        "rule": claim.rule,
    }


def group_dict(group: GroupClaim) -> dict[str, Any]:
    fields = asdict(group)
    return {"from": fields.pop("from_org"), "to": fields.pop("to_org"), **fields}


# --- moves ----------------------------------------------------------------------------------------------------------


def move_json(move: Move) -> str:
    """Spell a move with its history and all its evidence as one line of JSON."""
    fields = asdict(move)
    person = {"name": fields.pop("person"), "id": fields.pop("person_id")}
    sides = {side: {"name": fields.pop(f"{side}_org"), "id": fields.pop(f"{side}_id")} for side in ("from", "to")}
    return dumps({"id": fields.pop("id"), "person": person, **sides, **fields})


def print_moves(moves: Sequence[Move]) -> None:
    """Print the ledger as a table."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("first seen", "person", "from", "to", "role", "date", "status", "outlets", "told"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("first seen", "date", "status", "told"))
    for m in moves:
        table.add_row(
            _day(m.first_seen_at), plain(m.person), plain(m.from_org or "–"), plain(m.to_org or "–"),
            plain(m.role or m.from_role or ""), m.date or "",
            f"[{STATUS_STYLE[m.status]}]{m.status}[/]", str(len(outlets_of(m)) or "–"), _told(m),
        )  # fmt: skip
    _print(table, f"{len(moves)} moves")


def outlets_of(move: Move) -> set[str]:
    """Return every outlet that tells it, those that carry another's text included."""
    return {outlet for each in move.evidence for outlet in (each.outlet, *each.copies)}


def _told(move: Move) -> str:
    if move.retracted:
        return "retracted"
    if move.sequence:
        return f"{move.sequence}×"
    return {"known": "known", "backlog": "backlog"}.get(move.origin, "history" if move.background else "no")


def _day(at: datetime) -> str:
    return at.date().isoformat()


# --- deliveries -----------------------------------------------------------------------------------------------------


def delivery_json(delivery: Delivery) -> str:
    return dumps(asdict(delivery))


def print_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Print the outbox as a table."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("id", "channel", "event", "state", "tries", "created", "next try", "error"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("id", "event", "state"))
    for d in deliveries:
        due = d.next_try_at.isoformat(" ", "seconds") if d.state in ("pending", "leased") else ""
        table.add_row(
            d.id, plain(d.channel), d.alert.event, f"[{STATE_STYLE[d.state]}]{d.state}[/]", str(d.attempts),
            d.created_at.isoformat(" ", "seconds"), due, plain(d.error or ""),
        )  # fmt: skip
    _print(table, f"{len(deliveries)} deliveries")


def plain(text: str) -> Any:
    """Show a text of others as it is: rich would read what stands in brackets as a style, and fail where it is none."""
    from rich.text import Text

    return Text(text)


def _print(table: Any, footer: str) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print(table)
    console.print(f"[dim]{footer}[/]")


# --- configuration --------------------------------------------------------------------------------------------------


def describe_config(config: Config) -> str:
    """Say what the daemon would do with a checked configuration."""
    settings = config.settings
    people = [s.name for s in config.subjects if s.kind is SubjectKind.PERSON and s.watched]
    companies = [s.name for s in config.subjects if s.kind is SubjectKind.COMPANY and s.watched]
    routes = [
        f"  {r.name or f'route {n}'} → {', '.join(r.to)}" + (", and on" if r.continues else "")
        for n, r in enumerate(config.routes, 1)
    ]
    lines = [
        f"feeds      {len(config.feeds)}, polled every {_minutes(config)}; {sum(f.pages for f in config.feeds)} with their articles' pages",
        f"watched    {len(people)} people, {len(companies)} companies; {len(config.known_moves)} known moves stand in the ledger",
        f"alerts     at confidence {settings.alert_confidence} or more, of news of the last {settings.alert_max_age.days} days",
        f"backlog    {'alerted too' if settings.alert_backlog else 'recorded, not alerted'}",
        "channels   " + ", ".join(f"{c.name} ({_type(c)})" for c in config.channels),
        "routes",
        *routes,
        *(f"hint: {hint}" for hint in config.hints),
        "the configuration is sound; nothing was sent",
    ]
    return "\n".join(lines)


def _minutes(config: Config) -> str:
    intervals = sorted({int(feed.interval.total_seconds()) for feed in config.feeds})
    spelled = [f"{s // 60} min" if s % 60 == 0 else f"{s} s" for s in intervals]
    return spelled[0] if len(spelled) == 1 else f"{spelled[0]} to {spelled[-1]}" if spelled else "never"


def _type(channel: object) -> str:
    return type(channel).__name__.removesuffix("Channel").lower()
