"""A run of capitalised words -> names with their types.

Never looks beyond the sentence; what the rest of the text says of a name is `names`' business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.moves.lexicon import Lexicon
from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, PERSON
from monitor.moves.sentences import Token

NICKNAME_OPENS = {"(": ")", '"': '"', "“": "”", "‘": "’", "'": "'"}
ORG_LINKS = frozenset({"of", "for", "&", "and"})
_CAMEL = re.compile(r"^(?!Mc|Mac|De|Le|La|Di|Du|Van|O['’]|Fitz|St)\w*[a-z][A-Z]|^[A-Z]{2,}[a-z]|\d")
_HIRES = {
    "names",
    "appoints",
    "hires",
    "taps",
    "promotes",
    "poaches",
    "elects",
    "recruits",
    "fires",
    "ousts",
    "adds",
    "picks",
    "brings",
}
_SHOUTING = 0.3  # of the words of a line in capitals
_JOINED = {"joins", "joining", "rejoins", "quits", "leaves", "leaving", "exits", "join"}


class Words:
    """The tokens of a sentence with what the lexicon knows of each."""

    def __init__(self, tokens: Sequence[Token], lexicon: Lexicon, *, titled: bool) -> None:
        self.tokens, self.lexicon, self.titled = tokens, lexicon, titled
        self.lower = [t.text.lower() for t in tokens]
        self.shouting = sum(t.text.isupper() and len(t.text) > 3 for t in tokens) > len(tokens) * _SHOUTING

    def soft(self, i: int) -> bool:
        """Return whether the token is an everyday word; an acronym is none, but in a shouted line."""
        text = self.tokens[i].text
        if text.isupper() and len(text) > 1 and not self.shouting and self.lower[i] not in self.lexicon.stop:
            return False
        return self.lower[i] in self.lexicon.common

    def is_given(self, i: int) -> bool:
        text = self.tokens[i].text
        return (text.title() if text.isupper() and len(text) > 3 else text) in self.lexicon.given_names

    def inflected(self, i: int) -> bool:
        word = self.lower[i]
        stems = [
            word,
            word.removesuffix("s"),
            word.removesuffix("es"),
            word.removesuffix("ed"),
            word.removesuffix("d"),
            word.removesuffix("ing"),
        ]
        return any(stem in self.lexicon.common for stem in stems)

    def is_role_word(self, i: int) -> bool:
        return self.lower[i] in self.lexicon.heads or self.lower[i] in self.lexicon.modifiers


class RunCutter(Words):
    """Cuts runs of capitalised words into names."""

    def cut(self, start: int, end: int) -> list[tuple[int, int, str]]:
        """Cut a run of capitalised words into names."""
        if self.titled:
            start, end = self._trim_title_run(start, end)
        found: list[tuple[int, int, str]] = []
        i = start
        while i < end:
            stop = self._person_start(i + 1, end) if not self.is_given(i) else self._person_end(i, end)
            stop = stop or end
            letter = self._letter(i, stop)
            if letter:
                found.append((i, stop, letter))
            i = stop
        return found

    def _person_start(self, i: int, end: int) -> int:
        """Return where a person begins after other words in one run ("Meta Jane Roe"), or 0."""
        for j in range(i, end - 1):
            if self.is_given(j) and self.lower[j] not in self.lexicon.common and not self.is_given(j - 1):
                ends_in_mark = self.lower[end - 1] in self.lexicon.org_marks
                if (
                    not ends_in_mark
                    and end - j in {2, 3}
                    and self.lower[j - 1] in self.lexicon.descriptors | self.lexicon.common
                ):
                    return j
        return 0

    def _person_end(self, start: int, end: int) -> int:
        """In a title, a person ends before an everyday word in a third place ("Jane Roe Logs First Day")."""
        if not self.titled or self.lower[end - 1] in self.lexicon.org_marks:
            return end
        for i in range(start + 2, end):
            if self.inflected(i) and self.tokens[i].text not in self.lexicon.surnames and not self.is_given(i):
                before_verb = i + 1 < len(self.tokens) and self.lower[i + 1] in self.lexicon.headline_verbs
                return end if before_verb and self.soft(i) and i + 1 == end else i
        return end

    def _trim_title_run(self, start: int, end: int) -> tuple[int, int]:
        for i in range(start, end - 1):
            if self.lower[i] in self.lexicon.descriptors:
                start = i + 1
        after = self.lower[end] if end < len(self.tokens) else ""
        keeps = (
            (start == 0 and after in _HIRES)
            or after in {"'s", "’s"}
            or after in self.lexicon.heads
            or after in self.lexicon.modifiers
        )
        while end > start and not keeps and self.soft(end - 1) and self.lower[end - 1] not in self.lexicon.org_marks:
            if self.is_given(start) and end - start <= 2 and not self.soft(start):
                break
            end -= 1
        if end > start and all(self.soft(i) for i in range(start, end)) and end - start == 1:
            return start, start
        while end - start > 2 and self.soft(start) and not self.is_given(start) and self.is_given(start + 1):
            start += 1
        return start, end

    def _letter(self, start: int, end: int) -> str:
        """Return the type of the name in `start:end`, or "" where it names nothing."""
        words = [self.tokens[i].text for i in range(start, end)]
        if len(words) == 1:
            return self._single_letter(start)
        if words[1] in NICKNAME_OPENS:
            return PERSON
        like_given = len(words) == 2 and self.is_given(start) and not self.soft(start)
        if self.lower[end - 1] in self.lexicon.org_marks and not like_given:
            return ORG
        if any(w in ORG_LINKS for w in words) or any(w.lower() in self.lexicon.org_marks for w in words[1:]):
            return ORG
        return PERSON if self._looks_like_person(start, end) else MANY_WORDS

    def _looks_like_person(self, start: int, end: int) -> bool:
        words = [self.tokens[i].text for i in range(start, end)]
        if words[-1].lower() in self.lexicon.name_suffixes:
            words = words[:-1]
        if len([w for w in words if w.lower() not in self.lexicon.particles]) > 4:
            return False
        initials = sum(len(w.strip(".")) == 1 or ("." in w and len(w) <= 4) for w in words)
        if initials and len(words) - initials >= 1 and words[0].lower() not in self.lexicon.stop and "&" not in words:
            return True
        return self.is_given(start) and not any(w.isupper() and len(w) > 1 for w in words[1:] if not words[0].isupper())

    def _single_letter(self, i: int) -> str:
        text, word = self.tokens[i].text, self.lower[i]
        known = self.lexicon.never | self.lexicon.acronyms | self.lexicon.peoples
        shouted = text.isupper() and len(text) > 2 and self.soft(i)
        if word in known or word in self.lexicon.demonyms or shouted:
            return ""
        if self.titled and self.soft(i):
            return ONE_WORD if i and self.lower[i - 1] in _JOINED else ""
        if self._after_title(i):
            return PERSON
        return ORG if (text.isupper() and len(text) > 1) or _CAMEL.search(text) else ONE_WORD

    def _after_title(self, i: int) -> bool:
        """Return whether "Mr" or "Mr." stands before the token."""
        before = self.lower[i - 2 : i] if i > 1 else self.lower[:i]
        return bool(before) and (
            before[-1] in self.lexicon.titles or (before[-1] == "." and before[0] in self.lexicon.titles)
        )
