"""Pages made to waste time: each takes over eight seconds, most of them minutes, where nothing is done about it (0060)."""

import time
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.extract.text import extract_article
from monitor.extract.trim import clean_line, trim
from monitor.model import Page

CASES = sorted((Path(__file__).parents[1] / "cases/pages").glob("*.html"))
SEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPEN = "<html><body><article>"
PAGES = {
    "inline children of one block": OPEN + "<p>" + "<span>w</span> " * 60_000,
    "blocks": OPEN + "<p><a href='/x/y'>some link text</a></p>" * 40_000,
    "line breaks": OPEN + "<p>" + "word word<br>" * 100_000,
    "rows": OPEN + "<table>" + "<tr><td>aaaa</td><td>bbbb</td></tr>" * 40_000,
    "attributes": OPEN + "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</p>",
    "depth": "<html><body>" + "<div>" * 100_000 + "x",
}


def page(html: bytes) -> Page:
    return Page(
        url="https://news.example/a", title="A headline", summary="S.", published_at=SEEN, first_seen_at=SEEN, html=html
    )


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES.keys())
def test_a_page_made_to_waste_time_wastes_little(html: str) -> None:
    before = time.process_time()
    extract_article(page(html.encode()))
    assert time.process_time() - before < 5


def test_an_endless_article_is_cut() -> None:
    endless = OPEN + "<p>" + "word word word. " * 50_000
    assert 100_000 < len(extract_article(page(endless.encode())).text) <= 120_000


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_page_raises(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(CASES)).read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"<", b"</", b"<!--", b"\0"])
        )
        raw = raw or bytearray(b"x")
    article = extract_article(page(bytes(raw)))
    assert unicodedata.is_normalized("NFC", article.full_text)


@given(st.text(), st.text(max_size=20))
def test_trimming_twice_changes_nothing(text: str, title: str) -> None:
    title = clean_line(title)
    once = trim(text, title)
    assert trim(once, title) == once
    assert all(line == clean_line(line) != "" for line in once.splitlines())
