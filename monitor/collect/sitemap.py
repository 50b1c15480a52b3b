"""A news sitemap (urlset with news:news) -> entries, for sites that keep no feed.  Pure.

Never reads a sitemap that tells no titles: that is a list of pages, not of news.
"""

from __future__ import annotations

from lxml import etree

from monitor.collect.dates import parse_date
from monitor.collect.texts import plain_line
from monitor.collect.urls import absolute_url, address_key
from monitor.errors import PermanentError, TransientError
from monitor.model import Entry, FeedDocument

_MAX_TITLE = 500


def parse_sitemap(xml: str, *, feed_id: str, url: str) -> FeedDocument:
    """Read the document from its root element on; PermanentError where it tells no news."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    root = etree.fromstring(xml.encode(), parser)
    if root is None:
        raise TransientError("not a feed: broken XML without entries")
    places = [element for element in root if isinstance(element.tag, str) and etree.QName(element).localname == "url"]
    entries = [entry for entry in (_entry(place, feed_id, url) for place in places) if entry]
    if not entries:
        raise PermanentError("not a feed: a sitemap without news")
    return FeedDocument(entries=tuple(entries))


def _entry(place: etree._Element, feed_id: str, url: str) -> Entry | None:
    link = absolute_url(_text(place, "loc"), url)
    title = plain_line(_text(place, "title"), _MAX_TITLE)
    if not link or not title:
        return None
    published_at = parse_date(_text(place, "publication_date")) or parse_date(_text(place, "lastmod"))
    key = address_key(link)
    return Entry(feed_id=feed_id, guid=key, url=link, address=key, title=title, published_at=published_at)


def _text(place: etree._Element, name: str) -> str:
    """Return the text of the first descendant of that local name; image:title and video:title come after news:news."""
    found = place.xpath(
        f"(.//*[local-name()='{name}'][not(ancestor::*[local-name()='image' or local-name()='video'])])[1]"
    )
    return (found[0].text or "").strip() if found else ""
