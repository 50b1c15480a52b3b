"""What must hold for any feed, address or date text, however hostile: a broken promise raises AssertionError."""
# ruff: noqa: SIM905 - a list of a hundred words is read more easily as words

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from monitor.collect import guard
from monitor.collect.dates import decide_published_at, parse_date
from monitor.collect.feeds import MAX_SUMMARY, MAX_TITLE, parse_feed
from monitor.collect.urls import absolute_url, address_key, article_key, canonical_url, is_pointer, registrable_domain
from monitor.errors import PermanentError, TransientError
from monitor.extract.dates import decide_date

CASES = Path(__file__).parents[1] / "cases" / "feeds"
NOW = datetime(2025, 7, 9, 12, tzinfo=UTC)
LONGEST = 5.0  # seconds of CPU for 20 kB

FEEDS = [path.read_bytes() for path in sorted(CASES.iterdir()) if not path.name.endswith(".expected.json")]
TAGS = (
    "<item> </item> <entry> </entry> <title> </title> <link> </link> <link/> <guid> </guid> <description> <![CDATA[ ]]> <!-- --> <?xml ?>"
    " <rss> </rss> <feed> </feed> <rdf:RDF> </channel> <channel> <!DOCTYPE <!ENTITY xmlns='' xml:base='//x/' encoding='utf-16' &amp; &#x0;"
    " &#xD800; &#99999999; &lt; <hour>7</hour> <skipHours> <ttl>9</ttl> <pubDate> <dc:date> <content:encoded> <media:content <itunes:author>"
    ' <hr> {"items": [ ] } null \x00 \ufeff é \u202e'
).split(" ")
URLS = (
    "http:// https:// HTTPS: // / \\ @ : [ ] ::1 127.1 0x7f.1 %2e %2E %00 %zz % ? & = # #! ; .. . * ~ + ' \" < > { } | ^ ` www. m. amp. /amp"
    " .amp utm_source=x fbclid=1 ref=rss ?p=1 example.org EXAMPLE.org. exämple.org xn--exmple-cua.org news.google.com/rss/articles/x t.co"
    " :80 :443 :0 :99999 \t \n é \u3002 \uff0e \u200b user:pass localhost ../.. //evil.example javascript: data:,x file:///x"
).split(" ")
DATES = (
    "2025 25 1 31 32 00 12:30 24:00:00 12:30:60 T Z +0100 -2400 +99:99 EST CEST Mon, Thu Feb Feb. février sept März 29 Feb 2023 1e9 1751970000"
    " 1751970000000 99999999999 , - / . : am PM noon W53 0001-01-01 9999-12-31 2025-07-09T12:00:00 \u0660 \u00b2 \x00"
).split(" ")


def mutate(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    """Replace pieces of `seed`: (where, how much, by what), positions modulo its length."""
    for at, size, piece in cuts:
        start = at % (len(seed) + 1)
        seed = seed[:start] + piece + seed[start + size :]
    return seed


def pieces(words: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(st.sampled_from(words), st.text(max_size=4)), max_size=14).map("".join)


_PIECE = st.one_of(st.binary(max_size=8), st.sampled_from(TAGS).map(lambda tag: tag.encode("utf-8", "ignore")))
_CUT = st.tuples(
    st.integers(0, 20_000), st.integers(0, 300), st.tuples(_PIECE, st.integers(1, 60)).map(lambda p: p[0] * p[1])
)
BODIES = st.one_of(
    st.builds(mutate, st.sampled_from(FEEDS), st.lists(_CUT, min_size=1, max_size=8)),
    st.lists(st.sampled_from(TAGS), max_size=200).map(lambda tags: "".join(tags).encode()),
    st.recursive(st.none() | st.text(max_size=9) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["version", "items", "id", "url", "title", "authors", "date_published", "content_html"]), inner)
    ).map(lambda data: json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [data]}).encode()),
)  # fmt: skip


def check_feed(body: bytes) -> None:
    started = time.process_time()
    try:
        document = parse_feed(body, feed_id="feed", url="https://feed.example/x/feed.xml", max_entries=50)
    except (TransientError, PermanentError):
        document = None
    assert time.process_time() - started < LONGEST
    if document is None:
        return
    assert len(document.entries) <= 50
    assert len({entry.guid for entry in document.entries}) == len(document.entries)
    for entry in document.entries:
        assert len(entry.title) <= MAX_TITLE
        assert len(entry.summary) <= MAX_SUMMARY
        assert entry.url is None or (
            canonical_url(entry.url.partition("#")[0]) and guard.refusal_of_url(entry.url) != "bad scheme"
        )
        assert entry.published_at is None or entry.published_at.tzinfo is UTC
        for text in (entry.guid, entry.title, entry.summary, entry.url or ""):
            text.encode()  # no lone surrogates: neither a database nor a payload could hold them


def check_url(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert article_key(canonical or url) == article_key(url)
    resolved = absolute_url(url, "https://site.example/a/b?c#d")
    assert resolved is None or canonical_url(resolved) == resolved
    assert isinstance(is_pointer(url), bool)
    guard.refusal_of_url(canonical)
    for text in (canonical, address_key(url), registrable_domain(canonical) if canonical else ""):
        text.encode("utf-8", "surrogatepass")


def check_date(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or (moment.tzinfo is UTC and moment.year >= 1990)
    chosen = decide_published_at(moment, NOW)
    assert chosen <= NOW
    decided = decide_date(entry_at=moment, page_day=None, first_seen_at=NOW)
    assert decided.at <= NOW + timedelta(days=1)


TARGETS: dict[str, tuple[Callable, st.SearchStrategy]] = {
    "feed": (check_feed, BODIES),
    "url": (check_url, st.one_of(pieces(URLS), pieces(URLS).map(lambda rest: "https://example.org/" + rest))),
    "date": (check_date, st.one_of(pieces(DATES), st.lists(st.sampled_from(DATES), max_size=8).map(" ".join))),
}
