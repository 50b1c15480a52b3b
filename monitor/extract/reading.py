"""A page's tree -> its headline, text, language and day, as the page itself gives them.  Never decides whom to believe.

Imports trafilatura, htmldate and lxml, a fifth of a second: imported only where a page is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import htmldate
import trafilatura
from lxml.html import HtmlElement

from monitor.extract.tree import flatten, is_huge, page_title

_SHORT = 700  # characters: below this the quick way may have missed the article (6 of 13 such pages, 0060)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    text: str
    note: str | None = None  # why it is not as good as it could be


def extract_text(tree: HtmlElement) -> Extracted:
    """Find the article's text: the quick way, the thorough one where that finds little, a plain one for huge pages."""
    flat = flatten(tree)
    if is_huge(flat):
        return Extracted(text=trafilatura.baseline(flat)[1] or "", note="huge page")
    quick = _extract(flat, fast=True)
    return Extracted(text=quick if len(quick) >= _SHORT else max(quick, _extract(flat, fast=False), key=len))


def _extract(tree: HtmlElement, *, fast: bool) -> str:
    return trafilatura.extract(tree, fast=fast, include_comments=False, include_tables=True) or ""


def find_headline(tree: HtmlElement) -> str:
    """Return the page's own headline: og:title, the only <h1>, or the <title>."""
    candidates = (
        *tree.xpath("//meta[@property='og:title' or @name='og:title']/@content")[:1],
        *_only(tree.xpath("//h1")),
        page_title(tree),
    )
    return next((each.strip() for each in candidates if each.strip()), "")


def find_language(tree: HtmlElement) -> str | None:
    """Return the declared language as two or three letters; None if none is declared."""
    declared = tree.xpath("//html/@lang | //meta[@property='og:locale' or @http-equiv='content-language']/@content")
    codes = (each.strip().lower().replace("_", "-").partition("-")[0] for each in declared)
    return next((code for code in codes if code.isalpha() and len(code) in (2, 3)), None)


def find_day(tree: HtmlElement, latest: datetime) -> datetime | None:
    """Return the day of publication that the page gives, at midnight UTC, not after `latest`."""
    found = htmldate.find_date(
        tree, original_date=True, extensive_search=False, max_date=latest.strftime("%Y-%m-%d"), outputformat="%Y-%m-%d"
    )
    return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None


def _only(headings: list[HtmlElement]) -> list[str]:
    return [headings[0].text_content()] if len(headings) == 1 else []
