"""claims of many articles -> moves.  Twenty outlets, one move with twenty pieces of evidence.

Never decides whether anyone hears of it.  Two ideas carry it: nobody joins a place twice without leaving it in between,
and a departure without a destination waits for the arrival that completes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.model import Claim, Evidence, Kind, Move, Origin, SourcedClaim, Status, StatusChange, content_id
from monitor.names import person_key, same_organisation, same_person

ARRIVES_AFTER = timedelta(days=365)  # an open departure waits this long for its destination
ARRIVES_BEFORE = timedelta(days=45)  # the arrival may be told before the departure
SAME_STEP = timedelta(days=60)  # "steps down" and "becomes chair" are one step if told this close together
SAME_DATE = timedelta(days=400)  # two explicit dates further apart speak of two moves
REPEAT_WEIGHT = 0.7  # each further outlet leaves this share of the doubt: outlets copy each other

_RANK = {Status.CONSIDERED: 0, Status.REPORTED: 1, Status.DENIED: 1, Status.CONFIRMED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What became of the claims: `changes` are (move before, or None; move after); `support` claim key -> move id."""

    changes: tuple[tuple[Move | None, Move], ...]
    support: Mapping[str, str]


def resolve(
    moves: Sequence[Move], claims: Sequence[SourcedClaim], *, parents: Mapping[str, str], now: datetime
) -> Resolution:
    """Merge `claims` of one person key into `moves`; `parents` maps a company id to its parent's.

    The outcome does not depend on the order of `claims`.
    """
    before = {m.id: m for m in moves}
    after, support = dict(before), {}
    for claim in sorted(claims, key=_telling_order):
        move = find_move(list(after.values()), claim, parents=parents)
        merged = absorb(move, claim, now=now) if move else found_move(claim, now=now)
        after[merged.id] = merged
        support[claim.key] = merged.id
    changes = tuple((before.get(id), move) for id, move in after.items() if move != before.get(id))
    return Resolution(changes=changes, support=support)


def _telling_order(claim: SourcedClaim) -> tuple[bool, bool, bool, datetime, str]:
    """News first, full names first, jobs before seats, oldest first: what says less finds the move that it speaks of."""
    it = claim.claim
    return it.background, " " not in it.person, it.kind is Kind.BOARD, claim.published_at, claim.key


# --- which move does a claim speak of? ------------------------------------------------------------------------------


def find_move(moves: Sequence[Move], claim: SourcedClaim, *, parents: Mapping[str, str]) -> Move | None:
    """Return the move that `claim` speaks of, or None if it is a new one."""
    at = claimed_at(claim)
    fits = [(fit, -abs(_moved_at(m) - at), m.id, m) for m in moves if (fit := _fit(m, claim, moves, parents)) > 0]
    return max(fits)[3] if fits else None


def _fit(move: Move, claim: SourcedClaim, moves: Sequence[Move], parents: Mapping[str, str]) -> int:
    """Grade how well `claim` fits `move`: 0 not at all, 1 completes it, 2 tells a side of it, 3 tells all of it."""
    if any(e.claim_key == claim.key for e in move.evidence):
        return 4
    if not _same_person(move, claim):
        return 0
    if (move.kind is Kind.BOARD) != (claim.claim.kind is Kind.BOARD):
        return 2 if _same_breath(move, claim, parents) else 0
    return _fit_sides(move, claim, moves, parents)


def _fit_sides(move: Move, claim: SourcedClaim, moves: Sequence[Move], parents: Mapping[str, str]) -> int:
    sides = _Sides.compare(move, claim, parents)
    near = abs(_moved_at(move) - claimed_at(claim)) <= SAME_DATE
    if sides.arrival_agrees and not near and _founds_and_returns(move, claim):
        return 0
    if sides.agreeing and not sides.clashing:
        same = _same_time(move, claim) and _same_step(move, claim) and not _reversed_since(move, claim, moves, parents)
        return (2 + (sides.agreeing > 1)) if same else 0
    if sides.arrival_agrees and (near or not claim.from_id) and not _reversed_since(move, claim, moves, parents):
        return 2  # outlets differ on where someone came from ("former" or latest employer)
    return 1 if _completes(move, claim, sides) and not _may_be_two(move, claim) else 0


