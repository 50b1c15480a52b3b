"""A sentence -> its names, places and roles.

Never types a name by its context: it votes, and `names` counts the votes of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, PERSON, PLACE, ROLE, Phrase
from monitor.moves.roles import find_roles
from monitor.moves.runs import NICKNAME_OPENS, ORG_LINKS, RunCutter
from monitor.moves.sentences import Sentence, Token

if TYPE_CHECKING:
    from monitor.moves.names import NameFinder, Names

_LONGEST_NAME = 7
_HIRING = {
    "appoints",
    "appointed",
    "names",
    "named",
    "hires",
    "hired",
    "taps",
    "tapped",
    "promotes",
    "promoted",
    "poaches",
    "recruits",
    "elects",
}
_EMPLOYS = {"hires", "hired", "poaches", "poached", "recruits", "recruited", "tapped", "appoints", "appointed"}
_BRANCHES = (["america"], ["japan"], ["europe"], ["korea"], ["china"], ["canada"])
_ODD = re.compile(r"[a-z]+\d+[a-z]\w*|\d*[a-z]\w*\.(?:com|ai|io|bio|dev|app|xyz|tv|fm|so|gg|tech|inc)")
_BEFORE_ODD = {"at", "joins", "joined", "joining", "join", "leaves", "left", "leaving", "quits", "startup", "start-up"}
_COMPOUND = re.compile(  # "Delhi-based" is no name
    r"[-‑](?:based|born|like|backed|owned|led|listed|style|turned|era|wide|area|unit|appointed|trained|made|built|controlled|focused|funded|run|aligned"
    r"|linked|affiliated|supported|headquartered|friendly|founded|educated|bound|approved|only|related)$"
)
_FOR_SOMETHING = {  # "Center for Learning", but "left Acme Labs for Quill"
    "center", "centre", "centers", "centres", "institute", "council", "foundation", "school", "department", "agency", "society", "association", "alliance",
    "coalition", "office", "committee", "ministry", "fund", "bureau", "authority", "campaign", "initiative", "program", "programme", "commission", "trust",
}  # fmt: skip
_OF_FIRMS = {"at", "joins", "joined", "joining", "rejoined", "acquired", "acquires", "co-founded", "founded", "startup"}
_IT_SAYS = (["said", "it"], ["says", "it"], ["announced", "it"])
_THEY_SAY = (["said", "he"], ["said", "she"], ["says", "he"], ["says", "she"], ["told", "the"])
_CONTRACTED = re.compile(r"(?:I|You|We|They|He|She|It|That|What|Who|There|Here|Let|Don|Isn|Can|Won|Didn|Doesn)['’]")


class SentenceNames(RunCutter):
    """One sentence being chunked."""

    def __init__(self, finder: NameFinder, names: Names, sentence: Sentence, *, titled: bool) -> None:
        super().__init__(sentence.tokens, finder.lexicon, titled=titled)
        self.finder, self.names, self.is_title = finder, names, sentence.is_title

    def find(self) -> list[Phrase]:
        taken = self._known_spans()
        covered = {i for start, end, _ in taken for i in range(start, end)}
        roles = find_roles(self.tokens, self.lexicon, titled=self.titled, names=covered, hard=self._hard_tokens())
        covered |= {i for start, end in roles for i in range(start, end)}
        spans = taken + [(start, end, ROLE) for start, end in roles]
        for start, end in self._runs(covered):
            spans += self.cut(start, end)
        spans.sort()
        self._vote(spans)
        return [self._phrase(*span) for span in spans]

    def _known_spans(self) -> list[tuple[int, int, str]]:
        found, i = [], 0
        while i < len(self.tokens):
            end, letter = self._known_at(i)
            if end:
                end = self._with_marks(end) if letter == ORG else end
                found.append((i, end, letter))
            i = end or i + 1
        return found

    def _with_marks(self, end: int) -> int:
        """Take in words that go on with a known name ("BBC News"), unless a role follows ("BBC News chief")."""
        if self.lower[end : end + 1] == ["of"] and self.lower[end + 1 : end + 2] in _BRANCHES:
            return end + 2  # "Nintendo of America"
        last = end
        while last < len(self.tokens) and self.tokens[last].capitalised and self.lower[last] in self.lexicon.org_marks:
            last += 1
        follows_role = last < len(self.tokens) and self.is_role_word(last)
        return (
            end if follows_role or last == end or self.lower[end] in self.lexicon.headline_verbs | {"board"} else last
        )

    def _known_at(self, i: int) -> tuple[int, str]:
        text = self.tokens[i].text
        if not (text[0].isupper() or any(c.isupper() for c in text[1:])):
            return 0, ""
        for length in range(min(_LONGEST_NAME, len(self.tokens) - i), 0, -1):
            words = tuple(t.text for t in self.tokens[i : i + length])
            letter = self._type_of(words)
            if (
                letter
                and i > 1
                and self.lower[i - 1] == "of"
                and self.lower[i - 2] in self.lexicon.org_marks
                and self.tokens[i - 2].capitalised
            ):
                return 0, ""  # "Bank of Israel" is one name
            if letter and (length > 1 or self._may_stand_alone(i, letter)):
                return i + length, letter
        return 0, ""

    def _type_of(self, words: tuple[str, ...]) -> str:
        if words in self.finder.people or words in self.lexicon.people:
            return PERSON
        if words in self.finder.organisations or words in self.lexicon.organisations:
            return ORG
        if " ".join(words).lower() in self.lexicon.places:
            return PLACE
        if self.titled and len(words) > 1:
            return self.names.typed.get(words, "")
        return ""

    def _may_stand_alone(self, i: int, letter: str) -> bool:
        """Return False for an everyday word that only looks like a name, or a name that goes on."""
        following = self.tokens[i + 1].text if i + 1 < len(self.tokens) else ""
        goes_on = (
            following[:1].isupper() and following.lower() not in self.lexicon.stop and not self.is_role_word(i + 1)
        )
        if letter == PLACE:
            return not (goes_on and self._mark_ahead(i + 1))
        if (
            goes_on
            and not self.titled
            and self._type_of((following,)) == ""
            and following not in self.lexicon.given_names
        ):
            return False
        before = self.tokens[i - 1] if i else None
        if before and before.text in self.lexicon.given_names and before.text.lower() not in self.lexicon.common:
            return False
        return self.lower[i] not in self.lexicon.common or bool(i) or not self.titled

    def _mark_ahead(self, i: int) -> bool:
        """Return whether the capitalised words from `i` on end in a word that marks an organisation."""
        while i < len(self.tokens) and self.tokens[i].capitalised and self.lower[i] not in self.lexicon.stop:
            if self.lower[i] in self.lexicon.org_marks and not (
                self.titled and self.lower[i] in self.lexicon.modifiers
            ):
                return True
            i += 1
        return False

    def _hard_tokens(self) -> set[int]:
        """Tokens that a role must not swallow: capitalised words of running text that no role holds."""
        return {
            i
            for i, t in enumerate(self.tokens)
            if (t.capitalised and self._ends_unknown_name(i))
            or (t.capitalised and self.lower[i] not in self.lexicon.modifiers and self.lower[i] not in self.lexicon.heads
            and (self.lower[i] not in self.lexicon.common or (not self.titled and i))
            and self.lower[i] not in self.lexicon.stop)
        }  # fmt: skip

    def _ends_unknown_name(self, i: int) -> bool:
        """Return whether a modifier belongs to the name before it ("Lincoln Project co-founder")."""
        if not i or self.lower[i] not in self.lexicon.org_marks or self.lower[i] in self.lexicon.heads:
            return False
        before, word = self.tokens[i - 1], self.lower[i - 1]
        if (
            not before.capitalised
            or word in self.lexicon.stop
            or word in self.lexicon.heads
            or self._type_of((before.text,)) == ORG
        ):
            return False
        plain = word in self.lexicon.modifiers or word in self.lexicon.headline_verbs
        return self._ends_unknown_name(i - 1) if plain else True

    def _runs(self, covered: set[int]) -> list[tuple[int, int]]:
        runs, i = [], 0
        while i < len(self.tokens):
            end = i
            while end < len(self.tokens) and end not in covered and self._nameable(end, start=i):
                end += 4 if self._nickname(end + 1) else 1
            while end > i and self.lower[end - 1] in ORG_LINKS | self.lexicon.particles | {"the"}:
                end -= 1
            if end > i:
                runs.append((i, end))
            i = max(end, i + 1)
        return runs

    def _nickname(self, i: int) -> bool:
        """Return whether a nickname stands at `i` between two names: `Jane "Jay" Roe`, "Jane (Jay) Roe"."""
        sign, nick, close, name = ([t.text for t in self.tokens[i : i + 4]] + [""] * 4)[:4]
        return (
            NICKNAME_OPENS.get(sign) == close != ""
            and nick.isalpha() and nick.istitle() and nick.lower() not in self.lexicon.org_marks
            and name[:1].isupper() and not self._is_word(i + 3) and not self.is_role_word(i + 3)
        )  # fmt: skip

    def _nameable(self, i: int, *, start: int) -> bool:
        """Return whether token `i` may stand in a name that began at `start`."""
        token, word = self.tokens[i], self.lower[i]
        if i > start and i + 1 < len(self.tokens) and word in self.lexicon.particles | ORG_LINKS:
            return self._links(i)
        written = token.capitalised or (token.text[1:2].isupper() and token.text[0].isalpha()) or self._odd_name(i)
        if not written or self._is_word(i):
            return False
        if self.titled or (i == start and self._starts_clause(i)):
            return self._soft_may_start(i)
        return True

    def _odd_name(self, i: int) -> bool:
        """Return whether a word of small letters names a firm all the same: "my6sense", "11x" after "joins", "quill.ai"."""
        text = self.tokens[i].text
        if not any(c.isdigit() or c == "." for c in text[:-1]) or not text[-1].isalpha():
            return False
        return bool(_ODD.fullmatch(text)) or (
            i > 0 and self.lower[i - 1] in _BEFORE_ODD and bool(re.fullmatch(r"\d+[a-z]{1,12}", text))
        )

    def _links(self, i: int) -> bool:
        """Return whether "de", "of" or "&" goes on with a name."""
        word, after = self.lower[i], self.tokens[i + 1]
        if word in self.lexicon.particles:
            return after.capitalised or self.lower[i + 1] in self.lexicon.particles
        if word == "&" or not after.capitalised:
            return after.capitalised
        marked = self.lower[i - 1] in self.lexicon.org_marks and self.lower[i + 1] not in self.lexicon.stop
        if word == "for":
            marked = marked and self.lower[i - 1] in _FOR_SOMETHING
        return marked and (word == "of" or not self.titled)

    def _is_word(self, i: int) -> bool:
        """Return whether a capitalised token is no part of any name."""
        token, word = self.tokens[i], self.lower[i]
        if word in self.lexicon.titles and i + 1 < len(self.tokens):
            return True
        if word in {"ex-", "ex‑"} or _COMPOUND.search(token.text):
            return True
        verb = (self.titled or token.text.isupper()) and word in self.lexicon.headline_verbs
        return word in self.lexicon.stop or bool(_CONTRACTED.match(token.text)) or verb or word == "board"

    def _starts_clause(self, i: int) -> bool:
        return (
            i == 0
            or self.tokens[i - 1].text in {":", "“", '"', "‘", "—", "–", "•", "*", "|"}
            or (i == 1 and self.tokens[0].text == "-")
        )

    def _soft_may_start(self, i: int) -> bool:
        if not self.soft(i) or self.titled:
            return True
        following = self.tokens[i + 1] if i + 1 < len(self.tokens) else None
        if not following or not following.capitalised or self.lower[i + 1] in self.lexicon.stop:
            return False
        marked = self.lower[i + 1] in self.lexicon.org_marks and not self.is_role_word(i)  # "Related Companies"
        return marked or self.tokens[i].text in self.lexicon.given_names

    def _vote(self, spans: list[tuple[int, int, str]]) -> None:
        roles = {end: 1 for start, end, letter in spans if letter == ROLE}
        role_starts = {start for start, end, letter in spans if letter == ROLE}
        for start, end, letter in spans:
            if (
                letter == PERSON
                and end - start > 1
                and end in role_starts
                and self.is_title
                and start == 0
                and self.lower[end] in self.lexicon.firm_roles
            ):
                self.names.firms.add(" ".join(t.text for t in self.tokens[start:end]))
            if letter == ONE_WORD and not self.titled:
                self.names.votes[self.tokens[start].text] += self._ballot_of_one(start)
            if letter == MANY_WORDS:
                text = " ".join(t.text for t in self.tokens[start:end])
                self.names.votes[text] += self._ballot(
                    start, end, after_role=start in roles, before_role=end in role_starts
                )

    def _phrase(self, start: int, end: int, letter: str) -> Phrase:
        tokens = self.tokens[start:end]
        return Phrase(letter=letter, text=_join(tokens), start=tokens[0].start, end=tokens[-1].end)

    def _ballot(self, start: int, end: int, *, after_role: bool, before_role: bool) -> int:
        before = self.lower[start - 1] if start else ""
        after, second = [*self.lower[end : end + 2], "", ""][:2]
        score = 4 * after_role - 4 * before_role
        score += 4 * (before in _HIRING and after in {"as", "to"})
        later = self.lower[end + 1 : end + 6]
        score += 3 * (
            after == "," and (second == "who" or second.isdigit() or any(w in self.lexicon.heads for w in later[:5]))
        )
        score += 2 * (self.tokens[end - 1].text in self.lexicon.surnames) + (
            after in {"said", "says", "told", "resigned", "resigns", "quits"}
        )
        score -= 3 * (
            before
            in {
                "the",
                "at",
                "joins",
                "joined",
                "joining",
                "leaving",
                "from",
                "acquired",
                "startup",
                "giant",
                "company",
                "firm",
                "maker",
                "in",
            }
        )
        score -= (
            2 * (after == "," and second == "which")
            + (after in {"'s", "’s"})
            + 2 * any(self.soft(i) for i in range(start, end))
        )
        score -= 2 * any(self.tokens[i].text.isupper() and len(self.tokens[i].text) > 2 for i in range(start, end))
        return score

    def _ballot_of_one(self, i: int) -> int:
        """Return how the words beside a single name speak for a person (above 0) or an organisation (below)."""
        before = self.lower[i - 1] if i else ""
        after = self.lower[i + 1 : i + 7]
        if before in _OF_FIRMS or before in self.lexicon.descriptors:
            return -2
        if after[:2] == [",", "which"] or after[:2] in _IT_SAYS:
            return -2
        if after[:1] == [","] and after[1:2] in (["a"], ["an"], ["the"]) and self.lexicon.descriptors & {*after[2:6]}:
            return -2
        acts = after[1:2] if after[:1] in (["has"], ["have"], ["had"]) else after[:1]
        if acts and acts[0] in _EMPLOYS and self.tokens[i].text not in self.lexicon.surnames:
            return -2
        return 2 * (after[:2] in _THEY_SAY or after[:2] == [",", "who"])


def _join(tokens: Sequence[Token]) -> str:
    """Return the text of `tokens` with their own spacing, but for line ends."""
    parts = [tokens[0].text]
    for before, token in pairwise(tokens):
        parts.append(" " * (token.start > before.end) + token.text)
    return "".join(parts)
