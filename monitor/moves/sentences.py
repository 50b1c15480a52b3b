"""Text -> sentences of tokens, with offsets into the text.

Never changes a character: every token and sentence slices to itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?:[A-Z]\.){2,}            # U.S.  J.D.
      | [A-Z]\.(?=\s?[A-Z])        # middle initial
      | ['’]s\b
      | [Ee]x[-‑](?=\w)            # ex-Googler
      | \d+[A-Za-z]\w*             # 2GB, 23andMe
      | \d[\d,.]*\d | \d
      | \w+(?:(?:['’](?!s\b)|[-‑&+/]|\.(?=(?:com|ai|io|org|net|co)\b)|(?<=[A-Z])\.(?=[A-Z]))\w+)*
      | [^\w\s]""",
    re.VERBOSE,
)
_BOUNDARY = re.compile(r"[.!?…][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-ZÀ-Þ0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:Mr|Mrs|Ms|Dr|Prof|Sen|Sens|Rep|Reps|Gov|Gen|Lt|Col|Sgt|Capt|Maj|Hon|Rev|Sir|St|Jr|Sr|Inc|Corp|Co|Ltd|No|vs|Jan|Feb"
    r"|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|[A-Z]|(?:[A-Z]\.)+[A-Z]|D|R)$"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign; `text` is the slice `start:end` of the whole text."""

    text: str
    start: int
    end: int

    @property
    def capitalised(self) -> bool:
        return self.text[:1].isupper()


@dataclass(frozen=True)
class Sentence:
    """A sentence, a title or a table row; `number` counts from 0, the title being 0."""

    text: str
    start: int
    number: int
    is_title: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(Token(m[0], self.start + m.start(), self.start + m.end()) for m in _TOKEN.finditer(self.text))


def split_sentences(title: str, text: str) -> list[Sentence]:
    """Split title and text, joined by a line feed; a line end always ends a sentence."""
    whole = f"{title}\n{text}"
    spans = [span for line in _lines(whole) for span in _split_line(whole, *line)]
    return [
        Sentence(whole[start:end], start, number, is_title=end <= len(title))
        for number, (start, end) in enumerate(spans)
    ]


def _lines(whole: str) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(r"[^\n\r]*\S[^\n\r]*", whole)]


def _split_line(whole: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start]
    for match in _BOUNDARY.finditer(whole, start, end):
        if match[0][0] == "." and _ABBREVIATION.search(whole[max(start, match.start() - 12) : match.start()]):
            continue
        cuts.append(match.end())
    cuts.append(end)
    return [_trim(whole, a, b) for a, b in pairwise(cuts)]


def _trim(whole: str, start: int, end: int) -> tuple[int, int]:
    piece = whole[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
