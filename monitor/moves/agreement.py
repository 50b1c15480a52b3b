"""What the frames read and what the network reads of one text -> claims with one confidence, learned from their agreement.

Never reads the text for claims itself: it pairs the claims of two readers, weighs them, and lets each fill what the other
left out (0013).
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from monitor.model import Claim, Kind, Status
from monitor.names import same_organisation, same_person

LEAD = 300  # characters after the title in which a text names those whom its news is about
SURE_RULES = frozenset({"table-row"})  # the network reads sentences only
LONG = 1_500  # characters from which a text has room for history


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One assertion as either reader has it, and the network's probabilities for it as news and as history."""

    frames: Claim | None
    learned: Claim | None
    news: float = 0.0
    history: float = 0.0
    known: bool = False  # the person's name was known beforehand, as that of a watched person

    @property
    def claim(self) -> Claim:
        claim = self.learned or self.frames
        if claim is None:
            raise ValueError("a pair of nothing")
        return claim


def _clash(a: Claim, b: Claim) -> bool:
    """Both read a step of one person in one sentence, but not the same one: of one kind, or both as news."""
    alike = a.kind is b.kind or not (a.background or b.background)
    return alike and a.span.overlaps(b.span) and same_person(a.person, b.person) and not _same_step(a, b)


def pair_claims(frames: Sequence[Claim], learned: Sequence[Claim]) -> Iterator[Pair]:
    """Pair the claims of two readers that speak of one step of one person; what is left stands alone."""
    free = list(learned)
    for claim in frames:
        near = sorted(free, key=lambda o: (o.kind is not claim.kind, not o.span.overlaps(claim.span)))
        twin = next((o for fits in (_same_step, _clash) for o in near if fits(claim, o)), None)
        if twin is not None:
            free.remove(twin)
        yield Pair(frames=claim, learned=twin)
    for other in free:
        yield Pair(frames=None, learned=other)


def _same_step(a: Claim, b: Claim) -> bool:
    """The person is the same, every side that both state agrees, and at least one does."""
    if not same_person(a.person, b.person):
        return False
    sides = ((a.from_org, b.from_org), (a.to_org, b.to_org))
    stated = [same_organisation(x, y) for x, y in sides if x and y]
    return all(stated) and (bool(stated) or a.kind is b.kind is Kind.FOUND)


def weigh(pair: Pair, full_text: str, title: str) -> Claim:
    """Make one claim of a pair: news or history by the weights, and how probably it is right and is that."""
    if pair.frames and pair.frames.rule in SURE_RULES:
        return pair.frames
    claim = merge_pair(pair)
    confidence, background = judge(signs_of(pair, claim, full_text, title), _weights())
    return replace(claim, confidence=round(confidence, 3), background=background)


def judge(signs: Mapping[str, float], weights: Mapping[str, Mapping[str, float]]) -> tuple[float, bool]:
    """Return how probably a claim is right and told for what it is, and whether that is history."""
    past = _probability(signs, weights["background"])
    return _probability(signs, weights["right"]) * max(past, 1 - past), past > 0.5


def signs_of(pair: Pair, claim: Claim, full_text: str, title: str) -> dict[str, float]:
    """Return what speaks for and against a pair, which makes `claim`, by the names of the weights."""
    frames, learned = pair.frames, pair.learned
    clash = bool(frames and learned and _clash(frames, learned))
    signs = {"bias": 1.0, "both": float(bool(frames and learned) and not clash), "clash": float(clash)}
    if frames:
        signs |= {"frames": _logit(frames.confidence), "frames_background": float(frames.background)}
    if learned:
        signs |= {"learned": _logit(learned.confidence), "learned_background": float(learned.background)}
    if frames and learned:
        signs["same_role"] = float(bool(frames.role) and frames.role == learned.role)
    else:
        signs["frames_alone" if frames else "learned_alone"] = 1.0
    signs |= {"news": _logit(pair.news), "history": _logit(pair.history)}
    signs["lean"] = signs["history"] - signs["news"]
    signs |= {"role": float(claim.kind is Kind.ROLE), "headline": float(full_text.strip() == title.strip())}
    signs["titled"] = float(claim.person.split()[-1] in title)
    if pair.known:
        signs["known"] = 1.0
    elif _is_deep(claim, full_text, title):
        signs["deep"] = 1.0
    return signs


def _is_deep(claim: Claim, full_text: str, title: str) -> bool:
    """Tell whether a long text names the person neither in its title nor in its lead: mostly history or an aside."""
    surname = claim.person.split()[-1]
    return len(full_text) > LONG and surname not in full_text[: len(title) + LEAD]


def merge_pair(pair: Pair) -> Claim:
    """Take the network's reading, which is right more often where the two differ, and the frames' proof of it (0013)."""
    frames, learned = pair.frames, pair.learned
    if not frames or not learned:
        return pair.claim
    if _clash(frames, learned):
        return frames if pair.known else learned  # the frames know the watchlist's names
    return replace(
        frames if pair.known and _says_more(frames, learned) else learned,
        person=max(frames.person, learned.person, key=len),
        role=learned.role or frames.role,
        from_role=learned.from_role or frames.from_role,
        date=frames.date or learned.date,
        status=_status(frames.status, learned.status),
        evidence=frames.evidence,
        span=frames.span,
        trigger=frames.trigger,
        rule=f"{frames.rule}+learned",
    )


def _says_more(a: Claim, b: Claim) -> bool:
    return bool((a.from_org and not b.from_org) or (a.to_org and not b.to_org))


# A rumour told as a fact does more harm than a fact told as a rumour: of two readings the more careful one counts.
_CAREFUL = (Status.DENIED, Status.CONSIDERED, Status.REPORTED, Status.CONFIRMED)


def _status(a: Status, b: Status) -> Status:
    return min(a, b, key=_CAREFUL.index)


def _probability(signs: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return 1 / (1 + math.exp(-sum(weights.get(name, 0.0) * value for name, value in signs.items())))


def _logit(probability: float) -> float:
    bounded = min(max(probability, 0.02), 0.98)  # no reader is surer than that
    return math.log(bounded / (1 - bounded))


def floor(*, background: bool) -> float:
    """Return the confidence under which a claim is not worth telling anyone."""
    return _weights()["floor"]["background" if background else "news"]


@functools.cache
def _weights() -> dict[str, dict[str, float]]:
    """Load agreement.toml: {"right", "background"}: sign -> weight; {"floor"}: news and background."""
    return tomllib.loads(files("monitor.moves").joinpath("lexicon/agreement.toml").read_text("utf-8"))
