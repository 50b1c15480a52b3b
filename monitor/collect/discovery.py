"""a site's page -> the feeds that it announces; OPML <-> feeds.  Pure.

Never fetches and never trusts the page: what it announces is an address to try, not yet a feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from lxml import etree

from monitor.collect.texts import decode_body, plain_line
from monitor.collect.urls import absolute_url, joined_url
from monitor.errors import PermanentError

_TYPES = frozenset(
    ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "application/rdf+xml"]
)
# Where feeds stand when a page announces none, the likeliest first.
_USUAL = ("feed", "rss.xml", "feed.xml", "atom.xml", "index.xml", "rss", "feed.json")
_MAX_PAGE = 1_000_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed as a page or an OPML file names it."""

    url: str
    title: str = ""


def find_feeds(page: bytes, url: str, content_type: str = "") -> list[FoundFeed]:
    """Return the feeds that the page announces in its `link rel=alternate` elements, comments' feeds last."""
    text = decode_body(page, content_type)[:_MAX_PAGE]  # as bytes: lxml takes no text with an XML declaration
    root = etree.fromstring(
        text.encode("utf-8", "ignore") or b"<p/>", etree.HTMLParser(no_network=True, encoding="utf-8")
    )
    if root is None:
        return []
    base = joined_url(next(iter(root.xpath("//base/@href")), ""), url) or url
    links = [link for link in root.iter("link") if _announces_feed(link)]
    found: dict[str, FoundFeed] = {}
    for link in links:
        target = absolute_url(link.get("href") or "", base)
        if target:
            found.setdefault(target, FoundFeed(url=target, title=plain_line(link.get("title") or "")))
    return sorted(found.values(), key=lambda feed: "comment" in f"{feed.url} {feed.title}".lower())


def usual_places(url: str) -> list[str]:
    """Return addresses that are worth a try where a site announces no feed."""
    return [place for name in _USUAL if (place := absolute_url(f"/{name}", url))]


def parse_opml(body: bytes) -> list[FoundFeed]:
    """Return the feeds of an OPML file, each once; raise PermanentError if it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PermanentError("not OPML: broken XML") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise PermanentError("not OPML")
    outlines = [{name.lower(): value for name, value in outline.attrib.items()} for outline in root.iter("outline")]
    feeds = [
        FoundFeed(url=url, title=plain_line(outline.get("title") or outline.get("text") or ""))
        for outline in outlines
        if (url := absolute_url(outline.get("xmlurl", ""), "")) is not None
    ]
    return list({feed.url: feed for feed in feeds}.values())


def render_opml(feeds: Iterable[FoundFeed], title: str) -> str:
    """Return an OPML 2.0 file (opml.org) of `feeds`."""
    outlines = "".join(
        f'    <outline type="rss" text={quoteattr(feed.title or feed.url)} xmlUrl={quoteattr(feed.url)}/>\n'
        for feed in feeds
    )
    head = f"  <head><title>{plain_line(title).replace('&', '&amp;').replace('<', '&lt;')}</title></head>\n"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n{head}  <body>\n{outlines}  </body>\n</opml>\n'
    )


def _announces_feed(link: etree._Element) -> bool:
    relations: Sequence[str] = (link.get("rel") or "").lower().split()
    kind = (link.get("type") or "").partition(";")[0].strip().lower()
    return "alternate" in relations and kind in _TYPES
