"""Bytes of a page -> element tree that is safe to extract from.  Never fetches, never runs anything.

Imports lxml and trafilatura, a tenth of a second: imported only where a page is read.
trafilatura takes time quadratic in the inline children of one block (250 kB: 8 s; 3 MB: minutes), and in the number of
blocks (3 MB of links: 14 s); libxml2 in the attributes of one element (1 MB: minutes).  The largest of 888 real pages
has 2,763 elements, and 300 inline children in one block (0060).
"""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement
from trafilatura.utils import load_html

from monitor.extract.charset import decode

MAX_HTML = 3_000_000  # bytes
MAX_ELEMENTS = 15_000
MAX_INLINE = 1_000  # inline children of one block

_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark q s samp small span strike"
        " strong sub sup time tt u var wbr",
    )
)
_LONG_TAG = re.compile(r"<([a-zA-Z][\w-]*)\s[^<>]{50000,}")
_MANY_ATTRIBUTES = 5_000  # blanks in one tag; 10,000 attributes take 0.1 s, 20,000 0.8 s, 100,000 over a minute


def load_tree(html: bytes, content_type: str = "") -> HtmlElement | None:
    """Parse a page, at most `MAX_HTML` bytes of it; None if it holds no markup."""
    return _parse(_LONG_TAG.sub(_bare_tag, decode(html[:MAX_HTML], content_type)))


def flatten(tree: HtmlElement) -> HtmlElement:
    """Drop inline markup, not its text, where one block holds too much of it to be honest."""
    if _most_inline(tree) <= MAX_INLINE:
        return tree
    etree.strip_tags(tree, *(_INLINE - {"br"}))
    # parsed again: lxml leaves one text node for each tag dropped, and those are what is slow
    again = _parse(etree.tostring(tree, encoding="unicode", method="html"))
    return tree if again is None else again


def is_huge(tree: HtmlElement) -> bool:
    return sum(1 for _ in tree.iter()) > MAX_ELEMENTS


def page_title(tree: HtmlElement) -> str:
    return " ".join(tree.xpath("string(//title)").split())


def words_shown(tree: HtmlElement, limit: int) -> str:
    """Return the first `limit` characters of all the text that a page shows, navigation included."""
    shown: list[str] = []
    length = 0
    for piece in tree.xpath("//body//text()[not(ancestor::script|ancestor::style|ancestor::template)]"):
        words = " ".join(piece.split())
        length += len(words)
        shown.append(words)
        if length > limit:
            break
    return " ".join(filter(None, shown))[:limit]


def _bare_tag(tag: re.Match[str]) -> str:
    return f"<{tag[1]} " if len(tag[0].split()) > _MANY_ATTRIBUTES else tag[0]


def _most_inline(tree: HtmlElement) -> int:
    crowded = (each for each in tree.iter() if len(each) > MAX_INLINE)
    return max((sum(child.tag in _INLINE for child in each) for each in crowded), default=0)


def _parse(text: str) -> HtmlElement | None:
    tree: HtmlElement | None = load_html(text)
    return tree
