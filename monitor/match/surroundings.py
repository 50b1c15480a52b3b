"""text and span -> what stands around it: words, sentence starts, headlines.  Pure.

Never knows the watchlist.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from monitor.names import fold

_WORD_BEFORE = re.compile(r"([\w.’'-]+)([^\w]*)$")
_WORD_AFTER = re.compile(r"^(?:['’]s)?([^\w\n]*)([\w’'-]+)")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_ENDS_SENTENCE = frozenset('.!?:;\n“”"‘•|·—–([')


@cache
def cues(kind: str) -> frozenset[str]:
    """Return one list of the lexicon of company cues."""
    return frozenset(_lexicon()[kind])


@cache
def _lexicon() -> dict[str, list[str]]:
    return tomllib.loads(files("monitor.lexicon").joinpath("company_cues.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The word next to a span; `adjacent` if one space alone parts them."""

    word: str = ""
    start: int = 0
    adjacent: bool = False

    @property
    def folded(self) -> str:
        return fold(self.word).strip(".'’-")

    @property
    def capital(self) -> bool:
        return self.word[:1].isupper()


@dataclass(slots=True)
class Surroundings:
    """A text with its folded form, of equal length."""

    text: str
    folded: str = ""
    _title_case: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folded = self.folded or fold(self.text)

    def before(self, start: int) -> Neighbour:
        offset = max(0, start - 40)
        if not (match := _WORD_BEFORE.search(self.text[offset:start])):
            return Neighbour()
        return Neighbour(match[1], offset + match.start(1), match[2] in (" ", "\u00a0"))

    def after(self, end: int) -> Neighbour:
        if not (match := _WORD_AFTER.search(self.text[end : end + 40])):
            return Neighbour()
        return Neighbour(match[2], end + match.start(2), match[1] in (" ", "\u00a0"))

    def begins_sentence(self, start: int) -> bool:
        left = self.text[max(0, start - 3) : start].rstrip(" \u00a0")
        return not left or left[-1] in _ENDS_SENTENCE

    def in_title_case(self, start: int) -> bool:
        """Tell whether the line is a headline whose words are capitalised, so that a capital proves nothing."""
        line_start = self.text.rfind("\n", 0, start) + 1
        if line_start not in self._title_case:
            line_end = self.text.find("\n", start)
            line = self.text[line_start : line_end if line_end >= 0 else len(self.text)]
            self._title_case[line_start] = _is_title_case(line)
        return self._title_case[line_start]

    def has_possessive(self, end: int) -> bool:
        return self.folded.startswith("'s", end) and not self.folded[end + 2 : end + 3].isalnum()

    def places(self, phrase: str) -> list[int]:
        """Return where a phrase occurs as whole words; one that is written with a capital must be found with one."""
        folded = fold(phrase)
        found, at = [], self.folded.find(folded)
        while at >= 0:
            end = at + len(folded)
            whole = not self.folded[at - 1 : at].isalnum() and not self.folded[end : end + 1].isalnum()
            if whole and (self.text[at].isupper() or not phrase[0].isupper()):
                found.append(at)
            at = self.folded.find(folded, at + 1)
        return found


def _is_title_case(line: str) -> bool:
    if len(line) > 250 or line.rstrip().endswith("."):
        return False  # prose
    words = _LETTERS.findall(line)
    return len(words) > 2 and sum(word[0].isupper() for word in words) > 0.7 * len(words)
