"""Title and text -> Reading, by frames over chunked sentences.

Never needs a watchlist, a network or a clock; the same text always reads the same.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import datetime

from monitor.model import Reading
from monitor.moves.article import Article
from monitor.moves.frames import find_drafts, load_phrase_rules
from monitor.moves.grammar import Line, write_line
from monitor.moves.groups import find_groups
from monitor.moves.lexicon import load_lexicon, load_table
from monitor.moves.names import NameFinder
from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, Phrase
from monitor.moves.profile import read_profile
from monitor.moves.reference import add_references
from monitor.moves.sentences import Sentence, split_sentences
from monitor.moves.signs import Story
from monitor.moves.tables import find_rows
from monitor.moves.telling import tell
from monitor.moves.topics import add_topics

LEAST_CONFIDENCE = 0.5  # what is less probable is not told: on whole articles as they come F1 is highest there


class FrameReader:
    """Reads claims; `people` and `organisations` are names known beforehand, as from a watchlist."""

    def __init__(
        self, people: Iterable[str] = (), organisations: Iterable[str] = (), *, floor: float = LEAST_CONFIDENCE
    ) -> None:
        self._floor = floor
        persons, companies = _known(people), _known(organisations)
        self._names = NameFinder(load_lexicon(), persons, companies)
        self._known = persons | companies
        self._parsed: tuple[tuple[str, str], list[Sentence], list[list[Phrase]]] | None = None  # the last article

    def read(self, title: str, text: str, published_at: datetime) -> Reading:
        """Return all that title and text, joined by a line feed, assert."""
        if not may_tell(f"{title}\n{text}"):
            return Reading()
        sentences, phrases = self.parse(title, text)
        lines = self._lines(sentences, phrases)
        add_topics(lines, f"{title}\n{text}")
        drafts = [draft for line in lines if _gate().search(line.sentence.text) for draft in find_drafts(line)]
        drafts += find_rows(sentences)
        profile = read_profile((line.sentence.number, line.phrases) for line in lines)
        profile.opening = _opening(lines)
        profile.title_orgs[:0] = _acting_firm(lines)
        profile.title_tells = any(draft.sentence.is_title for draft in drafts)
        complete = Article(drafts, profile, title).complete()
        claims = tell(complete, profile, Story(title, text, published_at.date(), known=self._known, profile=profile))
        kept = tuple(c for c in claims if c.confidence >= self._floor)
        return Reading(claims=kept, groups=tuple(find_groups(lines)))

    def parse(self, title: str, text: str) -> tuple[list[Sentence], list[list[Phrase]]]:
        """The sentences, and the names and roles of each; those of the last article are kept."""
        if self._parsed is None or self._parsed[0] != (title, text):
            sentences = split_sentences(title, text)
            self._parsed = (title, text), sentences, self._names.find(sentences)
        return self._parsed[1:]

    def _lines(self, sentences: list[Sentence], named: list[list[Phrase]]) -> list[Line]:
        phrases = add_references(sentences, named)
        lines = []
        lexicon = load_lexicon()
        referents = {**lexicon.demonyms, "state_roles": " ".join(lexicon.state_roles)}
        for sentence, found in zip(sentences, phrases, strict=True):
            line = write_line(sentence, found)
            its = next(
                (p.text for p in found if p.letter in {ORG, ONE_WORD, MANY_WORDS} and not p.source),
                referents.get("its"),
            )
            if its:
                referents["its"] = its
            for rule in load_phrase_rules():
                rule.rewrite(line, referents)
            lines.append(line)
        return lines


def _opening(lines: list[Line]) -> str | None:
    """Return the person with whom the first sentence of the body begins."""
    body = next((line for line in lines if not line.sentence.is_title), None)
    match = re.match(r" (P\d+) ", body.text) if body else None
    return body.phrase(match[1]).text if body and match else None


_ACTS = re.compile(
    r" (?P<firm>[ON]\d+) (?:'s [a-z]|(?:has |to )?(?:names?|hires?|taps?|picks?|appoints?|poach(?:es)?|ousts?|fires?|loses?|lost|promotes?"
    r"|adds?|recruits?|brings?|parts?|replaces?|elevates?|snags?|nabs?|lures?|ups|shuffles|reshuffles|announces?|shakes?)(?= ))"
)


def _acting_firm(lines: list[Line]) -> list[str]:
    """Return the firm that the title begins with and says to hire, to lose or to own something, if it does."""
    match = _ACTS.match(lines[0].text) if lines else None
    if not match:
        return []
    firm, lexicon = lines[0].phrase(match["firm"]), load_lexicon()
    named_like_one = firm.letter == ONE_WORD and firm.text in lexicon.surnames | lexicon.given_names
    return [] if firm.source or named_like_one else [firm.text]


def _known(names: Iterable[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(name.split()) for name in names if name.strip())


def may_tell(text: str) -> bool:
    """Return False for a text that needs no reading: most do."""
    strong, weak = _text_gates()
    return bool(strong.search(text) or weak.search(text))


@functools.cache
def _text_gates() -> tuple[re.Pattern[str], re.Pattern[str]]:
    table = load_table("gate")
    return re.compile(table["strong"], re.IGNORECASE), re.compile(table["weak"])


@functools.cache
def _gate() -> re.Pattern[str]:
    """The words without which no sentence tells of a move."""
    return re.compile(load_table("gate")["words"], re.IGNORECASE)
