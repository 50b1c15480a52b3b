"""Sentences of one text -> its phrases: people, organisations, places and roles.

Never reads a sentence for what happens in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from monitor.moves.lexicon import Lexicon
from monitor.moves.phrases import MANY_WORDS, ONE_WORD, ORG, PERSON, PLACE, ROLE, Phrase
from monitor.moves.roles import find_roles
from monitor.moves.sentences import Sentence, Token

_ORG_LINKS = {"of", "for", "&", "and"}
_LONGEST_NAME = 7
_CAMEL = re.compile(r"^(?!Mc|Mac|De|Le|La|Di|Du|Van|O['’]|Fitz|St)\w*[a-z][A-Z]|^[A-Z]{2,}[a-z]|\d")
_NEVER = {
    "company",
    "studio",
    "network",
    "firm",
    "job",
    "startup",
    "start-up",
    "bank",
    "team",
    "role",
    "post",
    "group",
    "club",
    "party",
    "government",
    "administration",
    "cabinet",
    "agency",
    "university",
    "college",
    "school",
    "church",
    "army",
    "police",
    "court",
    "council",
    "committee",
    "campaign",
    "show",
    "season",
    "league",
    "state",
    "city",
    "county",
    "country",
    "union",
    "department",
    "ministry",
    "office",
    "center",
    "centre",
    "magazine",
    "newspaper",
    "board",
    "url",
    "read",
    "loyalist",
    "frenchman",
    "englishman",
    "scotsman",
    "irishman",
    "welshman",
    "dutchman",
    "republicans",
    "democrats",
}
_COMPANY_ROLES = {
    "chief",
    "boss",
    "executive",
    "exec",
    "ceo",
    "chairman",
    "director",
    "manager",
    "staff",
    "workers",
    "founder",
    "co-founder",
    "executives",
}
_PEOPLES = {
    "african",
    "asian",
    "european",
    "black",
    "hispanic",
    "latino",
    "white",
    "indigenous",
    "muslim",
    "jewish",
    "christian",
    "democratic",
    "republican",
    "western",
    "arab",
    "olympic",
    "olympian",
}
_ACRONYMS = frozenset(
    "ev evs ai a.i. tv pc vr ar xr ml api gpu cpu aaa llm llms agi ipo nft nfts id dei esg rpg fps it hr pr ui ux ceo cfo am pm est pst gmt usd eu q1 q2 q3 q4 "
    "hq ar suv ip iot saas b2b m&a r&d pac ngo phd mba gop lgbtq covid covid-19 ok dm".split()
)
_CONTRACTED = re.compile(r"(?:I|You|We|They|He|She|It|That|What|Who|There|Here|Let|Don|Isn|Can|Won|Didn|Doesn)['’]")
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
                    phrases[i] = _SentenceNames(self, names, sentence, titled=want).find()
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
        if phrase.letter == PERSON and " " not in phrase.text:
            return replace(phrase, text=names.full.get(phrase.text, phrase.text))
        return phrase


class _SentenceNames:
    """One sentence being chunked."""

    def __init__(self, finder: NameFinder, names: Names, sentence: Sentence, *, titled: bool) -> None:
        self.finder, self.lexicon, self.names = finder, finder.lexicon, names
        self.tokens, self.titled = sentence.tokens, titled
        self.lower = [t.text.lower() for t in self.tokens]

    def find(self) -> list[Phrase]:
        taken = self._known_spans()
        covered = {i for start, end, _ in taken for i in range(start, end)}
        roles = find_roles(self.tokens, self.lexicon, titled=self.titled, names=covered, hard=self._hard_tokens())
        covered |= {i for start, end in roles for i in range(start, end)}
        spans = taken + [(start, end, ROLE) for start, end in roles]
        for start, end in self._runs(covered):
            spans += self._segments(start, end)
        spans.sort()
        self._vote(spans)
        return [self._phrase(*span) for span in spans]

    # known names
    def _known_spans(self) -> list[tuple[int, int, str]]:
        found, i = [], 0
        while i < len(self.tokens):
            end, letter = self._known_at(i)
            if end:
                found.append((i, end, letter))
            i = end or i + 1
        return found

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
            letter = self.names.typed.get(words, "")
            return letter
        return ""

    def _may_stand_alone(self, i: int, letter: str) -> bool:
        """Return False for an everyday word that only looks like a name, or a name that goes on."""
        following = self.tokens[i + 1].text if i + 1 < len(self.tokens) else ""
        goes_on = (
            following[:1].isupper() and following.lower() not in self.lexicon.stop and not self._is_role_word(i + 1)
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

    def _is_role_word(self, i: int) -> bool:
        return self.lower[i] in self.lexicon.heads or self.lower[i] in self.lexicon.modifiers

    def _hard_tokens(self) -> set[int]:
        """Tokens that a role must not swallow: capitalised words of running text that no role holds."""
        return {
            i
            for i, t in enumerate(self.tokens)
            if (t.capitalised and self._ends_unknown_name(i))
            or t.capitalised and self.lower[i] not in self.lexicon.modifiers and self.lower[i] not in self.lexicon.heads
            and (self.lower[i] not in self.lexicon.common or (not self.titled and i))
            and self.lower[i] not in self.lexicon.stop
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

    # unknown names
    def _runs(self, covered: set[int]) -> list[tuple[int, int]]:
        runs, i = [], 0
        while i < len(self.tokens):
            end = i
            while end < len(self.tokens) and end not in covered and self._nameable(end, start=i):
                end += 1
            while end > i and self.lower[end - 1] in _ORG_LINKS | self.lexicon.particles | {"the"}:
                end -= 1
            if end > i:
                runs.append((i, end))
            i = max(end, i + 1)
        return runs

    def _nameable(self, i: int, *, start: int) -> bool:
        token, word = self.tokens[i], self.lower[i]
        if i > start and word in self.lexicon.particles and i + 1 < len(self.tokens):
            return self.tokens[i + 1].capitalised or self.lower[i + 1] in self.lexicon.particles
        if i > start and word in _ORG_LINKS and i + 1 < len(self.tokens) and self.tokens[i + 1].capitalised:
            if word == "&":
                return True
            return (
                self.lower[i - 1] in self.lexicon.org_marks
                and self.lower[i + 1] not in self.lexicon.stop
                and (word == "of" or not self.titled)
            )
        if not (token.capitalised or (token.text[1:2].isupper() and token.text[0].isalpha())):
            return False
        if word in self.lexicon.titles and i + 1 < len(self.tokens):
            return False
        if (
            word in self.lexicon.stop
            or word in _NEVER
            or _CONTRACTED.match(token.text)
            or ((self.titled or token.text.isupper()) and word in self.lexicon.headline_verbs)
        ):
            return False
        if self.titled or (i == start and self._starts_clause(i)):
            return self._soft_may_start(i, start)
        return True

    def _starts_clause(self, i: int) -> bool:
        return (
            i == 0
            or self.tokens[i - 1].text in {":", "“", '"', "‘", "—", "–", "•", "*", "|"}
            or (i == 1 and self.tokens[0].text in {"-"})
        )

    def _soft_may_start(self, i: int, start: int) -> bool:
        if self.lower[i] not in self.lexicon.common or self.titled:
            return True
        following = self.tokens[i + 1] if i + 1 < len(self.tokens) else None
        return bool(following and following.capitalised and self.lower[i + 1] not in self.lexicon.stop
                    and self.tokens[i].text in self.lexicon.given_names)  # fmt: skip

    def _segments(self, start: int, end: int) -> list[tuple[int, int, str]]:
        """Cut a run of capitalised words into names."""
        if self.titled:
            start, end = self._trim_title_run(start, end)
        found: list[tuple[int, int, str]] = []
        i = start
        while i < end:
            stop = self._person_start(i + 1, end) if not self._is_given(i) else self._person_end(i, end)
            stop = stop or end
            letter = self._letter(i, stop)
            if letter:
                found.append((i, stop, letter))
            i = stop
        return found

    def _person_start(self, i: int, end: int) -> int:
        """Return where a person begins after other words in one run ("Meta Jane Roe"), or 0."""
        for j in range(i, end - 1):
            if self._is_given(j) and self.lower[j] not in self.lexicon.common and not self._is_given(j - 1):
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
            if self._inflected(i) and self.tokens[i].text not in self.lexicon.surnames and not self._is_given(i):
                before_verb = i + 1 < len(self.tokens) and self.lower[i + 1] in self.lexicon.headline_verbs
                return end if before_verb and self._soft(i) and i + 1 == end else i
        return end

    def _inflected(self, i: int) -> bool:
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

    def _is_given(self, i: int) -> bool:
        text = self.tokens[i].text
        return (text.title() if text.isupper() and len(text) > 3 else text) in self.lexicon.given_names

    def _soft(self, i: int) -> bool:
        return self.lower[i] in self.lexicon.common

    def _trim_title_run(self, start: int, end: int) -> tuple[int, int]:
        for i in range(start, end - 1):
            if self.lower[i] in self.lexicon.descriptors:
                start = i + 1
        after = self.lower[end] if end < len(self.tokens) else ""
        keeps = after in {"'s", "’s"} or after in self.lexicon.heads or after in self.lexicon.modifiers
        while end > start and not keeps and self._soft(end - 1) and self.lower[end - 1] not in self.lexicon.org_marks:
            if self._is_given(start) and end - start <= 2 and not self._soft(start):
                break
            end -= 1
        if end > start and all(self._soft(i) for i in range(start, end)) and end - start == 1:
            return start, start
        while end - start > 2 and self._soft(start) and not self._is_given(start) and self._is_given(start + 1):
            start += 1
        return start, end

    def _letter(self, start: int, end: int) -> str:
        words = [self.tokens[i].text for i in range(start, end)]
        if self.lower[end - 1] in self.lexicon.org_marks and not (
            len(words) == 2 and self._is_given(start) and not self._soft(start)
        ):
            if len(words) == 1 and self.lower[start] in _NEVER:
                return ""
            return ORG if len(words) > 1 else (ONE_WORD if not self._soft(start) else "")
        if any(w in _ORG_LINKS for w in words) or any(w.lower() in self.lexicon.org_marks for w in words[1:]):
            return ORG
        if len(words) == 1:
            return self._single_letter(start)
        if self._looks_like_person(start, end):
            return PERSON
        if all(w.isupper() for w in words) and not self.titled:
            return MANY_WORDS
        return MANY_WORDS

    def _looks_like_person(self, start: int, end: int) -> bool:
        words = [self.tokens[i].text for i in range(start, end)]
        if words[-1].lower() in self.lexicon.name_suffixes:
            words = words[:-1]
        if len([w for w in words if w.lower() not in self.lexicon.particles]) > 4:
            return False
        initials = sum(len(w.strip(".")) == 1 or ("." in w and len(w) <= 4) for w in words)
        if initials and len(words) - initials >= 1 and words[0].lower() not in self.lexicon.stop and "&" not in words:
            return True
        return self._is_given(start) and not any(
            w.isupper() and len(w) > 1 for w in words[1:] if not words[0].isupper()
        )

    def _single_letter(self, i: int) -> str:
        text = self.tokens[i].text
        if self.lower[i] in _NEVER or self.lower[i] in _ACRONYMS:
            return ""
        if text.lower() in self.lexicon.demonyms or text.lower() in _PEOPLES:
            return ""
        if self.titled and self._soft(i):
            return (
                ONE_WORD
                if i
                and self.lower[i - 1] in {"joins", "joining", "rejoins", "quits", "leaves", "leaving", "exits", "join"}
                else ""
            )
        if i and self.lower[i - 1] == "." and i > 1 and self.lower[i - 2] in self.lexicon.titles:
            return PERSON
        if i and self.lower[i - 1] in self.lexicon.titles:
            return PERSON
        if text.isupper() and len(text) > 2 and self._soft(i):  # noqa: PLR2004 - shouted, not named
            return ""
        if (text.isupper() and len(text) > 1) or _CAMEL.search(text):
            return ORG
        return ONE_WORD

    # context votes on unknown names
    def _vote(self, spans: list[tuple[int, int, str]]) -> None:
        roles = {end: 1 for start, end, letter in spans if letter == ROLE}
        role_starts = {start for start, end, letter in spans if letter == ROLE}
        for start, end, letter in spans:
            if (
                letter == PERSON
                and end - start > 1
                and end in role_starts
                and self.titled
                and self.lower[end] in _COMPANY_ROLES
            ):
                self.names.firms.add(" ".join(t.text for t in self.tokens[start:end]))
            if letter == MANY_WORDS:
                text = " ".join(t.text for t in self.tokens[start:end])
                self.names.votes[text] += self._ballot(
                    start, end, after_role=start in roles, before_role=end in role_starts
                )

    def _ballot(self, start: int, end: int, *, after_role: bool, before_role: bool) -> int:
        before = self.lower[start - 1] if start else ""
        after, second = (self.lower[end : end + 2] + ["", ""])[:2]
        score = 4 * after_role - 4 * before_role
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
            + 2 * any(self._soft(i) for i in range(start, end))
        )
        score -= 2 * any(self.tokens[i].text.isupper() and len(self.tokens[i].text) > 2 for i in range(start, end))
        return score

    def _phrase(self, start: int, end: int, letter: str) -> Phrase:
        tokens = self.tokens[start:end]
        return Phrase(letter=letter, text=_join(tokens), start=tokens[0].start, end=tokens[-1].end)


def _join(tokens: Sequence[Token]) -> str:
    """Return the text of `tokens` with their own spacing, but for line ends."""
    parts = [tokens[0].text]
    for before, token in zip(tokens, tokens[1:], strict=False):
        parts.append(" " * (token.start > before.end) + token.text)
    return "".join(parts)
