"""A small HTTP server on loopback whose every answer is raw bytes, so that it can misbehave as servers do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = bytes | Sequence[bytes | float]  # chunks, and pauses in seconds between them


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        return self.line.split()[1]


@dataclass
class Web:
    answer: Callable[[Request], Answer]
    port: int = 0
    seen: list[Request] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                self.seen.append(request)
                self.open_now += 1
                self.open_most = max(self.open_most, self.open_now)
                answer = self.answer(request)
                for part in [answer] if isinstance(answer, bytes) else answer:
                    if isinstance(part, bytes):
                        writer.write(part)
                        await writer.drain()
                    else:
                        await asyncio.sleep(part)
                self.open_now -= 1
                if not isinstance(answer, bytes) or b"Connection: close" in answer:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.open_now = max(0, self.open_now - 1)
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in fields)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(line, headers, body, time.monotonic())


def response(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    fields = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[Web]:
    web = Web(answer)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(web.serve, "127.0.0.1", 0, limit=1_000_000))
    web.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
