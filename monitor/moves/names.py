"""Sentences of one text -> its phrases: people, organisations, places and roles.

Never reads a sentence for what happens in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from monitor.moves.chunks import SentenceNames
from monitor.moves.lexicon import Lexicon
from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, PERSON, Phrase
from monitor.moves.sentences import Sentence

_TITLED_SHARE = 0.5  # of the everyday words of a line that are capitalised


@dataclass(slots=True)
class Names:
    """The names of one text: typed word sequences, and the full names that stand behind surnames."""

    typed: dict[tuple[str, ...], str] = field(default_factory=dict)
    full: dict[str, str] = field(default_factory=dict)  # last word -> fullest form
    votes: Counter[str] = field(default_factory=Counter)
    firms: set[str] = field(default_factory=set)  # firms named like people: "Laura Ashley chief"


def is_titled(sentence: Sentence, lexicon: Lexicon) -> bool:
    """Return whether the line is in Title Case, where a capital says nothing."""
    words = [
        t for t in sentence.tokens[1:] if len(t.text) > 3 and t.text.isalpha() and t.text.lower() in lexicon.common
    ]
    if not words:
        return len(sentence.tokens) < 12 and all(t.capitalised for t in sentence.tokens if t.text.isalpha())
    return sum(t.capitalised for t in words) / len(words) > _TITLED_SHARE


@dataclass(frozen=True, slots=True)
class NameFinder:
    """Finds the phrases of a text; `people` and `organisations` are names known beforehand."""

    lexicon: Lexicon
    people: frozenset[tuple[str, ...]] = frozenset()
    organisations: frozenset[tuple[str, ...]] = frozenset()

    def find(self, sentences: Sequence[Sentence]) -> list[list[Phrase]]:
        """Return the phrases of each sentence in order."""
        names = Names()
        titled = [is_titled(s, self.lexicon) for s in sentences]
        phrases: dict[int, list[Phrase]] = {}
        for want in (False, True):  # running text first: what it capitalises is a name in titles too
            for i, sentence in enumerate(sentences):
                if titled[i] is want:
                    phrases[i] = SentenceNames(self, names, sentence, titled=want).find()
                    self._learn(phrases[i], names, titled=want)
        return [self._settle(phrases[i], names) for i in range(len(sentences))]

    def _learn(self, phrases: Iterable[Phrase], names: Names, *, titled: bool) -> None:
        for phrase in phrases:
            words = tuple(phrase.text.split())
            if phrase.letter == PERSON and len(words) > 1:
                self._learn_person(phrase.text, words, names)
            if phrase.letter in {PERSON, ORG, MANY_WORDS} and (len(words) > 1 or not titled):
                names.typed.setdefault(words, phrase.letter)

    def _learn_person(self, text: str, words: tuple[str, ...], names: Names) -> None:
        last = words[-1] if words[-1].lower().strip(".") not in self.lexicon.name_suffixes else words[-2]
        if len(text) > len(names.full.get(last, "")):
            names.full[last] = text

    def _settle(self, phrases: list[Phrase], names: Names) -> list[Phrase]:
        return [self._settled(p, names) for p in phrases]

    def _settled(self, phrase: Phrase, names: Names) -> Phrase:
        if phrase.text in names.firms:
            return replace(phrase, letter=ORG)
        if phrase.letter == MANY_WORDS:
            vote = names.votes[phrase.text]
            letter = PERSON if vote > 0 else ORG if vote < 0 else MANY_WORDS
            if letter == PERSON:
                self._learn_person(phrase.text, tuple(phrase.text.split()), names)
            return replace(phrase, letter=letter)
        if phrase.letter == ONE_WORD and phrase.text in names.full:
            return replace(phrase, letter=PERSON, text=names.full[phrase.text])
        if phrase.letter == ONE_WORD and names.votes[phrase.text] < 0:
            return replace(phrase, letter=ORG)
        if phrase.letter == PERSON and " " not in phrase.text:
            return replace(phrase, text=names.full.get(phrase.text, phrase.text))
        return phrase
