"""Entries' pages over a real client: robots.txt of every host on the way, pointers, pages that several feeds lead to.

The client's proxy, which is this test, answers for every name.
"""

from __future__ import annotations

import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import App, build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.daemon.drive import run_once
from tests.collect.web import Request, response, serving

START = datetime(2025, 6, 2, 12, tzinfo=UTC)
FILES = {
    "watchlist": "companies: [{name: Aster Labs}]\n",
    "channels": "channels: {out: {type: log}}\nroutes: [{to: out}]\n",
}
TEXT = "<p>Aster Labs has hired Mira Solano as chief scientist, the company said. She comes from a university.</p>" * 5


@dataclass
class World:
    """All sites: address -> what it answers; a feed is a list of (title, link)."""

    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> bytes:
        self.asked.append(request.path)
        return self.pages.get(request.path, response(status="404 Not Found"))

    def feed(self, address: str, items: Mapping[str, str]) -> None:
        entries = "".join(
            f"<item><title>{title}</title><link>{link}</link><guid>{address} {title}</guid>"
            f"<pubDate>Mon, 02 Jun 2025 11:00:00 GMT</pubDate><description>Short.</description></item>"
            for title, link in items.items()
        )
        self.pages[address] = response(f"<rss version='2.0'><channel>{entries}</channel></rss>".encode())

    def story(self, address: str) -> None:
        self.pages[address] = response(f"<html><body><article><h1>News</h1>{TEXT}</article></body></html>".encode())

    def redirect(self, address: str, target: str) -> None:
        self.pages[address] = response(status="302 Found", Location=target)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def run(world: World, clock: FixedClock, tmp_path: Path, monkeypatch) -> Iterator[Callable[[], list[sqlite3.Row]]]:
    """A function that does one full pass and returns the articles."""

    def resolve(host, port, *rest, **options):
        if host.startswith("127."):
            return real(host, port, *rest, **options)
        if host == "rebound.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 0))]
        raise socket.gaierror(socket.EAI_NONAME, "unknown here")

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with serving(world.answer) as proxy:
        apps: list[App] = []

        def once() -> list[sqlite3.Row]:
            if not apps:
                feeds = "".join(f"  - {address}\n" for address in world.pages if address.endswith(".xml"))
                settings = f"pages: {{deadline: 60s}}\nhttp: {{host_gap: 0s, proxy: '{proxy.url()}'}}\n"
                for name, text in (FILES | {"feeds": "feeds:\n" + feeds, "settings": settings}).items():
                    (tmp_path / f"{name}.yaml").write_text(text)
                apps.append(build(load_config(tmp_path, {}), tmp_path / "state", clock))
            run_once(apps[0].pipeline)
            with closing(sqlite3.connect(tmp_path / "state/monitor.db")) as db:
                db.row_factory = sqlite3.Row
                return db.execute("SELECT * FROM articles ORDER BY url").fetchall()

        yield once
        for app in apps:
            app.close()


def test_a_redirect_leads_to_no_page_that_its_host_keeps_from_robots(world: World, run) -> None:
    world.feed("http://a.example/feed.xml", {"Kept": "http://a.example/1", "Open": "http://a.example/2"})
    world.pages["http://b.example/robots.txt"] = response(b"User-agent: *\nDisallow: /private/")
    world.redirect("http://a.example/1", "http://b.example/private/1")
    world.redirect("http://a.example/2", "http://b.example/2")
    for address in ("http://b.example/private/1", "http://b.example/2"):
        world.story(address)
    articles = run()
    assert [(article["url"], article["note"]) for article in articles] == [
        ("http://a.example/1", "robots.txt"),
        ("http://a.example/2", None),
    ]
    assert "http://b.example/private/1" not in world.asked
    assert Counter(world.asked)["http://b.example/robots.txt"] == 1


def test_a_pointer_and_the_outlets_own_entry_are_one_article(world: World, run) -> None:
    world.feed("http://gather.example/feed.xml", {"Seen elsewhere": "http://t.co/abc"})
    world.feed("http://outlet.example/feed.xml", {"Own": "http://outlet.example/1"})
    world.redirect("http://t.co/abc", "http://outlet.example/1?utm_source=gather")
    world.story("http://outlet.example/1")
    world.story("http://outlet.example/1?utm_source=gather")
    (article,) = run()
    assert (article["url"], article["outlet"]) == ("http://outlet.example/1", "outlet.example")


def test_a_page_that_two_feeds_lead_to_is_fetched_once_and_again_when_a_feed_tells_of_it_anew(
    world, run, clock
) -> None:
    page = "http://outlet.example/1"
    world.feed("http://outlet.example/all.xml", {"News": page})
    world.feed("http://outlet.example/people.xml", {"News, too": page + "?utm_source=rss"})
    world.story(page)
    run()
    assert Counter(world.asked)[page] == 1
    clock.at += timedelta(hours=12)
    world.feed("http://outlet.example/all.xml", {"News": page, "More on the same page": page})
    run()
    assert Counter(world.asked)[page] == 2


def test_pages_of_a_host_that_wants_long_pauses_wait_in_the_queue_each_for_its_own_turn(
    world: World, run, clock
) -> None:
    world.feed("http://slow.example/feed.xml", {f"News {n}": f"http://slow.example/{n}" for n in range(3)})
    world.feed("http://quick.example/feed.xml", {"News": "http://quick.example/1"})
    world.pages["http://slow.example/robots.txt"] = response(b"User-agent: *\nCrawl-delay: 40")
    for address in (*(f"http://slow.example/{n}" for n in range(3)), "http://quick.example/1"):
        world.story(address)
    assert [article["outlet"] for article in run()] == ["quick.example", "slow.example"]
    asked = [address for address in world.asked if address[-1] in "012" and "slow" in address]
    assert len(asked) == 1


def test_a_name_that_leads_within_is_refused_behind_a_proxy_too(world: World, run) -> None:
    world.feed("http://a.example/feed.xml", {"Within": "http://rebound.example/1"})
    world.story("http://rebound.example/1")
    (article,) = run()
    assert article["partial"]
    assert not any("rebound" in address for address in world.asked)
