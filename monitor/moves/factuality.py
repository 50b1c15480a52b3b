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
    if _only_called_for(place) or is_ordered(place.line):
        return None
    reported = Status.REPORTED if _cue("sentence", "reported").search(place.line) else Status.CONFIRMED
    if place.nominal:
        return reported
    if _cue("auxiliary", "denied").search(place.auxiliary):
        return Status.DENIED
    if _undecided(place):
        return Status.CONSIDERED
    return Status.REPORTED if _cue("auxiliary", "reported").search(place.auxiliary) else reported


def is_ordered(sentence: str) -> bool:
    """Return whether a sentence tells its reader what to say ("You must now confirm that …"): it asserts nothing."""
    return bool(_cue("sentence", "ordered").search(sentence))


def is_unreal(sentence: str) -> bool:
    """Return whether a sentence says what should or could have happened ("Apple should have made her chief"), and did not."""
    return bool(_cue("sentence", "unreal").search(sentence))


def may_refute(sentence: str) -> bool:
    """Return whether a sentence holds a word by which a move could be denied."""
    return bool(_cue("sentence", "refuted").search(sentence))


def _only_called_for(place: Place) -> bool:
    """Return whether somebody asks for the move, and nobody says that it comes."""
    before, aux = place.line[: place.start], place.auxiliary.strip()
    if place.nominal:
        return bool(_cue("nominal", "called").search(before[-60:]))
    if _cue("auxiliary", "called").search(aux) and re.search(r"\bto\b", aux):
        return True
    if _cue("auxiliary", "obliged").search(aux):
        return True
    infinitive = aux.startswith("to") or (not aux and place.trigger in _BARE)
    return infinitive and bool(_cue("sentence", "called").search(before[-50:]))


def _undecided(place: Place) -> bool:
    line = place.line
    asked = (
        place.is_title and _cue("sentence", "question").search(line) and not _cue("sentence", "presumed").match(line)
    )
    conditional = re.search(r"\b(?:if|whether) (?:\S+ ){0,3}$", place.line[: place.start][-30:])
    return bool(asked or conditional or _cue("auxiliary", "undecided").search(place.auxiliary))


_BARE = {"resign", "quit", "step down", "leave", "retire", "step aside", "depart"}


@functools.cache
def _cue(place: str, name: str) -> re.Pattern[str]:
    return re.compile(load_table("factuality")[place][name])
