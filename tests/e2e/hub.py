"""A WebSub hub on loopback, real to the last header, and a newsroom whose feeds announce it."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.demo.newsroom import Newsroom, Story

CHALLENGE = "a challenge & more"


@dataclass(slots=True)
class Hub:
    """Verifies who asks before it believes them, and sends what it is told to; `denies` refuses everybody."""

    host: str = "127.0.0.1"
    lease: int = 86_400  # seconds
    denies: bool = False
    answer: int = 202
    asked: list[dict[str, str]] = field(default_factory=list)
    verified: dict[str, dict[str, str]] = field(default_factory=dict)  # callback -> what was asked
    refused: list[str] = field(default_factory=list)  # callbacks that did not confirm
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((self.host, 0), type("Bound", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://{self.host}:{self._server.server_address[1]}/"

    def settle(self, form: dict[str, str]) -> None:
        """Deny, or verify the intent of who asked (sections 5.2 and 5.3)."""
        callback, topic = form["hub.callback"], form["hub.topic"]
        if self.denies:
            request(callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": "not for\nyou"})
            return
        query = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": CHALLENGE}
        status, body = request(callback, query | {"hub.lease_seconds": str(self.lease)})
        if 200 <= status < 300 and body == CHALLENGE:
            self.verified[callback] = form
        else:
            self.refused.append(callback)

    def push(self, body: bytes, *, method: str = "sha256", secret: str | None = None) -> list[int]:
        """Send `body` to all who are subscribed; return what they answered."""
        return [
            post(callback, body, sign(body, method, secret or form["hub.secret"]), self.url)
            for callback, form in self.verified.items()
        ]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        self.hub.asked.append(form)
        if self.hub.answer == 202:
            self.hub.settle(form)
        self.send_response(self.hub.answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def sign(body: bytes, method: str, secret: str) -> str:
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"


def request(callback: str, query: dict[str, str], method: str = "GET") -> tuple[int, str]:
    parts = urlsplit(callback)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request(method, f"{parts.path}?{urlencode(query)}")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def post(callback: str, body: bytes, signature: str = "", hub: str = "", **headers: str) -> int:
    parts = urlsplit(callback)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers |= {"Content-Type": "application/rss+xml", "Link": f'<{hub}>; rel="hub", <http://t.example/>; rel="self"'}
    if signature:
        headers["X-Hub-Signature"] = signature
    connection.request("POST", parts.path, body, headers)
    return connection.getresponse().status


@dataclass(slots=True)
class HubNewsroom(Newsroom):
    """A newsroom whose feeds name their hub and themselves."""

    hub: str = ""

    def _render_feed(self, outlet: str, stories: list[Story]) -> str:
        links = (
            f'<link xmlns="http://www.w3.org/2005/Atom" rel="hub" href="{self.hub}"/>'
            f'<link xmlns="http://www.w3.org/2005/Atom" rel="self" href="{self.feed_url(outlet)}"/>'
        )
        text = Newsroom._render_feed(self, outlet, stories)
        return text.replace("<channel>", f"<channel>{links}", 1) if self.hub else text
