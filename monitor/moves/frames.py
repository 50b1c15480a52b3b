"""A reduced line -> drafts of claims.

Never looks beyond the sentence: `article` joins drafts and finds what a sentence leaves out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.model import Kind, Status
from monitor.moves.factuality import Place, decide_status
from monitor.moves.grammar import Line, PhraseRule, expand_slots, load_rules
from monitor.moves.lexicon import load_lexicon, load_table
from monitor.moves.phrases import ORG, ROLE, Phrase
from monitor.moves.sentences import Sentence

_REACH = 10  # words passed over in search of complements
_BE = re.compile(r"\b(?:is|are|was|were|been|be|being|gets|got)\b")
_UNNAMED = re.compile(
    r" (?:the|its|their|a|it|they|which) (?:\S+ ){0,3}?(?:(?:has|have|had|also|recently|will|would|is|are) )*$"
)
_SAYS = re.compile(  # "Quill has confirmed that …", "Acme says its …"
    r" ([ON]\d+)(?: ,[^,]{1,60},)?(?: (?:has|have|had|also|today|earlier|just))* "
    r"(?:sa(?:id|ys|w)|confirm(?:s|ed)|announc(?:es|ed)|disclos(?:es|ed)|reveal(?:s|ed)|told|lost|loses|sees)(?= )"
)
_SAID = re.compile(r" , ([ON]\d+) (?:has )?(?:sa(?:id|ys)|confirmed|announced)(?= )")
_OBLIQUE = re.compile(r" (?:to|with|by|under|from|of|for|alongside) $")
_BODIES = re.compile(r"(?:congress|parliament|senate|court|assembly|knesset|voters|lawmakers|police)$", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:is|was|were|been|be|being|are|gets|got|who)\b")
_AFTER_PARTICIPLE = {"as", "to", "by", "from", "after", "over", "for", "in", "following", "amid", ".", ","}
_OBJECTS = {"former", "ex-", "her", "him", "them", "several", "dozens"}
_DESCRIBES = {
    "developer",
    "publisher",
    "owner",
    "operator",
    "designer",
    "banker",
    "analyst",
    "investor",
    "member",
    "members",
    "leader",
    "leaders",
}
_ADVISORY = re.compile(r"\b(?:chair(?:man|woman|person)?|co-chair|non-executive|director|trustee|advis\w+)\b", re.I)
_EXECUTIVE = re.compile(
    r"executive chair|chief|managing|executive director|creative|director of|president|ceo|artistic|technical|music|sporting|game|news|art ",
    re.I,
)


@dataclass(slots=True)
class Draft:
    """A claim in the making; `who` is a person, or a role whose holder the text may name elsewhere."""

    who: Phrase
    kind: Kind
    rule: str
    trigger: str
    sentence: Sentence
    status: Status
    from_org: str | None = None
    to_org: str | None = None
    role: str | None = None
    from_role: str | None = None
    date: str | None = None
    old: Phrase | None = None  # predecessor
    topic: str | None = None  # the organisation that the sentence says it is about
    near: str | None = None  # the organisation that the sentence begins with
    signs: set[str] = field(default_factory=set)  # features for background and confidence
    twins: list[Draft] = field(default_factory=list)  # drafts that told the same

    @property
    def person(self) -> str | None:
        return None if self.who.letter == ROLE else self.who.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One entry of `frames.toml`."""

    name: str
    kind: Kind
    pattern: re.Pattern[str]
    complements: tuple[tuple[str, re.Pattern[str]], ...]
    flags: frozenset[str]


@functools.cache
def load_frames() -> tuple[tuple[Frame, ...], re.Pattern[str]]:
    """Compile the frames and the boundary of complements, once per process."""
    table = load_table("frames")
    macros = table["macros"]
    sets = table["complements"]
    boundary = re.compile(sets["boundary"])
    complements = {
        name: tuple((key, re.compile(expand_slots(p, macros) + r"(?= |$)")) for key, p in patterns.items())
        for name, patterns in sets.items()
        if isinstance(patterns, dict)
    }
    frames = tuple(
        Frame(
            name=f["name"],
            kind=Kind(f["kind"]),
            pattern=re.compile(expand_slots(f["pattern"], macros) + r"(?= |$)"),
            complements=complements[f["complements"]],
            flags=frozenset(k for k, v in f.items() if v is True),
        )
        for f in table["frame"]
    )
    return frames, boundary


