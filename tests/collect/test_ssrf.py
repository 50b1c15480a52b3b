"""Whatever an address is written like, and whoever wrote it (a feed, a redirect, a channel): nothing within is reached."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions
from monitor.model import Event, Failed, Refused, Validators
from monitor.notify.sources import build_source_alert
from monitor.notify.webhook import Webhook
from tests.builders import NOW, a_delivery, a_feed
from tests.collect.web import Request, response, serving

NONE = Validators()
ALERT = build_source_alert(a_feed(), Event.SOURCE_FAILING, NOW)
LIMITS = HttpLimits(total=3, connect=0.3, gap=0.0)
OURS = ip_network("127.0.0.1/32")  # the outer server of these tests; 127.0.0.2 is the inner one

# Spellings of 127.0.0.2 and of other inner addresses, most of them from real attacks.
HOSTS = [
    "127.0.0.2",
    "127.0.0.2.",
    "127.2",
    "127.0.2",
    "127.000.000.002",
    "0177.0.0.2",
    "0177.00.00.02",
    "00177.2",
    "0x7f.0.0.2",
    "0x7F.0x0.0x0.0x2",
    "0x7f.2",
    "0x7f000002",
    "0X7F000002",
    "2130706434",
    "017700000002",
    "127.0.0.0x2",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[0:0:0:0:0:ffff:7f00:2]",
    "[::127.0.0.2]",
    "[::7f00:2]",
    "[64:ff9b::7f00:2]",
    "[64:ff9b::127.0.0.2]",
    "[64:ff9b:1::7f00:2]",
    "[2002:7f00:2::]",
    "[2002:7f00:2::1]",
    "[2001:0:7f00:2::]",
    "[::ffff:0:127.0.0.2]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::1%25lo]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[fc00::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "0",
    "0.0.0.0",
    "0x0",
    "10.0.0.1",
    "10.1",
    "012.0.0.1",
    "0xa.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.254",
    "0254.020.0.1",
    "192.168.1.1",
    "192.168.257",
    "3232235777",
    "0xc0a80101",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.43518",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "192.0.0.192",
    "198.18.0.1",
    "192.88.99.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "１２７.0.0.2",
    "１２７．０．０．２",
    "127。0。0。2",
    "127｡0｡0｡2",
    "①②⑦.⓪.⓪.②",
    "%31%32%37.0.0.2",
    "127.0.0.2%00",
    "127.0.0.2%0a",
    "example.org@127.0.0.2",
    "example.org:80@127.0.0.2",
    "a%40b@127.0.0.2",
    "example.org%23@127.0.0.2",
    "127.0.0.2\\@example.org",
    "example.org\\@127.0.0.2",
    "example.org\\.127.0.0.2",
]
URLS = [
    *(f"http://{host}:{{port}}/" for host in HOSTS if "@example" not in host),
    "http://127.0.0.2:{port}\\@example.org/",
    "HTTP://127.0.0.2:{port}/",
    "http:\\\\127.0.0.2:{port}/",
    "http:///127.0.0.2:{port}/",
    "http:127.0.0.2:{port}/",
    "http://127.0.0\t.2:{port}/",
    "http://127.0.0.2:{port}#@example.org/",
    "http://127.0.0.2:{port}?@example.org/",
    "http://[::ffff:127.0.0.2]:{port}@127.0.0.2:{port}/",
    "https://127.0.0.2:{port}/",
    "ftp://127.0.0.2:{port}/",
    "gopher://127.0.0.2:{port}/_GET",
    "dict://127.0.0.2:{port}/",
    "file:///etc/hostname",
    "file://127.0.0.2/etc/hostname",
    "jar:http://127.0.0.2:{port}/!/",
    "unix:///run/secret.sock",
    "data:text/xml,<rss/>",
]
NAMED = {"blocked address", "bad url", "bad scheme", "bad port", "dns"}


@dataclass
class Inner:
    """What must never be connected to."""

    port: int
    reached: list[object] = field(default_factory=list)


@pytest.fixture(scope="module")
def inner() -> Iterator[Inner]:
    server = socket.create_server(("127.0.0.2", 0))
    inner = Inner(port=server.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            inner.reached.append(address)
            connection.close()

    threading.Thread(target=accept, daemon=True).start()
    yield inner
    server.close()


@pytest.fixture(scope="module")
def fetcher() -> Iterator[HttpFetcher]:
    fetcher = HttpFetcher(HttpOptions(allow=[OURS], limits=LIMITS))
    yield fetcher
    fetcher.close()


def test_the_suite_is_large_enough() -> None:
    assert len(set(URLS)) >= 100


@pytest.mark.parametrize("url", URLS)
def test_no_spelling_in_a_feed_reaches_within(url: str, inner: Inner, fetcher: HttpFetcher) -> None:
    poll = dict(fetcher.fetch([(url.format(port=inner.port), NONE)]))[0]
    assert isinstance(poll, Refused)
    assert poll.reason in NAMED
    assert inner.reached == []


@pytest.mark.parametrize("url", URLS)
def test_no_redirect_reaches_within(url: str, inner: Inner, fetcher: HttpFetcher) -> None:
    target = quote(url.format(port=inner.port), safe="".join(map(chr, range(33, 127))))

    def redirect(request: Request) -> bytes:
        return response(status="302 Found", Location=target) if request.path == "/start" else response(status="404 No")

    with serving(redirect) as web:
        poll = dict(fetcher.fetch([(web.url("/start"), NONE)]))[0]
    assert isinstance(poll, Refused)
    assert poll.reason in NAMED | {"http 404", "timeout"}  # what is no address of its own is a path on the outer server
    assert inner.reached == []


@pytest.mark.parametrize("url", URLS)
def test_no_webhook_reaches_within(url: str, inner: Inner, fetcher: HttpFetcher) -> None:
    hook = Webhook(name="team", url=url.format(port=inner.port), secrets=("whsec_" + "YWJj" * 8,), poster=fetcher)
    assert isinstance(hook.send(a_delivery(ALERT), NOW), Failed)
    assert inner.reached == []


def test_a_name_that_leads_outside_first_and_within_later_is_refused(inner: Inner, monkeypatch) -> None:
    """The check and the connection use one answer of the name server; every later answer is checked again."""
    answers = iter(["127.0.0.1", *["127.0.0.2"] * 99])
    asked = []

    def resolve(host: str, port: int, *args, **named):
        if not host.endswith("rebinds.example"):
            return real(host, port, *args, **named)
        address = next(answers)
        asked.append(address)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with serving(lambda _: response(b"outer")) as web:
        for _ in range(3):  # a client each: none may rely on what another has looked up
            fetcher = HttpFetcher(HttpOptions(allow=[OURS], limits=LIMITS))
            polls = [
                dict(fetcher.fetch([(f"http://rebinds.example:{port}/", NONE)]))[0] for port in (web.port, inner.port)
            ]
            fetcher.close()
    assert asked[0] == "127.0.0.1"
    assert "127.0.0.2" in asked
    assert [poll.reason for poll in polls if isinstance(poll, Refused)] == ["blocked address"] * 2
    assert inner.reached == []


def test_of_a_name_with_both_kinds_of_addresses_only_the_outer_is_reached(inner: Inner, monkeypatch) -> None:
    def resolve(host: str, port: int, *_, **__):
        both = [("127.0.0.2", port), ("127.0.0.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in both]

    with serving(lambda _: response(b"outer")) as web:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        fetcher = HttpFetcher(HttpOptions(allow=[OURS], limits=LIMITS))
        dict(fetcher.fetch([(f"http://both.example:{web.port}/", NONE), (f"http://both.example:{inner.port}/", NONE)]))
        fetcher.close()
    assert inner.reached == []
