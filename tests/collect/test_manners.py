"""Pages that a site keeps from robots are not read, and its robots.txt is asked for once a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.clock import FixedClock
from monitor.manners import Manners
from monitor.model import Fetched, Poll, Refused, Validators
from tests.fakes import MemoryStore

START = datetime(2025, 7, 9, tzinfo=UTC)


@dataclass
class Site:
    """A fetcher that knows one answer for each address."""

    answers: dict[str, Poll] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        for index, (url, _) in enumerate(requests):
            self.asked.append(url)
            yield index, self.answers.get(url, Refused(reason="http 404", status=404))


def says(text: str) -> Fetched:
    return Fetched(url="", status=200, body=text.encode())


def manners(site: Site, **changes) -> Manners:
    return Manners(**{"store": MemoryStore(), "fetcher": site, "clock": FixedClock(START), **changes})


def test_only_pages_that_are_kept_from_us_are_refused() -> None:
    site = Site({"https://a.example/robots.txt": says("User-agent: *\nDisallow: /private/\n")})
    pages = ["https://a.example/private/1", "https://a.example/news/1", "http://b.example:81/private/1"]
    assert manners(site).find_refused(pages) == {pages[0]: Refused(reason="robots.txt", permanent=True)}
    assert site.asked == ["https://a.example/robots.txt", "http://b.example:81/robots.txt"]


def test_a_host_is_asked_once_a_day_even_over_a_restart() -> None:
    site, store, clock = Site(), MemoryStore(), FixedClock(START)
    for hours in (0, 1, 23, 25):
        clock.at = START + timedelta(hours=hours)
        manners(site, store=store, clock=clock).find_refused(["https://a.example/1", "https://a.example/2"])
    assert len(site.asked) == 2


def test_a_host_that_does_not_answer_is_left_alone_for_an_hour_and_its_pages_are_worth_another_try() -> None:
    site, clock = Site({"https://a.example/robots.txt": Refused(reason="timeout")}), FixedClock(START)
    polite = manners(site, clock=clock)
    (refused,) = polite.find_refused(["https://a.example/1"]).values()
    assert not refused.permanent
    site.answers.clear()
    assert polite.find_refused(["https://a.example/1"])
    clock.at += timedelta(hours=2)
    assert polite.find_refused(["https://a.example/1"]) == {}


def test_who_does_not_obey_asks_nobody() -> None:
    site = Site()
    assert manners(site, obeys=False).find_refused(["https://a.example/1"]) == {}
    assert site.asked == []
