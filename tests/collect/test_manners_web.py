"""Where pages lead on real servers is asked for, too."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from monitor.clock import SystemClock
from monitor.collect import http
from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions
from monitor.manners import Manners
from monitor.model import Fetched, Refused
from tests.collect.web import Answer, Request, response, serving
from tests.fakes import MemoryStore


def polite() -> Manners:
    options = HttpOptions(allow=[ip_network("127.0.0.0/8")], limits=HttpLimits(gap=0))
    return Manners(store=MemoryStore(), fetcher=HttpFetcher(options), clock=SystemClock())


def test_no_redirect_leads_to_what_is_kept_from_us() -> None:
    def answer(request: Request) -> Answer:
        leads = {"/within": "/private/1", "/out": f"http://127.0.0.1:{other.port}/private/2"}
        if request.path in leads:
            return response(status="302 Found", Location=leads[request.path])
        return response(b"User-agent: *\nDisallow: /private/\n")

    with serving(answer) as web, serving(answer) as other:
        pages = [web.url("/within"), web.url("/out"), other.url("/news")]
        polls = {index: poll for index, _, poll in polite().fetch(pages, 1_000)}
        assert polls[0] == polls[1] == Refused(reason="robots.txt", permanent=True)
        assert isinstance(polls[2], Fetched)
        assert "/private" not in " ".join(request.path for request in web.seen + other.seen)


def test_a_page_that_leads_to_another_spelling_waits_for_its_hosts_pause_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http._Client, "_is_foreign", lambda *_: True)

    def answer(request: Request) -> Answer:
        moved = response(status="301 Moved", Location="/1/")
        return moved if request.path == "/1" else response(b"User-agent: *\nCrawl-delay: 30\n")

    with serving(answer) as web:
        ((_, url, poll),) = polite().fetch([web.url("/1")], 1_000)
        assert (url, type(poll)) == (web.url("/1/"), Fetched)


def test_feeds_behind_a_silent_host_do_not_each_wait_until_their_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http._Client, "_is_foreign", lambda *_: True)
    limits = HttpLimits(gap=0, total=0.3)
    fetcher = HttpFetcher(HttpOptions(allow=[ip_network("127.0.0.0/8")], limits=limits))
    with serving(lambda _: [60.0]) as web:
        polls = [poll for _, poll in fetcher.fetch([(web.url(f"/{n}"), http.Validators()) for n in range(20)])]
        assert polls == [Refused(reason="timeout")] * 20
        assert len(web.seen) <= 4
    fetcher.close()
