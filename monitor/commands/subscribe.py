"""the address of a site -> the feeds that it has, each of them tried.

Never writes anything: which of them is added is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.collect.discovery import FoundFeed, find_feeds, usual_places
from monitor.collect.feeds import FeedBody, parse_feed_body
from monitor.model import FeedDocument, Fetched, Refused, Validators
from monitor.ports import Fetcher, Sandbox

MOST = 8  # announced feeds that are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that answers with a feed, and what it holds."""

    url: str
    title: str
    document: FeedDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found, and why nothing was where nothing was."""

    candidates: tuple[Candidate, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    body: bytes
    url: str
    content_type: str


def search(url: str, fetcher: Fetcher, sandbox: Sandbox) -> Search:
    """Try the address itself, then the feeds that its page announces, then the places where feeds usually stand."""
    ((_, poll),) = fetcher.fetch([(url, Validators())])
    if isinstance(poll, Refused):
        return Search(candidates=(), reason=poll.reason)
    itself = try_feeds([FoundFeed(url=url)], fetcher, sandbox)
    if itself or not isinstance(poll, Fetched):
        return Search(candidates=tuple(itself))
    page = Page(body=poll.body, url=poll.url, content_type=poll.content_type)
    ((_, announced),) = sandbox.map(find_announced, [page])
    announced = announced if isinstance(announced, list) else []
    found = try_feeds(announced[:MOST], fetcher, sandbox)
    found = found or try_feeds([FoundFeed(url=place) for place in usual_places(poll.url)], fetcher, sandbox)
    return Search(candidates=tuple(found), reason="" if found else "no feed is announced, nor stands in a usual place")


def find_announced(page: Page) -> list[FoundFeed]:
    """Read a site's page; runs in the sandbox."""
    return find_feeds(page.body, page.url, page.content_type)


def try_feeds(places: Sequence[FoundFeed], fetcher: Fetcher, sandbox: Sandbox) -> list[Candidate]:
    """Return those that answer with a feed, in the order given."""
    polls = dict(fetcher.fetch([(place.url, Validators()) for place in places]))
    bodies = {
        index: FeedBody(feed_id="", url=poll.url, body=poll.body, content_type=poll.content_type)
        for index, poll in sorted(polls.items())
        if isinstance(poll, Fetched)
    }
    indices = list(bodies)
    documents = {indices[n]: result for n, result in sandbox.map(parse_feed_body, list(bodies.values()))}
    return [
        Candidate(
            url=moved_or(places[index].url, polls[index]),
            title=document.title or places[index].title,
            document=document,
        )
        for index, document in sorted(documents.items())
        if isinstance(document, FeedDocument)
    ]


def moved_or(url: str, poll: object) -> str:
    """Return where a permanent redirect leads: an address that is written down today should be today's."""
    return poll.moved_to if isinstance(poll, Fetched) and poll.moved_to else url
