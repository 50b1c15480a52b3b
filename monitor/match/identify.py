"""claim and mentions -> the claim with its names resolved against the watchlist, or None where nobody watches.  Pure.

Never alerts and never drops a doubt: a doubtful identity is a reason in `needs_review`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.match.mentions import DOUBTFUL, SURE
from monitor.match.organisations import resolve_organisation
from monitor.match.watchlist import Watchlist
from monitor.model import Article, Claim, Kind, Mention, Origin, SourcedClaim, Subject
from monitor.names import person_key, person_likeness

ALIKE = 0.8  # likeness from which a full name, initials and nicknames included, is the subject's
_INSIDE = frozenset({Kind.JOIN, Kind.LEAVE, Kind.MOVE})


def identify_claim(
    claim: Claim, article: Article, mentions: Sequence[Mention], watch: Watchlist, origin: Origin = Origin.LIVE
) -> SourcedClaim | None:
    """Resolve who and where; None where neither the person nor a side (or a parent of it) is watched.

    The person's name becomes the watchlist's where the article's has another key ("Zuck"), so that one person's claims
    are resolved together; a change inside one parent becomes a `role`.
    """
    left, joined = (resolve_organisation(name, watch) for name in (claim.from_org, claim.to_org))
    identity = _identify_person(claim, mentions, watch)
    person = identity.subject if identity.subject and identity.subject.watched else None
    if not (person or (left and watch.watches(left.id)) or (joined and watch.watches(joined.id))):
        return None
    return SourcedClaim(
        claim=_settled(claim, identity.subject, left, joined, watch),
        article_id=article.id,
        url=article.url,
        outlet=article.outlet,
        title=article.title,
        published_at=article.published_at,
        person_id=identity.subject.id if identity.subject else None,
        from_id=left.id if left else None,
        to_id=joined.id if joined else None,
        origin=origin,
        needs_review=identity.doubt,
    )


# --- the person --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Identity:
    subject: Subject | None = None
    doubt: str | None = None


def _identify_person(claim: Claim, mentions: Sequence[Mention], watch: Watchlist) -> _Identity:
    """Of the people who may be called so, take the one that the article mentions most surely."""
    fitting = [s for s in watch.people_by_key.get(person_key(claim.person), ()) if _may_be(s, claim.person)]
    ranked = sorted(((_score(subject, claim, mentions), subject.id) for subject in fitting), reverse=True)
    if not ranked or ranked[0][0] < DOUBTFUL:
        return _Identity()
    score, id = ranked[0]
    subject = watch.by_id[id]
    if len(ranked) > 1 and ranked[1][0] > score - 0.1:
        return _Identity(subject, f"{claim.person} may be {subject.name} or {watch.by_id[ranked[1][1]].name}")
    if score < SURE:
        return _Identity(subject, f"{claim.person} may be a namesake of {subject.name}")
    return _Identity(subject)


def _may_be(subject: Subject, name: str) -> bool:
    names = (subject.name, *subject.aliases)
    if any(person_likeness(name, own) >= ALIKE for own in names):
        return True
    return " " not in name.strip() and any(person_likeness(name, own) > 0.5 for own in names)


def _score(subject: Subject, claim: Claim, mentions: Sequence[Mention]) -> float:
    """Return the best score of a mention inside the claim's evidence, else of any that names the subject as it does."""
    own = [mention for mention in mentions if mention.subject_id == subject.id]
    inside = [m.score for m in own if claim.span.start <= m.start and m.end <= claim.span.end]
    return max(inside or [m.score for m in own], default=0.0)


# --- what becomes of the claim -----------------------------------------------------------------------------------


def _settled(
    claim: Claim, person: Subject | None, left: Subject | None, joined: Subject | None, watch: Watchlist
) -> Claim:
    if person and person_key(person.name) != person_key(claim.person):
        claim = replace(claim, person=person.name)
    if left and joined and claim.kind in _INSIDE and watch.house(left.id) == watch.house(joined.id):
        claim = replace(claim, kind=Kind.ROLE)
    return claim
