"""JSON Feed 1.0 and 1.1 (jsonfeed.org) -> entries, beside feedparser, which does not read it.  Pure.

Never trusts a type: whatever is not what the format says counts as absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from monitor.collect.dates import parse_date
from monitor.collect.texts import plain_line, plain_text
from monitor.collect.urls import absolute_url, address_key, joined_url
from monitor.errors import PermanentError, TransientError
from monitor.model import Entry, FeedDocument, content_id

_MAX_TITLE = 500
_MAX_SUMMARY = 20_000


def parse_json_feed(text: str, *, feed_id: str, url: str) -> FeedDocument:
    """Read a JSON Feed; raise TransientError for broken JSON, PermanentError for JSON that is no feed."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TransientError("not a feed: broken JSON") from error
    if not isinstance(feed, dict) or "jsonfeed.org/version" not in str(feed.get("version")):
        raise PermanentError("not a feed: JSON of another kind")
    items = feed.get("items")
    if not isinstance(items, list):
        raise PermanentError("not a feed: JSON Feed without a list of items")
    base = absolute_url(_string(feed, "home_page_url"), url) or url
    entries = [_entry(item, feed_id, base) for item in items if isinstance(item, dict)]
    return FeedDocument(
        entries=tuple(entry for entry in entries if entry),
        title=plain_line(_string(feed, "title"), _MAX_TITLE),
        hubs=tuple(_hubs(feed, url)),
        topic=joined_url(_string(feed, "feed_url"), url),
    )


def _hubs(feed: dict[str, Any], url: str) -> Iterator[str]:
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else []:
        if isinstance(hub, dict) and _string(hub, "type").lower() == "websub":
            target = joined_url(_string(hub, "url"), url)
            if target:
                yield target


def _entry(item: dict[str, Any], feed_id: str, base: str) -> Entry | None:
    link = absolute_url(_string(item, "url") or _string(item, "external_url"), base)
    title = plain_line(_string(item, "title"), _MAX_TITLE)
    texts = [_string(item, name) for name in ("content_text", "content_html", "summary")]
    summary = max((plain_text(text, _MAX_SUMMARY) for text in texts), key=len)
    if not (link or title or summary):
        return None
    return Entry(
        feed_id=feed_id,
        guid=_guid(item, title or summary),
        url=link,
        address=address_key(link) if link else None,
        title=title,
        summary=summary,
        author=plain_line(", ".join(filter(None, _authors(item))), _MAX_TITLE) or None,
        published_at=parse_date(item.get("date_published")) or parse_date(item.get("date_modified")),
        updated_at=parse_date(item.get("date_modified")),
    )


def _guid(item: dict[str, Any], title: str) -> str:
    """Return the id, which 1.0 allows to be a number, or what else identifies the item, as in `feeds.entry_guid`."""
    number = item.get("id")
    identity = _whole(str(number)).strip() if isinstance(number, str | int | float) else ""
    identity = identity or _string(item, "url").strip()
    if not identity:
        return content_id(title, _string(item, "date_published"))
    return address_key(identity) if identity.startswith(("http://", "https://")) else identity


def _authors(item: dict[str, Any]) -> list[str]:
    """Return names from `authors` (1.1) or `author` (1.0)."""
    authors = item.get("authors") or [item.get("author")]
    return (
        [_string(author, "name") for author in authors if isinstance(author, dict)] if isinstance(authors, list) else []
    )


def _string(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return _whole(value) if isinstance(value, str) else ""


def _whole(text: str) -> str:
    """Drop halves of characters, which JSON can escape (a text cut within an emoji) and nothing can store."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()
