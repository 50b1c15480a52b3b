"""Drafts of claims from all windows of an article -> one draft per claim.

Never weighs anew: a claim keeps the highest confidence that any window gave it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

from monitor.model import Kind

from .learned_decode import Draft


def merge(found: Iterable[Draft], full: str, settings: dict[str, Any]) -> list[Draft]:
    """One first news claim per person, completed by what other windows say of the other side; background and further claims as stated."""
    least = float(settings["complete_from"])
    out: list[Draft] = []
    ordered = sorted(found, key=lambda d: (d.person, d.background, -d.confidence))
    for (_, background), group in groupby(ordered, key=lambda d: (d.person, d.background)):
        drafts = list(group)
        first, further = ([d for d in drafts if d.further is later] for later in (False, True))
        if first and not background:
            first = [_complete(first, full, least)]
        out += _with_further(_distinct(first, full), further, full)
    return _without_echoes(out, full)


def _with_further(kept: list[Draft], further: list[Draft], full: str) -> list[Draft]:
    """And what is told beside them, where it is another step: of another kind, with another side or in another role."""
    for draft in further:
        if not any(_equal(draft, k, full) and _one_role(draft, k, full) for k in kept):
            kept.append(draft)
    return kept


def _one_role(a: Draft, b: Draft, full: str) -> bool:
    return a.role is None or b.role is None or _same(a.role, b.role, full)


def _complete(drafts: list[Draft], full: str, least: float) -> Draft:
    """The best draft; a `join` and a `leave` of one person in the news are the two halves of a `move`."""
    best = drafts[0]
    for other in drafts[1:]:
        if other.confidence < least:
            break
        if {best.kind, other.kind} == {Kind.JOIN, Kind.LEAVE}:
            origin, target = (best, other) if best.kind is Kind.LEAVE else (other, best)
            if _same(origin.from_org, target.to_org, full):
                continue
            return replace(
                best,
                kind=Kind.MOVE,
                from_org=origin.from_org,
                to_org=target.to_org,
                role=target.role,
                from_role=origin.from_role,
            )
    return best


def _distinct(drafts: list[Draft], full: str) -> list[Draft]:
    """Background claims that differ in a side; the most confident of each."""
    kept: list[Draft] = []
    for draft in drafts:
        if not any(_agree(draft, k, full) for k in kept):
            kept.append(draft)
    return kept


def _without_echoes(drafts: list[Draft], full: str) -> list[Draft]:
    """The same claim is news or history, not both: the more confident of the two stays."""
    ranked = sorted(drafts, key=lambda d: -d.confidence)
    kept: list[Draft] = []
    for draft in ranked:
        if not any(
            k.person == draft.person and k.background != draft.background and _equal(k, draft, full) for k in kept
        ):
            kept.append(draft)
    return kept


def _agree(a: Draft, b: Draft, full: str) -> bool:
    pairs = [(a.from_org, b.from_org), (a.to_org, b.to_org)]
    return any(x and y and _same(x, y, full) for x, y in pairs)


def _equal(a: Draft, b: Draft, full: str) -> bool:
    return a.kind is b.kind and _same(a.from_org, b.from_org, full) and _same(a.to_org, b.to_org, full)


def _same(a: tuple[int, int] | None, b: tuple[int, int] | None, full: str) -> bool:
    if a is None or b is None:
        return a == b
    x, y = full[slice(*a)].casefold(), full[slice(*b)].casefold()
    return x in y or y in x
