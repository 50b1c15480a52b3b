"""feed document -> its entries as the publisher wrote them.  Pure: bytes in, `FeedDocument` out.

Never fetches, never expands an entity declaration, never gives up on a document because it is ill-formed.
Costs of feedparser can be driven to minutes by a hostile megabyte: run it where it can be killed.
"""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import feedparser

from monitor.collect.dates import parse_date
from monitor.collect.jsonfeed import parse_json_feed
from monitor.collect.sitemap import parse_sitemap
from monitor.collect.texts import decode_body, plain_line, plain_text
from monitor.collect.urls import absolute_url, address_key, article_key, joined_url
from monitor.errors import PermanentError, TransientError
from monitor.model import Entry, FeedDocument, content_id

MAX_TITLE = 500  # characters; a longer one is a mistake or an attack
MAX_SUMMARY = 20_000
_PROLOG = 50_000  # characters in which the root element must begin

_ROOT = re.compile(r"<((?:[\w.-]{1,40}:)?(rss|feed|rdf|channel))(?=[\s>/])", re.IGNORECASE)
_NAMED_ROOT = re.compile(r"<\S+\s[^>]{0,500}?(?:xmlns|version)\s*=", re.IGNORECASE)  # a feed that stands in a page
_HTML = re.compile(r"<(?:html|head|body)\b", re.IGNORECASE)
_HTML_TYPE = re.compile(r"<!doctype\s+html\b", re.IGNORECASE)
_WALL = re.compile(
    r"access denied|just a moment|attention required|captcha|are you a robot|unusual traffic|request unsuccessful|bot protection"
    r"|enable javascript and cookies|cf-challenge|_incapsula_|akamai|perimeterx|datadome|request blocked|web application firewall",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_BARRIERS = tuple(
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        ("cookie wall", r"\bcookies?\b|\bconsent\b|privacy (?:gate|settings)|datenschutz|\bdsgvo\b"),
        ("login wall", r"\blog ?in\b|\bsign ?in\b|anmelden|connexion|authenti[ck]at"),
        ("paywall", r"\bsubscribe\b|\bsubscription\b|abonnement"),
    )
)
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>", re.IGNORECASE)
_URLSET = re.compile(r"<(?:[\w.-]{1,40}:)?urlset(?=[\s>])", re.IGNORECASE)
_URL_END = re.compile(r"</(?:[\w.-]{1,40}:)?url\s*>", re.IGNORECASE)
_ITEM_START = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # XML 1.0, section 2.2
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,12})|([0-9]{1,12}));", re.IGNORECASE)
_SKIP_HOURS = re.compile(r"<skipHours>([^&!]{0,1500}?)</skipHours>", re.IGNORECASE)
_SKIP_DAYS = re.compile(r"<skipDays>([^&!]{0,1500}?)</skipDays>", re.IGNORECASE)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": 1,
    "daily": 24,
    "weekly": 168,
    "monthly": 720,
    "yearly": 8760,
}  # hours, RSS 1.0 syndication module


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBody:
    """A feed's bytes with what is known of them; picklable, so that it can be parsed in another process."""

    feed_id: str
    url: str  # after redirects
    body: bytes
    content_type: str = ""
    max_entries: int = 1000


def parse_feed_body(source: FeedBody) -> FeedDocument:
    """Parse `source`; the one-argument form of `parse_feed` for a sandbox."""
    return parse_feed(
        source.body,
        feed_id=source.feed_id,
        url=source.url,
        content_type=source.content_type,
        max_entries=source.max_entries,
    )


def parse_feed(body: bytes, *, feed_id: str, url: str, content_type: str = "", max_entries: int = 1000) -> FeedDocument:
    """Read RSS, Atom, RDF, CDF, JSON Feed or a news sitemap.

    Raise TransientError where the server failed for now (empty body, bot wall), PermanentError where no feed stands.
    """
    text = _FORBIDDEN.sub("", decode_body(body, content_type)).strip()
    if not text:
        raise TransientError("not a feed: empty body")
    if text.startswith("{"):
        return _limited(parse_json_feed(text, feed_id=feed_id, url=url), max_entries)
    if (root := _URLSET.search(text[:_PROLOG])) and not _HTML.search(text[: root.start()]):
        end = _end_of(_URL_END, text, max_entries) or len(text)
        return _limited(parse_sitemap(text[root.start() : end], feed_id=feed_id, url=url), max_entries)
    xml, notes = _feed_xml(text, max_entries)
    return _limited(_read(xml, feed_id, url, notes), max_entries)


