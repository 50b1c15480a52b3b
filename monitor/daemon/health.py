"""The heartbeat and the metrics -> /healthz, /readyz and /metrics over HTTP, where `settings.listen` asks for them.

Never changes anything and tells no secret; meant for loopback or an inner network: it asks nobody for a password.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from monitor.daemon.heartbeat import Heartbeat
from monitor.daemon.metrics import Metrics
from monitor.errors import MonitorError, PermanentError
from monitor.log import concealed

Answer = tuple[int, str, bytes]  # status, content type, body


@dataclass(slots=True, kw_only=True)
class Health:
    """The answers, and the server that gives them between `start` and `close`."""

    heartbeat: Heartbeat
    metrics: Metrics
    monotonic: Callable[[], float] = time.monotonic
    _server: ThreadingHTTPServer | None = field(default=None)

    def start(self, address: str) -> int:
        """Listen at "host:port" and return the port; PermanentError where the address cannot be had."""
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        handler = type("Bound", (_Handler,), {"health": self})
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._server = type("Server", (_Server,), {"address_family": family})((host, int(port)), handler)
        except OSError as error:
            raise PermanentError(f"settings.listen: cannot listen on {address}: {error.strerror or error}") from error
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, path: str) -> Answer:
        match path.partition("?")[0]:
            case "/healthz":
                return self._healthz()
            case "/readyz":
                return self._readyz()
            case "/metrics":
                return self._metrics()
            case _:
                return 404, "text/plain", b"/healthz, /readyz or /metrics\n"

    def _healthz(self) -> Answer:
        """Live while no job hangs: a restart would mend nothing else."""
        stale = self.heartbeat.stale(self.monotonic())
        return _json(503 if stale else 200, {"stale": {job: round(seconds) for job, seconds in stale.items()}})

    def _readyz(self) -> Answer:
        """Ready when every job has done a batch, and the last one of each did not fail."""
        problems: dict[str, Any] = {"waiting": self.heartbeat.waiting(), "failing": self.heartbeat.failing()}
        problems["stale"] = sorted(self.heartbeat.stale(self.monotonic()))
        return _json(503 if any(problems.values()) else 200, problems)

    def _metrics(self) -> Answer:
        try:
            return 200, CONTENT_TYPE_LATEST, self.metrics.text()
        except MonitorError as error:
            return 503, "text/plain", f"{error}\n".encode()


def _json(status: int, body: dict[str, Any]) -> Answer:
    shown = {"ok": status == 200, **{name: value for name, value in body.items() if value}}
    return status, "application/json", concealed(json.dumps(shown)).encode() + b"\n"  # errors may quote anything


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which may take long or fail."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds of silence after which a connection is closed
    health: Health

    def do_GET(self) -> None:
        status, kind, body = self.health.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a scraper would fill the log."""
