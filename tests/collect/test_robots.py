"""What a host asks in its robots.txt is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.collect.robots import Robots, decide_without_robots, parse_robots

AGENT = "move-monitor/1.0 (+https://example.org)"


def allows(text: str, path: str) -> bool:
    return parse_robots(text, AGENT).allows("https://wire.example" + path)


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /private", "/private/a", False),
        ("Disallow: /private", "/news", True),
        ("Disallow:", "/news", True),
        ("Disallow: /", "/news", False),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Allow: /a\nDisallow: /a", "/a", True),
        ("Disallow: /*.pdf$", "/x/y.pdf", False),
        ("Disallow: /*.pdf$", "/x/y.pdf?z", True),
        ("Disallow: /*?print=", "/a?print=1", False),
        ("Disallow: /a*b*c", "/a/x/b/y/c/z", False),
        ("Disallow: /a*b*c", "/a/c/b", True),
        ("Disallow: /a$", "/a", False),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /a # all of it", "/a", False),
    ],
)
def test_the_longest_matching_rule_decides(rules: str, path: str, allowed: bool) -> None:
    assert allows("User-agent: *\n" + rules, path) is allowed


def test_the_group_that_names_us_goes_before_the_one_for_all() -> None:
    text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Move-Monitor\nDisallow: /b\n"
    assert allows(text, "/a")
    assert not allows(text, "/b")


def test_rules_for_others_are_not_ours() -> None:
    assert allows("User-agent: otherbot\nDisallow: /\n", "/a")


def test_a_crawl_delay_is_kept_within_reason() -> None:
    assert parse_robots("User-agent: *\nCrawl-delay: 2.5", AGENT).delay == timedelta(seconds=2.5)
    assert parse_robots("User-agent: *\nCrawl-delay: 90000", AGENT).delay == timedelta(seconds=60)
    assert parse_robots("User-agent: *\nCrawl-delay: soon", AGENT).delay is None


def test_no_file_allows_all_and_a_failing_host_nothing() -> None:
    assert decide_without_robots(404) == Robots()
    assert not decide_without_robots(503).allows("https://wire.example/")
    assert not decide_without_robots(None).allows("https://wire.example/")


def test_a_page_of_html_is_no_rule() -> None:
    assert allows("<html><body>User-agent: what</body></html>", "/a")


def test_rules_and_addresses_are_compared_in_one_spelling() -> None:
    assert not allows("User-agent: *\nDisallow: /\u00fcber/\n", "/%C3%BCber/1")
    assert not allows("User-agent: *\nDisallow: /%7Eann/\n", "/~ann/1")
