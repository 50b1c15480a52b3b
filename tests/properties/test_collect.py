"""What holds for every address, every date and every document."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from monitor.collect.bodies import BadEncodingError, Body, BodyTooLargeError
from monitor.collect.dates import decide_published_at, parse_date
from monitor.collect.feeds import parse_feed
from monitor.collect.schedule import Pace, Polled, decide_next_poll
from monitor.collect.texts import decode_body, plain_text
from monitor.collect.urls import absolute_url, article_key, canonical_url
from monitor.errors import MonitorError
from monitor.model import Feed, Refused

PACE = Pace(shortest=timedelta(minutes=1), longest=timedelta(days=1))
NOW = datetime(2025, 7, 9, 12, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        "http://", "HTTPS://", "//", "example.org", "WWW.Exämple.org", "m.", ":80", ":443", "/", "/a", "/amp", "/./", "%7E", "%e9", "%", "%zz",
        "?", "a=1", "&", "utm_source=x", "fbclid", "=", "#", "!", ";", "@", "user:p", "[", "]", "::1", "\\", " ", "\n", "é", "\u202e", "+", "'",
    ]
)  # fmt: skip
URLS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=12).map("".join),
    st.lists(PIECES, max_size=10).map(lambda parts: "https://example.org/" + "".join(parts)),
)
MARKUP = st.lists(
    st.sampled_from(
        ["<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<guid>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&#", "&#xD800;",
         "&#0;", "<b>", "</b>", "<pubDate>", "</pubDate>", "1", "Zoé", "\x00", "\ufffe", "https://example.org/a", "<", ">", "&", "/", "<entry ",
         "<x:y>", "<!DOCTYPE a [", "<!ENTITY b 'c'>", "]>", "<?xml version='1.0' encoding='utf-16'?>"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(URLS)
def test_canonical_url_is_idempotent_and_fetchable(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    if canonical:
        parts = urlsplit(canonical)
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        assert canonical.isascii()
        assert not set(canonical) & set(" \t\r\n")


@given(URLS)
def test_the_key_does_not_depend_on_scheme_slash_or_tracking(url: str) -> None:
    canonical = canonical_url(url)
    if canonical and "#" not in canonical:
        if urlsplit(canonical).port is None:
            assert article_key(canonical) == article_key(canonical.replace("https://", "http://", 1))
        joint = "&" if "?" in canonical else "?"
        assert article_key(canonical) == article_key(f"{canonical}{joint}utm_source=x")


@given(URLS, URLS)
def test_joining_addresses_never_fails(url: str, base: str) -> None:
    joined = absolute_url(url, base)
    assert joined is None or canonical_url(joined) == joined


@given(st.one_of(st.text(max_size=60), st.datetimes(timezones=st.just(UTC)).map(str)))
def test_a_date_is_aware_utc_or_none(text: str) -> None:
    date = parse_date(text)
    assert date is None or date.utcoffset() == timedelta(0)
    assert decide_published_at(date, NOW) <= NOW


@given(st.one_of(MARKUP, st.text(max_size=200)))
def test_plain_text_has_no_tags_left_that_it_knows(markup: str) -> None:
    text = plain_text(markup)
    assert "\x00" not in text
    assert text == text.strip()


@given(st.binary(max_size=300))
def test_every_bytes_are_some_text(body: bytes) -> None:
    assert "\ue000" not in decode_body(body, "text/xml; charset=bogus")


@given(
    st.one_of(
        st.binary(max_size=300),
        MARKUP.map(lambda text: f"<rss><channel>{text}</channel></rss>".encode("utf-8", "replace")),
    )
)
def test_every_document_gives_entries_or_a_named_error(body: bytes) -> None:
    try:
        document = parse_feed(body, feed_id="feed", url="https://example.org/feed")
    except MonitorError:
        return
    keys = [entry.key for entry in document.entries]
    assert len(set(keys)) == len(keys)
    assert all(entry.url is None or canonical_url(entry.url) == entry.url for entry in document.entries)


@given(st.binary(max_size=2_000), st.sampled_from(["", "gzip", "deflate", "br"]), st.integers(1, 400), st.booleans())
def test_a_body_is_at_most_its_limit(data: bytes, encoding: str, step: int, packed: bool) -> None:
    wire = gzip.compress(data) if packed else data
    body = Body(encoding, 1_000)
    try:
        for start in range(0, len(wire), step):
            body.feed(wire[start : start + step])
        assert len(body.finish()) <= 1_000
    except (BadEncodingError, BodyTooLargeError):
        pass


@given(st.integers(60, 200_000), st.integers(0, 60), st.floats(0, 0.999), st.integers(0, 10**7))
def test_waits_after_failures_are_bounded(interval: int, failures: int, jitter: float, asked: int) -> None:
    feed = Feed(id="f", url="u", interval=timedelta(seconds=interval), failures=failures)
    poll = Refused(reason="http 503", status=503, retry_after=timedelta(seconds=asked))
    due = decide_next_poll(feed, Polled(poll=poll), PACE, NOW, jitter).next_poll_at
    assert due is not None
    assert feed.interval * 0.9 <= due - NOW <= max(timedelta(days=1), feed.interval)
