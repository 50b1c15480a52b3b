"""The HTTP client against real servers on loopback, well-behaved and not."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise

import pytest

from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions, Posted
from monitor.model import Fetched, NotModified, Poll, Refused, Validators
from tests.collect.web import Answer, Request, Web, response, serving

LOOPBACK = (ip_network("127.0.0.1/32"), ip_network("::1/128"))
LIMITS = HttpLimits(total=1.0, body=100_000, wire=50_000, gap=0.0)
RSS = b"<rss version='2.0'><channel><title>T</title></channel></rss>"
NONE = Validators()


@contextmanager
def fetching(limits: HttpLimits = LIMITS, **options: object) -> Iterator[HttpFetcher]:
    fetcher = HttpFetcher(HttpOptions(limits=limits, **({"allow": LOOPBACK} | options)))
    try:
        yield fetcher
    finally:
        fetcher.close()


def get(web: Web, path: str = "/", validators: Validators = NONE, limits: HttpLimits = LIMITS) -> Poll:
    with fetching(limits) as fetcher:
        return dict(fetcher.fetch([(web.url(path), validators)]))[0]


def poll_of(answer: Answer, limits: HttpLimits = LIMITS) -> Poll:
    with serving(lambda _: answer) as web:
        return get(web, limits=limits)


def test_a_body_comes_with_its_validators_and_freshness() -> None:
    poll = poll_of(response(RSS, ETag='"a"', Last_Modified="Wed, 09 Jul 2025 12:00:00 GMT", Cache_Control="max-age=60"))
    assert isinstance(poll, Fetched)
    assert (poll.body, poll.status, poll.max_age) == (RSS, 200, timedelta(minutes=1))
    assert poll.validators == Validators(etag='"a"', last_modified="Wed, 09 Jul 2025 12:00:00 GMT")


def test_validators_are_sent_and_304_means_not_modified() -> None:
    with serving(
        lambda request: response(status="304 Not Modified") if "if-none-match" in request.headers else response(RSS)
    ) as web:
        assert isinstance(get(web, validators=Validators(etag='"a"', last_modified="x")), NotModified)
        assert web.seen[0].headers["if-modified-since"] == "x"


def test_304_to_an_unconditional_request_is_no_success() -> None:
    assert poll_of(response(status="304 Not Modified")) == Refused(reason="http 304", status=304)


def test_the_client_says_who_it_is() -> None:
    with serving(lambda _: response(RSS)) as web, fetching(contact="https://example.org/bot\r\nX: y") as fetcher:
        list(fetcher.fetch([(web.url(), NONE)]))
        assert web.seen[0].headers["user-agent"].startswith("move-monitor/")
        assert web.seen[0].headers["user-agent"].endswith("(+https://example.org/botX: y)")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(status="404 Not Found"), "http 404"),
        (response(status="500 Oops"), "http 500"),
        (response(RSS * 1_000), "too large"),
        (response(gzip.compress(bytes(1_000_000)), Content_Encoding="gzip"), "too large"),
        ([b"HTTP/1.1 200 OK\r\n\r\n", *([b"x" * 10_000] * 20)], "too large"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nabc"], "cut off"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nabc"], "cut off"),
        ([b""], "cut off"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc"], "bad answer"),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"], "bad answer"),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"], "bad answer"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], "bad answer"),
        (response(b"\x1f\x8bgarbage", Content_Encoding="gzip"), "bad encoding"),
        (response(RSS, Content_Encoding="zstd"), "bad encoding"),
        ([5.0], "timeout"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", *([b"x", 0.1] * 40)], "timeout"),
    ],
)
def test_a_bad_answer_has_a_named_reason(answer: Answer, reason: str) -> None:
    started = time.monotonic()
    poll = poll_of(answer)
    assert isinstance(poll, Refused)
    assert poll.reason == reason
    assert time.monotonic() - started < 2.5


def test_what_the_server_asks_is_passed_on() -> None:
    poll = poll_of(response(status="503 Busy", Retry_After="90"))
    assert poll == Refused(reason="http 503", status=503, retry_after=timedelta(seconds=90))


def test_410_is_permanent() -> None:
    assert poll_of(response(status="410 Gone")) == Refused(reason="http 410", status=410, permanent=True)


def redirecting(targets: Mapping[str, tuple[str, str]]) -> Iterator[Web]:
    def answer(request: Request) -> bytes:
        status, location = targets.get(request.path, ("", ""))
        return response(status=status, Location=location) if status else response(RSS)

    return serving(answer)


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [("301 Moved", "308 Moved", "/c"), ("301 Moved", "302 Found", "/b"), ("302 Found", "301 Moved", None)],
)
def test_only_a_leading_chain_of_permanent_redirects_is_a_move(first: str, second: str, moved: str | None) -> None:
    with redirecting({"/a": (first, "/b"), "/b": (second, "/c")}) as web:
        poll = get(web, "/a")
        assert isinstance(poll, Fetched)
        assert poll.url == web.url("/c")
        assert poll.moved_to == (web.url(moved) if moved else None)


def test_a_redirect_loop_ends() -> None:
    with redirecting({"/a": ("302 Found", "/a")}) as web:
        assert get(web, "/a") == Refused(reason="too many redirects")
        assert len(web.seen) == 6


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "blocked address"),
        ("http://127.0.0.2:{port}\\@example.org/", "bad url"),
        ("http://example.org@127.0.0.2:{port}/", "blocked address"),
        ("http://0x7f000002:{port}/", "blocked address"),
        ("http://2130706434:{port}/", "blocked address"),
        ("http://0:{port}/", "blocked address"),
        ("http://[::ffff:127.0.0.2]:{port}/", "blocked address"),
        ("http://169.254.169.254/latest/meta-data/", "blocked address"),
        ("file:///etc/passwd", "bad scheme"),
        ("gopher://127.0.0.1:25/x", "bad scheme"),
    ],
)
def test_a_redirect_within_is_refused(location: str, reason: str) -> None:
    with serving(lambda _: response(status="302 Found", Location=location.format(port=web.port))) as web:
        assert get(web) == Refused(reason=reason, permanent=True)
        assert len(web.seen) == 1


def test_a_name_that_leads_within_is_refused_for_gets_and_posts() -> None:
    with serving(lambda _: response(RSS)) as web, fetching(allow=()) as fetcher:
        for host in ("localhost", "127.0.0.1", "127.1", "0x7f000001", "[::ffff:127.0.0.1]"):
            assert dict(fetcher.fetch([(web.url(host=host), NONE)]))[0] == Refused(
                reason="blocked address", permanent=True
            )
            assert fetcher.post(web.url(host=host), {}, b"", 1.0) == Refused(reason="blocked address", permanent=True)
        assert web.seen == []


def test_names_that_do_not_resolve_and_closed_ports_are_named() -> None:
    with serving(lambda _: response()) as web:
        closed = web.url()
    with fetching() as fetcher:
        polls = dict(fetcher.fetch([("http://nothing.invalid/", NONE), (closed, NONE)]))
    assert [poll.reason for _, poll in sorted(polls.items()) if isinstance(poll, Refused)] == ["dns", "connect"]


def test_slow_feeds_do_not_delay_the_others() -> None:
    with serving(lambda request: [9.0] if request.path == "/slow" else response(RSS)) as web, fetching() as fetcher:
        requests = [(web.url("/slow"), NONE), *((web.url(f"/{number}"), NONE) for number in range(20))]
        order = [index for index, _ in fetcher.fetch(requests)]
    assert order[-1] == 0
    assert sorted(order) == list(range(21))


def test_fetching_is_concurrent_up_to_the_limit() -> None:
    limits = replace(LIMITS, concurrency=8)
    with serving(lambda _: [0.05, response(RSS, Connection="close")]) as web, fetching(limits) as fetcher:
        list(fetcher.fetch([(web.url(f"/{number}"), NONE) for number in range(32)]))
        assert web.open_most == 8


def test_one_host_gets_few_requests_at_once_and_a_gap_between_them() -> None:
    limits = replace(LIMITS, per_host=2, gap=0.05)
    with serving(lambda _: [0.2, response(RSS, Connection="close")]) as web, fetching(limits) as fetcher:
        list(fetcher.fetch([(web.url(f"/{number}", host="localhost"), NONE) for number in range(6)]))
        starts = sorted(request.at for request in web.seen)
        assert web.open_most == 2
        assert min(later - earlier for earlier, later in pairwise(starts)) > 0.03


def test_a_host_that_answers_429_is_left_alone() -> None:
    with serving(lambda _: response(status="429 Slow", Retry_After="60")) as web, fetching() as fetcher:
        first = dict(fetcher.fetch([(web.url("/a", host="localhost"), NONE)]))[0]
        second = dict(fetcher.fetch([(web.url("/b", host="localhost"), NONE)]))[0]
        assert len(web.seen) == 1
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert (first.reason, second.reason) == ("http 429", "host asked to wait")
    assert second.retry_after is not None
    assert timedelta(seconds=50) < second.retry_after <= timedelta(seconds=60)


def test_bodies_wait_when_the_caller_is_slow() -> None:
    limits = replace(LIMITS, waiting=1_000, concurrency=2)
    with serving(lambda _: response(b"x" * 600)) as web, fetching(limits) as fetcher:
        outcomes = fetcher.fetch([(web.url(f"/{number}"), NONE) for number in range(30)])
        next(outcomes)
        time.sleep(0.3)
        assert len(web.seen) < 30
        assert len(list(outcomes)) == 29


def test_a_caller_that_stops_early_cancels_the_rest() -> None:
    with serving(lambda _: [0.1, response(RSS)]) as web, fetching(replace(LIMITS, concurrency=1)) as fetcher:
        outcomes = fetcher.fetch([(web.url(f"/{number}"), NONE) for number in range(20)])
        next(outcomes)
        outcomes.close()
        time.sleep(0.3)
        assert len(web.seen) <= 3


def test_threads_share_one_client() -> None:
    with serving(lambda _: response(RSS)) as web, fetching() as fetcher:
        counts: list[int] = []

        def work() -> None:
            counts.append(len(list(fetcher.fetch([(web.url(), NONE)] * 20))))

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts == [20] * 5


def test_a_post_returns_what_the_receiver_said() -> None:
    with (
        serving(lambda _: response(b"y" * 9_000, "503 Busy", Retry_After="7", X_Kind="a")) as web,
        fetching() as fetcher,
    ):
        posted = fetcher.post(web.url("/hook"), {"webhook-id": "msg_1", "content-type": "application/json"}, b"{}", 1.0)
        request = web.seen[0]
    assert isinstance(posted, Posted)
    assert (posted.status, posted.retry_after, posted.headers["x-kind"]) == (503, timedelta(seconds=7), "a")
    assert len(posted.body) <= 2_000
    assert (request.line, request.body, request.headers["webhook-id"]) == ("POST /hook HTTP/1.1", b"{}", "msg_1")


def test_a_post_that_wants_all_of_the_answer_takes_it_in_its_parts_up_to_its_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    with serving(lambda _: [head, b"a" * 3_000, 0.05, b"b" * 3_000]) as web, fetching() as fetcher:
        posted = fetcher.post(web.url(), {}, b"", 1.0, 6_000)
        assert isinstance(posted, Posted)
        assert posted.body == b"a" * 3_000 + b"b" * 3_000
        assert fetcher.post(web.url(), {}, b"", 1.0, 5_999) == Refused(reason="too large")


def test_a_post_is_not_redirected_and_ends_at_its_deadline() -> None:
    with redirecting({"/a": ("307 Elsewhere", "/b")}) as web, fetching() as fetcher:
        posted = fetcher.post(web.url("/a"), {}, b"", 1.0)
        assert isinstance(posted, Posted)
        assert posted.status == 307
    with serving(lambda _: [5.0]) as web, fetching() as fetcher:
        assert fetcher.post(web.url(), {}, b"", 0.2) == Refused(reason="timeout")


def test_a_proxy_is_used_and_does_not_open_a_way_within() -> None:
    with serving(lambda _: response(RSS)) as proxy, fetching(proxy=proxy.url(), allow=()) as fetcher:
        outside = "http://wire.example/feed"
        polls = dict(fetcher.fetch([(outside, NONE), ("http://169.254.169.254/", NONE), ("http://db.internal/", NONE)]))
        assert isinstance(polls[0], Fetched)
        assert polls[1] == polls[2] == Refused(reason="blocked address", permanent=True)
        assert [request.line for request in proxy.seen] == [f"GET {outside} HTTP/1.1"]


def test_a_gap_is_kept_when_requests_wait_for_a_lane() -> None:
    limits = replace(LIMITS, gap=0.2, concurrency=1)
    answers = {"/long": [0.5, response(RSS, Connection="close")]}
    with serving(lambda request: answers.get(request.path, response(RSS))) as web, fetching(limits) as fetcher:
        others = [(web.url(f"/{number}", host="localhost"), NONE) for number in range(2)]
        list(fetcher.fetch([(web.url("/long"), NONE), *others]))
        first, second = sorted(request.at for request in web.seen if request.path != "/long")
        assert second - first > 0.18


def test_a_closed_client_starts_anew() -> None:
    with serving(lambda _: response(RSS)) as web, fetching() as fetcher:
        for _ in range(2):
            assert isinstance(dict(fetcher.fetch([(web.url(), NONE)]))[0], Fetched)
            fetcher.close()