def _feed_xml(text: str, max_entries: int) -> tuple[str, list[str]]:
    """Cut the document down to its root element: no junk before it, no document type, at most `max_entries` items."""
    head = text[:_PROLOG]
    root, page = _ROOT.search(head), _HTML.search(head)
    if root is None or (page and page.start() < root.start() and not _NAMED_ROOT.match(head, root.start())):
        raise _not_a_feed(text, page is not None or _HTML_TYPE.search(head) is not None)
    notes = ["entity declarations refused"] if _ENTITY.search(head[: root.start()]) else []
    xml = _REFERENCE.sub(_allowed, text[root.start() :])
    cut, note = _cut(xml, root[1], max_entries)
    if note:
        notes.append(note)
        xml = xml[:cut] + ("</channel>" if root[2].lower() == "rss" else "") + f"</{root[1]}>"
    return xml, notes


def _cut(xml: str, root: str, max_entries: int) -> tuple[int, str | None]:
    """Return where to end the document, and why, if it has too many items or stops within one.

    Half an item is dropped: its GUID may stand in the missing half, and it would be another entry then.
    """
    end = _end_of(_ITEM_END, xml, max_entries)
    if end is not None:
        return end, f"cut after {max_entries} entries"
    tail = xml.rfind("</")  # the end tag of the root, or of whatever was being written
    starts = list(_ITEM_START.finditer(xml))
    if not starts or xml[tail:].lower().startswith(f"</{root.lower()}") or _ITEM_END.search(xml, starts[-1].end()):
        return len(xml), None
    return starts[-1].start(), "stops within an entry"


def _allowed(reference: re.Match[str]) -> str:
    """Drop references to characters that XML does not have: the strict parser stops at them, the loose one raises."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return reference[0] if code <= 0x10FFFF and not _FORBIDDEN.match(chr(code)) else ""


def _not_a_feed(text: str, html: bool) -> PermanentError | TransientError:
    if html and _WALL.search(text[:_PROLOG]):
        return TransientError("not a feed: bot wall")
    if html and (barrier := _barrier(text[:_PROLOG])):
        return TransientError(f"not a feed: {barrier}")
    if html:
        return PermanentError("not a feed: HTML page")
    return PermanentError("not a feed: no feed element" if text.startswith("<") else "not a feed: plain text")


def _barrier(page: str) -> str | None:
    """Name what a page's title says that stands between us and the feed."""
    title = _TITLE.search(page)
    return next((name for name, words in _BARRIERS if title and words.search(title[1])), None)


def _end_of(item: re.Pattern[str], xml: str, number: int) -> int | None:
    """Return where item `number` ends, if another one follows."""
    for count, match in enumerate(item.finditer(xml), 1):
        if count == number:
            return match.end() if item.search(xml, match.end()) else None
    return None


def _read(xml: str, feed_id: str, url: str, notes: list[str]) -> FeedDocument:
    parsed = _parsed(xml)
    feed = parsed["feed"]
    if parsed.get("bozo"):
        notes = [*notes, "not well-formed"]
    if parsed.get("bozo") and not parsed["entries"] and not feed.get("title"):
        raise TransientError("not a feed: broken XML without entries")
    base = _base_url(feed, url, parsed.get("version") or "")
    entries = [_entry(item, feed_id, base) for item in parsed["entries"]]
    return FeedDocument(
        entries=tuple(entry for entry in entries if entry),
        title=plain_line(_string(feed, "title"), MAX_TITLE),
        ttl=_ttl(feed),
        skip_hours=_skip_hours(xml),
        skip_days=_skip_days(xml),
        note="; ".join(notes) or None,
        hubs=tuple(_links(feed, "hub", url)),
        topic=next(_links(feed, "self", url), None),
    )


def _links(feed: Mapping[str, Any], relation: str, url: str) -> Iterator[str]:
    """Yield where the feed's own links of this relation lead."""
    for link in feed.get("links") or []:
        if relation in _string(link, "rel").lower().split() and (target := joined_url(_string(link, "href"), url)):
            yield target


