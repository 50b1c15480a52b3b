"""A draft and its text -> the signs that speak for or against it.

Never weighs them: `confidence` does, with weights learned from labelled items.
"""

from __future__ import annotations

import functools
import re
from datetime import date

from monitor.model import Kind, Register
from monitor.moves.dates import find_date
from monitor.moves.frames import Draft
from monitor.moves.lexicon import load_lexicon, load_table
from monitor.moves.profile import Profile

_LONG = 1500  # characters of a whole article; summaries are shorter
_LEAD = 6  # sentences, boilerplate of the page included
_FUTURE = {"aux:will", "aux:to", "tense:ing"}
_EARLIER = re.compile(
    r"\b(?:earlier (?:this|in)|last (?:week|month|year|summer|fall|autumn|spring|winter)|recent|previously|ago|formerly|originally|first joined|(?:spent|after) \w+ years|at the time|back in|until|since then|went on to|over the (?:past|last))\b",
    re.I,
)


class Story:
    """What the signs of every draft of one text share: title, register, length and day."""

    def __init__(
        self, title: str, text: str, published: date, *, known: frozenset[tuple[str, ...]], profile: Profile
    ) -> None:
        self.title, self.published, self.lexicon = title, published, load_lexicon()
        self.known = known  # names from the watchlist
        self.profile = profile
        self.long = len(text) > _LONG
        whole = f"{title}\n{text}"
        self.registers = [name for name, pattern in _register_patterns().items() if pattern.search(whole)]

    @property
    def register(self) -> Register:
        return Register(self.registers[0]) if self.registers else Register.BUSINESS

    def in_title(self, name: str) -> bool:
        return bool(name) and name.rsplit(maxsplit=1)[-1].lower() in self.title.lower()

    def stated_date(self, draft: Draft) -> str | None:
        """Return the date that the draft's sentence gives."""
        sentence = draft.sentence
        near = max(sentence.text.lower().find(draft.trigger), 0)
        stated = find_date(draft.date or sentence.text, self.published, future=is_future(draft), near=near)
        gone_by = stated and is_future(draft) and stated[:4] < str(self.published.year)
        return None if gone_by else stated  # a past year tells of something else in the sentence

    def signs(self, draft: Draft) -> set[str]:
        """Return what else speaks for or against a draft, beside how its sentence reads."""
        return self._of_frame(draft) | self._of_names(draft) | self._of_time(draft)

    def _of_frame(self, draft: Draft) -> set[str]:
        signs = {
            f"rule:{draft.rule}",
            f"kind:{draft.kind}",
            f"status:{draft.status}",
            f"at:{min(draft.sentence.number, 2)}",
            f"rule:{draft.rule}:{'title' if draft.sentence.is_title else 'body'}",
            f"trigger:{draft.trigger.split()[0] if draft.trigger else ''}",
        }
        if draft.who.role:
            signs.add(f"has:role:{'former' if draft.who.former else 'now'}")
        if draft.role or draft.from_role:
            signs.add("has:newrole" if draft.role else "has:oldrole")
        return signs | {f"register:{name}" for name in self.registers}

    def _of_names(self, draft: Draft) -> set[str]:
        person, org = draft.person or "", draft.to_org or draft.from_org or ""
        words = person.split()
        signs = {f"who:{draft.who.letter}", f"words:{min(len(words), 4)}", f"org:{self._org_kind(org)}"}
        signs |= {f"titled:{int(self.in_title(person))}", f"orgtitled:{int(self.in_title(org))}"}
        if len(words) > 1:
            signs.add(f"given:{int(words[0] in self.lexicon.given_names or tuple(words) in self.known)}")
        elif person:
            signs.add(f"surname:{int(person in self.lexicon.surnames)}")
        own = draft.from_org if draft.kind in {Kind.LEAVE, Kind.MOVE} else draft.to_org
        if own in self.lexicon.platforms and not (draft.role or draft.from_role):
            signs.add("platform")  # "quits Twitter" may be an account
        return signs

    def _org_kind(self, org: str) -> str:
        words = org.split()
        if not words:
            return "none"
        if tuple(words) in self.lexicon.organisations or tuple(words) in self.known:
            return "known"
        return "marked" if words[-1].lower() in self.lexicon.org_marks else f"words{min(len(words), 3)}"

    def _of_time(self, draft: Draft) -> set[str]:
        text = draft.sentence.text
        signs = {f"when:{self._age(draft)}", f"title:tells:{int(self.profile.title_tells)}"}
        if "flag:table" in draft.signs:
            signs.add(f"table:{self._age(draft)}")
        if self.long:
            signs |= {self._place(draft), *(f"long:{s}" for s in draft.signs if s.startswith(("from:", "to:")))}
        if _EARLIER.search(text):
            signs |= {"cue:earlier", f"long:earlier:{int(self.long)}"}
        if year := re.search(r"\b((?:19|20)\d\d)\b", text):
            signs.add("year:past" if int(year[1]) < self.published.year else "year:now")
        return signs

    def _place(self, draft: Draft) -> str:
        """Where a whole article tells it: of the person in the title, beside that story, in the lead or further down."""
        if self.in_title(draft.person or ""):
            return "long:titled"
        if "flag:succession" in draft.signs:
            return "long:succession"
        if self.profile.hero:
            return "long:other"
        return "long:lead" if draft.sentence.number <= _LEAD else "long:body"

    def _age(self, draft: Draft) -> str:
        """How long before publication the sentence puts the act."""
        stated = self.stated_date(draft)
        if not stated:
            return "unstated"
        months = (self.published.year - int(stated[:4])) * 12
        if len(stated) > len("2025"):
            months += self.published.month - int(stated[5:7])
        return "future" if months < 0 else "now" if months < 1 else "months" if months < 12 else "years"


def is_future(draft: Draft) -> bool:
    """Return whether the act is still to come: "will", "to step down", "is leaving"."""
    return bool(_FUTURE & draft.signs)


@functools.cache
def _register_patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in load_table("registers").items()}
