"""What hubs send to `websub.listen` -> answers to their verifications, and pushes for the pipeline to read (0023).

Never shows anything, and never reads what it is sent: a stranger's request ends at 404, a hub's body is kept as it came.
The whole world may speak to it, so all is bounded: connections, their time, the length of a body, bodies at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from monitor.clock import Clock
from monitor.collect.websub import decide_verification, is_signed
from monitor.config.settings import Settings
from monitor.daemon.reload import Running
from monitor.errors import MonitorError, PermanentError
from monitor.log import log
from monitor.model import Push, Subscription, SubscriptionState

BODIES = 4  # taken at once, each up to http.feed_limit
ROOM = 20  # pushes of one feed that may wait to be read
WORKERS = 4
_HEADERS = {"Server": "move-monitor", "X-Content-Type-Options": "nosniff"}

T = TypeVar("T")
Count = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Callback:
    """The place where hubs reach us, on an event loop in a thread of its own; it listens where `follow` says."""

    running: Running
    clock: Clock
    count: Count = lambda _: None  # told what became of each push
    connections: int = 64  # at once; one more is closed unheard
    deadline: float = 30.0  # seconds that a connection has for all it wants
    port: int = 0
    _address: str | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _server: asyncio.Server | None = None
    _workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "callback"))
    _bodies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BODIES))

    def follow(self, settings: Settings) -> None:
        """Listen where the settings say, and nowhere else; PermanentError where the address cannot be had."""
        address = settings.websub.listen if settings.websub else None
        if address == self._address:
            return
        self._stop()
        if address:
            self._start(address)
            log.info("callback.listening", port=self.port)

    def close(self) -> None:
        self._stop()
        if self._loop:
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _start(self, address: str) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="callback", daemon=True).start()
        host, _, port = address.rpartition(":")
        try:
            self._server = self._run(self._listen(host.strip("[]"), int(port)))
        except OSError as error:
            raise PermanentError(f"websub.listen: cannot listen on {address}: {error.strerror or error}") from error
        self.port, self._address = self._server.sockets[0].getsockname()[1], address

    def _stop(self) -> None:
        if self._loop and self._server:
            self._loop.call_soon_threadsafe(self._server.close)
        self._server = self._address = None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self, host: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = web.Server(self._handle, access_log=None, auto_decompress=False, lingering_time=0)

        def connect() -> asyncio.Protocol:
            if len(server.connections) >= self.connections:
                return _Closed()
            protocol = server()
            loop.call_later(self.deadline, _abort, protocol)
            return protocol

        return await loop.create_server(connect, host, port, backlog=self.connections)

    # --- one request --------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        try:
            status, text = await self._answer(request)
        except MonitorError as error:  # a full disk, a busy database: the hub tries again
            log.error("callback.failed", error=str(error))
            status, text = 503, ""
        retry = {"Retry-After": "60"} if status == 503 else {}
        response = web.Response(status=status, text=text, headers={**_HEADERS, **retry})
        response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> tuple[int, str]:
        if request.method not in ("GET", "POST"):
            return 405, ""
        known = await self._work(self._find, request.path.rpartition("/")[2])
        if known is None:
            self.count("unknown")
            return 404, ""
        if request.method == "GET":
            return await self._work(self._verify, known, dict(request.query))
        async with self._bodies:
            return await self._take(known, request)

    async def _work(self, function: Callable[..., T], *arguments: Any) -> T:
        """Do what waits for the database where it holds up nobody else."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, function, *arguments)

    def _find(self, token: str) -> Subscription | None:
        return self.running.app.store.find_subscription(token=token) if token else None

    def _verify(self, known: Subscription, query: dict[str, str]) -> tuple[int, str]:
        """Answer a hub that asks whether we asked (section 5.3), or tells that it will not (5.2)."""
        after: list[Subscription | None] = [None]

        def decide(row: Subscription | None) -> Subscription | None:
            if row is not None and row.callback == known.callback:
                after[0] = decide_verification(row, query, self.clock.now())
            return after[0] or row

        self.running.app.store.change_subscription(known.feed_id, decide)
        if after[0] is None:
            return 404, ""
        event = "hub.verified" if after[0].state is SubscriptionState.LIVE else "hub.denied"
        log.info(event, feed=known.feed_id, hub=known.hub, until=str(after[0].expires_at), error=after[0].error)
        return 200, query.get("hub.challenge", "")

    async def _take(self, known: Subscription, request: web.BaseRequest) -> tuple[int, str]:
        limit = self.running.app.config.settings.http.feed_limit
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return self._counted("packed", 415)
        body = await read_body(request, limit)
        if body is None:
            return self._counted("too large", 413)
        if not is_signed(body, known.secret, request.headers.get("X-Hub-Signature", "")):
            # Section 7.1.2: a forger learns nothing from the answer.
            log.warning("hub.bad_signature", feed=known.feed_id, hub=known.hub)
            return self._counted("bad signature", 202)
        kept = await self._work(self._keep, known, body, request.headers.get("Content-Type", ""))
        return self._counted("kept", 202) if kept else self._counted("no room", 503)

    def _keep(self, known: Subscription, body: bytes, content_type: str) -> bool:
        push = Push(
            feed_id=known.feed_id,
            topic=known.topic,
            body=body,
            content_type=content_type,
            received_at=self.clock.now(),
        )
        return self.running.app.store.add_push(push, ROOM)

    def _counted(self, outcome: str, status: int) -> tuple[int, str]:
        self.count(outcome)
        return status, ""


async def read_body(request: web.BaseRequest, limit: int) -> bytes | None:
    """Read a body of up to `limit` bytes; None of a longer one."""
    if (request.content_length or 0) > limit:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


class _Closed(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _abort(protocol: asyncio.Protocol) -> None:
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.abort()