def _parsed(xml: str) -> Any:
    stream = io.BytesIO(b"<?xml version='1.0' encoding='utf-8'?>\n" + xml.encode())  # bytes might be taken for a path
    headers = {"content-type": "application/xml; charset=utf-8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
        except (
            ArithmeticError,
            AssertionError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise PermanentError(f"not a feed: the parser failed ({type(error).__name__})") from error


def _base_url(feed: Mapping[str, Any], url: str, version: str) -> str:
    """Return what relative links are relative to: the site in RSS, which feeds from elsewhere mean, the feed in Atom."""
    site = _string(feed, "link")
    return url if version.startswith("atom") else absolute_url(site, url) or url


def _entry(item: Mapping[str, Any], feed_id: str, base: str) -> Entry | None:
    link = absolute_url(_link(item), base)
    title = plain_line(_string(item, "title"), MAX_TITLE)
    summary = max((plain_text(text, MAX_SUMMARY) for text in _texts(item)), key=len, default="")
    guid = _string(item, "id").strip()
    if not (link or title or summary or guid):
        return None
    dates = [_date(item, name) for name in ("published", "created", "updated")]
    return Entry(
        feed_id=feed_id,
        guid=entry_guid(guid, _link(item).strip(), title or summary, _string(item, "published")),
        url=link,
        address=address_key(link) if link else None,
        title=title,
        summary=summary,
        author=plain_line(_string(item, "author"), MAX_TITLE) or None,
        published_at=next(filter(None, dates), None),
        updated_at=dates[2],
    )


def entry_guid(guid: str, link: str, title: str, date: str) -> str:
    """Return what identifies an entry in its feed: its GUID, else its link, else its words.

    An address is reduced to its key, so that a new scheme, host prefix or closing slash is no new entry
    (one feed dropped the slash of all its 368 GUIDs in one night); its fragment counts (changelogs of one page).
    """
    identity = guid or link
    if not identity:
        return content_id(title, date)
    return address_key(identity) if identity.startswith(("http://", "https://")) else identity


def _limited(document: FeedDocument, max_entries: int) -> FeedDocument:
    return replace(document, entries=_distinct(document.entries)[:max_entries])


def _distinct(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Drop repeated entries; entries that share a GUID but lead elsewhere, or tell another thing, are told apart by that."""
    uses = Counter(entry.guid for entry in entries)
    apart = (entry if uses[entry.guid] == 1 else replace(entry, guid=_shared_guid(entry)) for entry in entries)
    return tuple({entry.guid: entry for entry in reversed(list(apart))}.values())[::-1]


def _shared_guid(entry: Entry) -> str:
    return content_id(entry.guid, article_key(entry.url) if entry.url else entry.title)


def _link(item: Mapping[str, Any]) -> str:
    """Return the link; feedparser takes any GUID for one where there is none."""
    link = _string(item, "feedburner_origlink") or _string(item, "link")
    return "" if link == item.get("id") and not link.startswith(("http://", "https://", "/")) else link


def _texts(item: Mapping[str, Any]) -> list[str]:
    contents = item.get("content") or []
    return [_string(item, "summary"), *(_string(content, "value") for content in contents)]


def _date(item: Mapping[str, Any], name: str) -> datetime | None:
    """Read one of feedparser's dates; `updated` only where it stands, since its dict would answer with `published`."""
    if name not in item:
        return None
    return parse_date(item.get(name), item.get(name + "_parsed"))


def _string(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _skip_hours(xml: str) -> frozenset[int]:
    """Read RSS skipHours, which feedparser keeps only the last of; 24 is how some write midnight."""
    hours = re.findall(r"<hour>\s*(\d{1,2})\s*<", _within(_SKIP_HOURS, xml))
    return frozenset(int(hour) % 24 for hour in hours if int(hour) <= 24)


def _skip_days(xml: str) -> frozenset[int]:
    days = re.findall(r"<day>\s*([a-z]+)", _within(_SKIP_DAYS, xml).lower())
    return frozenset(_WEEKDAYS.index(day) for day in days if day in _WEEKDAYS)


def _within(element: re.Pattern[str], xml: str) -> str:
    found = element.search(xml)
    return found[1] if found else ""


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    minutes = re.match(r"\s*(\d{1,6})", _string(feed, "ttl"))
    if minutes and int(minutes[1]):
        return timedelta(minutes=int(minutes[1]))
    hours = _PERIODS.get(_string(feed, "sy_updateperiod").strip().lower())
    frequency = re.match(r"\s*(\d{1,4})", _string(feed, "sy_updatefrequency"))
    if not hours:
        return None
    return timedelta(hours=hours) / max(1, int(frequency[1]) if frequency else 1)
