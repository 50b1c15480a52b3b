"""Feed documents give the entries that their case files expect."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.collect.feeds import FeedBody, parse_feed, parse_feed_body
from monitor.errors import MonitorError
from monitor.model import FeedDocument

CASES = Path(__file__).parents[1] / "cases" / "feeds"
URL = "https://feeds.example/x/feed.xml"
EXPECTED = sorted(CASES.glob("*.expected.json"))


def case(path: Path) -> tuple[bytes, dict[str, Any]]:
    name = path.name.removesuffix(".expected.json")
    document = next(file for file in CASES.glob(f"{name}.*") if file != path)
    return document.read_bytes(), json.loads(path.read_text("utf-8"))


def parse(body: bytes, content_type: str = "", max_entries: int = 1000) -> FeedDocument:
    return parse_feed(body, feed_id="feed", url=URL, content_type=content_type, max_entries=max_entries)


def rss(*items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>".encode()


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.json"))
def test_case(path: Path) -> None:
    body, expected = case(path)
    if "error" in expected:
        with pytest.raises(MonitorError) as caught:
            parse(body)
        assert (type(caught.value).__name__, str(caught.value)) == (expected["error"], expected["message"])
        return
    document = parse(body, expected.get("content_type", ""))
    assert len(document.entries) == len(expected["entries"])
    for entry, wanted in zip(document.entries, expected["entries"], strict=True):
        assert {name: plain(getattr(entry, name)) for name in wanted} == wanted
    assert document.title == expected.get("title", document.title)
    assert document.note == expected.get("note", document.note)
    if "ttl_minutes" in expected:
        assert document.ttl is not None
        assert document.ttl.total_seconds() == 60 * expected["ttl_minutes"]


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def test_every_case_has_a_document_and_an_expectation() -> None:
    assert len(EXPECTED) * 2 == len(list(CASES.iterdir()))


def test_only_the_first_entries_of_a_huge_feed_are_read() -> None:
    items = [f"<item><title>{number}</title><guid>{number}</guid></item>" for number in range(2_000)]
    document = parse(rss(*items), max_entries=100)
    assert [entry.guid for entry in document.entries] == [str(number) for number in range(100)]
    assert document.note == "cut after 100 entries"


def test_a_feed_of_exactly_the_limit_is_not_cut() -> None:
    document = parse(rss(*["<item><guid>1</guid></item>", "<item><guid>2</guid></item>"]), max_entries=2)
    assert (len(document.entries), document.note) == (2, None)


def test_an_entry_keeps_its_key_when_title_scheme_and_slash_change() -> None:
    before = parse(rss("<item><title>A</title><guid>http://wire.example/a/</guid></item>")).entries[0]
    after = parse(rss("<item><title>B</title><guid>https://www.wire.example/a</guid></item>")).entries[0]
    assert before.key == after.key
    assert before.content_hash != after.content_hash


def test_a_body_that_names_a_file_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "rss"
    file.write_bytes(rss("<item><title>secret</title></item>"))
    with pytest.raises(MonitorError):
        parse(str(file).encode())


def test_long_titles_and_summaries_are_cut() -> None:
    entry = parse(rss(f"<item><title>{'a' * 9_000}</title><description>{'b ' * 90_000}</description></item>")).entries[
        0
    ]
    assert len(entry.title) == 500
    assert len(entry.summary) <= 20_000


def test_a_feed_body_parses_like_its_parts() -> None:
    body = rss("<item><guid>1</guid></item>")
    assert parse_feed_body(FeedBody(feed_id="feed", url=URL, body=body)) == parse(body)


@pytest.mark.parametrize("length", [0, 1])
def test_a_feed_that_calls_itself_utf16_and_is_not_is_read(length: int) -> None:
    rss = '<?xml version="1.0" encoding="utf-16"?><rss><channel><item><title>A</title></item></channel></rss>'
    body = (rss + " " * length).encode()
    assert [e.title for e in parse_feed(body, feed_id="f", url="https://wire.example/f").entries] == ["A"]


@pytest.mark.parametrize("name", ["id", "url", "title"])
def test_half_a_character_costs_a_json_feed_no_entry(name: str) -> None:
    item = {"id": "1", "url": "https://wire.example/1", "title": "A"}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item | {name: item[name] + "\ud83d"}]}
    (entry,) = parse_feed(json.dumps(feed).encode(), feed_id="f", url="https://wire.example/f").entries
    assert entry.key
    assert entry.url == item["url"]
