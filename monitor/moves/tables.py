"""Rows of a table ("Name | Role | Company | Left Meta |") -> drafts of claims.

Never reads a table whose head does not name a person and a company or a way out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from monitor.model import Kind, Status
from monitor.moves.frames import Draft
from monitor.moves.phrases import PERSON, Phrase
from monitor.moves.sentences import Sentence

_RULE = re.compile(r"^[\s|:-]+$")
_LEAVING = re.compile(r"leav|left\b|out\b|depart|exit|resign|retir|quit", re.IGNORECASE)
_HEADS = {
    "person": re.compile(r"^(?:name|person|who|executive|researcher|author|employee)s?$", re.I),
    "role": re.compile(r"\b(?:role|title|position|job)\b", re.I),
    "to": re.compile(r"^(?:(?:current|new|now at|joined|destination|next) ?)?(?:company|employer|organi[sz]ation|firm|agency|studio|bank|fund|lab|publisher|destination|to|joined|now at)?$", re.I),
    "from": re.compile(r"^(?:(?:coming |came |joined |hired )?from|former|previous|old)(?: (?:company|employer|organi[sz]ation))?$", re.I),
    "left": re.compile(r"^(?:left|leaving|departed|date left|departure)\b", re.I),
    "way": re.compile(r"^(?:move|status|change|direction|action|in/out|in or out)$", re.I),
    "date": re.compile(r"^(?:date|when|joined on|start date|effective)$", re.I),
}  # fmt: skip


def find_rows(sentences: Sequence[Sentence]) -> Iterator[Draft]:
    """Yield a draft for each row under a head that names its columns."""
    columns: dict[str, int] = {}
    left_org: str | None = None
    for sentence in sentences:
        cells = _cells(sentence.text)
        if len(cells) < 3:
            columns = {}
            continue
        if _RULE.match(sentence.text):
            continue
        if not columns:
            columns = _columns(cells)
            left_org = _org_left(cells, columns)
            continue
        yield from _row(sentence, cells, columns, left_org)


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.strip().strip("|").split("|")] if "|" in text else []


def _columns(cells: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, cell in enumerate(cells):
        for column, head in _HEADS.items():
            if cell and column not in found and head.search(cell):
                found[column] = number
                break
    return found if "person" in found and ({"to", "from", "left"} & found.keys()) else {}


def _org_left(cells: Sequence[str], columns: dict[str, int]) -> str | None:
    """Return "Meta" of the head "Left Meta"."""
    if "left" not in columns:
        return None
    words = cells[columns["left"]].split()[1:]
    return " ".join(words) or None


def _row(sentence: Sentence, cells: Sequence[str], columns: dict[str, int], left_org: str | None) -> Iterator[Draft]:
    cell = {name: cells[i] for name, i in columns.items() if i < len(cells) and cells[i]}
    if "person" not in cell:
        return
    if _LEAVING.match(cell.get("way") or cell.get("role", "")):
        cell["from"] = cell.pop("to", "")
        cell.pop("role", None)
    if cell.get("from", "").lower() in {"internal", "promoted", "internal promotion"}:
        cell["from"] = cell.get("to", "")
    to_org, from_org, role = cell.get("to"), cell.get("from") or left_org, cell.get("role")
    founded = bool(role and re.search(r"\bco-?founder|\bfounder", role, re.I))
    kind = (
        Kind.FOUND
        if founded
        else Kind.ROLE
        if to_org and to_org == from_org
        else Kind.MOVE
        if to_org and from_org
        else Kind.JOIN
        if to_org
        else Kind.LEAVE
    )
    draft = Draft(
        who=Phrase(letter=PERSON, text=cell["person"], start=sentence.start, end=sentence.start + len(cell["person"])),
        kind=kind, rule="table-row", trigger="|", sentence=sentence, status=Status.CONFIRMED,
        from_org=from_org, to_org=to_org, role=role, date=cell.get("left") or cell.get("date"),
    )  # fmt: skip
    draft.signs.add("flag:table")
    yield draft
