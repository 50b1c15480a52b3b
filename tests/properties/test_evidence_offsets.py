"""Whatever is read, the evidence stands where its span says, and reading it again gives the same."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.moves.claims import FrameReader

READER = FrameReader()
DAY = datetime(2025, 6, 12, tzinfo=UTC)
WORDS = st.sampled_from(
    [
        "Jane",
        "Roe",
        "Apple",
        "Meta’s",
        "Google",
        "CEO",
        "chief",
        "executive",
        "of",
        "joins",
        "leaves",
        "resigns",
        "hires",
        "names",
        "as",
        "from",
        "to",
        "the",
        "is",
        ",",
        ".",
        ":",
        "–",
        "|",
        "\n",
        "“",
        "”",
        "former",
        "who",
        "Łukasz",
        "Ørsted",
        "2GB",
        "ex-Googler",
        "U.S.",
        "board",
        "founded",
        "by",
        "J.D.",
        "Mr.",
        "AT&T",
        "and",
        "after",
        "12",
        "years",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=14), st.lists(WORDS, max_size=40))
def test_evidence_offsets_slice_to_the_evidence(title: list[str], text: list[str]) -> None:
    head, body = " ".join(title).replace("\n", " "), " ".join(text)

    reading = READER.read(head, body, DAY)

    for claim in reading.claims:
        assert claim.span.of(f"{head}\n{body}") == claim.evidence
    assert READER.read(head, body, DAY) == reading


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=300))
def test_any_text_can_be_read(title: str, text: str) -> None:
    for claim in READER.read(title, text, DAY).claims:
        assert claim.span.of(f"{title}\n{text}") == claim.evidence
