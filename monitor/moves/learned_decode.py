"""The network's answers about one person in one window -> drafts of claims, each with the numbers that speak for it.

Never looks at the words: kinds, sides and spans are chosen together by probability, under the rules that every kind
puts on its sides (a `join` has no origin, a `role` stays where it was, …).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.model import Kind, Status

from .learned_tokens import Shape, Window

Numbers: TypeAlias = NDArray[np.float32]
Marks: TypeAlias = NDArray[np.int64]
PERSON, TOLD, NAMED = 1, 2, 3  # marks of a window's pieces: whom the question is about, and what is known already

KINDS = (Kind.JOIN, Kind.LEAVE, Kind.MOVE, Kind.FOUND, Kind.ROLE, Kind.BOARD)
STATUSES = (Status.CONFIRMED, Status.REPORTED, Status.CONSIDERED, Status.DENIED)
FROM, TO, ROLE, FROM_ROLE, EVIDENCE = range(5)
TRIED = 6  # spans of a field that are weighed against each other
NEVER = -1e9
LEAST_LOG = -30.0  # of the numbers that speak for a claim
LONGEST = 10  # pieces of an organisation's name or a role
MOST_SMALL = 2  # words in small letters or digits within a name ("Bank of the West")
_SMALL = (Shape.LOWER, Shape.DIGIT)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upper half says of one person in one window (shapes in `tests/bench/reader_net.py`)."""

    exists: Numbers
    kind: Numbers
    status: Numbers
    pointers: Numbers


@dataclass(frozen=True, slots=True)
class Choice:
    """A span of characters, or None for "not stated", with the log probability of either."""

    span: tuple[int, int] | None
    log: float


@dataclass(slots=True)
class Draft:
    """A claim in the making; spans are characters of the full text, `log_*` natural logarithms of probabilities."""

    kind: Kind
    from_org: tuple[int, int] | None
    to_org: tuple[int, int] | None
    status: Status
    background: bool
    logit_exists: float
    log_kind: float
    log_sides: float
    role: tuple[int, int] | None = None
    from_role: tuple[int, int] | None = None
    evidence: tuple[int, int] | None = None
    person: str = ""
    confidence: float = 0.0
    further: bool = False  # told beside another claim of the person in the same window


def drafts(answer: Answer, window: Window, barred: list[int], least: float) -> Iterator[Draft]:
    """The news claim and the background claim of the person, where either is at least `least` probable.

    `barred` are the pieces that can be no side: people do not join people.
    """
    for slot in (0, 1):
        if answer.exists[slot] >= np.log(least / (1 - least)):
            yield _draft(answer, slot, Pointers(answer.pointers[slot], window, barred))


@dataclass(frozen=True, slots=True)
class Asserted:
    """A claim to be verified: every place of the text where either side is named; None for a side not stated."""

    kind: Kind
    background: bool
    from_org: tuple[tuple[int, int], ...] | None
    to_org: tuple[tuple[int, int], ...] | None


def verify(asserted: Asserted, answer: Answer, window: Window, barred: list[int]) -> Draft | None:
    """The numbers that speak for just this claim; None where a side is not named in the window."""
    slot = int(asserted.background)
    pointers = Pointers(answer.pointers[slot], window, barred)
    origin, target = pointers.given(FROM, asserted.from_org), pointers.given(TO, asserted.to_org)
    if origin is None or target is None:
        return None
    return _filled(answer, slot, pointers, (asserted.kind, origin, target))


def mark_told(marks: Marks, told: list[Draft], window: Window) -> Marks:
    """The marks with the evidence of `told` in them, for the question what else is claimed of the person."""
    marks = marks.copy()
    for draft in told:
        inside = window.pieces_of(*draft.evidence) if draft.evidence else range(0)
        new = np.zeros_like(marks)
        new[list(inside)] = TOLD
        for span in filter(None, (draft.from_org, draft.to_org, draft.role)):
            name = window.pieces_of(*span)
            for first in _places(window, inside, name):
                new[first : first + len(name)] = NAMED
        marks = np.where(marks == PERSON, marks, np.maximum(marks, new))
    return marks


def _places(window: Window, inside: range, name: range) -> Iterator[int]:
    """Where a stretch begins with the pieces of a name."""
    pieces = [window.ids[i] for i in name]
    return (i for i in inside if pieces and window.ids[i : i + len(pieces)] == pieces)


