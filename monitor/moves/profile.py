"""The reduced lines of a text -> who is what where in it.

Never decides what happens to anyone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.moves.phrases import ORG, PERSON, ROLE, Phrase

_EMPTY = {"of", "and", "the", "vice", "chief", "executive", "senior", "officer", "for"}
_TOP = {"ceo", "boss", "chief", "executive", "head", "leader"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """What the text says a person is or was, somewhere."""

    role: str | None
    org: str | None
    former: bool
    sentence: int


@dataclass(slots=True)
class Profile:
    """All that a text says about who is what where."""

    people: dict[str, list[Affiliation]] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)  # people in order
    hero: str | None = None  # the first person that the title names
    title_tells: bool = False  # a move, of whomever
    opening: str | None = None  # the person with whom the first sentence after the title begins
    orgs: Counter[str] = field(default_factory=Counter)
    title_orgs: list[str] = field(default_factory=list)

    def note(self, phrase: Phrase, sentence: int) -> None:
        for person in phrase.people:
            if person.role or person.org:
                affiliation = Affiliation(role=person.role, org=person.org, former=person.former, sentence=sentence)
                self.people.setdefault(person.text, []).append(affiliation)

    def org_of(self, person: str, *, former: bool = False) -> str | None:
        known = [a for a in self.people.get(person, []) if a.org and (former or not a.former)]
        return known[0].org if known else None

    def role_of(self, person: str) -> str | None:
        known = [a for a in self.people.get(person, []) if a.role]
        return known[0].role if known else None

    def spelled_out(self, org: str | None) -> str | None:
        """Return the full name behind an acronym that the text also spells out."""
        if not org or not org.isupper() or len(org) < 3:
            return org
        return next((name for name in self.orgs if _initials(name) == org), org)

    def main_org(self) -> str | None:
        if self.title_orgs:
            return self.title_orgs[0]
        if len(self.orgs) == 1 or (self.orgs and self.orgs.most_common(1)[0][1] > 1):
            return self.orgs.most_common(1)[0][0]
        return None


def read_profile(phrases: Iterable[tuple[int, Sequence[Phrase]]]) -> Profile:
    """Gather affiliations and organisations from the reduced lines: (sentence number, phrases)."""
    profile = Profile()
    for number, found in phrases:
        for phrase in found:
            if phrase.letter == PERSON:
                profile.note(phrase, number)
                profile.hero = profile.hero or (phrase.text if number == 0 else None)
            if phrase.letter == ORG and not phrase.source:
                profile.orgs[phrase.text] += 1
                if number == 0:
                    profile.title_orgs.append(phrase.text)
            if phrase.letter == PERSON:
                profile.named += [one.text for one in phrase.people if one.text not in profile.named]
            if phrase.letter == ROLE and phrase.org:
                profile.orgs[phrase.org] += 1
                if number == 0:
                    profile.title_orgs.append(phrase.org)
            if phrase.letter == PERSON and number == 0 and phrase.org:
                profile.title_orgs.append(phrase.org)
    return profile


def same_org(a: str, b: str) -> bool:
    """Return whether two names may mean one organisation: equal, or one within the other."""
    x, y = _fold(a), _fold(b)
    return x == y or x in y or y in x


def same_role(a: str, b: str) -> bool:
    """Return whether two words for a role may mean one ("CEO", "chief executive", "boss")."""
    if not a or not b:
        return False
    x, y = a.lower().split(), b.lower().split()
    return x[-1] == y[-1] or bool({*x} & {*y} - _EMPTY) or (x[-1] in _TOP and y[-1] in _TOP)


def _fold(org: str) -> str:
    return re.sub(r"\b(?:the|inc|corp|company|co|ltd|plc|group|platforms)\b|[^a-z0-9]", "", org.lower())


def _initials(name: str) -> str:
    return (
        "".join(word[0] for word in re.findall(r"\w+", name) if word.lower() not in {"of", "the", "and", "for"}).upper()
        if " " in name
        else ""
    )
