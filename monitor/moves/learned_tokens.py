"""Title and text -> windows of word pieces with character offsets, which is what the learned reader's network sees.

Never looks at what the words mean.  The pieces are those of uncased BERT (WordPiece, Wu et al. 2016); what lower-casing
loses comes back as a shape per piece, because a capital is the best sign of a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeAlias

MAX_TITLE = 48  # pieces: longer ones are feeds that put the lead into the title
MAX_WINDOW = 192  # pieces, title included
MAX_WINDOWS = 24  # of an article, some 3,000 words: what stands behind them is seldom news
MAX_SENTENCES = 1000
LEFT_OUT = 20  # characters between two pieces: more than white space, a sentence that is not read
MAX_WORD = 100  # letters, as in BERT: longer ones are no words, and matching is quadratic
_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
# A full stop ends a sentence where a capital, quote or digit follows and no title, initial or "U.S." stands before it.
_SENTENCE_END = re.compile(
    r"(?:(?<![A-Z])(?<!\b[A-Z][a-z])(?<!\bMrs)(?<!\bSen)(?<!\bRep)(?<!\bGov)(?<!\bGen)(?<!\bInc)(?<!\bLtd)(?<!\bCorp)"
    r"(?<!\bProf)(?<!\bHon)(?<!\bCol)(?<!\bJan)(?<!\bFeb)(?<!\bAug)(?<!\bSept)(?<!\bOct)(?<!\bNov)(?<!\bDec)\.|[!?…])"
    r"[\"”’')\]]*\s+(?=[\"“‘'(\[]*[A-Z0-9])|\n\s*"
)


class Shape(IntEnum):
    SPECIAL = 0
    LOWER = 1
    TITLE = 2
    UPPER = 3
    MIXED = 4
    DIGIT = 5
    OTHER = 6


class Name(IntEnum):
    """What the chunks of the frames take a piece for (`phrases`): an uncased vocabulary knows few names."""

    NONE = 0
    PERSON = 1
    ORGANISATION = 2
    PLACE = 3
    ROLE = 4
    ONE_WORD = 5
    MANY_WORDS = 6


Named: TypeAlias = tuple[int, int, Name]  # a stretch of characters, and what it is taken for


class Part(IntEnum):
    SPECIAL = 0
    TITLE = 1
    TITLE_CASE = 2  # a headline in Title Case, whose capitals say little
    BODY = 3


@dataclass(frozen=True, slots=True)
class Pieces:
    """Word pieces of a stretch of text; `start` and `end` are offsets into the full text."""

    ids: list[int]
    shapes: list[int]
    start: list[int]
    end: list[int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the network: [CLS] title [SEP] sentences [SEP].  Special pieces have offset -1."""

    ids: list[int]
    shapes: list[int]
    parts: list[int]
    names: list[int]
    start: list[int]
    end: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def run_from(self, first: int) -> int:
        """The end of the run of pieces from `first` between which nothing of the text is left out."""
        apart = (n for n in range(first + 1, len(self)) if not 0 <= self.start[n] - self.end[n - 1] <= LEFT_OUT)
        return next(apart, len(self))

    def pieces_of(self, start: int, end: int) -> range:
        """The pieces that lie in the characters [start, end)."""
        inside = [i for i, (a, b) in enumerate(zip(self.start, self.end, strict=True)) if a >= start and 0 < b <= end]
        return range(inside[0], inside[-1] + 1) if inside else range(0)