class Pointers:
    """Probabilities of the first and last piece of every field of one slot."""

    def __init__(self, logits: Numbers, window: Window, barred: list[int]) -> None:
        self._log = _log_softmax(logits)
        self._window = window
        self._barred = np.array([s < 0 for s in window.start])
        self._barred_sides = self._barred.copy()
        self._barred_sides[barred] = True

    def none(self, which: int) -> Choice:
        return Choice(None, float(self._log[which, :, 0].mean()))

    def best(self, *which: int) -> Choice:
        """The most probable span of a field, or of several fields that must agree."""
        return max(self.likely(*which), key=lambda c: c.log, default=Choice(None, NEVER))

    def likely(self, *which: int) -> list[Choice]:
        """The most probable names of a field, or of fields that must agree, at their likeliest place; the best first.

        What is said for a name is the sum over all the places where it stands: any of them was right in training.
        """
        barred = self._barred_sides if which[0] in {FROM, TO} else self._barred
        first, last = (np.where(barred, NEVER, log) for log in self._log[list(which)].mean(axis=0))
        named: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for start in np.argsort(-first)[:TRIED]:
            for stop in self._stops(int(start), first, last):
                named.setdefault(tuple(self._window.ids[start : stop + 1]), []).append((int(start), stop))
        choices = [self._together(places, first, last) for places in named.values()]
        return sorted(choices, key=lambda c: -c.log)[:TRIED]

    def _together(self, places: list[tuple[int, int]], first: Numbers, last: Numbers) -> Choice:
        start, stop = max(places, key=lambda p: first[p[0]] + last[p[1]])
        log = np.logaddexp.reduce([first[a] for a, _ in places]) + np.logaddexp.reduce([last[b] for _, b in places])
        return Choice((self._window.start[start], self._window.end[stop]), float(log) / 2)

    def _stops(self, start: int, first: Numbers, last: Numbers) -> Iterator[int]:
        """The last pieces of the spans that begin with piece `start`: no name with a capital runs on over many small words."""
        w, small, name = self._window, 0, self._window.shapes[start] not in _SMALL
        for stop in range(start, min(start + LONGEST, w.run_from(start))):
            if w.shapes[stop] not in _SMALL:
                small = 0
            elif w.start[stop] > w.end[stop - 1]:
                small += 1
            if name and small > MOST_SMALL:
                return
            if first[start] > NEVER / 2 and last[stop] > NEVER / 2:
                yield stop

    def apart(self) -> tuple[Choice, Choice]:
        """The best pair of an origin and a target of different names that do not overlap."""
        pairs = [(a, b) for a in self.likely(FROM) for b in self.likely(TO) if self._differ(a, b)]
        return max(pairs, key=lambda p: p[0].log + p[1].log, default=(Choice(None, NEVER), Choice(None, NEVER)))

    def _differ(self, a: Choice, b: Choice) -> bool:
        if a.span is None or b.span is None or (a.span[0] < b.span[1] and b.span[0] < a.span[1]):
            return False
        x, y = (self._window.pieces_of(*c) for c in (a.span, b.span))
        return [self._window.ids[i] for i in x] != [self._window.ids[i] for i in y]

    def given(self, which: int, places: tuple[tuple[int, int], ...] | None) -> Choice | None:
        """The most probable of the given places of a field."""
        if places is None:
            return self.none(which)
        spans = [(r[0], r[-1]) for p in places if (r := self._window.pieces_of(*p))]
        return self._together(spans, self._log[which, 0], self._log[which, 1]) if spans else None

    def field(self, which: int) -> tuple[int, int] | None:
        best, none = self.best(which), self.none(which)
        return best.span if best.log > none.log else None

    def place(self, which: int) -> tuple[int, int] | None:
        """Where a stretch of any length stands: its most probable first and last piece."""
        first, last = (np.where(self._barred, NEVER, self._log[which, end]) for end in (0, 1))
        start = int(first.argmax())
        stop = start + int(last[start : self._window.run_from(start)].argmax())
        return (self._window.start[start], self._window.end[stop]) if self._window.start[start] >= 0 else None


def _draft(answer: Answer, slot: int, pointers: Pointers) -> Draft:
    log_kinds = _log_softmax(answer.kind[slot])
    best = max(_readings(pointers), key=lambda r: float(log_kinds[KINDS.index(r[0])]) + r[1].log + r[2].log)
    return _filled(answer, slot, pointers, best)


def _filled(answer: Answer, slot: int, pointers: Pointers, reading: tuple[Kind, Choice, Choice]) -> Draft:
    kind, origin, target = reading
    log_status = _log_softmax(answer.status[slot])
    return Draft(
        kind=kind,
        from_org=origin.span,
        to_org=target.span,
        status=STATUSES[int(log_status.argmax())],
        background=bool(slot),
        logit_exists=float(answer.exists[slot]),
        log_kind=float(_log_softmax(answer.kind[slot])[KINDS.index(kind)]),
        log_sides=max(origin.log + target.log, LEAST_LOG),
        role=None if kind is Kind.LEAVE else pointers.field(ROLE),
        from_role=pointers.field(FROM_ROLE),
        evidence=pointers.place(EVIDENCE),
    )


def _readings(p: Pointers) -> Iterator[tuple[Kind, Choice, Choice]]:
    """Every kind with the best sides that it allows."""
    no_from, no_to, origin, target = p.none(FROM), p.none(TO), p.best(FROM), p.best(TO)
    same = p.best(TO, FROM)
    yield Kind.JOIN, no_from, target
    yield Kind.LEAVE, origin, no_to
    yield Kind.MOVE, *p.apart()
    yield Kind.ROLE, same, same
    for begin in (no_from, origin):
        yield Kind.FOUND, begin, target
        yield Kind.FOUND, begin, no_to
    yield Kind.BOARD, no_from, target
    yield Kind.BOARD, origin, no_to


def _log_softmax(logits: Numbers) -> Numbers:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
