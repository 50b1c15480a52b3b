"""Recorded feeds are read as feedparser reads them, and recorded hostility does no harm.  Skipped without the recordings."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path

import feedparser
import pytest

from monitor.collect.feeds import parse_feed
from monitor.errors import MonitorError
from monitor.model import FeedDocument

FEEDS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "feeds"
pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="needs the recorded corpus in ../shared")
SMALL = 60_000  # bytes: the sample is for speed, tests/bench/corpus_feeds.py reads everything


def sample(group: str, every: int) -> list[Path]:
    return [
        path
        for path in sorted((FEEDS / group).glob("*.*"))[::every]
        if path.name != "index.jsonl" and path.stat().st_size < SMALL
    ]


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("path", sample("real", 12), ids=lambda path: path.name)
def test_every_distinct_entry_of_a_real_feed_is_found(path: Path) -> None:
    body = read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries
    ours = parse(body)
    if theirs:  # it reads no JSON Feed
        assert isinstance(ours, FeedDocument)
        assert len(ours.entries) == len({(item.get("id"), item.get("link"), item.get("title")) for item in theirs})


def test_every_hostile_document_is_read_or_refused_by_name() -> None:
    for path in sample("hostile", 1) + sample("hostile-generated", 1) + sample("spec", 1):
        outcome = parse(read(path)[:5_000_000])
        if isinstance(outcome, MonitorError):
            assert str(outcome).startswith("not a feed: "), path.name
            continue
        assert len(outcome.entries) <= 1000, path.name
        assert all(entry.url is None or entry.url.startswith("http") for entry in outcome.entries), path.name


def parse(body: bytes) -> FeedDocument | MonitorError:
    try:
        return parse_feed(body, feed_id="feed", url="https://feed.example/feed")
    except MonitorError as error:
        return error
