"""Phrases of a text -> the same with pronouns and "the company" as phrases too.

Never guesses where nothing was named before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from monitor.moves.lexicon import load_lexicon
from monitor.moves.phrases import ORG, PERSON, ROLE, Phrase
from monitor.moves.sentences import Sentence, Token

_HE = re.compile(r"(?:he|she)(?:['’](?:ll|d|ve))?")
_COMPANY = {
    "company", "firm", "startup", "start-up", "studio", "bank", "business", "carmaker", "automaker", "chipmaker", "retailer", "broadcaster",
    "network", "publisher", "developer", "giant", "agency", "university", "airline", "club", "organisation", "organization", "lab", "group",
    "newspaper", "museum", "school", "charity", "department", "college", "hospital", "chain", "brand", "team", "supermarket", "regulator", "tech", "outlet", "fund", "parent", "union", "foundation", "lender", "insurer", "manufacturer",
}  # fmt: skip


def add_references(sentences: Sequence[Sentence], phrases: Sequence[Sequence[Phrase]]) -> list[list[Phrase]]:
    """Return the phrases of each sentence with those that refer back, in order of their place."""
    person: Phrase | None = None
    org: Phrase | None = None
    hero: Phrase | None = None
    firm: Phrase | None = None  # the only one that the title names
    introduced: Phrase | None = None  # by the sentence before: "Koldbox, a start-up of Seattle"
    recent: list[set[str]] = []
    result = []
    for sentence, all_found in zip(sentences, phrases, strict=True):
        found = mark_sources(sentence, all_found)
        added = _SentenceReferences(sentence, found, _LastNamed(person, org, introduced)).find()
        result.append(sorted([*found, *added], key=lambda p: p.start))
        people = [p for p in found if p.letter == PERSON]
        if sentence.is_title and len({p.text for p in people}) == 1:
            hero = people[0]
        recent = [*recent[-2:], {p.text for p in [*people, *added]}]
        orgs = [p for p in found if p.letter == ORG and not p.source]
        person = people[0] if people else person
        if hero and person and person.text != hero.text and any(hero.text in names for names in recent[-2:]):
            person = hero  # the story's own person, not whoever spoke last
        if sentence.is_title and len({p.text for p in orgs}) == 1:
            firm = orgs[0]
        org = firm or (orgs[0] if orgs else org)
        introduced = _introduced(sentence, orgs)
    return result


def _introduced(sentence: Sentence, orgs: Sequence[Phrase]) -> Phrase | None:
    """Return the only organisation that the sentence says what it is, which the next one goes on about."""
    said = [p for p in orgs if (m := _WHAT_IT_IS.match(sentence.text, p.end - sentence.start)) and _of_company(m[1])]
    return said[0] if len(said) == 1 else None


def _of_company(words: str) -> bool:
    return any(word in _COMPANY for word in words.lower().split())


_WHAT_IT_IS = re.compile(r", an? ([\w’'&/ -]+)")  # the apposition after a name
_ACTS = re.compile(
    r"(?:(?:has|had|is|will|was|would) )?(?:named|nam|hir|appoint|fir|promot|oust|sack|dismiss|recruit|elect|tapp|poach|part|co-found|found)\w*"
)


def mark_sources(sentence: Sentence, phrases: Sequence[Phrase]) -> list[Phrase]:
    """Mark the organisations that are only quoted: "according to Bloomberg", "told the BBC", "Reuters reports"."""
    text, start = sentence.text, sentence.start
    outlets = load_lexicon().outlets
    return [
        replace(p, source=True)
        if p.letter != PERSON
        and (
            _QUOTED.search(text[: p.start - start])
            or (
                p.text in outlets
                and (
                    _QUOTES.match(text[p.end - start :])
                    or _TOLD_TO.search(text[: p.start - start])
                    or _POSTED.search(text[: p.start - start])
                )
            )
        )
        else p
        for p in phrases
    ]


_QUOTED = re.compile(
    r"(?:according to|\btold|interview with|interview on|as reported by|reported by|spoke to|speaking to|talking to|statement to|confirmed to)(?: the| a| an)? $",
    re.I,
)
_POSTED = re.compile(r"(?:\b(?:by|via|on) (?:the |a |an )?|(?:-|–|—|\|) )$", re.IGNORECASE)
_TOLD_TO = re.compile(
    r"\b(?:said|confirmed|statement|told|admitted|comment\w*)\b.{0,80} (?:to|with|by) (?:the )?$", re.IGNORECASE
)
_QUOTES = re.compile(
    r"(?:['’]s? \w+)? (?:reported|reports|first reported|first broke|notes|says|said|writes|wrote|learned|has learned|spoke|understands)\b|, which first reported",
    re.I,
)


_SAYS = {"said", "says", "announced", "confirmed", "revealed", "announces", "tweeted"}
_NOT_ADJECTIVES = {
    "same",
    "first",
    "other",
    "only",
    "best",
    "biggest",
    "world's",
    "right",
    "new",
    "rival",
    "most",
    "of",
    "and",
    "in",
    "at",
    "to",
    "for",
    "that",
    "who",
    "which",
    "is",
    "was",
    "end",
    "head",
    "role",
    "top",
    "chief",
    "with",
    "from",
    "on",
    "by",
    "as",
}


class _LastNamed(NamedTuple):
    """Whom the sentences before named last."""

    person: Phrase | None
    org: Phrase | None
    introduced: Phrase | None


class _SentenceReferences:
    def __init__(self, sentence: Sentence, found: Sequence[Phrase], named: _LastNamed) -> None:
        self.tokens, self.found, self.named = sentence.tokens, found, named

    def find(self) -> list[Phrase]:
        added = []
        for i, token in enumerate(self.tokens):
            word = token.text.lower()
            if _HE.fullmatch(word) and (
                target := self._speaker(i) or self._before(token.start, PERSON) or self.named.person
            ):
                added.append(Phrase(letter=PERSON, text=target.text, start=token.start, end=token.end))
            if word == "it" and _ACTS.match(" ".join(t.text for t in self.tokens[i + 1 : i + 3])):
                target = self._before(token.start, ORG) or self.named.introduced or self.named.org
                if target:
                    added.append(Phrase(letter=ORG, text=target.text, start=token.start, end=token.end))
            last = self._company_after(i) if word == "the" else None
            if last:
                target = self._before(token.start, ORG) or self.named.org
                if (
                    target
                    and not any(p.start <= last.start < p.end for p in self.found)
                    and not self._named_next(last.end)
                ):
                    added.append(Phrase(letter=ORG, text=target.text, start=token.start, end=last.end, refers=True))
        return added

    def _speaker(self, i: int) -> Phrase | None:
        """Return who says it, where "said he" or "announced that she" stands."""
        words = [t.text.lower() for t in self.tokens[max(0, i - 2) : i]]
        if not set(words) & _SAYS:
            return None
        named = [p for p in self.found if p.letter == PERSON and p.end <= self.tokens[i].start]
        return named[-1] if named else None

    def _company_after(self, i: int) -> Token | None:
        """Return the noun of "the company" or "the oat-milk company"."""
        for token in self.tokens[i + 1 : i + 4]:
            if token.text.lower() in _COMPANY:
                return token
            if token.capitalised or token.text.lower() in _NOT_ADJECTIVES or not token.text[0].isalpha():
                return None
        return None

    def _before(self, start: int, letter: str) -> Phrase | None:
        return next((p for p in self.found if p.letter == letter and p.end <= start and not p.source), None)

    def _named_next(self, end: int) -> bool:
        return any(end < p.start <= end + 2 and p.letter != ROLE for p in self.found)
