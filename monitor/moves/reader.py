"""names that are known -> the reader that the product uses: frames and network, weighed by their agreement.

Never loads the network before a text has a word that can tell of a move beside a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitor.model import Claim, Kind, Reading, Subject, SubjectKind
from monitor.moves.agreement import Pair, floor, pair_claims, weigh
from monitor.moves.claims import FrameReader, may_tell
from monitor.moves.factuality import is_ordered, is_unreal
from monitor.moves.learned import LearnedReader
from monitor.moves.learned_names import type_names
from monitor.moves.timing import STALE
from monitor.names import join_owner, same_organisation

_ROW = re.compile(r"[^|\n]*(?:\|[^|\n]*){2}")


class JointReader:
    """Reads with both, each to the last doubtful claim; what both see is told with confidence."""

    def __init__(self, people: Iterable[str] = (), organisations: Iterable[str] = ()) -> None:
        self._people = tuple(people)
        self._organisations = frozenset(organisations)
        self._frames = FrameReader(self._people, self._organisations, floor=0.0)
        self._learned = LearnedReader(floor=0.05)

    def read(self, title: str, text: str, published_at: datetime) -> Reading:
        full_text = f"{title}\n{text}"
        if not may_tell(full_text):
            return Reading()
        frames = self._frames.read(title, text, published_at)
        weighed = (weigh(pair, full_text, title) for pair in self._pairs(frames.claims, title, text, published_at))
        claims = (
            _without_stale_date(self._without_echo(self._in_full(claim, full_text)), published_at) for claim in weighed
        )
        kept = [c for c in claims if c.confidence >= floor(background=c.background)]
        return Reading(claims=tuple(_without_doubles(kept)), groups=frames.groups)

    def _pairs(self, frames: tuple[Claim, ...], title: str, text: str, published_at: datetime) -> Iterable[Pair]:
        full_text = f"{title}\n{text}"
        _, phrases = self._frames.parse(title, text)
        read = self._learned.read(title, text, published_at, type_names(phrases)).claims
        learned = [c for c in read if not (_in_table(c, full_text) or is_ordered(c.evidence) or is_unreal(c.evidence))]
        for pair in pair_claims(frames, learned):
            news, history = self._learned.score(title, text, pair.claim)
            known = any(claim and claim.person in self._people for claim in (pair.frames, pair.learned))
            yield replace(pair, news=news, history=history, known=known)

    def _in_full(self, claim: Claim, full_text: str) -> Claim:
        """Write a side as the known organisation of which the proof names a part ("Scale" of "Scale AI"), or as the text does elsewhere."""

        def whole(side: str | None) -> str | None:
            if side and (joined := join_owner(side)) in full_text:
                side = joined  # "Google's DeepMind" is Google DeepMind, where it is called so too
            longer = (o for o in self._organisations if side and o.startswith(f"{side} ") and o in claim.evidence)
            name = max(longer, key=len, default="")
            apart = side and re.search(rf"\b{re.escape(side)}\b", claim.evidence.replace(name, "")) if name else True
            return side if apart else name

        return replace(claim, from_org=whole(claim.from_org), to_org=whole(claim.to_org))

    def _without_echo(self, claim: Claim) -> Claim:
        """Drop an origin that is the destination with words around it ("xAI HR", "Flipkart has hired")."""
        origin, target = claim.from_org or "", claim.to_org or ""
        echo = target and origin != target and re.search(rf"\b{re.escape(target)}\b", origin)
        if not echo or origin in self._organisations or claim.kind not in (Kind.MOVE, Kind.ROLE):
            return claim
        return replace(claim, from_org=None, kind=Kind.JOIN)


def _in_table(claim: Claim, full_text: str) -> bool:
    """Tell whether the evidence is a row of a table, which the network, taught on sentences, misreads."""
    return _ROW.match(full_text, full_text.rfind("\n", 0, claim.span.end) + 1) is not None


def _without_stale_date(claim: Claim, published_at: datetime) -> Claim:
    """Drop from news a date long past: it belongs to something else in the sentence ("a partner since 2015")."""
    stale = claim.date and claim.date < (published_at - STALE).date().isoformat()[: len(claim.date)]
    return replace(claim, date=None) if stale and not claim.background else claim


def _without_doubles(claims: list[Claim]) -> list[Claim]:
    """Of two claims that say the same of one person, keep the surer one: a change is either news or history."""
    kept: list[Claim] = []
    for claim in sorted(claims, key=lambda c: -c.confidence):
        same = any(_says_the_same(claim, k) for k in kept if k.person == claim.person)
        if not same and not any(_outweighs(c, claim) for c in claims if c.person == claim.person):
            kept.append(claim)
    return sorted(kept, key=lambda c: (c.span.start, c.person))


def _says_the_same(claim: Claim, surer: Claim) -> bool:
    """Tell whether a claim adds no side to a surer one: both news, both history, or both of one sentence."""
    sides, known = (claim.from_org, claim.to_org), (surer.from_org, surer.to_org)
    if claim.background and surer.background and _are_steps(claim, surer):
        return False
    if claim.background == surer.background or claim.span.overlaps(surer.span):
        return all(any(same_organisation(side, other) for other in known if other) for side in sides if side)
    return sides == known or (claim.background and not claim.date and _is_part(claim, surer))


def _is_part(claim: Claim, whole: Claim) -> bool:
    """Tell whether a claim is one half of a move: its departure, or its arrival."""
    halves = ((claim.from_org, whole.from_org), (claim.to_org, whole.to_org))
    return whole.kind is Kind.MOVE and all(same_organisation(a, b or "") for a, b in halves if a)


def _are_steps(a: Claim, b: Claim) -> bool:
    """Tell whether two claims are steps of a career at one place: two roles by name, or a role or seat and, elsewhere, an arrival."""
    if a.kind is b.kind is Kind.ROLE:
        return bool(a.role and b.role and a.role != b.role)
    return a.kind is not b.kind and bool({a.kind, b.kind} & {Kind.ROLE, Kind.BOARD}) and not a.span.overlaps(b.span)


def _outweighs(claim: Claim, other: Claim) -> bool:
    """Tell whether both readers see the person come to a place of which one reads something else in the same sentence."""
    both = claim.rule.endswith("+learned") and not other.rule.endswith("+learned")
    here = claim.span.overlaps(other.span) and same_organisation(other.to_org or "", claim.to_org or "")
    return both and here and claim.kind is not other.kind


def default_reader(subjects: Iterable[Subject] = ()) -> JointReader:
    """Build the reader; the names of `subjects` help it to tell people from organisations."""
    subjects = tuple(subjects)
    return JointReader(
        people=[n for s in subjects if s.kind is SubjectKind.PERSON for n in (s.name, *s.aliases)],
        organisations=[n for s in subjects if s.kind is SubjectKind.COMPANY for n in (s.name, *s.aliases)],
    )
