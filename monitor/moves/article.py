"""Drafts of one text -> claims: what a sentence leaves out is found in the others, what is told twice is told once.

Never reads a sentence itself.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from monitor.model import Claim, Kind, Register, Span, Status
from monitor.moves.confidence import load_weights, score
from monitor.moves.dates import find_date
from monitor.moves.frames import Draft
from monitor.moves.lexicon import load_lexicon, load_table
from monitor.moves.phrases import ORG, PERSON, ROLE, Phrase

_BOARD_ROLE = re.compile(
    r"^(?:\S+ )?(?:(?:vice |deputy |non-executive |independent |interim |acting |board )*(?:chair(?:man|woman|person)?|co-chair(?:man|woman)?)|(?:non-executive|independent|board) (?:director|member|chair(?:man|woman)?)|trustee|director of the board|member of the board.*)$",
    re.I,
)
_EXECUTIVE = re.compile(r"\b(?:executive (?:vice )?chair|ceo|chief|president)", re.I)
_PAST = {"flag:nominal", "flag:relative", "flag:passive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """What the text says a person is or was, somewhere."""

    role: str | None
    org: str | None
    former: bool
    sentence: int


@dataclass(slots=True)
class Profile:
    """All that a text says about who is what where."""

    people: dict[str, list[Affiliation]] = field(default_factory=dict)
    roles: list[tuple[str, str]] = field(default_factory=list)  # role and its organisation, wherever they stand
    named: list[str] = field(default_factory=list)  # people in order
    opening: str | None = None  # the person with whom the first sentence after the title begins
    orgs: Counter[str] = field(default_factory=Counter)
    title_orgs: list[str] = field(default_factory=list)

    def note(self, phrase: Phrase, sentence: int) -> None:
        for person in phrase.people:
            if person.role or person.org:
                affiliation = Affiliation(role=person.role, org=person.org, former=person.former, sentence=sentence)
                self.people.setdefault(person.text, []).append(affiliation)

    def org_of(self, person: str, *, former: bool = False) -> str | None:
        known = [a for a in self.people.get(person, []) if a.org and (former or not a.former)]
        return known[0].org if known else None

    def role_of(self, person: str) -> str | None:
        known = [a for a in self.people.get(person, []) if a.role]
        return known[0].role if known else None

    def main_org(self) -> str | None:
        if self.title_orgs:
            return self.title_orgs[0]
        if len(self.orgs) == 1 or (self.orgs and self.orgs.most_common(1)[0][1] > 1):
            return self.orgs.most_common(1)[0][0]
        return None


def read_profile(phrases: Iterable[tuple[int, Sequence[Phrase]]]) -> Profile:
    """Gather affiliations and organisations from the reduced lines: (sentence number, phrases)."""
    profile = Profile()
    for number, found in phrases:
        for phrase in found:
            if phrase.letter == PERSON:
                profile.note(phrase, number)
            if phrase.letter == ORG and not phrase.source:
                profile.orgs[phrase.text] += 1
                if number == 0:
                    profile.title_orgs.append(phrase.text)
            if phrase.letter == PERSON:
                profile.named += [one.text for one in phrase.people if one.text not in profile.named]
            if phrase.letter == ROLE and phrase.org:
                profile.orgs[phrase.org] += 1
                profile.roles.append((phrase.text, phrase.org))
    return profile


class Article:
    """The drafts of one text on their way to claims."""

    def __init__(self, drafts: list[Draft], profile: Profile, published: date, title: str, text: str) -> None:
        self.drafts, self.profile, self.published, self.title = drafts, profile, published, title
        self.full_text, self.lexicon = f"{title}\n{text}", load_lexicon()
        self.long = len(text) > _LONG

    def claims(self) -> list[Claim]:
        named = [d for d in self.drafts if d.person]
        unnamed = [d for d in self.drafts if not d.person]
        for draft in named:
            self._complete(draft)
        self._successors(named)
        for draft in unnamed:
            named += self._resolve_role(draft, named)
        named = [
            d
            for d in named
            if "flag:incoming" not in d.signs
            or (d.who.org and not any(o is not d and o.person == d.person and o.to_org for o in named))
        ]
        for draft in named:
            self._guess(draft)
        kept = [d for d in named if d.from_org or d.to_org or d.kind is Kind.FOUND]
        groups: dict[str, list[Draft]] = {}
        for draft in kept:
            groups.setdefault(self._key(draft.person or "", groups), []).append(draft)
        for draft in kept:
            draft.signs |= self._signs(draft)
        merged = [d for drafts in groups.values() for d in self._merge(drafts)]
        return [self._claim(d) for d in merged]

    def _signs(self, draft: Draft) -> set[str]:
        """What else speaks for or against a draft, beside how its sentence reads."""
        person, place = draft.person or "", min(draft.sentence.number, 2)
        org = draft.to_org or draft.from_org or ""
        words = len(person.split())
        title = draft.sentence.is_title
        own = draft.from_org if draft.kind in {Kind.LEAVE, Kind.MOVE} else draft.to_org
        signs = {
            f"rule:{draft.rule}", f"kind:{draft.kind}", f"who:{draft.who.letter}", f"status:{draft.status}", f"at:{place}", f"when:{self._age(draft)}",
            f"rule:{draft.rule}:{'title' if title else 'body'}", f"trigger:{draft.trigger.split()[0] if draft.trigger else ''}",
            f"words:{min(words, 4)}", f"titled:{int(self._in_title(person))}", f"orgtitled:{int(self._in_title(org))}",
        }  # fmt: skip
        if words > 1:
            signs.add(f"given:{int(person.split()[0] in self.lexicon.given_names)}")
        elif person:
            signs.add(f"surname:{int(person in self.lexicon.surnames)}")
        known = tuple(org.split()) in self.lexicon.organisations
        marked = bool(org) and org.split()[-1].lower() in self.lexicon.org_marks
        signs.add(
            "org:"
            + ("none" if not org else "known" if known else "marked" if marked else f"words{min(len(org.split()), 3)}")
        )
        if draft.who.role:
            signs.add(f"has:role:{'former' if draft.who.former else 'now'}")
        if draft.role or draft.from_role:
            signs.add("has:newrole" if draft.role else "has:oldrole")
        if own in _PLATFORMS and not (draft.role or draft.from_role):
            signs.add("platform")
        signs |= {f"register:{name}" for name in self._registers()}
        if self.long:
            signs |= {
                f"long:titled:{int(self._in_title(person))}",
                f"long:at:{'lead' if draft.sentence.number <= _LEAD else 'body'}",
            }
        if _EARLIER.search(draft.sentence.text):
            signs.add("cue:earlier")
        year = re.search(r"\b((?:19|20)\d\d)\b", draft.sentence.text)
        if year:
            signs.add("year:past" if int(year[1]) < self.published.year else "year:now")
        return signs

    def _age(self, draft: Draft) -> str:
        """How long before publication the sentence puts the act."""
        stated = self._stated_date(draft)
        if not stated:
            return "unstated"
        months = (self.published.year - int(stated[:4])) * 12
        months += self.published.month - int(stated[5:7]) if len(stated) > 4 else 0  # noqa: PLR2004 - a bare year
        return "future" if months < 0 else "now" if months < 1 else "months" if months < 12 else "years"  # noqa: PLR2004

    def _stated_date(self, draft: Draft) -> str | None:
        sentence = draft.sentence
        future = bool({"aux:will", "aux:to"} & draft.signs) or "tense:ing" in draft.signs
        near = max(sentence.text.lower().find(draft.trigger), 0)
        return find_date(draft.date or sentence.text, self.published, future=future, near=near)

    def _in_title(self, name: str) -> bool:
        return bool(name) and name.split()[-1].lower() in self.title.lower()

    @functools.cached_property
    def _register_cues(self) -> frozenset[str]:
        return frozenset(name for name, pattern in _register_patterns().items() if pattern.search(self.full_text))

    def _registers(self) -> frozenset[str]:
        return self._register_cues

    def _key(self, person: str, groups: dict[str, list[Draft]]) -> str:
        last = person.split()[-1]
        return next(
            (k for k in groups if k == person or (k.split()[-1] == last and " " not in person) or k == last), person
        )

    # what the sentence leaves out
    def _complete(self, draft: Draft) -> None:
        who, person = draft.who, draft.person or ""
        if draft.kind is Kind.LEAVE or draft.kind is Kind.MOVE:
            if not draft.from_org:
                self._take_from(draft, who.org if not who.former or draft.signs & _PAST else None, "affiliation")
            if not draft.from_org:
                self._take_from(draft, self.profile.org_of(person, former=bool(draft.signs & _PAST)), "profile")
            draft.from_role = draft.from_role or who.role or self.profile.role_of(person)
        elif draft.kind in {Kind.JOIN, Kind.ROLE}:
            self._complete_join(draft)
        elif draft.kind is Kind.FOUND and not draft.from_org and who.org and who.org != draft.to_org:
            draft.from_org = who.org
            draft.from_role = who.role

    def _take_from(self, draft: Draft, org: str | None, how: str) -> None:
        if org and org != draft.to_org:
            draft.from_org = org
            draft.signs.add(f"from:{how}")

    def _complete_join(self, draft: Draft) -> None:
        who, person = draft.who, draft.person or ""
        if "flag:incoming" in draft.signs:
            return
        if not draft.to_org and draft.old:
            draft.to_org = draft.old.org or self.profile.org_of(draft.old.text)
            draft.role = (
                draft.role
                or draft.old.role
                or (draft.old.text if draft.old.letter == ROLE else None)
                or self.profile.role_of(draft.old.text)
            )
            draft.signs.add("to:old")
        if not draft.to_org and draft.role:
            same = [
                a
                for a in self.profile.people.get(person, [])
                if a.org and a.role and a.role.lower() == draft.role.lower()
            ]
            if same:
                draft.to_org = same[0].org
                draft.signs.add("to:profile")
        if (
            not draft.to_org
            and who.org
            and not who.former
            and not (draft.rule == "hires" and _FROM_OUTSIDE.match(draft.trigger))
        ):
            draft.to_org = who.org
            draft.signs.add("to:affiliation")
        if draft.to_org and not draft.from_org and who.org:
            draft.from_org, draft.from_role = who.org, who.role
            draft.signs.add("from:former" if who.former else "from:affiliation")
        if draft.from_org and draft.to_org:
            draft.kind = Kind.ROLE if _same(draft.from_org, draft.to_org) else Kind.MOVE
            if draft.kind is Kind.ROLE and who.former:
                draft.kind, draft.from_org = Kind.JOIN, None
            elif draft.kind is Kind.ROLE:
                draft.from_org = draft.to_org

    def _successors(self, named: list[Draft]) -> None:
        """Who succeeds somebody comes to what somebody leaves."""
        leavers = [d for d in named if d.kind is Kind.LEAVE and d.from_org]
        for draft in named:
            if draft.kind is not Kind.JOIN or draft.to_org:
                continue
            left = next((d for d in leavers if draft.old and d.person == draft.old.text), None)
            left = left or next(
                (
                    d
                    for d in leavers
                    if draft.role and d.from_role and d.person != draft.person and _same_role(d.from_role, draft.role)
                ),
                None,
            )
            if not left and leavers and "flag:succession" in draft.signs:
                left = leavers[0]
            if not left:
                continue
            draft.to_org, draft.role = left.from_org, draft.role or left.from_role
            draft.signs.add("to:leaver")

    def _resolve_role(self, draft: Draft, named: list[Draft]) -> list[Draft]:
        """A role that leaves or comes ("Sonos CEO leaving"): its holder, if the text names one, else nothing."""
        org = draft.who.org
        for other in named:
            if other.kind is draft.kind or (draft.kind is Kind.LEAVE and other.kind is Kind.MOVE):
                refers = (
                    "org:refers" in other.signs
                    and org
                    and _same_role(other.who.role or other.from_role or "", draft.who.text)
                )
                if (not other.from_org or refers) and draft.kind is Kind.LEAVE:
                    other.from_org = draft.from_org or org
                    other.signs.add("from:title")
                if not other.to_org and draft.kind is Kind.JOIN:
                    other.to_org = draft.to_org
                    other.signs.add("to:title")
                other.role = other.role or draft.role
                other.from_role = other.from_role or (draft.who.text if draft.kind is Kind.LEAVE else None)
                return []
        if "flag:newrole" in draft.signs:
            return self._only_person(draft)
        for person, affiliations in self.profile.people.items():
            for a in affiliations:
                if a.role and _same_role(a.role, draft.who.text) and (not a.org or not org or _same(a.org, org)):
                    draft.who = Phrase(
                        letter=PERSON, text=person, start=0, end=0, role=a.role, org=org or a.org, former=a.former
                    )
                    draft.signs.add("who:title")
                    self._complete(draft)
                    return [draft]
        return self._only_person(draft)

    def _only_person(self, draft: Draft) -> list[Draft]:
        """The one person of the text, or the one that its first sentence begins with."""
        if not draft.sentence.is_title or not (draft.who.org or draft.to_org):
            return []
        person, how = (
            (self.profile.named[0], "only") if len(self.profile.named) == 1 else (self.profile.opening, "first")
        )
        plural = draft.who.text.lower().endswith(("s", "executives"))
        leaving = any(d.person == person and d.kind is Kind.LEAVE for d in self.drafts)
        if (
            not person
            or plural
            or (self._in_title(person) and not self.title.startswith(f"{person}:"))
            or (leaving and draft.kind is Kind.JOIN)
        ):
            return []
        old = draft.who
        draft.who = Phrase(letter=PERSON, text=person, start=0, end=0, role=old.text, org=old.org, former=old.former)
        if "flag:newrole" in draft.signs:
            draft.who = Phrase(letter=PERSON, text=person, start=0, end=0)
        draft.signs.add(f"who:{how}")
        self._complete(draft)
        return [draft]

    def _guess(self, draft: Draft) -> None:
        """The organisation that the text is about, where nothing says which one."""
        if draft.from_org or draft.to_org or draft.kind is Kind.FOUND:
            return
        role = draft.from_role or draft.role or draft.who.role
        org, how = self._held_elsewhere(role), "elsewhere"
        if not org:
            org, how = self._role_org(role), "role"
        if not org:
            org, how = self.profile.main_org(), "main"
        if org and draft.kind is not Kind.LEAVE and draft.who.former and draft.who.org == org:
            return
        if org and (draft.person or "").endswith(org):
            return
        if not org:
            return
        if draft.kind is Kind.LEAVE:
            draft.from_org = org
            draft.signs.add(f"from:{how}")
        else:
            draft.to_org = org
            draft.signs.add(f"to:{how}")

    def _held_elsewhere(self, role: str | None) -> str | None:
        """The organisation of the same role in another place of the text."""
        same = [org for text, org in self.profile.roles if role and _same_role(text, role)]
        return same[0] if same else None

    def _role_org(self, role: str | None) -> str | None:
        words = (role or "").lower().replace(".", "").split()
        return next((self.lexicon.role_orgs[w] for w in words if w in self.lexicon.role_orgs), None)

    # told twice
    def _merge(self, drafts: list[Draft]) -> list[Draft]:
        boards = {(d.sentence.start, d.trigger.split()[0]) for d in drafts if d.kind is Kind.BOARD and d.trigger}
        merged: list[Draft] = []
        for draft in drafts:
            if (
                draft.kind is Kind.LEAVE
                and draft.trigger
                and (draft.sentence.start, draft.trigger.split()[0]) in boards
            ):
                continue  # the seat on the board is what is left
            self._board(draft)
            other = next((m for m in merged if _mergeable(m, draft)), None)
            if other is None:
                merged.append(draft)
            else:
                _join_drafts(other, draft)
        return merged

    def _board(self, draft: Draft) -> None:
        role = (
            draft.role
            if draft.kind in {Kind.JOIN, Kind.ROLE, Kind.MOVE}
            else draft.from_role
            if draft.kind is Kind.LEAVE
            else None
        )
        if role and _BOARD_ROLE.match(role) and not _EXECUTIVE.search(role):
            draft.kind = Kind.BOARD
            if draft.to_org and draft.from_org and draft.role:
                draft.from_org = None

    def _long(self, org: str | None) -> str | None:
        """Return the full name behind an acronym that the text also spells out."""
        if not org or not org.isupper() or len(org) < 3:  # noqa: PLR2004
            return org
        return next((name for name in self.profile.orgs if _initials(name) == org), org)

    def _claim(self, draft: Draft) -> Claim:
        sentence = draft.sentence
        if draft.kind is Kind.MOVE and not (draft.from_org and draft.to_org):
            draft.kind = Kind.JOIN if draft.to_org else Kind.LEAVE
        future = bool({"aux:will", "aux:to"} & draft.signs) or "tense:ing" in draft.signs
        background = self._background(draft)
        when = self._stated_date(draft)
        if not when and not background and not future and draft.status is Status.CONFIRMED:
            when = self.published.isoformat()
        return Claim(
            person=draft.person or "",
            kind=draft.kind,
            from_org=_clean(self._long(draft.from_org)),
            to_org=_clean(self._long(draft.to_org)),
            role=None if draft.kind is Kind.LEAVE else draft.role,
            from_role=draft.from_role,
            date=when,
            status=draft.status,
            background=background,
            evidence=sentence.text,
            span=Span(start=sentence.start, end=sentence.end),
            confidence=round(score(load_weights().right, draft.signs), 3),
            register=self._register(),
            trigger=draft.trigger,
            rule=draft.rule,
        )

    def _background(self, draft: Draft) -> bool:
        """What is told as news once is news."""
        return min(self._past(d) for d in (draft, *draft.twins)) > 0.5  # noqa: PLR2004 - the likelier of two

    def _past(self, draft: Draft) -> float:
        return score(load_weights().past | load_table("priors")["past"], draft.signs)

    def _register(self) -> Register:
        found = self._registers()
        return next(
            (Register(name) for name in ("sport", "politics", "entertainment", "academia") if name in found),
            Register.BUSINESS,
        )


@functools.cache
def _register_patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, re.I) for name, pattern in load_table("registers").items()}


_EARLIER = re.compile(
    r"\b(?:earlier (?:this|in)|last (?:week|month|year|summer|fall|autumn|spring|winter)|recent|previously|ago|formerly|originally|first joined|(?:spent|after) \w+ years|at the time|back in|until|since then|went on to|over the (?:past|last))\b",
    re.I,
)
_FROM_OUTSIDE = re.compile(r"(?:hir|poach|tap|recruit|lur|snag|nab|bring|brought|steal|scoop|sign|pursu)")
_LONG = 1500  # characters of a whole article; summaries are shorter
_LEAD = 6  # sentences, boilerplate of the page included
_PLATFORMS = {
    "Twitter",
    "X",
    "Facebook",
    "Instagram",
    "TikTok",
    "YouTube",
    "LinkedIn",
    "Bluesky",
    "Threads",
    "Mastodon",
    "Telegram",
    "Snapchat",
    "Substack",
    "Twitch",
}


def _initials(name: str) -> str:
    return (
        "".join(word[0] for word in re.findall(r"\w+", name) if word.lower() not in {"of", "the", "and", "for"}).upper()
        if " " in name
        else ""
    )


def _clean(org: str | None) -> str | None:
    return re.sub(r"^[Tt]he ", "", org) if org else None


def _same(a: str, b: str) -> bool:
    x, y = _fold(a), _fold(b)
    return x == y or x in y or y in x


def _fold(org: str) -> str:
    return re.sub(r"\b(?:the|inc|corp|company|co|ltd|plc|group|platforms)\b|[^a-z0-9]", "", org.lower())


def _same_role(a: str, b: str) -> bool:
    if not a or not b:
        return False
    x, y = a.lower().split(), b.lower().split()
    return x[-1] == y[-1] or bool({*x} & {*y} - _EMPTY) or (x[-1] in _TOP and y[-1] in _TOP)


_EMPTY = {"of", "and", "the", "vice", "chief", "executive", "senior", "officer", "for"}
_TOP = {"ceo", "boss", "chief", "executive", "head", "leader"}


def _mergeable(a: Draft, b: Draft) -> bool:
    kinds = {a.kind, b.kind}
    if ("when:years" in a.signs) != ("when:years" in b.signs) and a.role and b.role and not _same_role(a.role, b.role):
        return False  # another time
    if kinds == {Kind.BOARD} or len(kinds) == 1:
        return all(not x or not y or _same(x, y) for x, y in ((a.from_org, b.from_org), (a.to_org, b.to_org)))
    if kinds <= {Kind.JOIN, Kind.ROLE, Kind.MOVE}:
        return bool(a.to_org and b.to_org and _same(a.to_org, b.to_org))
    if kinds == {Kind.LEAVE, Kind.MOVE}:
        return bool(a.from_org and b.from_org and _same(a.from_org, b.from_org))
    if kinds == {Kind.LEAVE, Kind.FOUND}:
        leave = a if a.kind is Kind.LEAVE else b
        found = b if a.kind is Kind.LEAVE else a
        return bool(found.from_org and leave.from_org and _same(found.from_org, leave.from_org))
    if kinds == {Kind.LEAVE, Kind.JOIN}:
        leave = a if a.kind is Kind.LEAVE else b
        join = b if a.kind is Kind.LEAVE else a
        return not _same(leave.from_org or "-", join.to_org or "+") and "flag:nominal" not in leave.signs
    return False


_RANK = {Kind.MOVE: 5, Kind.FOUND: 4, Kind.ROLE: 3, Kind.BOARD: 2, Kind.JOIN: 1, Kind.LEAVE: 0}


def _join_drafts(kept: Draft, other: Draft) -> None:
    """Let `kept` take what only `other` says."""
    if {kept.kind, other.kind} == {Kind.LEAVE, Kind.JOIN}:
        kept.kind = Kind.MOVE
    elif _RANK[other.kind] > _RANK[kept.kind]:
        kept.kind = other.kind
    kept.from_org = kept.from_org or other.from_org
    kept.to_org = kept.to_org or other.to_org
    kept.role = kept.role or other.role
    kept.from_role = kept.from_role or other.from_role
    if Status.REPORTED in {kept.status, other.status} and Status.CONFIRMED in {kept.status, other.status}:
        kept.status = Status.REPORTED
    kept.signs.add("told:again")
    kept.twins.append(other)
