"""a person's correction of an alert -> the ledger, a reviewed rule for the watchlist, and a case that is kept.

Never writes into the configuration: the rule is returned as an edit, to be shown and agreed to first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from monitor.app import build_routes
from monitor.config import Config
from monitor.config.edit import add_known_move, add_words_against, render_diff
from monitor.errors import PermanentError
from monitor.model import Corrected, Move, Verdict
from monitor.notify.corrections import Configured, Request, decide_correction
from monitor.store.sqlite import SqliteStore

WATCHLIST = "watchlist.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A rule for the watchlist, as an edit of its text; `why_not` where none follows."""

    after: str = ""
    diff: str = ""
    why_not: str = ""


def amend(store: SqliteStore, config: Config, id: str, request: Request, now: datetime) -> Corrected:
    """Correct the move of an alert, a delivery or its own id; PermanentError where there is none."""
    subjects = {subject.id: subject for subject in config.subjects}
    configured = Configured(subjects=subjects, routes=build_routes(config))
    decide = partial(decide_correction, request=request, configured=configured, now=now)
    corrected = store.correct(id, decide)
    if corrected is None:
        raise PermanentError(f"nothing has the id {id}; an alert names its own at its end")
    return corrected


def propose_rule(text: str, corrected: Corrected, config: Config, words: Sequence[str]) -> Edit:
    """Return what the correction teaches the watchlist: a known move, or words of a namesake."""
    move, names = corrected.before, config.names
    try:
        match corrected.correction.verdict:
            case Verdict.ALREADY_KNOWN:
                after = add_known_move(text, _known_move(move, corrected, names))
            case Verdict.WRONG_PERSON | Verdict.WRONG_COMPANY if words:
                after = add_words_against(text, _wrong_name(corrected, names), words)
            case _:
                return Edit(why_not="no rule follows from it; `--not WORD` names a word that speaks of a namesake")
    except ValueError as error:
        return Edit(why_not=str(error))
    return Edit(after=after, diff=render_diff(text, after, WATCHLIST))


def _known_move(move: Move, corrected: Corrected, names: Mapping[str, str]) -> dict[str, str]:
    person, left, joined = (names.get(id or "", "") for id in (move.person_id, move.from_id, move.to_id))
    if not person or not (left or joined):
        raise ValueError("the person, or both companies, are not on the watchlist; the ledger alone remembers")
    correction = corrected.correction
    return {
        "person": person,
        "from": left,
        "to": joined,
        "kind": "board" if move.kind == "board" else "",
        "role": move.role or "",
        "date": move.date or "",
        "note": f"{correction.author}: {correction.reason}",
        "source": move.evidence[-1].url if move.evidence else "",
    }


def _wrong_name(corrected: Corrected, names: Mapping[str, str]) -> str:
    """Name the watched one that was taken for another."""
    before, after = corrected.before, corrected.move
    if corrected.correction.verdict is Verdict.WRONG_PERSON:
        return names.get(before.person_id or "", before.person)
    if (before.to_org, before.to_id) != (after.to_org, after.to_id):
        return names.get(before.to_id or "", before.to_org or "")
    return names.get(before.from_id or "", before.from_org or "")


# --- the case ---------------------------------------------------------------------------------------------------------


def keep_case(store: SqliteStore, corrected: Corrected, folder: Path) -> Path:
    """Write what was told wrongly, what is right, and the articles that misled us, as a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    correction = corrected.correction
    path = folder / f"{correction.created_at:%Y-%m-%d}-{correction.verdict}-{correction.id}.toml"
    path.write_text("\n".join(_case_lines(store, corrected)) + "\n", encoding="utf-8")
    return path


def _case_lines(store: SqliteStore, corrected: Corrected) -> Iterator[str]:
    correction = corrected.correction
    yield "# What was told wrongly, and the articles that it was read from."
    said = {"verdict": correction.verdict, "by": correction.author, "because": correction.reason}
    yield from _pairs({**said, "at": correction.created_at.isoformat(), "move_id": correction.move_id})
    for title, move in (("told", corrected.before), ("right", corrected.move)):
        if title == "told" or _fields(move) != _fields(corrected.before):
            yield f"\n[{title}]"
            yield from _pairs(_fields(move))
    for each in corrected.before.evidence:
        article = store.find_article(each.article_id)
        yield "\n[[article]]"
        yield from _pairs({"url": each.url, "title": each.title, "published_at": each.published_at.isoformat()})
        yield from _pairs({"sentence": each.sentence, "text": article.text if article else None})


def _fields(move: Move) -> dict[str, Any]:
    names = ("person", "person_id", "kind", "from_org", "from_id", "to_org", "to_id", "role", "date", "status")
    return {name: getattr(move, name) for name in names}


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    """Spell texts as TOML, whose basic strings are those of JSON but for DEL."""
    for key, value in values.items():
        if value is not None:
            spelled = json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
            yield f"{key} = {spelled}"
