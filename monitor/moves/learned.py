"""Title and text of one article -> claims, as a small trained network reads them.

Never decides alone what is told to anyone: every claim carries a calibrated probability, and the frames have their say
beside it.  The network is two ONNX files: the lower half reads each window of the article once and tags whom it speaks
of, the upper half says what is claimed of one such person; a glance says which sentences they need not read (0010).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from monitor.model import Claim, Reading, Span, Status

from .factuality import may_refute
from .glance import Glance
from .learned_decode import PERSON, Answer, Asserted, Draft, Marks, Numbers, drafts, mark_told, verify
from .learned_merge import merge
from .learned_names import find_names
from .learned_people import Person, find_name, find_people, find_phrase, tidy
from .learned_tokens import Named, Window, WordPieces, sentences, windows
from .timing import date_of

MODEL = Path(__file__).parent / "model"
PROCESSOR = Path("/proc/cpuinfo")
LEAST_TAG = 0.2  # probability from which a piece may belong to a claimed person
SURE_TAG = 0.5  # … and from which it can be no part of an organisation's name
LEAST_CLAIM = 0.05  # probability from which a draft is worth weighing
LIKELY = 0.4  # … and from which the person may be claimed to have done more beside it
MOST_CLAIMS = 4  # that one window is asked for about one person
MOST_ASKED = 150  # times that the upper half is asked about one article: the rest of a long list is the frames'


@dataclass(frozen=True, slots=True)
class Read:
    """A window with the lower half's answer: `states` for the upper half, `person` the probability per piece."""

    window: Window
    states: Numbers
    person: Numbers
    begins: Numbers


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of the upper half about a person in a window, and the claims that may be meant by it."""

    answer: Answer
    drafts: list[Draft]


class LearnedReader:
    """Reads claims with the network in `folder`; loads it on first use and keeps to one thread."""

    def __init__(self, folder: Path | None = None, *, floor: float | None = None) -> None:
        """`floor`: tell every claim of at least this probability, instead of the card's threshold."""
        self._folder = folder or MODEL
        self._floor = floor
        self._last: tuple[tuple[str, str], list[Read]] | None = None
        self._told: dict[tuple[int, tuple[int, ...]], list[Told]] = {}  # of the last article, by window and person
        self._asked = 0  # times that the upper half was asked about it

    def read(self, title: str, text: str, published_at: datetime, named: Iterable[Named] | None = None) -> Reading:
        """All claims that reach the card's threshold; each with its probability as `confidence`.

        `named` are the names and roles of the text, where they are known already (`learned_names`); they hold for this
        article until another is read.
        """
        full = f"{title}\n{text}"
        found = merge(list(self.weigh(title, text, named)), full, self._card["merge"])
        enough = [d for d in found if d.confidence >= self._least(d)]
        claims = (self.as_claim(d, full, len(title)) for d in enough)
        return Reading(claims=tuple(replace(c, date=date_of(c, published_at.date())) for c in claims))

    def _least(self, draft: Draft) -> float:
        if self._floor is not None:
            return self._floor
        return float(self._card["threshold"]["background" if draft.background else "news"])

    def weigh(self, title: str, text: str, named: Iterable[Named] | None = None) -> Iterator[Draft]:
        """Every draft, also unlikely ones, with its confidence."""
        full = f"{title}\n{text}"
        reads = self._reads(title, text, named)
        covered = full[: max((end for read in reads for end in read.window.end), default=0)]
        for person in find_people([n for r in reads for n in _names(r, full)], covered):
            yield from self._drafts(person, reads, len(title))

    def score(self, title: str, text: str, claim: Claim) -> tuple[float, float]:
        """The probabilities that the text claims just this (person, kind, sides) as news and as history.

        Both are 0 where a name is absent.
        """
        full = f"{title}\n{text}"
        person = Person(claim.person, tuple(find_name(claim.person, full)))
        sides = _named(claim.from_org, full), _named(claim.to_org, full)
        reads = self._reads(title, text) if person.spans else []
        asked = [(read, marked) for read in reads if (marked := _marked(person, read.window, 0))]
        told = [(one.answer, read, marked) for read, marked in asked for one in self._tell(read, marked)]

        def best(*, background: bool) -> float:
            asserted = Asserted(claim.kind, background, *sides)
            found = (verify(asserted, answer, read.window, _barred(read, m)) for answer, read, m in told)
            return max((self.confidence(d) for d in found if d), default=0.0)

        return best(background=False), best(background=True)

    def _drafts(self, person: Person, reads: Sequence[Read], title_end: int) -> Iterator[Draft]:
        for number, read in enumerate(reads):
            if marked := _marked(person, read.window, title_end if number else 0):
                for further, told in enumerate(self._tell(read, marked)):
                    for draft in told.drafts:
                        yield replace(draft, person=person.name, further=further > 0)

    def _tell(self, read: Read, marked: Sequence[int]) -> list[Told]:
        """What a window claims of a person; then what else beside that, as long as there is something likely."""
        key = id(read), tuple(marked)
        if key not in self._told:
            self._told[key] = list(self._question(read, marked))
        return self._told[key]

    def _question(self, read: Read, marked: Sequence[int]) -> Iterator[Told]:
        marks = np.zeros(len(read.window), dtype=np.int64)
        marks[marked] = PERSON
        for _ in range(MOST_CLAIMS):
            if self._asked == MOST_ASKED:
                return
            answer = self._ask(read, marks)
            found = list(drafts(answer, read.window, _barred(read, marked), LEAST_CLAIM))
            for draft in found:
                draft.confidence = self.confidence(draft)
            yield Told(answer, found)
            likely = [d for d in found if d.confidence >= LIKELY and d.evidence]
            if not likely:
                return
            marks = mark_told(marks, likely, read.window)

    def confidence(self, draft: Draft) -> float:
        scale = self._card["confidence"]["background" if draft.background else "news"]
        logit = scale["bias"] + sum(scale[k] * getattr(draft, k) for k in ("logit_exists", "log_sides", "log_kind"))
        return float(1 / (1 + np.exp(-logit)))

    def as_claim(self, draft: Draft, full: str, title_end: int) -> Claim:
        """The draft in the words of the text."""
        start, end = _sentence_of(draft.evidence or (0, 0), full, title_end)
        return Claim(
            person=draft.person,
            kind=draft.kind,
            from_org=_text(draft.from_org, full),
            to_org=_text(draft.to_org, full),
            role=_text(draft.role, full),
            from_role=_text(draft.from_role, full),
            status=_status(draft, full[start:end]),
            background=draft.background,
            evidence=full[start:end],
            span=Span(start=start, end=end),
            confidence=round(draft.confidence, 3),
            trigger=full[slice(*(draft.evidence or (0, 0)))],
            rule="learned",
        )

    # --- the network ---

    def _reads(self, title: str, text: str, named: Iterable[Named] | None = None) -> list[Read]:
        """The lower half's answers; those of the last article are kept, for `score` often follows `read`."""
        if self._last is None or self._last[0] != (title, text):
            named = find_names(title, text) if named is None else named
            cut = windows(self._pieces, title, text, named, self._glance)
            self._last = (title, text), [self._read(window) for window in cut]
            self._told.clear()
            self._asked = 0
        return self._last[1]

    def _read(self, window: Window) -> Read:
        signs = {k: np.array([getattr(window, k)], dtype=np.int64) for k in ("shapes", "parts", "names")}
        mask = np.ones((1, len(window)), dtype=np.int64)
        states, tags = self._lower.run(None, {**signs, "words": self._vectors(window.ids), "mask": mask})
        odds = np.exp(tags[0] - tags[0].max(axis=-1, keepdims=True))
        odds /= odds.sum(axis=-1, keepdims=True)
        return Read(window, states, odds[:, 1] + odds[:, 2], odds[:, 1])

    def _ask(self, read: Read, marks: Marks) -> Answer:
        self._asked += 1
        inputs = {"states": read.states, "marks": marks[None], "mask": np.ones((1, len(marks)), dtype=np.int64)}
        return Answer(*(o[0] for o in self._upper.run(None, inputs)))

    @cached_property
    def _card(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self._folder / "card.json").read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def _pieces(self) -> WordPieces:
        return WordPieces(self._folder / "vocabulary.txt")

    def _vectors(self, ids: Sequence[int]) -> Numbers:
        words, scales = self._words
        return np.asarray(words[ids] * scales[ids])[None]

    @cached_property
    def _words(self) -> tuple[Numbers, Numbers]:
        """The vectors of the vocabulary as 8-bit numbers, of which only those asked for are read from the disk, and their scales."""
        return np.load(self._folder / "words.npy", mmap_mode="r"), np.load(self._folder / "scales.npy")

    @cached_property
    def _glance(self) -> Glance:
        return Glance(self._folder / "glance.npy")

    @cached_property
    def _lower(self) -> Any:
        return self._session("lower.onnx")

    @cached_property
    def _upper(self) -> Any:
        return self._session("upper.onnx")

    def _session(self, name: str) -> Any:
        import onnxruntime  # noqa: PLC0415  (60 MB and 0.2 s that a daemon without this reader need not spend)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        if not has_vnni(PROCESSOR):
            options.add_session_config_entry("session.x64quantprecision", "1")
        return onnxruntime.InferenceSession(self._folder / name, options, providers=["CPUExecutionProvider"])


