"""hits of people's names -> how sure it is that the watched person is meant.  Pure.

Never takes a namesake silently: another first name, or words that speak of someone else, lower the score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.match.surroundings import Neighbour, Surroundings, cues
from monitor.match.watchlist import Hit, Use, Watchlist
from monitor.model import Subject
from monitor.names import common_words, fold, is_given_name, person_likeness

SAME_NAME = 0.8  # likeness from which a first name is the subject's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the article as a whole says of one person: words that speak for and against."""

    asked: bool  # the watchlist names words that should occur
    speaking_for: int  # different words of its context that occur
    speaks_against: bool

    @classmethod
    def of(cls, subject: Subject, around: Surroundings, companies: frozenset[str], watch: Watchlist) -> Context:
        return cls(
            asked=bool(subject.context),
            speaking_for=sum(_occurs(word, around, companies, watch) for word in subject.context),
            speaks_against=any(around.places(word) for word in subject.not_words),
        )

    def weigh(self, score: float) -> float:
        """Weigh a score of the name alone with the context."""
        if self.speaks_against:
            return min(score, 0.5) if self.speaking_for else min(score, 0.25)
        if self.speaking_for or not self.asked:
            return score
        return score - 0.4


def _occurs(word: str, around: Surroundings, companies: frozenset[str], watch: Watchlist) -> bool:
    """Tell whether a context word occurs; a company does under any of its names."""
    ids = {alias.subject.id for alias in watch.aliases.get(fold(word), ())}
    return bool(ids & companies) or bool(around.places(word))


def score_people(
    hits: Sequence[Hit], around: Surroundings, companies: frozenset[str], watch: Watchlist
) -> list[tuple[Hit, float]]:
    """Score all hits of people, person by person, in an article that mentions `companies`."""
    by_subject: dict[str, list[Hit]] = {}
    for hit in hits:
        by_subject.setdefault(hit.alias.subject.id, []).append(hit)
    scored: list[tuple[Hit, float]] = []
    for id, found in by_subject.items():
        context = Context.of(watch.by_id[id], around, companies, watch)
        scored += _score_person(watch.by_id[id], [_read_name(hit, around, watch) for hit in found], context)
    return scored


def _score_person(subject: Subject, readings: list[Reading], context: Context) -> Iterable[tuple[Hit, float]]:
    """Read on from the start: a surname alone means whoever was last named in full."""
    in_full = [reading for reading in readings if reading.own is not None]
    named = any(reading.own for reading in in_full)
    others = any(reading.own is False for reading in in_full)
    last: bool | None = None
    for reading in readings:
        last = reading.own if reading.own is not None else last
        if reading.own is not None:
            score = reading.score if reading.own else 0.0
        else:
            score = _score_alone(reading.hit, last, named=named and not others, context=context)
        yield reading.hit, _weighed(score, reading, subject, context)


def _weighed(score: float, reading: Reading, subject: Subject, context: Context) -> float:
    """An unusual surname, one that the watchlist lets stand alone, needs no context."""
    unusual = any(" " not in alias for alias in subject.aliases) and reading.hit.alias.use is not Use.EXACT
    if unusual and not context.speaks_against:
        return score
    return context.weigh(score) if score else 0.0


def _score_alone(hit: Hit, last: bool | None, *, named: bool, context: Context) -> float:
    if last is False:
        return 0.0  # "Jane Wang … Wang said"
    if last or named:
        return 0.9
    if hit.alias.use is Use.ALONE:
        return 0.9
    return (0.3, 0.5, 0.65)[min(context.speaking_for, 2)]  # "Meta poaches OpenAI's Wang" may speak of any Wang


@dataclass(frozen=True, slots=True)
class Reading:
    """A hit, extended by the first name before it.  `own`: it is the subject's, someone else's, or there is none."""

    hit: Hit
    own: bool | None
    score: float


def _read_name(hit: Hit, around: Surroundings, watch: Watchlist) -> Reading:
    if " " in hit.alias.text:
        return Reading(hit, own=True, score=0.95)
    if nicknamed := _NICKNAMED.search(around.text, max(hit.start - _LONGEST_GIVEN, 0), hit.start):
        return _read_nicknamed(nicknamed, hit, around)
    before = around.before(hit.start)
    if not _is_first_name(before, around, watch):
        return Reading(hit, own=None, score=0.0)
    while _are_initials(before) and _is_first_name(further := around.before(before.start), around, watch):
        before = further  # "Mira J. Solano"
    start, likeness = before.start, _likeness(before.start, hit, around)
    between = is_given_name(before.folded) or not _is_no_name(before.word)
    if likeness < SAME_NAME and between and _is_first_name(further := around.before(before.start), around, watch):
        start, likeness = further.start, _likeness(further.start, hit, around)  # "Mira Josephine Solano"
    if likeness < SAME_NAME:
        return Reading(hit, own=False, score=0.0)
    return Reading(replace(hit, start=start), own=True, score=0.95 * likeness)


def _read_nicknamed(found: re.Match[str], hit: Hit, around: Surroundings) -> Reading:
    surname = around.text[hit.start : hit.end]
    likeness = max(_best_likeness(f"{found[part]} {surname}", hit.alias.subject) for part in ("given", "nickname"))
    if likeness < SAME_NAME:
        return Reading(hit, own=False, score=0.0)
    return Reading(replace(hit, start=found.start()), own=True, score=0.95 * likeness)


def _likeness(start: int, hit: Hit, around: Surroundings) -> float:
    """How well the name that begins at `start` can be the subject's."""
    return _best_likeness(around.text[start : hit.end], hit.alias.subject)


def _best_likeness(name: str, subject: Subject) -> float:
    full_names = [text for text in (subject.name, *subject.aliases) if " " in text]
    return max((person_likeness(name, full) for full in full_names), default=0.0)


def _is_first_name(before: Neighbour, around: Surroundings, watch: Watchlist) -> bool:
    """Tell a first name from all else that may stand before a surname with a capital."""
    word = before.folded
    if before.adjacent and _are_initials(before):
        return True
    if not before.adjacent or not before.capital or word in cues("titles") or word in watch.aliases:
        return False
    if len(word) == 1:
        return before.word.isupper()
    if before.word.endswith(".") or fold(before.word).endswith("'s"):
        return False
    if is_given_name(word):
        return word not in _VERBS_TOO
    return word not in common_words() and not (_proves_nothing(before, around) and _is_no_name(before.word))


_NICKNAMED = re.compile(  # Robert "Bob" Solano
    r"""\b(?P<given>[^\W\d_][\w'’-]+) (?:[^\W\d_]\. )?["“'‘(](?P<nickname>[^\W\d_][\w.-]+)["”'’)] $"""
)
_LONGEST_GIVEN = 60  # characters
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?){1,3}")  # "J.", "J.-B.", "M.J."
_NO_INITIALS = frozenset({"u.s", "u.k", "e.u", "d.c", "p.m"})
_VERBS_TOO = frozenset({"will", "may", "sue", "drew"})
_NO_NAME = re.compile(r"(?:s|ed|ing)$|^(?:ex|co)-", re.IGNORECASE)  # "Poaches Wang", "Ex-Googler Wang"


def _are_initials(before: Neighbour) -> bool:
    return before.capital and before.folded not in _NO_INITIALS and bool(_INITIALS.fullmatch(before.word))


def _is_no_name(word: str) -> bool:
    return word.isupper() or bool(_NO_NAME.search(word))


def _proves_nothing(before: Neighbour, around: Surroundings) -> bool:
    """Tell whether any word would stand there with a capital."""
    return around.begins_sentence(before.start) or around.in_title_case(before.start)
