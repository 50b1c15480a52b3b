"""subjects -> an index of their names.  Pure; a pickled watchlist is its subjects, and the index is built again.

Never judges whether a hit is meant: `mentions` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from monitor.model import Subject, SubjectKind
from monitor.names import fold, is_common, nfc, organisation_key, person_key

_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})


class Use(Enum):
    """What a name needs to count."""

    SURE = "sure"  # names nobody else
    EXACT = "exact"  # an everyday word: counts only as written, and in context
    ALONE = "alone"  # one word for a person: a different first name before it makes it someone else
    SURNAME = "surname"  # derived: counts where the full name or context occurs


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of one subject."""

    subject: Subject
    text: str
    use: Use


@dataclass(frozen=True, slots=True)
class Hit:
    """A name of a subject at a place, bounded by no letter or digit."""

    alias: Alias
    start: int
    end: int


class Watchlist:
    """The watched and known subjects with every name that they go by."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = tuple(subjects)
        self.by_id = {subject.id: subject for subject in self.subjects}
        self.aliases = _aliases(self.subjects)
        self._patterns = list(self.aliases)
        self._automaton = AhoCorasick(self._patterns, matchkind=MatchKind.Standard)

    @classmethod
    def build(cls, subjects: Sequence[Subject]) -> Watchlist:
        return cls(subjects)

    def __reduce__(self) -> tuple[type[Watchlist], tuple[tuple[Subject, ...]]]:
        return Watchlist, (self.subjects,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Watchlist) and other.subjects == self.subjects

    def __hash__(self) -> int:
        return hash(self.subjects)

    def find_hits(self, folded: str) -> Iterator[Hit]:
        """Yield the leftmost longest names in a folded text that no letter or digit adjoins."""
        matches = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        bounded = [(start, -end, pattern) for pattern, start, end in matches if _is_bounded(folded, start, end)]
        reached = 0
        for start, negative_end, pattern in sorted(bounded):
            if start < reached:
                continue
            reached = -negative_end
            for alias in self.aliases[self._patterns[pattern]]:
                yield Hit(alias, start, reached)

    # who belongs to whom

    def ancestry(self, id: str) -> list[str]:
        """Return the company, its parent, the parent's parent …"""
        line = [id]
        while (parent := self.by_id[line[-1]].parent) and parent in self.by_id and parent not in line:
            line.append(parent)
        return line

    def house(self, id: str) -> str:
        """Return the topmost company within which a change is one of role: units that are `separate` stand alone."""
        return next((i for i in self.ancestry(id) if self.by_id[i].separate), self.ancestry(id)[-1])

    def watches(self, company_id: str | None) -> bool:
        """Tell whether a company, or a parent of it, is watched."""
        return company_id is not None and any(self.by_id[i].watched for i in self.ancestry(company_id))

    # by name

    @cached_property
    def people_by_key(self) -> dict[str, tuple[Subject, ...]]:
        """Return person key -> the people with a name of that key."""
        people: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            if subject.kind is SubjectKind.PERSON:
                for key in {person_key(name) for name in (subject.name, *subject.aliases)}:
                    people.setdefault(key, []).append(subject)
        return {key: tuple(found) for key, found in people.items()}

    @cached_property
    def companies_by_key(self) -> dict[str, Subject]:
        """Return organisation key -> the company with a name of that key; short and shared keys are left out."""
        keys: dict[str, Subject | None] = {}
        for subject in self.subjects:
            if subject.kind is SubjectKind.COMPANY:
                for name in (subject.name, *subject.aliases):
                    key = organisation_key(name)
                    keys[key] = subject if keys.get(key, subject) is subject else None
        return {key: subject for key, subject in keys.items() if subject and len(key) >= 3}


def _is_bounded(text: str, start: int, end: int) -> bool:
    return not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())


def _aliases(subjects: Sequence[Subject]) -> dict[str, tuple[Alias, ...]]:
    """Return folded name -> the aliases that are written so."""
    aliases: dict[str, list[Alias]] = {}
    for subject in subjects:
        for text in dict.fromkeys(map(nfc, (subject.name, *subject.aliases, *subject.exact))):
            aliases.setdefault(fold(text), []).append(Alias(subject, text, _use(subject, text)))
    for subject in subjects:
        if subject.kind is SubjectKind.PERSON and (surname := _surname(subject.name)):
            shared = aliases.setdefault(fold(surname), [])
            if all(alias.use is Use.SURNAME for alias in shared):
                shared.append(Alias(subject, surname, Use.SURNAME))
    return {folded: tuple(found) for folded, found in aliases.items() if found and folded.strip()}


def _use(subject: Subject, text: str) -> Use:
    if text in subject.exact or is_common(text):
        return Use.EXACT
    return Use.ALONE if subject.kind is SubjectKind.PERSON and " " not in text else Use.SURE


def _surname(name: str) -> str:
    """Return the last word of a name of several words, as written."""
    words = [word for word in nfc(name).split() if word.lower().rstrip(",") not in _SUFFIXES]
    return words[-1].rstrip(",") if len(words) > 1 and len(words[-1]) > 1 else ""
