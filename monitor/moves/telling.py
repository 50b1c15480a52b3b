"""Complete drafts of one person -> claims: what is told twice is told once.

Never fills in what the text does not say: `article` has done that.
"""

from __future__ import annotations

import re
from dataclasses import replace

from monitor.model import Claim, Kind, Span, Status
from monitor.moves.confidence import load_weights, score
from monitor.moves.frames import Draft
from monitor.moves.lexicon import load_lexicon, load_table
from monitor.moves.profile import Profile, same_org, same_role
from monitor.moves.signs import Story
from monitor.moves.timing import date_of

_BOARD_ROLE = re.compile(
    r"^(?:\S+ )?(?:(?:vice |deputy |non-executive |independent |interim |acting |board )*(?:chair(?:man|woman|person)?|co-chair(?:man|woman)?)|(?:non-executive|independent|board) (?:director|member|chair(?:man|woman)?)|trustee|director of the board|member of the board.*)$",
    re.I,
)
_EXECUTIVE = re.compile(r"\b(?:executive (?:vice )?chair|ceo|chief|president)", re.I)
_RANK = {Kind.MOVE: 5, Kind.FOUND: 4, Kind.ROLE: 3, Kind.BOARD: 2, Kind.JOIN: 1, Kind.LEAVE: 0}
_HISTORY = 0.5  # above it, history is the likelier


def tell(drafts: list[Draft], profile: Profile, story: Story) -> list[Claim]:
    """Return the claims of a text."""
    people: dict[str, list[Draft]] = {}
    for draft in drafts:
        draft.signs |= story.signs(draft)
        people.setdefault(_key(draft.person or "", people), []).append(draft)
    return [_claim(d, profile, story) for same in people.values() for d in _merge(same)]


def _key(person: str, people: dict[str, list[Draft]]) -> str:
    """Return the key of a person's drafts: a surname alone belongs to the full name with it."""
    last = person.rsplit(maxsplit=1)[-1]
    return next((k for k in people if k in {person, last} or (k.split()[-1] == last == person)), person)


def _merge(drafts: list[Draft]) -> list[Draft]:
    boards = {(d.sentence.start, d.trigger.split()[0]) for d in drafts if d.kind is Kind.BOARD and d.trigger}
    merged: list[Draft] = []
    for draft in drafts:
        here = (draft.sentence.start, draft.trigger.split()[0] if draft.trigger else "")
        if here in boards and (draft.kind is Kind.LEAVE or (draft.kind is Kind.JOIN and not draft.role)):
            continue  # the seat on the board is what is left or taken
        _board(draft)
        other = next((m for m in merged if _mergeable(m, draft)), None)
        if other is None:
            merged.append(draft)
        else:
            _join_drafts(other, draft)
    return merged


def _board(draft: Draft) -> None:
    """Make a move to or from a seat on a board one of its own kind."""
    role = draft.from_role if draft.kind is Kind.LEAVE else draft.role if draft.kind is not Kind.FOUND else None
    if role and _BOARD_ROLE.match(role) and not _EXECUTIVE.search(role):
        draft.kind = Kind.BOARD
        if draft.to_org and draft.from_org and draft.role:
            draft.from_org = None


def _mergeable(a: Draft, b: Draft) -> bool:
    kinds = {a.kind, b.kind}
    if ("when:years" in a.signs) != ("when:years" in b.signs) and a.role and b.role and not same_role(a.role, b.role):
        return False  # another time
    if len(kinds) == 1:
        return _agree(a.from_org, b.from_org) and _agree(a.to_org, b.to_org)
    if kinds <= {Kind.JOIN, Kind.ROLE, Kind.MOVE}:
        return bool(a.to_org and b.to_org and same_org(a.to_org, b.to_org))
    if kinds in ({Kind.LEAVE, Kind.MOVE}, {Kind.LEAVE, Kind.FOUND}):
        return bool(a.from_org and b.from_org and same_org(a.from_org, b.from_org))
    if kinds == {Kind.LEAVE, Kind.JOIN}:
        leave, join = (a, b) if a.kind is Kind.LEAVE else (b, a)
        apart = not same_org(leave.from_org or "-", join.to_org or "+")
        return apart and "flag:nominal" not in leave.signs and _is_past(leave) == _is_past(join)
    return False


def _agree(a: str | None, b: str | None) -> bool:
    return not a or not b or same_org(a, b)


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


def _claim(draft: Draft, profile: Profile, story: Story) -> Claim:
    if draft.kind is Kind.MOVE and not (draft.from_org and draft.to_org):
        draft.kind = Kind.JOIN if draft.to_org else Kind.LEAVE
    background = all(_is_past(d) for d in (draft, *draft.twins))  # what is told as news once is news
    sentence = draft.sentence
    claim = Claim(
        person=draft.person or "",
        kind=draft.kind,
        from_org=_clean(profile.spelled_out(draft.from_org)),
        to_org=_clean(profile.spelled_out(draft.to_org)),
        role=None if draft.kind is Kind.LEAVE else _of_one(draft.role),
        from_role=_of_one(draft.from_role),
        status=draft.status,
        background=background,
        evidence=sentence.text,
        span=Span(start=sentence.start, end=sentence.end),
        confidence=round(score(load_weights().right, draft.signs), 3),
        register=story.register,
        trigger=draft.trigger,
        rule=draft.rule,
    )
    in_cell = story.stated_date(draft) if draft.date else None
    return replace(claim, date=in_cell or date_of(claim, story.published))


def _is_past(draft: Draft) -> bool:
    return score(load_weights().past | load_table("priors")["past"], draft.signs) > _HISTORY


def _of_one(role: str | None) -> str | None:
    """Return the role of one of several people: "co-CEOs" are each a co-CEO."""
    if not role:
        return role
    head, *rest = re.split(r"(?= of )", role, maxsplit=1)
    word = head.split()[-1]
    single = word.endswith("s") and word[:-1].lower() in load_lexicon().heads
    return (head[:-1] if single else head) + "".join(rest)


def _clean(org: str | None) -> str | None:
    return re.sub(r"^[Tt]he ", "", org) if org else None
