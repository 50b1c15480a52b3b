"""page -> article: readable text, title, language, date.  Pure; never fetches, and never trusts that a page is one.

Where the page could not be had, is a wall, or gives less than the feed did, the entry's own title and summary are the
article, marked `partial` with the reason in `note`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.extract.dates import decide_date
from monitor.extract.trim import clean_line, trim
from monitor.extract.walls import LITTLE, View, find_wall
from monitor.model import Article, Page

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONGEST_TITLE = 500  # characters
_CUT = ("…", "...", "[…]", "[...]")  # how feeds end a title that they shorten


def extract_article(page: Page, *, outlet: str = "") -> Article:
    """Read a page; takes 5–30 ms, and up to a second for a hostile one: run it where it can be killed."""
    if not page.html:
        return fallback_article(page, outlet=outlet, note=page.refused or "no page")
    from monitor.extract.tree import load_tree  # noqa: PLC0415 - slow to import, and most commands read no page

    tree = load_tree(page.html, page.content_type)
    if tree is None:
        return fallback_article(page, outlet=outlet, note="not HTML")
    return _read(page, tree, outlet)


def fallback_article(page: Page, *, outlet: str = "", note: str | None = None) -> Article:
    """Make the article of what the feed says alone; also where reading the page took too long."""
    title = clean_line(page.title)[:_LONGEST_TITLE]
    return Article(
        url=page.url,
        title=title,
        text=trim(page.summary, title),
        published_at=page.published_at,
        outlet=outlet,
        partial=True,
        note=note,
    )


def _read(page: Page, tree: HtmlElement, outlet: str) -> Article:
    from monitor.extract.reading import extract_text, find_headline, find_language  # noqa: PLC0415 - slow to import
    from monitor.extract.tree import page_title, words_shown  # noqa: PLC0415

    title = decide_title(clean_line(page.title), clean_line(find_headline(tree)))[:_LONGEST_TITLE]
    extracted = extract_text(tree)
    fallback = fallback_article(page, outlet=outlet)
    article = replace(
        fallback,
        title=title,
        text=trim(extracted.text, title),
        published_at=_published_at(page, tree),
        language=find_language(tree),
        partial=False,
        note=extracted.note,
    )
    view = View(
        title=page_title(tree),
        text=article.text,
        shown=words_shown(tree, 4 * LITTLE) if len(article.text) <= LITTLE else "",
        html=page.html or b"",
        headline=fallback.title,
    )
    return decide_article(article, fallback, find_wall(view))


def decide_title(of_entry: str, of_page: str) -> str:
    """Choose the entry's title; the page's where the entry has none, or a shortened one that the page completes."""
    stem = next((of_entry.removesuffix(mark).rstrip() for mark in _CUT if of_entry.endswith(mark)), None)
    if not of_entry or (stem and of_page.casefold().startswith(stem.casefold())):
        return of_page or of_entry
    return of_entry


def decide_article(article: Article, fallback: Article, wall: str | None) -> Article:
    """Choose what is read: the page's text, or the entry's where the page is a wall or has less to say.

    A paywall's opening paragraphs are the article's own: they stay where they say more than the entry.
    """
    if wall and wall != "paywall":
        return replace(fallback, note=wall)
    if len(article.text) <= len(fallback.text):
        return replace(article, text=fallback.text, partial=True, note=wall or "less than the feed")
    return replace(article, partial=bool(wall), note=wall or article.note)


def _published_at(page: Page, tree: HtmlElement) -> datetime:
    """Believe the entry's date; ask the page, which takes 3 ms, only where the entry has none."""
    from monitor.extract.reading import find_day  # noqa: PLC0415 - slow to import

    if page.first_seen_at is None or page.published_at != page.first_seen_at:
        return page.published_at
    day = find_day(tree, page.first_seen_at)
    return decide_date(entry_at=None, page_day=day, first_seen_at=page.first_seen_at).at
