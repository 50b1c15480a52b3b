"""Published stories -> RSS feeds and article pages over HTTP on loopback, and a webhook receiver that checks signatures.

Never fakes the product's side: it answers conditional requests and verifies what it receives, as real servers do.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from monitor.clock import Clock, SystemClock
from monitor.notify.signature import is_signed, parse_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article of one outlet; the first paragraph is the feed's summary."""

    outlet: str  # a slug: the first part of its path
    slug: str
    title: str
    paragraphs: tuple[str, ...]  # a paragraph that begins with "<" is HTML as it stands
    published_at: datetime

    @property
    def path(self) -> str:
        return f"/{self.outlet}/{self.slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook call."""

    headers: Mapping[str, str]  # names in lower case
    body: bytes
    verified: bool

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload


@dataclass(slots=True)
class Newsroom:
    """Feeds at /OUTLET/feed.xml, pages at /OUTLET/SLUG, the receiver at /hook; a context manager.

    `answer` decides the status that the receiver gives to a call (204 if it is not set).
    """

    secret: str
    host: str = "127.0.0.1"
    clock: Clock = field(default_factory=SystemClock)
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], int] = lambda received: 204 if received.verified else 401
    requests: list[tuple[str, str, int]] = field(default_factory=list)  # method, path, status
    _stories: list[Story] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        handler = type("Bound", (_Handler,), {"newsroom": self})
        self._server = ThreadingHTTPServer((self.host, 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the newsroom is closed")
        return f"http://{self.host}:{self._server.server_address[1]}"

    def feed_url(self, outlet: str) -> str:
        return f"{self.url}/{outlet}/feed.xml"

    def publish(self, story: Story) -> None:
        """Add a story; one of the same outlet and slug is replaced."""
        self._stories = [s for s in self._stories if s.path != story.path] + [story]

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Check the signature of a call and that it is fresh, as a receiver should (Standard Webhooks)."""
        return is_signed((parse_secret(self.secret),), headers, body, self.clock.now())

    def render(self, path: str) -> tuple[str, str] | None:
        """Return content type and text of a path, or None."""
        outlet, _, rest = path.strip("/").partition("/")
        stories = [s for s in self._stories if s.outlet == outlet]
        if rest == "feed.xml":
            return "application/rss+xml", self._render_feed(outlet, stories)
        found = next((s for s in stories if s.path == path), None)
        return ("text/html", render_page(found)) if found else None

    def _render_feed(self, outlet: str, stories: list[Story]) -> str:
        items = "".join(
            f"<item><title>{escape(s.title)}</title><link>{self.url}{s.path}</link><guid>{self.url}{s.path}</guid>"
            f"<pubDate>{format_datetime(s.published_at)}</pubDate><description>{escape(s.paragraphs[0])}</description></item>"
            for s in reversed(stories)
        )
        return (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>{escape(outlet)}</title>{items}</channel></rss>'
        )


def render_page(story: Story) -> str:
    paragraphs = "".join(p if p.startswith("<") else f"<p>{escape(p)}</p>" for p in story.paragraphs)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(story.title)}</title></head><body>"
        f"<nav><a href=/>Home</a></nav><article><h1>{escape(story.title)}</h1>{paragraphs}</article></body></html>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    newsroom: Newsroom

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        found = self.newsroom.render(self.path)
        if found is None:
            self._reply(404)
            return
        kind, text = found
        tag = '"' + hashlib.sha256(text.encode()).hexdigest()[:16] + '"'
        if self.headers.get("If-None-Match") == tag:
            self._reply(304, headers={"ETag": tag})
        else:
            self._reply(200, text.encode(), {"ETag": tag, "Content-Type": f"{kind}; charset=utf-8"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(headers=headers, body=body, verified=self.newsroom.verify(headers, body))
        status = self.newsroom.answer(received)
        if status < 300:
            self.newsroom.received.append(received)
        self._reply(status)

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.newsroom.requests.append((self.command, self.path, status))
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
