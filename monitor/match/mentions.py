"""article text -> mentions of subjects, each with a score.  Pure.

Never drops a doubtful mention, only those that are plainly someone or something else: a score says how sure it is (0031).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.match.people import score_people
from monitor.match.surroundings import Surroundings, cues
from monitor.match.watchlist import Hit, Use, Watchlist
from monitor.model import Mention, Subject, SubjectKind

SURE = 0.6  # at least this: the subject is meant
DOUBTFUL = 0.35  # less than this: more likely someone else
SOMETHING_ELSE = 0.1  # at most this: not a mention at all


def find_mentions(full_text: str, watch: Watchlist) -> tuple[Mention, ...]:
    """Find every mention of a subject in an article's `full_text`, in order, none overlapping another of its subject."""
    around = Surroundings(full_text)
    hits = [hit for hit in watch.find_hits(around.folded) if _is_capitalised(hit, full_text)]
    companies = _score_companies([h for h in hits if h.alias.subject.kind is SubjectKind.COMPANY], around)
    named = frozenset(hit.alias.subject.id for hit, score in companies if score >= DOUBTFUL)
    people = score_people([h for h in hits if h.alias.subject.kind is SubjectKind.PERSON], around, named, watch)
    scored = [item for item in (*companies, *people) if item[1] > SOMETHING_ELSE]
    return tuple(_mention(hit, score, full_text) for hit, score in sorted(scored, key=lambda item: item[0].start))


def _mention(hit: Hit, score: float, text: str) -> Mention:
    subject = hit.alias.subject
    return Mention(
        subject_id=subject.id,
        kind=subject.kind,
        start=hit.start,
        end=hit.end,
        text=text[hit.start : hit.end],
        score=round(score, 2),
    )


def _is_capitalised(hit: Hit, text: str) -> bool:
    """Tell whether a hit is written as a name is: "xAI" as it likes, others with a capital, everyday words as listed."""
    written = text[hit.start : hit.end]
    if hit.alias.use is Use.EXACT:
        return written == hit.alias.text
    return written == hit.alias.text or any(letter.isupper() or letter.isdigit() for letter in written)


# --- companies ---------------------------------------------------------------------------------------------------


def _score_companies(hits: Sequence[Hit], around: Surroundings) -> list[tuple[Hit, float]]:
    """Score each hit by itself, then let the clear ones of a subject lift the unclear ones."""
    adverse = {s.id: _adverse_spans(s, around) for s in {h.alias.subject.id: h.alias.subject for h in hits}.values()}
    scored = [(hit, _company_score(hit, around, adverse[hit.alias.subject.id])) for hit in hits]
    clear = {hit.alias.subject.id for hit, score in scored if score >= 0.85}
    clear |= {s.id for s in _subjects(hits) if any(around.places(word) for word in s.context)}
    return [(hit, _lifted(score) if hit.alias.subject.id in clear else score) for hit, score in scored]


def _lifted(score: float) -> float:
    return score if score <= SOMETHING_ELSE else max(score, min(0.9, score + 0.3))


def _subjects(hits: Iterable[Hit]) -> list[Subject]:
    return list({hit.alias.subject.id: hit.alias.subject for hit in hits}.values())


def _adverse_spans(subject: Subject, around: Surroundings) -> list[tuple[int, int]]:
    return [(at, at + len(phrase)) for phrase in subject.not_words for at in around.places(phrase)]


def _company_score(hit: Hit, around: Surroundings, adverse: Sequence[tuple[int, int]]) -> float:
    if any(start <= hit.start and hit.end <= end for start, end in adverse):
        return 0.0  # "Cohere Health"
    score = 1.0 if hit.alias.use is not Use.EXACT else _everyday_score(hit, around)
    return score - 0.3 if adverse else score


def _everyday_score(hit: Hit, around: Surroundings) -> float:
    """Score an everyday word by how it is written and what stands beside it."""
    before, after = around.before(hit.start), around.after(hit.end)
    if _is_part_of_a_word(hit, around):
        return 0.0
    proves = not around.begins_sentence(hit.start) and not around.in_title_case(hit.start)  # its capital
    score = 0.75 if proves else 0.5
    if len(hit.alias.text) < 3:
        score -= 0.3
    speaks = before.adjacent and before.folded in (cues("before") | cues("prepositions") if proves else cues("before"))
    speaks |= around.has_possessive(hit.end) or (after.adjacent and after.folded in cues("after"))
    if speaks:
        score += 0.2
    elif proves and after.adjacent and after.capital:
        score -= 0.35  # the beginning of a longer name
    return score


def _is_part_of_a_word(hit: Hit, around: Surroundings) -> bool:
    """Tell "Meta-analysis" and "target.com" from "Meta-owned" and "Target."."""
    mark, rest = around.folded[hit.end : hit.end + 1], around.after(hit.end).folded
    follows = around.folded[hit.end + 1 : hit.end + 2].isalnum()
    return follows and (mark == "." or (mark == "-" and rest not in cues("compounds")))
