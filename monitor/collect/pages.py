"""entry, outcome of its page's fetch -> page.  Pure: never fetches; without a page the entry is the article."""

from __future__ import annotations

from dataclasses import replace

from monitor.collect.dates import decide_published_at
from monitor.collect.urls import canonical_url, is_pointer
from monitor.model import EntryToRead, Fetched, Page, Poll, Refused


def page_of(leased: EntryToRead) -> Page:
    """Begin a page from what the feed says: the article, should the page not be had."""
    entry = leased.entry
    return Page(
        url=entry.url or f"urn:entry:{entry.key}",
        title=entry.title,
        summary=entry.summary,
        published_at=decide_published_at(entry.published_at, leased.first_seen_at),
        first_seen_at=leased.first_seen_at,
        origin=leased.origin,
    )


def with_answer(page: Page, poll: Poll, url: str = "") -> Page:
    """Add to a page what its fetch came to; where a pointer led to is its address."""
    page = replace(page, url=canonical_url(url) or page.url) if is_pointer(page.url) else page
    match poll:
        case Fetched():
            return replace(page, html=poll.body, content_type=poll.content_type)
        case Refused():
            return replace(
                page, refused=poll.reason, again=not poll.permanent and poll.status not in (401, 402, 403, 404)
            )
        case _:
            return replace(page, refused="not modified")