def _same_person(move: Move, claim: SourcedClaim) -> bool:
    if move.person_id and claim.person_id:
        return move.person_id == claim.person_id
    return same_person(move.person, claim.claim.person)


def _founds_and_returns(move: Move, claim: SourcedClaim) -> bool:
    """Tell whether one founds a place and the other comes to it from a known company: who founded it had left it."""
    if (move.kind is Kind.FOUND) is (claim.claim.kind is Kind.FOUND):
        return False
    return bool(claim.from_id if move.kind is Kind.FOUND else move.from_id)


def _same_breath(move: Move, claim: SourcedClaim, parents: Mapping[str, str]) -> bool:
    """Tell whether one article gives a job and a board seat at one place: "becomes CEO and joins the board" is one move."""
    if claim.article_id not in {e.article_id for e in move.evidence}:
        return False
    sides = ((move.from_org, move.from_id), (move.to_org, move.to_id))
    others = ((claim.claim.from_org, claim.from_id), (claim.claim.to_org, claim.to_id))
    return any(_same_org(*a, *b, parents) for a in sides for b in others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """How a claim's organisations stand to a move's."""

    agreeing: int
    clashing: int
    arrival_agrees: bool

    @classmethod
    def compare(cls, move: Move, claim: SourcedClaim, parents: Mapping[str, str]) -> _Sides:
        left = _same_org(move.from_org, move.from_id, claim.claim.from_org, claim.from_id, parents)
        joined = _same_org(move.to_org, move.to_id, claim.claim.to_org, claim.to_id, parents)
        return cls(
            agreeing=(left is True) + (joined is True),
            clashing=(left is False) + (joined is False),
            arrival_agrees=joined is True,
        )


def _same_org(
    a: str | None, a_id: str | None, b: str | None, b_id: str | None, parents: Mapping[str, str]
) -> bool | None:
    """Compare two organisations; None where one of them is not stated."""
    if not a or not b:
        return None
    if a_id and b_id:
        return a_id == b_id or a_id in _ancestors(b_id, parents) or b_id in _ancestors(a_id, parents)
    return same_organisation(a, b)


def _ancestors(id: str, parents: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    while (parent := parents.get(id)) and parent not in found:
        found.add(parent)
        id = parent
    return found


def _same_time(move: Move, claim: SourcedClaim) -> bool:
    """Two stated dates far apart speak of two moves; else a telling years later is still a telling."""
    stated = claim.claim.date
    if stated and stated != claim.published_at.date().isoformat() and move.date:  # not merely the day of the telling
        return _dates_agree(move.date, stated)
    return True


def _dates_agree(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a) or abs(_first_day(a) - _first_day(b)) <= SAME_DATE


def _same_step(move: Move, claim: SourcedClaim) -> bool:
    """Inside one organisation people take many steps: those with other roles, or told far apart, are other moves."""
    inside = Kind.ROLE in (move.kind, claim.claim.kind)
    near = abs(_moved_at(move) - claimed_at(claim)) <= SAME_STEP
    if inside and move.kind is not claim.claim.kind:
        return near or (claim.claim.background and _roles_agree(move.role, claim.claim.role))
    return near or not inside or _roles_agree(move.role, claim.claim.role)


def _roles_agree(a: str | None, b: str | None) -> bool:
    """Lenient: a role not stated, or one whose words contain the other's, agrees."""
    if not a or not b:
        return True
    words_a, words_b = set(a.lower().split()), set(b.lower().split())
    return words_a <= words_b or words_b <= words_a


def _reversed_since(move: Move, claim: SourcedClaim, moves: Sequence[Move], parents: Mapping[str, str]) -> bool:
    """Tell whether the ledger holds a later step back, so that `claim` speaks of a second time ("rejoins")."""
    if move.kind is Kind.ROLE or claim.claim.background:
        return False
    between = (
        m
        for m in moves
        if m is not move
        and _same_person(m, claim)
        and _moved_at(move) < _moved_at(m) < claimed_at(claim)
        and not _is_undated_history(m)
    )
    return any(
        (_same_org(m.from_org, m.from_id, move.to_org, move.to_id, parents) and m.kind is not Kind.ROLE)
        or (_same_org(m.to_org, m.to_id, move.from_org, move.from_id, parents) and m.kind is not Kind.ROLE)
        for m in between
    )


def _is_undated_history(move: Move) -> bool:
    """Tell whether only asides know it, of any time before they were told: "who left the board over a disagreement"."""
    return move.date is None and bool(move.evidence) and all(evidence.background for evidence in move.evidence)


def _completes(move: Move, claim: SourcedClaim, sides: _Sides) -> bool:
    """Tell whether one is a departure without destination and the other an arrival without origin."""
    if sides.clashing or claim.claim.background or Kind.BOARD in (move.kind, claim.claim.kind):
        return False
    if Status.DENIED in (move.status, claim.claim.status) or not (" " in claim.claim.person and " " in move.person):
        return False
    waited = claimed_at(claim) - _moved_at(move)
    if move.from_org and not move.to_org and claim.claim.to_org and not claim.claim.from_org:
        return -ARRIVES_BEFORE <= waited <= ARRIVES_AFTER
    if move.to_org and not move.from_org and claim.claim.from_org and not claim.claim.to_org:
        return -ARRIVES_AFTER <= waited <= ARRIVES_BEFORE and move.kind is not Kind.ROLE
    return False


def _may_be_two(move: Move, claim: SourcedClaim) -> bool:
    """Tell whether a name alone joins them: no side agrees, so a namesake would give a person another's employer.

    Nor does a return complete the departure that it undoes.
    """
    if move.needs_review or claim.needs_review or (move.person_id is None) is not (claim.person_id is None):
        return True
    it = claim.claim
    returns = (
        _same_org(move.from_org, move.from_id, it.to_org, claim.to_id, {}),
        _same_org(move.to_org, move.to_id, it.from_org, claim.from_id, {}),
    )
    return True in returns


def claimed_at(claim: SourcedClaim) -> datetime:
    """When the claimed change took effect, as far as known: its date, else the day it was told."""
    return _first_day(claim.claim.date) if claim.claim.date else claim.published_at


def _moved_at(move: Move) -> datetime:
    return _first_day(move.date) if move.date else move.first_seen_at


def _first_day(date: str) -> datetime:
    year, month, day = (*(int(p) for p in date.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


# --- what the move becomes ------------------------------------------------------------------------------------------


def found_move(claim: SourcedClaim, *, now: datetime) -> Move:
    """Begin a move with its first claim."""
    it = claim.claim
    return Move(
        id=content_id("move", claim.key),
        person=it.person,
        person_id=claim.person_id,
        person_key=person_key(it.person),
        kind=it.kind,
        from_org=it.from_org,
        to_org=it.to_org,
        from_id=claim.from_id,
        to_id=claim.to_id,
        role=it.role,
        from_role=it.from_role,
        date=it.date,
        status=it.status,
        history=(StatusChange(status=it.status, at=claim.published_at, url=claim.url),),
        confidence=it.confidence,
        register=it.register,
        origin=claim.origin,
        background=it.background,
        first_seen_at=min(claim.published_at, now),
        updated_at=now,
        evidence=(_evidence(claim),),
        needs_review=claim.needs_review,
    )


def absorb(move: Move, claim: SourcedClaim, *, now: datetime) -> Move:
    """Add a claim's evidence to a move and let it grow: more sides, more precise date, later status."""
    it = claim.claim
    evidence = _with_evidence(move.evidence, _evidence(claim))
    if (move.kind is Kind.BOARD) != (it.kind is Kind.BOARD):
        return replace(move, evidence=evidence) if evidence != move.evidence else move
    history = status_history(evidence) if move.origin is not Origin.KNOWN else move.history
    from_org, from_id = (move.from_org, move.from_id) if move.from_org else (it.from_org, claim.from_id)
    to_org, to_id = (move.to_org, move.to_id) if move.to_org else (it.to_org, claim.to_id)
    grown = replace(
        move,
        person=max(move.person, it.person, key=len) if not move.person_id else move.person,
        person_id=move.person_id or claim.person_id,
        kind=_kind(move.kind, it, from_org, to_org),
        from_org=from_org,
        from_id=from_id or (claim.from_id if it.from_org == from_org else None),
        to_org=to_org,
        to_id=to_id or (claim.to_id if it.to_org == to_org else None),
        role=move.role or it.role,
        from_role=move.from_role or it.from_role,
        date=_sharper_date(move.date, it.date),
        status=history[-1].status,
        history=history,
        confidence=max(move.confidence, confidence_of(evidence)),
        background=move.background and it.background,
        first_seen_at=min(move.first_seen_at, claim.published_at),
        evidence=evidence,
        needs_review=move.needs_review and claim.needs_review,
    )
    return grown if grown == move else replace(grown, updated_at=now)


def _evidence(claim: SourcedClaim) -> Evidence:
    return Evidence(
        claim_key=claim.key,
        article_id=claim.article_id,
        url=claim.url,
        outlet=claim.outlet,
        title=claim.title,
        published_at=claim.published_at,
        sentence=claim.claim.evidence,
        status=claim.claim.status,
        background=claim.claim.background,
        confidence=claim.claim.confidence,
        feeds=claim.feeds,
    )


def _with_evidence(evidence: tuple[Evidence, ...], new: Evidence) -> tuple[Evidence, ...]:
    kept = [e for e in evidence if e.claim_key != new.claim_key]
    return tuple(sorted([*kept, new], key=lambda e: (e.published_at, e.claim_key)))


def _kind(kind: Kind, claim: Claim, from_org: str | None, to_org: str | None) -> Kind:
    kinds = {kind, claim.kind}
    if Kind.BOARD in kinds or len(kinds) == 1:
        return kind
    if Kind.FOUND in kinds:
        return Kind.FOUND
    if Kind.ROLE in kinds and from_org and to_org and same_organisation(from_org, to_org):
        return Kind.ROLE
    return Kind.MOVE if from_org and to_org else kind


def _sharper_date(a: str | None, b: str | None) -> str | None:
    """Return the more precise of two dates that agree; the first one where they do not."""
    if not a or not b:
        return a or b
    return b if b.startswith(a) else a


def status_history(evidence: Sequence[Evidence]) -> tuple[StatusChange, ...]:
    """Fold evidence, oldest first, into the history of a move's status.

    Rumours grow (considered, reported, confirmed) and never shrink; a denial answers a rumour, and only a confirmation
    answers a denial; a confirmed move is denied only where no second outlet confirmed it.
    """
    first, *later = sorted(evidence, key=lambda e: (e.published_at, e.claim_key))
    steps = [StatusChange(status=first.status, at=first.published_at, url=first.url)]
    for e in later:
        confirming = {x.outlet for x in evidence if x.status is Status.CONFIRMED and x.published_at <= e.published_at}
        if _succeeds(steps[-1].status, e.status, len(confirming)):
            steps.append(StatusChange(status=e.status, at=e.published_at, url=e.url))
    return tuple(steps)


def _succeeds(now: Status, then: Status, confirming: int) -> bool:
    match now, then:
        case (Status.CONFIRMED, Status.DENIED):
            return confirming < 2
        case (_, Status.DENIED) | (Status.DENIED, Status.CONFIRMED):
            return now is not then
        case (Status.DENIED, _):
            return False
        case _:
            return _RANK[then] > _RANK[now]


def confidence_of(evidence: Sequence[Evidence]) -> float:
    """Combine the best claim of each outlet: the strongest counts, every further outlet takes away part of the doubt."""
    outlets = {e.outlet for e in evidence}
    best = max(e.confidence for e in evidence)
    return round(1 - (1 - best) * REPEAT_WEIGHT ** (len(outlets) - 1), 4)
