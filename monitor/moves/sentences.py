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
      | \d+[A-Za-z]\w*(?:\.(?:com|ai|io|org|bio|co)\b)?  # 2GB, 23andMe, 0xide.bio
      | \d[\d,.]*\d | \d
      | \w+(?:(?:['’](?!s\b)|[-‑&+/]|\.(?=(?:com|ai|io|org|net|co|bio|dev|app|xyz|tv|fm|so|me|gg|tech|health|inc|\d)\b)|(?<=[A-Z])\.(?=[A-Z]))\w+)*
      | [^\w\s]""",
    re.VERBOSE,
)
_BOUNDARY = re.compile(r"[.!?…][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-ZÀ-Þ0-9])")
_LEAD_IN = re.compile(  # what no sentence begins with: the sign of a list, "PARIS, March 14 (Reuters) -"
    r"""\s*(?:[•→▪●◦‣■►*·>]+\s*|[-–—]\s+)?
      (?:[A-Z][\w. ’'-]{2,24}(?:,\s[A-Z][\w.]+){0,2}
        (?: ,?\s(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s\d{1,2}|\d{1,2}\s[A-Z][a-z]{2,8})(?:,?\s\d{4})?
            \s*(?:\([^()]{2,40}\)|/[^/]{2,30}/)?\s*(?:--|[-–—])
        |   ,?\s*(?:\((?:A[FN]?P|UPI|PTI|ANI|CNN|[^()]*(?:[a-z]|WIRE)[^()]{0,30})\)|/[A-Z][^/]{2,30}/)\s*(?:--|[-–—]\s)
        )\s*
      | [A-ZÀ-Þ]{8,}\s*(?:--|[–—])\s*
      | [A-ZÀ-Þ]{3,24}+(?:[ /'’-][A-ZÀ-Þ]{3,24}+){0,2}(?:,\s[A-Z][\w.]{1,14}(?:\s[A-Z][\w.]{1,14})?){0,2}\.?\s*(?:--|\s[-–—])\s
      | \((?:Reuters|Bloomberg|AP|AFP|UPI)\)\s*(?:--|[-–—])\s)?""",
    re.VERBOSE,
)
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
    """Return the lines that say anything, without bullets and datelines."""
    return [
        (start, m.end())
        for m in re.finditer(r"[^\n\r]*\S[^\n\r]*", whole)
        if (start := _LEAD_IN.match(whole, m.start(), m.end()).end()) < m.end()  # type: ignore[union-attr]
    ]


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
