"""HTTPS through a proxy: a real tunnel to a real TLS server on loopback."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp.connector
import pytest

from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions, Posted
from monitor.model import Fetched, Refused, Validators

NONE = Validators()


@dataclass
class Proxy:
    """Connects every tunnel to its own TLS server, which answers everything in one way."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    tls_port: int = 0

    async def start(self, context: ssl.SSLContext) -> None:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
        proxy = await asyncio.start_server(self.tunnel, "127.0.0.1", 0)
        self.tls_port, self.port = (each.sockets[0].getsockname()[1] for each in (server, proxy))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        writer.close()

    async def tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append((await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")[0])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.tls_port)
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
    writer.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the test's certificate, and is not installed")
    key, path = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=wire.invalid"
    files = ["-addext", "subjectAltName=DNS:wire.invalid", "-keyout", key, "-out", path]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return path


@pytest.fixture
def proxy(certificate: Path) -> Iterator[Proxy]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    loop, proxy = asyncio.new_event_loop(), Proxy()
    loop.run_until_complete(proxy.start(context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield proxy
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.fixture
def fetcher(proxy: Proxy) -> Iterator[HttpFetcher]:
    fetcher = HttpFetcher(HttpOptions(proxy=f"http://127.0.0.1:{proxy.port}", limits=HttpLimits(total=3.0, gap=0.0)))
    yield fetcher
    fetcher.close()


def test_a_tunnel_carries_what_only_its_end_may_read(proxy, fetcher, certificate, monkeypatch) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    ((_, poll),) = fetcher.fetch([("https://wire.invalid/feed", NONE)])
    posted = fetcher.post("https://wire.invalid/hook", {}, b"{}", 3.0)
    assert isinstance(poll, Fetched)
    assert isinstance(posted, Posted)
    assert (poll.body, posted.body) == (b"secret", b"secret")
    assert proxy.lines == ["CONNECT wire.invalid:443 HTTP/1.1"] * 2


def test_a_tunnel_to_who_cannot_prove_the_name_is_refused(proxy, fetcher) -> None:
    assert dict(fetcher.fetch([("https://wire.invalid/feed", NONE)]))[0] == Refused(reason="tls")


def test_no_tunnel_is_asked_for_to_an_inner_address(proxy, fetcher) -> None:
    urls = ["https://10.0.0.1/", "https://localhost/", "https://db.internal/", "https://0x7f000001/"]
    polls = dict(fetcher.fetch([(url, NONE) for url in urls]))
    assert set(polls.values()) == {Refused(reason="blocked address", permanent=True)}
    assert proxy.lines == []
