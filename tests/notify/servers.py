"""Real servers on loopback, and a small real client: what the channels talk to in tests."""

import http.client
import socket
import ssl
import threading
import urllib.parse
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from monitor.model import Refused


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]


class HttpPoster:
    """POSTs with the standard library, as the program's own client does: once, no redirects."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> HttpAnswer | Refused:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request("POST", f"{parts.path}?{parts.query}", body, dict(headers))
            answer = connection.getresponse()
            answer.read()
            return HttpAnswer(answer.status, dict(answer.headers))
        except TimeoutError:
            return Refused(reason="timeout")
        except OSError as error:
            return Refused(reason=f"cannot reach {url}: {error}")  # quotes the URL, as libraries do
        finally:
            connection.close()


@dataclass
class Receiver:
    """Records every request and answers as told; the last answer repeats."""

    url: str
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def http_receiver(*answers: tuple[int, dict[str, str]]) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append((self.path, dict(self.headers), body))
            status, headers = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    if answers:
        receiver.answers = list(answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """An SMTP server's mind: what it took, and what it says at each step ("" lets the step pass)."""

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)  # "MAIL", "RCPT", "DATA" -> reply
    taken: list[Envelope] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def handle_MAIL(self, _s: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if not self.says.get("MAIL"):
            envelope.mail_from = address
        return self.says.get("MAIL") or "250 OK"

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if not self.says.get("RCPT"):
            envelope.rcpt_tos.append(address)
        return self.says.get("RCPT") or "250 OK"

    async def handle_DATA(self, _s: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if not self.says.get("DATA"):
            self.taken.append(envelope)
        return self.says.get("DATA") or "250 2.0.0 queued"


class _TlsController(Controller):
    """A controller whose start-up check speaks TLS without checking the certificate."""

    def _trigger_server(self) -> None:
        context = ssl._create_unverified_context()
        with (
            socket.create_connection((self.hostname, self.port), 5) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.recv(1024)


@contextmanager
def smtp_server(*, implicit_tls: ssl.SSLContext | None = None, password: str = "", **options: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox(port=free_port())

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        mailbox.logins.append(data.password)
        return AuthResult(success=data.password.decode() == password, handled=False)

    if password:
        options |= {"authenticator": authenticate, "auth_required": True}
        options.setdefault("auth_require_tls", False)
        warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    kind = _TlsController if implicit_tls else Controller
    controller = kind(mailbox, hostname="127.0.0.1", port=mailbox.port, ssl_context=implicit_tls, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
