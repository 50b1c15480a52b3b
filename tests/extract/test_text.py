import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.extract.text import decide_title, extract_article, fallback_article
from monitor.model import Article, Page

CASES = Path(__file__).parents[1] / "cases/pages"
SEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENTENCE = "The laboratory said on Tuesday that the change would not delay the work on its next model."


def page(html: str | bytes | None = None, **fields: object) -> Page:
    body = html.encode() if isinstance(html, str) else html
    values = {"url": "https://news.example/a", "title": "", "summary": "", "published_at": SEEN, "html": body} | fields
    return Page(**values)


def article_html(body: str, head: str = "") -> str:
    return f"<html><head><meta charset=utf-8>{head}</head><body><article>{body}</article></body></html>"


def prose(paragraphs: int = 10) -> str:
    return "".join(f"<p>{n}. {SENTENCE} {SENTENCE}</p>" for n in range(paragraphs))


def read_case(path: Path) -> tuple[Article, dict[str, object]]:
    """Read a page with its expectations: X.html beside X.toml."""
    case = tomllib.loads(path.read_text())
    entry = case.get("entry", {})
    raw = path.with_suffix(".html").read_bytes()
    return extract_article(page(raw, title=entry.get("title", ""), summary=entry.get("summary", ""))), case["expect"]


@pytest.mark.parametrize("path", sorted(CASES.glob("*.toml")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    article, expected = read_case(path)
    for field in ("partial", "note", "language", "title", "text"):
        if field in expected:
            assert getattr(article, field) == expected[field]
    assert [line for line in expected.get("holds", []) if line not in article.text] == []
    assert [line for line in expected.get("lacks", []) if line in article.full_text] == []


def test_a_page_that_was_refused_leaves_the_entry_as_the_article() -> None:
    article = extract_article(
        page(title="Ann Lee leaves", summary="She goes.", refused="http 503"), outlet="news.example"
    )
    assert (article.full_text, article.partial, article.note) == ("Ann Lee leaves\nShe goes.", True, "http 503")
    assert article.outlet == "news.example"


def test_a_page_that_says_less_than_the_feed_leaves_the_summary() -> None:
    article = extract_article(page(article_html("<p>Short.</p>"), title="A title", summary=SENTENCE))
    assert (article.text, article.partial, article.note) == (SENTENCE, True, "less than the feed")


def test_the_fallback_needs_no_page() -> None:
    assert fallback_article(page(title="T", summary="S"), note="timeout").note == "timeout"


def test_text_is_nfc_so_that_offsets_stay_valid() -> None:
    article = extract_article(page(article_html(f"<p>Baptiste Rozie\u0300re went. {SENTENCE}</p>" + prose())))
    assert "Baptiste Rozière" in article.text


def test_a_table_comes_out_as_rows() -> None:
    rows = "<tr><th>Name</th><th>Left</th></tr><tr><td>Ann <b>Lee</b></td><td>May 2023</td></tr>"
    lines = extract_article(page(article_html(prose() + f"<table>{rows}</table>" + prose()))).text.splitlines()
    assert [line for line in lines if line.endswith("|")] == ["Name | Left |", "---|---|", "Ann Lee | May 2023 |"]


def test_the_headline_is_not_told_twice() -> None:
    article = extract_article(page(article_html("<h1>Ann Lee leaves</h1>" + prose()), title="Ann Lee Leaves"))
    assert article.full_text.casefold().count("ann lee leaves") == 1


@pytest.mark.parametrize(
    ("of_entry", "of_page", "title"),
    [
        ("Ann Lee leaves", "Ann Lee is gone", "Ann Lee leaves"),
        ("", "Ann Lee is gone", "Ann Lee is gone"),
        ("Ann Lee leaves for…", "Ann Lee leaves for Acme", "Ann Lee leaves for Acme"),
        ("Ann Lee leaves for ...", "Ann Lee Leaves for Acme", "Ann Lee Leaves for Acme"),
        ("Wait for it…", "Something else", "Wait for it…"),
    ],
)
def test_the_entrys_title_counts_unless_it_is_missing_or_cut(of_entry: str, of_page: str, title: str) -> None:
    assert decide_title(of_entry, of_page) == title


def test_a_dated_entry_is_believed_before_its_page() -> None:
    head = '<meta property="article:published_time" content="2026-02-20T08:00:00Z">'
    dated = page(article_html(prose(), head), published_at=SEEN - timedelta(days=3), first_seen_at=SEEN)
    assert extract_article(dated).published_at == SEEN - timedelta(days=3)


def test_an_undated_entry_takes_the_day_from_its_page() -> None:
    head = '<meta property="article:published_time" content="2026-02-20T08:00:00Z">'
    undated = page(article_html(prose(), head), first_seen_at=SEEN)
    assert extract_article(undated).published_at == datetime(2026, 2, 20, tzinfo=UTC)


@pytest.mark.parametrize("language", ["de-DE", "de", "DE_at"])
def test_the_declared_language_is_reduced_to_its_code(language: str) -> None:
    html = article_html(prose()).replace("<html>", f'<html lang="{language}">')
    assert extract_article(page(html)).language == "de"


@pytest.mark.parametrize("html", [b"", b" ", b"\x00\x00\xff\xfe", b"%PDF-1.7 \x00\x01", b"<", b"<html></html>", b"{}"])
def test_what_is_no_page_leaves_the_entry(html: bytes) -> None:
    article = extract_article(page(html, title="A title", summary="A summary."))
    assert (article.partial, article.text) == (True, "A summary.")
