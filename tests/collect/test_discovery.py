"""Feeds are found from a site's page and carried in and out as OPML."""

from __future__ import annotations

import pytest

from monitor.collect.discovery import FoundFeed, find_feeds, parse_opml, render_opml, usual_places
from monitor.errors import PermanentError

PAGE = b"""<html><head><base href="/blog/">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
<link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" title="News &amp; more" href="atom.xml">
<link rel="alternate" type="application/atom+xml" href="atom.xml">
<link rel="alternate" type="text/html" hreflang="fr" href="/fr">
<link rel="stylesheet" href="/a.css"></head></html>"""


def test_announced_feeds_are_found_once_with_comments_last() -> None:
    assert find_feeds(PAGE, "https://wire.example/about") == [
        FoundFeed(url="https://wire.example/blog/atom.xml", title="News & more"),
        FoundFeed(url="https://wire.example/comments/feed", title="Comments"),
    ]


@pytest.mark.parametrize("page", [b"", b"<html></html>", b"\x00\xff", b"plain"])
def test_a_page_without_feeds_has_none(page: bytes) -> None:
    assert find_feeds(page, "https://wire.example/") == []


def test_usual_places_stand_at_the_root() -> None:
    assert usual_places("https://wire.example/a/b")[0] == "https://wire.example/feed"


def test_opml_goes_out_and_in() -> None:
    feeds = [
        FoundFeed(url="https://a.example/feed?x=1&y=2", title='Ann & "Bo" <x>'),
        FoundFeed(url="https://b.example/feed", title="B"),
    ]
    assert parse_opml(render_opml(feeds, "Mine & yours").encode()) == feeds


def test_nested_outlines_and_odd_capitals_are_read_and_repeats_dropped() -> None:
    body = b"""<opml version="1.0"><body><outline text="Tech"><outline text="A" XMLURL="https://a.example/feed"/>
    <outline text="A again" xmlUrl="https://a.example/feed"/><outline text="none" xmlUrl="javascript:x"/></outline></body></opml>"""
    assert [feed.url for feed in parse_opml(body)] == ["https://a.example/feed"]


@pytest.mark.parametrize("body", [b"", b"<rss/>", b"text"])
def test_what_is_no_opml_is_an_error(body: bytes) -> None:
    with pytest.raises(PermanentError):
        parse_opml(body)


def test_entities_of_opml_are_not_expanded() -> None:
    body = b"<!DOCTYPE opml [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><opml><body><outline text='&a;' xmlUrl='https://a.example/'/></body></opml>"
    assert all("\n" not in feed.title and len(feed.title) < 4 for feed in parse_opml(body))


def test_a_page_with_an_xml_declaration_or_a_broken_base_announces_its_feeds_too() -> None:
    link = b'<link rel="alternate" type="application/rss+xml" href="/f.xml"/>'
    for head in (b'<?xml version="1.0" encoding="utf-8"?>\n<html><head>', b'<html><head><base href="http://[x">'):
        found = find_feeds(head + link + b"</head></html>", "https://wire.example/")
        assert found == [FoundFeed(url="https://wire.example/f.xml")]
