"""Every case in tests/cases/match tells who is mentioned in a text, or who is who in a claim."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.match.identify import identify_claim
from monitor.match.mentions import DOUBTFUL, SURE, find_mentions
from monitor.model import Article, Claim, Kind, Span

CASES = [
    (path.stem, tomllib.loads(path.read_text("utf-8")))
    for path in sorted((Path(__file__).parent.parent / "cases/match").glob("*.toml"))
]
MENTIONS = [pytest.param(case, id=name) for name, case in CASES if "mentions" in case]
CLAIMS = [pytest.param(case, id=name) for name, case in CASES if "claim" in case]


@pytest.mark.parametrize("case", MENTIONS)
def test_mentions(case, watchlist_of):
    text = case["text"]
    mentions = find_mentions(text, watchlist_of(case))
    assert [[m.subject_id, m.text, grade(m.score)] for m in mentions] == case["mentions"]
    assert all(text[m.start : m.end] == m.text for m in mentions)


def grade(score):
    return "sure" if score >= SURE else "doubtful" if score >= DOUBTFUL else "unlikely"


@pytest.mark.parametrize("case", CLAIMS)
def test_who_is_who(case, watchlist_of):
    watch = watchlist_of(case)
    title, _, text = case["text"].partition("\n")
    article = Article(
        url="https://example.org/a", title=title, text=text, published_at=datetime(2025, 6, 1, tzinfo=UTC)
    )
    evidence = title if case["claim"]["person"] in title else text
    start = article.full_text.index(evidence)
    claim = Claim(
        evidence=evidence,
        span=Span(start=start, end=start + len(evidence)),
        **case["claim"] | {"kind": Kind(case["claim"]["kind"])},
    )
    sourced = identify_claim(claim, article, find_mentions(article.full_text, watch), watch)
    assert told(sourced) == case.get("expected")


def told(sourced):
    if sourced is None:
        return None
    ids = {key: id for key in ("person_id", "from_id", "to_id") if (id := getattr(sourced, key))}
    other_name = {"person": sourced.claim.person} if sourced.claim.person == "Mark Zuckerberg" else {}
    return ids | {"kind": str(sourced.claim.kind)} | ({"review": True} if sourced.needs_review else {}) | other_name