def has_vnni(processor: Path) -> bool:
    """Tell whether 8-bit products are added up without overflow; where it is unknown, not: the exact way is but slower (0010)."""
    try:
        return "vnni" in processor.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _names(read: Read, full: str) -> Iterable[str]:
    """The texts of the runs of pieces that the tagger takes for a claimed person."""
    window, run = read.window, list[int]()
    for i in range(len(window)):
        inside = window.start[i] >= 0 and read.person[i] > LEAST_TAG
        begins = inside and bool(run) and read.begins[i] > 0.5 and full[window.start[i] - 1].isspace()
        if run and (not inside or begins):
            yield from _name(window, run, full)
            run = []
        if inside:
            run.append(i)


def _name(window: Window, run: Sequence[int], full: str) -> Iterator[str]:
    start, end = window.start[run[0]], window.end[run[-1]]
    while start > 0 and full[start - 1].isalnum():  # the tagger may leave out a piece of a word
        start -= 1
    while end < len(full) and full[end].isalnum():
        end += 1
    name = full[slice(*tidy(full, start, end))]
    if len(name) > 1 and name[0].isupper() and "\n" not in name and len(name.split()) < 6:
        yield name


def _marked(person: Person, window: Window, after: int) -> list[int]:
    """The person's pieces in a window; none where it has no mention from character `after` on."""
    spans = [window.pieces_of(*s) for s in person.spans]
    body = any(s[0] >= after and r for s, r in zip(person.spans, spans, strict=True))
    return sorted({i for r in spans for i in r}) if body else []


def _status(draft: Draft, evidence: str) -> Status:
    """What the network says, but for a denial without any word that could deny: that would end a move that goes on."""
    return Status.CONFIRMED if draft.status is Status.DENIED and not may_refute(evidence) else draft.status


def _named(organisation: str | None, full: str) -> tuple[tuple[int, int], ...] | None:
    return None if organisation is None else tuple(find_phrase(organisation, full))


def _barred(read: Read, marked: Sequence[int]) -> list[int]:
    return sorted({*marked, *np.flatnonzero(read.person > SURE_TAG).tolist()})


def _text(span: tuple[int, int] | None, full: str) -> str | None:
    if span is None:
        return None
    return full[slice(*tidy(full, *span))].partition("\n")[0] or None  # no name runs on into the next line


def _sentence_of(place: tuple[int, int], full: str, title_end: int) -> tuple[int, int]:
    """The sentence (the title is one) in which most of `place` stands."""
    stretches = [(0, title_end), *sentences(full[: place[1] + 1000], title_end + 1)]
    return max(stretches, key=lambda s: min(s[1], place[1]) - max(s[0], place[0]))
