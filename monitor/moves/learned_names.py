"""Title and text -> the stretches that the frames take for names and roles, as the network is told of them.

Never settles what a name is: the network weighs it like any other sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.moves.learned_tokens import Name, Named
from monitor.moves.lexicon import load_lexicon
from monitor.moves.names import NameFinder
from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, PERSON, PLACE, ROLE, Phrase
from monitor.moves.sentences import split_sentences

_NAMES = {
    PERSON: Name.PERSON,
    ORG: Name.ORGANISATION,
    PLACE: Name.PLACE,
    ROLE: Name.ROLE,
    ONE_WORD: Name.ONE_WORD,
    MANY_WORDS: Name.MANY_WORDS,
}


def find_names(title: str, text: str) -> Iterator[Named]:
    """Yield (start, end, type) of every name and role, in characters of title and text joined by a line feed."""
    return type_names(NameFinder(load_lexicon()).find(split_sentences(title, text)))


def type_names(phrases: Iterable[Iterable[Phrase]]) -> Iterator[Named]:
    """The same of phrases that were found before, sentence by sentence."""
    return ((p.start, p.end, _NAMES[p.letter]) for found in phrases for p in found)