class WordPieces:
    """Greedy longest-match word pieces over a vocabulary file with one piece a line."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").splitlines()
        self._ids = {piece: number for number, piece in enumerate(lines)}
        self._unknown, self.cls, self.sep = (self._ids[name] for name in ("[UNK]", "[CLS]", "[SEP]"))
        self._split = lru_cache(maxsize=20_000)(self._split_word)

    def cut(self, text: str, start: int, end: int) -> Pieces:
        pieces = Pieces([], [], [], [])
        for match in _WORD.finditer(text, start, end):
            shape = shape_of(match.group())
            for number, a, b in self._split(match.group()):
                pieces.ids.append(number)
                pieces.shapes.append(shape)
                pieces.start.append(match.start() + a)
                pieces.end.append(match.start() + b)
        return pieces

    def _split_word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        plain = _plain(word)
        if len(plain) != len(word):  # a letter that folds to none or two: offsets hold for the whole word only
            return tuple((number, 0, len(word)) for number, _, _ in self._longest_matches(plain))
        return self._longest_matches(plain)

    def _longest_matches(self, word: str) -> tuple[tuple[int, int, int], ...]:
        if len(word) > MAX_WORD:
            return ((self._unknown, 0, len(word)),)
        found, at = [], 0
        while at < len(word):
            end = next((e for e in range(len(word), at, -1) if ("##" if at else "") + word[at:e] in self._ids), 0)
            if not end:
                return ((self._unknown, 0, len(word)),)
            found.append((self._ids[("##" if at else "") + word[at:end]], at, end))
            at = end
        return tuple(found)


def shape_of(word: str) -> Shape:
    if word.isdigit():
        return Shape.DIGIT
    if not any(c.isalpha() for c in word):
        return Shape.OTHER
    if word.islower():
        return Shape.LOWER
    if word.isupper():
        return Shape.UPPER if len(word) > 1 else Shape.TITLE
    return Shape.TITLE if word[0].isupper() and word[1:].islower() else Shape.MIXED


def is_title_case(title: str) -> bool:
    """True for 'Apple Hires Jane Roe From Google': most words of four letters or more are capitalised."""
    words = [w for w in re.findall(r"[^\W\d_]+", title) if len(w) > 3]
    return len(words) > 2 and sum(w[0].isupper() for w in words) > 0.75 * len(words)


def sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences of `text` from `start` on."""
    for match in _SENTENCE_END.finditer(text, start):
        if match.start() > start:
            yield start, start + len(text[start : match.end()].rstrip())
        start = match.end()
    if start < len(text.rstrip()):
        yield start, len(text.rstrip())


def windows(
    pieces: WordPieces,
    title: str,
    text: str,
    named: Iterable[Named] = (),
    tells: Callable[[Pieces, Sequence[int]], bool] | None = None,
) -> Iterator[Window]:
    """Cut the article into windows of whole sentences, each under the title; neighbours share one sentence.

    `named` are the stretches of characters that the frames take for names, with their types.  Where `tells` is given,
    only the sentences that it takes for telling are read, with those beside them; none at all where it takes none.
    """
    full = f"{title}\n{text}"
    types = spread(named, len(full))
    head = _clip(pieces.cut(full, 0, len(title)), MAX_TITLE)
    part = Part.TITLE_CASE if is_title_case(title) else Part.TITLE
    room = MAX_WINDOW - len(head) - 3
    body = [_clip(pieces.cut(full, a, b), room) for a, b in islice(sentences(full, len(title) + 1), MAX_SENTENCES)]
    if tells is not None:
        told = [tells(p, [types[s] for s in p.start]) for p in (head, *body)]
        if not any(told):
            return
        body = [p for n, p in enumerate(body, 1) if any(told[n - 1 : n + 2])]
    for group in _groups([len(p) for p in body], room)[:MAX_WINDOWS] or [range(0)]:
        yield _window(pieces, head, part, [body[i] for i in group], types)


def spread(named: Iterable[Named], length: int) -> bytearray:
    """The type of the name that each character belongs to."""
    types = bytearray(length)
    for start, end, name in named:
        types[start:end] = bytes([name]) * (end - start)
    return types


def _groups(sizes: Sequence[int], room: int) -> list[range]:
    """Runs of sentences that fit into `room` pieces; a run begins with the last sentence of the one before if it can."""
    groups: list[range] = []
    first, used = 0, 0
    for i, size in enumerate(sizes):
        if i > first and used + size > room:
            groups.append(range(first, i))
            first = i - 1 if sizes[i - 1] + size <= room else i
            used = sum(sizes[first:i])
        used += size
    return [*groups, range(first, len(sizes))] if sizes else groups


def _window(pieces: WordPieces, head: Pieces, part: Part, body: Sequence[Pieces], types: bytearray) -> Window:
    window = Window([pieces.cls], [Shape.SPECIAL], [Part.SPECIAL], [], [-1], [-1])
    for stretch, which in [([head], part), (body, Part.BODY)]:
        for one in stretch:
            window.ids.extend(one.ids)
            window.shapes.extend(one.shapes)
            window.parts.extend([which] * len(one))
            window.start.extend(one.start)
            window.end.extend(one.end)
        for field, value in zip(
            (window.ids, window.shapes, window.parts, window.start, window.end),
            (pieces.sep, Shape.SPECIAL, Part.SPECIAL, -1, -1),
            strict=True,
        ):
            field.append(value)
    window.names.extend(Name.NONE if start < 0 else types[start] for start in window.start)
    return window


def _clip(pieces: Pieces, size: int) -> Pieces:
    return Pieces(pieces.ids[:size], pieces.shapes[:size], pieces.start[:size], pieces.end[:size])


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in folded if not unicodedata.combining(c))
