"""Where a trigger stands -> how sure the article is of the move.

Never looks beyond the sentence.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from monitor.model import Status
from monitor.moves.lexicon import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A trigger's surroundings in a line."""

    line: str
    auxiliary: str
    start: int  # of the match in `line`
    is_title: bool
    nominal: bool = False
    trigger: str = ""


def decide_status(place: Place) -> Status | None:
    """Return the status of a move told at `place`, or None where nobody says that it happens ("calls on X to resign")."""
    aux, line = f" {place.auxiliary} ", place.line
    before = line[: place.start]
    if place.nominal:
        if _cue("nominal", "called").search(before[-60:]):
            return None
        return Status.REPORTED if _cue("sentence", "reported").search(line) else Status.CONFIRMED
    if _cue("auxiliary", "called").search(aux) and re.search(r"\bto\b", aux):
        return None
    if re.search(r" to\b", aux[:4]) and _cue("sentence", "called").search(before[-50:]):
        return None
    if not place.auxiliary.strip() and place.trigger in _BARE and _cue("sentence", "called").search(before[-50:]):
        return None
    if _cue("auxiliary", "denied").search(aux):
        return Status.DENIED
    if _cue("auxiliary", "undecided").search(aux) or (place.is_title and _cue("sentence", "question").search(line)):
        return Status.CONSIDERED
    if re.search(r"\b(?:if|whether|why) (?:\S+ ){0,3}$", before[-30:]):
        return Status.CONSIDERED
    if _cue("auxiliary", "reported").search(aux) or _cue("sentence", "reported").search(line):
        return Status.REPORTED
    return Status.CONFIRMED


_BARE = {"resign", "quit", "step down", "leave", "retire", "step aside", "depart"}


@functools.cache
def _cue(place: str, name: str) -> re.Pattern[str]:
    return re.compile(load_table("factuality")[place][name])