@functools.cache
def load_phrase_rules() -> tuple[PhraseRule, ...]:
    table = load_table("phrases")
    words = load_table("words")
    macros = {**table["macros"], "demonym": f"(?:{'|'.join(words['demonyms'])})"}
    return load_rules(table, macros)


def find_drafts(line: Line) -> Iterator[Draft]:
    """Yield a draft for every frame that matches somewhere in the line."""
    frames, boundary = load_frames()
    yield from _new_holders(line)
    for frame in frames:
        for match in frame.pattern.finditer(line.text):
            yield from _FrameMatch(frame, match, line, boundary).drafts()


def _new_holders(line: Line) -> Iterator[Draft]:
    """Yield what "Twitter's new CEO Jane Roe" tells, wherever it stands."""
    for symbol in re.findall(r" (P\d+)(?= )", line.text):
        person = line.phrase(symbol)
        if person.new and person.role and person.org and not person.former:
            yield Draft(
                who=person, kind=Kind.JOIN, rule="new-holder", trigger="new", sentence=line.sentence, status=Status.CONFIRMED,
                to_org=person.org, role=person.role, signs={"flag:nominal", "flag:incoming"},
            )  # fmt: skip


class _FrameMatch:
    """One match of one frame."""

    def __init__(self, frame: Frame, match: re.Match[str], line: Line, boundary: re.Pattern[str]) -> None:
        self.frame, self.match, self.line, self.boundary = frame, match, line, boundary
        self.slots: dict[str, str] = {k: v for k, v in match.groupdict().items() if v}
        self.subject: Phrase | None = None

    def drafts(self) -> Iterator[Draft]:
        aux = self.slots.get("aux", "")
        start = self.match.start()
        if "active" in self.frame.flags:
            before = self.line.text[: self.match.start("trigger")]
            found = _SUBJECT.search(before)
            if found:
                aux, start = found["aux"], found.start()
                self.subject = self.line.phrase(found["subject"])
                if _PASSIVE.search(aux[-12:]):
                    return  # a passive, read by another frame
                if self.match["trigger"].split()[0].endswith("ing") and aux == "" and before.endswith(", "):
                    self.subject = self._first_org() or self.subject  # "Meta bought half of Scale, bringing on …"
            elif not self.match["trigger"].split()[0].endswith("ing") and not _UNNAMED.search(
                self.line.text[: self.match.start("trigger")]
            ):
                return  # nobody hires or fires
            else:
                self.subject = self._first_org()
                aux = ""
        if self._tells_nothing(aux):
            return
        if "passive" in self.frame.flags and not self._passive(aux):
            return  # active: another frame's
        status = self._status(aux, start)
        if status is None:
            return
        self._collect()
        who = self.line.phrase(self.slots["who"])
        people = [*who.people, *(self.line.phrase(self.slots["also"]).people if "also" in self.slots else ())]
        for person in people:
            yield self._draft(person, status, aux)

    def _status(self, aux: str, start: int) -> Status | None:
        status = decide_status(
            Place(line=self.line.text, auxiliary=aux, start=start, is_title=self.line.sentence.is_title,
                  nominal="nominal" in self.frame.flags, trigger=self.slots.get("trigger", ""))
        )  # fmt: skip
        wooed = "undecided" in self.frame.flags and status in {Status.CONFIRMED, Status.REPORTED}
        if "denied" in self.frame.flags:
            return Status.DENIED if status else None
        return Status.CONSIDERED if wooed else status

    def _tells_nothing(self, aux: str) -> bool:
        """Return whether "Docker's CEO is Jane Roe" or "she will report to Jane Roe and will be …" only looks like a move."""
        if "fresh" in self.frame.flags and not self.line.phrase(self.slots["newrole"]).new:
            return True
        if "verbless" in self.frame.flags and not (who := self.line.phrase(self.slots["who"])).org and not who.role:
            return True
        return aux.startswith(" and") and bool(_OBLIQUE.search(self.line.text[: self.match.start() + 1]))

    def _passive(self, aux: str) -> bool:
        """Without a form of "to be", only a title or what follows the participle makes a passive."""
        if _BE.search(aux):
            return True
        if re.search(r"\b(?:has|have|had)$", aux):
            return False
        after = self.line.text[self.match.end() :].split(" ", 2)[1:2]
        if after and after[0] in _OBJECTS:
            return False  # "Jane Roe hired former regulators"
        named = (
            self.slots.get("trigger") in {"named", "appointed", "elected", "promoted"} and after and after[0][0] == ROLE
        )
        return self.line.sentence.is_title or named or not after or after[0] in _AFTER_PARTICIPLE

    def _opening_org(self) -> str | None:
        """Return the organisation with which the sentence begins ("Rippl, a startup, said Jane Roe will join")."""
        before, after = self.line.text[: self.match.start() + 1], self.line.text[self.match.end() :]
        said = [*_SAYS.finditer(before), *_SAID.finditer(after)]
        firms = [m[1] for m in said if m[1][0] == ORG or self._may_be_firm(m[1])]
        opening = re.match(r" (?:\S+ ){0,2}?(O\d+) ", self.line.text)
        symbol = firms[-1] if firms else opening[1] if opening else None
        org = self.line.phrase(symbol) if symbol else None
        return org.text if org and not org.source else None

    def _may_be_firm(self, symbol: str) -> bool:
        """Return whether a name of one word, of which the text shows no more, looks like no surname."""
        name, lexicon = self.line.phrase(symbol).text, load_lexicon()
        return name not in lexicon.surnames and name not in lexicon.given_names

    def _first_org(self) -> Phrase | None:
        found = re.search(r" ([ON]\d+) ", self.line.text[: self.match.start()])
        return self.line.phrase(found[1]) if found else None

    def _collect(self) -> None:
        text, at = self.line.text, self.match.end()
        for _ in range(_REACH):
            if at >= len(text) - 1:
                return
            end = self._complement(text, at + 1)
            if not end:
                if self.boundary.match(text, at + 1):
                    return
                end = text.find(" ", at + 1)
            if end < 0:
                return
            at = end

    def _complement(self, text: str, at: int) -> int:
        for name, pattern in self.frame.complements:
            if name in {"direct", "role3", "board"} and at > self.match.end() + 1:
                continue  # an object stands beside its verb
            match = pattern.match(text, at)
            groups = {k: v for k, v in match.groupdict().items() if v} if match else {}
            if any(v[1:].isdigit() and self.line.phrase(v).source for v in groups.values()):
                continue  # an outlet that is only quoted
            if match and "role" in groups and self.line.phrase(groups["role"]).former:
                continue  # what they were before
            if match and groups and not any(k in self.slots for k in groups if k not in {"det", "foundwhat"}):
                self.slots.update(groups)
                self.slots[f"by_{name}"] = "1"
                return match.end()
        return 0

    def _draft(self, person: Phrase, status: Status, aux: str) -> Draft:
        draft = Draft(
            who=person, kind=self.frame.kind, rule=self.frame.name, trigger=self.slots.get("trigger", self.slots.get("t", "")).strip(),
            sentence=self.line.sentence, status=status,
        )  # fmt: skip
        draft.signs |= self._signs(aux)
        for slot in ("from", "to"):
            symbol = self.slots.get(slot) or self.slots.get(f"{slot}2")
            if symbol and self.line.phrase(symbol).refers:
                draft.signs.add("org:refers")
            if symbol:
                setattr(draft, f"{slot}_org", self._text(symbol))
        role = self._phrase("role") or self._phrase("newrole")
        from_role = self._phrase("from_role")
        if from_role and from_role.text.lower() in _DESCRIBES:
            from_role = None  # "retiring from the Starfield developer"
        draft.role = role.text if role else None
        draft.from_role = from_role.text if from_role else None
        if "newrole" in self.frame.flags:
            draft.role = draft.role or person.text
            draft.to_org = draft.to_org or person.org
        if "incoming" in self.frame.flags:
            draft.role, draft.to_org = person.role, person.org
        self._orgs_of_roles(draft, role, from_role)
        self._actor(draft)
        self._bought(draft)
        draft.topic, draft.near = self.line.topic, self._opening_org()
        if "place" in self.slots and draft.from_role:
            draft.from_org = draft.from_org or self._text(self.slots["place"])
        if "old" in self.slots and self.slots["old"][0] in "PMNR":
            draft.old = self.line.phrase(self.slots["old"])
        self._kind(draft)
        return draft

    def _signs(self, aux: str) -> set[str]:
        signs = {f"flag:{flag}" for flag in self.frame.flags}
        signs |= {f"slot:{s}" for s in self.slots if s.startswith("by_")}
        signs |= {f"aux:{w}" for w in aux.split() if w in {"had", "has", "have", "is", "will", "to", "was", "be"}}
        trigger = self.slots.get("trigger", self.slots.get("t", "")).split()
        if trigger:
            first = trigger[0]
            signs.add(
                "tense:"
                + (
                    "past"
                    if first.endswith("ed") or first in {"left", "quit", "became", "took", "lost"}
                    else "ing"
                    if first.endswith("ing")
                    else "s"
                    if first.endswith("s")
                    else "base"
                )
            )
        return signs

    def _orgs_of_roles(self, draft: Draft, role: Phrase | None, from_role: Phrase | None) -> None:
        if role and role.org and not draft.to_org:
            draft.to_org = role.org
        if from_role and from_role.org and not draft.from_org:
            draft.from_org = from_role.org

    def _actor(self, draft: Draft) -> None:
        """The organisation that hires or fires, from its own slot or from the subject of an active verb."""
        org = self._text(self.slots["org"]) if "org" in self.slots else None
        if not org and self.subject:
            subject = self.subject
            org = subject.text if subject.letter in {ORG, "N", "M"} else (subject.org if not subject.former else None)
            draft.signs.add(f"subject:{subject.letter}")
        if not org:
            return
        if self.frame.kind is Kind.LEAVE:
            theirs = draft.who.role and _BODIES.search(org)  # a parliament removes whom it does not employ
            draft.from_org = draft.from_org or (None if theirs else org)
        elif not draft.to_org or ("to" not in self.slots and self.subject and self.subject.letter == ORG):
            draft.to_org = org

    def _bought(self, draft: Draft) -> None:
        """In "Meta buys half of Scale, bringing on CEO Jane Roe", the role belongs to the organisation named last."""
        who = draft.who
        if draft.kind is not Kind.JOIN or not draft.trigger.split(" ")[0].endswith("ing") or not who.role or who.org:
            return
        named = [self.line.phrase(s) for s in re.findall(r" (O\d+)(?= )", self.line.text[: self.match.start()])]
        if named and draft.to_org and named[-1].text != draft.to_org:
            draft.from_org, draft.from_role, draft.kind = named[-1].text, who.role, Kind.MOVE

    def _kind(self, draft: Draft) -> None:
        if (
            draft.trigger.startswith(("promot", "elevat"))
            and draft.kind is Kind.JOIN
            and draft.to_org
            and not draft.from_org
        ):
            draft.kind, draft.from_org = Kind.ROLE, draft.to_org
        if "found" in self.slots:
            draft.kind = Kind.FOUND
        elif "board" in self.slots or draft.kind is Kind.BOARD:
            draft.kind = Kind.BOARD
            if self.frame.name == "joins-board" and not re.match(
                r"join|elect|appoint|named|added|nominat", draft.trigger
            ):
                draft.from_org, draft.to_org = draft.to_org or draft.from_org, None
        elif draft.kind is Kind.LEAVE and draft.to_org and draft.to_org != draft.from_org:
            draft.kind = Kind.MOVE

    def _phrase(self, slot: str) -> Phrase | None:
        symbol = self.slots.get(slot)
        return self.line.phrase(symbol) if symbol else None

    def _text(self, symbol: str) -> str:
        return self.line.phrase(symbol).text


_MACROS: Mapping[str, str] = load_table("frames")["macros"]
_SUBJECT = re.compile(expand_slots(r" (?P<subject>[PMNORL]\d+)(?: 's board| board| 's| ')?<gap><aux> ?$", _MACROS))
