"""Drafts of one text -> the same, complete: what a sentence leaves out is found in the others.

Never reads a sentence itself, and never merges: `telling` does.
"""

from __future__ import annotations

import re

from monitor.model import Kind
from monitor.moves.frames import Draft
from monitor.moves.lexicon import load_lexicon
from monitor.moves.phrases import PERSON, ROLE, Phrase
from monitor.moves.profile import Profile, same_org, same_role

_LEAVES_SEAT = re.compile(r"(?:leav|left|resign|step|stand|stood|retir|depart|quit|exit|com|cam|rotat)")
_PAST = {"flag:nominal", "flag:relative", "flag:passive"}
_FROM_OUTSIDE = re.compile(
    r"(?:hir|poach|tap|recruit|lur|snag|nab|bring|brought|steal|scoop|sign|pursu|add|employ|welcom|secur|bag|coax|snap|pluck|draft)"
)


class Article:
    """The drafts of one text being completed."""

    def __init__(self, drafts: list[Draft], profile: Profile, title: str) -> None:
        self.drafts, self.profile, self.title = drafts, profile, title

    def complete(self) -> list[Draft]:
        """Return the drafts with a person and a side."""
        named = [d for d in self.drafts if d.person]
        for draft in named:
            self._complete(draft)
        self._successors(named)
        for draft in self.drafts:
            if not draft.person:
                named += self._resolve_role(draft, named)
        named = [d for d in named if not self._told_better(d, named)]
        for draft in named:
            self._guess(draft)
        told = (d for d in named if d.from_org or d.to_org or d.kind is Kind.FOUND)
        return [d for d in told if not self._is_account(d)]

    def _is_account(self, draft: Draft) -> bool:
        """Return whether "quits Twitter" or "returns to Facebook" speaks of an account: nothing says that they work there."""
        firm = draft.from_org if draft.kind is Kind.LEAVE else draft.to_org if not draft.from_org else None
        leaving = draft.kind is Kind.LEAVE and re.match(r"quit|leav|left|exit|ditch|abandon|depart", draft.trigger)
        coming = draft.kind is Kind.JOIN and re.match(r"return|rejoin|back|(?:goes|go|went) back", draft.trigger)
        if firm not in load_lexicon().platforms or not (leaving or coming) or draft.role or draft.from_role:
            return False
        return draft.who.org != firm and self.profile.org_of(draft.person or "", former=True) != firm

    def _told_better(self, draft: Draft, named: list[Draft]) -> bool:
        """Return whether "X's new CEO Jane Roe" adds nothing to what another draft says."""
        if "flag:incoming" not in draft.signs:
            return False
        return not draft.who.org or any(d is not draft and d.person == draft.person and d.to_org for d in named)

    def _complete(self, draft: Draft) -> None:
        who, person = draft.who, draft.person or ""
        if draft.kind is Kind.LEAVE or draft.kind is Kind.MOVE:
            if not draft.from_org:
                self._take_from(draft, who.org if not who.former or draft.signs & _PAST else None, "affiliation")
            if not draft.from_org:
                self._take_from(draft, draft.topic, "topic")
            if not draft.from_org:
                self._take_from(draft, self.profile.org_of(person, former=bool(draft.signs & _PAST)), "profile")
            draft.from_role = draft.from_role or who.role or self.profile.role_of(person)
        elif draft.kind in {Kind.JOIN, Kind.ROLE}:
            self._complete_join(draft)
        elif draft.kind is Kind.BOARD and not draft.to_org and _LEAVES_SEAT.match(draft.trigger):
            self._take_from(draft, who.org if not draft.from_org else None, "affiliation")
        elif draft.kind is Kind.FOUND and not draft.from_org and who.org and who.org != draft.to_org:
            draft.from_org = who.org
            draft.from_role = who.role

    def _take_from(self, draft: Draft, org: str | None, how: str) -> None:
        if org and org != draft.to_org:
            draft.from_org = org
            draft.signs.add(f"from:{how}")

    def _complete_join(self, draft: Draft) -> None:
        if "flag:incoming" in draft.signs:
            return
        who = draft.who
        if not draft.to_org and draft.old:
            self._succeed(draft, draft.old)
        if not draft.to_org and draft.role:
            self._take_to(draft, self._org_of_role(draft), "profile")
        if not draft.to_org and draft.topic:
            self._take_to(draft, draft.topic, "topic")
        outside = who.former or (draft.rule == "hires" and _FROM_OUTSIDE.match(draft.trigger))
        if not draft.to_org and not outside:
            self._take_to(draft, who.org, "affiliation")
        if draft.to_org and not draft.from_org and who.org:
            draft.from_org, draft.from_role = who.org, who.role
            draft.signs.add("from:former" if who.former else "from:affiliation")
        if draft.from_org and draft.to_org:
            self._move_or_role(draft)

    def _succeed(self, draft: Draft, old: Phrase) -> None:
        """Take organisation and role of a predecessor."""
        draft.to_org = old.org or self.profile.org_of(old.text)
        held = old.role or (old.text if old.letter == ROLE else None)
        draft.role = draft.role or held or self.profile.role_of(old.text)
        draft.signs.add("to:old")

    def _org_of_role(self, draft: Draft) -> str | None:
        held = self.profile.people.get(draft.person or "", [])
        return next((a.org for a in held if a.org and a.role and a.role.lower() == (draft.role or "").lower()), None)

    def _take_to(self, draft: Draft, org: str | None, how: str) -> None:
        if org:
            draft.to_org = org
            draft.signs.add(f"to:{how}")

    def _move_or_role(self, draft: Draft) -> None:
        """Tell a change inside one organisation from one between two, and a return from both."""
        if not same_org(draft.from_org or "", draft.to_org or ""):
            draft.kind = Kind.MOVE
        elif draft.who.former:
            draft.kind, draft.from_org = Kind.JOIN, None
        else:
            draft.kind, draft.from_org = Kind.ROLE, draft.to_org

    def _successors(self, named: list[Draft]) -> None:
        """Who succeeds somebody comes to what somebody leaves."""
        leavers = [d for d in named if d.kind is Kind.LEAVE and d.from_org]
        for draft in named:
            left = self._left_for(draft, leavers) if draft.kind is Kind.JOIN and not draft.to_org else None
            if left:
                draft.to_org, draft.role = left.from_org, draft.role or left.from_role
                draft.signs.add("to:leaver")

    def _left_for(self, draft: Draft, leavers: list[Draft]) -> Draft | None:
        """Return who leaves what `draft` comes to: the one named, one of the same role, or whoever leaves."""
        for left in leavers:
            if draft.old and left.person == draft.old.text:
                return left
        for left in leavers:
            if left.person != draft.person and same_role(left.from_role or "", draft.role or ""):
                return left
        return leavers[0] if leavers and "flag:succession" in draft.signs else None

    # a role that stands for its holder
    def _resolve_role(self, draft: Draft, named: list[Draft]) -> list[Draft]:
        """A role that leaves or comes ("Sonos CEO leaving"): its holder, if the text names one, else nothing."""
        for other in named:
            if other.kind is draft.kind or (draft.kind is Kind.LEAVE and other.kind is Kind.MOVE):
                self._lend(draft, other)
                return []
        if "flag:newrole" in draft.signs:
            return self._only_person(draft)
        holder = self._holder(draft)
        if holder is None:
            return self._only_person(draft)
        draft.who = holder
        draft.signs.add("who:title")
        self._complete(draft)
        return [draft]

    def _lend(self, draft: Draft, other: Draft) -> None:
        """Give what the title says of a role to the draft that names its holder."""
        org = draft.from_org or draft.who.org
        if draft.kind is Kind.LEAVE:
            same = same_role(other.who.role or other.from_role or "", draft.who.text)
            if not other.from_org or ("org:refers" in other.signs and draft.who.org and same):
                other.from_org = org
                other.signs.add("from:title")
            other.from_role = other.from_role or draft.who.text
        elif draft.kind is Kind.JOIN and not other.to_org:
            other.to_org = draft.to_org
            other.signs.add("to:title")
        other.role = other.role or draft.role

    def _holder(self, draft: Draft) -> Phrase | None:
        """Return the person of whom the text says elsewhere that they hold the role."""
        org = draft.who.org
        for person, affiliations in self.profile.people.items():
            for a in affiliations:
                if a.role and same_role(a.role, draft.who.text) and (not a.org or not org or same_org(a.org, org)):
                    return _person(person, role=a.role, org=org or a.org, former=a.former)
        return None

    def _only_person(self, draft: Draft) -> list[Draft]:
        """The one person of the text, or the one that its first sentence begins with."""
        person, how = self.profile.opening, "first"
        if len(self.profile.named) == 1:
            person, how = self.profile.named[0], "only"
        if not person or not draft.sentence.is_title or not self._may_hold(person, draft):
            return []
        old = draft.who
        fresh = "flag:newrole" in draft.signs
        draft.who = _person(person) if fresh else _person(person, role=old.text, org=old.org, former=old.former)
        draft.signs.add(f"who:{how}")
        self._complete(draft)
        return [draft]

    def _may_hold(self, person: str, draft: Draft) -> bool:
        plural = draft.who.text.lower().endswith("s")
        in_title = person.rsplit(maxsplit=1)[-1].lower() in self.title.lower() and not self.title.startswith(
            f"{person}:"
        )
        leaving = draft.kind is Kind.JOIN and any(d.person == person and d.kind is Kind.LEAVE for d in self.drafts)
        return bool(draft.who.org or draft.to_org) and not (plural or in_title or leaving)

    # the organisation that nothing names
    def _story_org(self) -> str | None:
        """Return the organisation that the title says somebody comes to or leaves, or else the one that the text is about."""
        for draft in self.drafts:
            if draft.sentence.number == 0:
                org = draft.from_org if draft.kind is Kind.LEAVE else draft.to_org or draft.from_org
                if org:
                    return org
        return self.profile.main_org()

    def _guess(self, draft: Draft) -> None:
        """The organisation that the text is about, where nothing says which one."""
        leaving = draft.kind is Kind.LEAVE or "slot:by_found" in draft.signs
        if draft.from_org or (draft.to_org and not leaving) or (draft.kind is Kind.FOUND and not leaving):
            return
        role = draft.from_role or draft.role or draft.who.role
        elsewhere = not leaving and (draft.who.former or _FROM_OUTSIDE.match(draft.trigger))
        known = _candidates(role, draft.near, self._story_org())
        barred = {draft.who.org} if elsewhere else set()
        likely = [
            (how, org) for how, org in known if org and org not in barred and not (draft.person or "").endswith(org)
        ]
        if not likely:
            return
        how, org = likely[0]
        if leaving:
            self._take_from(draft, org, how)
        else:
            self._take_to(draft, org, how)


def _candidates(role: str | None, near: str | None, main: str | None) -> tuple[tuple[str, str | None], ...]:
    """Return the organisations that may be meant, the likeliest first, each with where it is from."""
    return ("role", _role_org(role)), ("near", near), ("main", main)


def _person(name: str, *, role: str | None = None, org: str | None = None, former: bool = False) -> Phrase:
    return Phrase(letter=PERSON, text=name, start=0, end=0, role=role, org=org, former=former)


def _role_org(role: str | None) -> str | None:
    """Return the organisation that a role brings with it: a senator's is the Senate."""
    known = load_lexicon().role_orgs
    words = (role or "").lower().replace(".", "").split()
    return next((known[w] for w in words if w in known), None)
