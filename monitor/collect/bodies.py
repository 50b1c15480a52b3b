"""chunks of a response -> its decoded body, at most so long.  Pure.

Never holds more than the limit plus one chunk: a bomb of a kilobyte that unpacks to a gigabyte ends at the limit.
"""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli

_STEP = 65_536  # of compressed input handed to a decoder at once
_GZIP = b"\x1f\x8b"


class BodyTooLargeError(Exception):
    """More bytes than the limit."""


class BadEncodingError(Exception):
    """The body is not what Content-Encoding says, ends early, or is packed in a way that was not offered."""


class _Decoder(Protocol):
    def decode(self, data: bytes, room: int) -> bytes:
        """Return at most `room` bytes of what `data` unpacks to; what did not fit is kept for the next call."""
        ...

    @property
    def pending(self) -> bool: ...

    @property
    def complete(self) -> bool: ...


class Body:
    """Collects the chunks of one response, undoing gzip, deflate and brotli."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._decoder: _Decoder | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the wire."""
        if not self._begun and chunk:
            self._begun = True
            self._decoder = _decoder(self._encoding, chunk)
        for start in range(0, len(chunk), _STEP):
            self._take(chunk[start : start + _STEP])

    def finish(self) -> bytes:
        """Return the whole body; a gzip file that was not announced as one is unpacked too."""
        if self._decoder is not None and not self._decoder.complete:
            raise BadEncodingError
        body = b"".join(self._parts)
        if not body.startswith(_GZIP) or self._encoding == "unannounced":
            return body
        inner = Body("unannounced", self._limit)
        inner.feed(body)
        return inner.finish()

    def _take(self, data: bytes) -> None:
        if self._decoder is None:
            return self._keep(data)
        self._keep(self._decoder.decode(data, self._limit - self._size + 1))
        while self._decoder.pending:
            self._keep(self._decoder.decode(b"", self._limit - self._size + 1))
        return None

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise BodyTooLargeError
        self._parts.append(data)


def _decoder(encoding: str, start: bytes) -> _Decoder | None:
    """Choose by the announced encoding, unless the first bytes show that nothing was packed."""
    match encoding:
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "unannounced":
            return _Zlib(31) if start.startswith(_GZIP[: len(start)]) else None
        case "deflate":  # RFC 9110 means zlib's format; some servers send the bare one
            return _Zlib(15 if start[0] & 0x0F == 8 else -15)
        case "br":
            return _Brotli()
        case _:
            raise BadEncodingError


class _Zlib:
    def __init__(self, window: int) -> None:
        self._window = window
        self._stream = zlib.decompressobj(window)
        self._rest = b""

    def decode(self, data: bytes, room: int) -> bytes:
        try:
            decoded = self._stream.decompress(self._rest + data, room)
        except zlib.error as error:
            raise BadEncodingError from error
        self._rest = self._stream.unconsumed_tail
        if self._stream.eof and self._stream.unused_data.startswith(_GZIP):  # the next member of a gzip file
            self._rest = self._stream.unused_data
            self._stream = zlib.decompressobj(self._window)
        return decoded

    @property
    def pending(self) -> bool:
        return bool(self._rest)

    @property
    def complete(self) -> bool:
        return self._stream.eof


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def decode(self, data: bytes, room: int) -> bytes:
        try:
            return bytes(self._stream.process(data, output_buffer_limit=max(room, 1)))
        except brotli.error as error:
            raise BadEncodingError from error

    @property
    def pending(self) -> bool:
        return not self._stream.can_accept_more_data()

    @property
    def complete(self) -> bool:
        return bool(self._stream.is_finished())
