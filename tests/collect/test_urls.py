"""One article has one key, however its address is written."""

from __future__ import annotations

import pytest

from monitor.collect.urls import absolute_url, article_key, canonical_url, is_pointer, registrable_domain


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://WWW.Example.ORG:443/a", "https://www.example.org/a"),
        ("http://example.org:80", "http://example.org/"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("https://example.org/a#section", "https://example.org/a"),
        ("https://example.org/#!/route", "https://example.org/#!/route"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("https://example.org/%7eann/%c3%a9", "https://example.org/~ann/%C3%A9"),
        ("https://example.org/ä?q=é", "https://example.org/%C3%A4?q=%C3%A9"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("  https://example.org/a\n", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=7&fbclid=y", "https://example.org/a?id=7"),
        ("https://example.org/a?UTM_Campaign=x", "https://example.org/a"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?b=2&a=1"),
        ("https://www.washingtonpost.com/a?itid=hp&id=7", "https://www.washingtonpost.com/a?id=7"),
        ("https://example.org/a?ref=rss", "https://example.org/a"),
        ("https://example.org/a?ref=main", "https://example.org/a?ref=main"),
        ("https://example.org/a?itid=hp", "https://example.org/a?itid=hp"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        ("javascript:alert(1)", ""),
        ("ftp://example.org/a", ""),
        ("https://", ""),
        ("https://exa mple.org/", ""),
        ("http://[::1/", ""),
        ("http://example.org:99999/", ""),
        ("http://0。", "http://0/"),  # found by fuzzing: the stop of another script
        ("http://example。org。/a", "http://example.org/a"),
    ],
)
def test_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "other",
    [
        "http://example.org/2025/07/ann-joins",
        "https://www.example.org/2025/07/ann-joins/",
        "https://m.example.org/2025/07/ann-joins",
        "https://amp.example.org/2025/07/ann-joins",
        "https://example.org/2025/07/ann-joins/amp/",
        "https://example.org/2025/07/ann-joins?amp=1",
        "https://example.org/2025/07/ann-joins?outputType=amp",
        "https://example.org/2025/07/ann-joins?utm_source=rss#comments",
    ],
)
def test_addresses_of_one_article_share_a_key(other: str) -> None:
    assert article_key(other) == article_key("https://example.org/2025/07/ann-joins")


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/a?id=2",
        "https://example.org/A?id=1",
        "https://blog.example.org/a?id=1",
        "https://example.org:8443/a?id=1",
        "https://example.com/a?id=1",
    ],
)
def test_other_articles_have_other_keys(other: str) -> None:
    assert article_key(other) != article_key("https://example.org/a?id=1")


def test_the_order_of_parameters_does_not_count() -> None:
    assert article_key("https://example.org/?b=2&a=1") == article_key("https://example.org/?a=1&b=2")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://feeds.bbci.co.uk/news/rss.xml", "bbci.co.uk"),
        ("https://a.b.example.com:8080/x", "example.com"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://localhost/", "localhost"),
        ("www.example.com.au", "example.com.au"),
    ],
)
def test_registrable_domain(url: str, domain: str) -> None:
    assert registrable_domain(url) == domain


def test_links_of_aggregators_are_pointers() -> None:
    assert is_pointer("https://news.google.com/rss/articles/CBMi?oc=5")
    assert is_pointer("https://t.co/abc")
    assert not is_pointer("https://www.google.com/about")
    assert not is_pointer("https://example.org/a")


def test_a_link_without_a_page_is_none() -> None:
    assert absolute_url("", "https://example.org/") is None
    assert absolute_url("mailto:ann@example.org", "https://example.org/") is None
    assert absolute_url("../b", "https://example.org/x/a") == "https://example.org/b"
