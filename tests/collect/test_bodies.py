"""Bodies are unpacked within their limit, whatever they claim to be."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import brotli
import pytest

from monitor.collect.bodies import BadEncodingError, Body, BodyTooLargeError

TEXT = b"<rss>" + b"Ann joins Exemplar. " * 5_000 + b"</rss>"


def unpack(data: bytes, encoding: str, limit: int = 1_000_000, step: int = 1_000) -> bytes:
    body = Body(encoding, limit)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.finish()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("step", [1, 777, 1_000_000])
@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("", gzip.compress(TEXT)),
        ("gzip", b"<rss/>"),
    ],
)
def test_every_packing_is_undone(encoding: str, data: bytes, step: int) -> None:
    assert unpack(data, encoding, step=step) == (b"<rss/>" if data == b"<rss/>" else TEXT)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_bomb_ends_at_the_limit(encoding: str) -> None:
    zeros = bytes(50_000_000)
    bomb = gzip.compress(zeros) if encoding == "gzip" else brotli.compress(zeros, quality=1)
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError):
        unpack(bomb, encoding)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_bomb_that_is_not_announced_ends_at_the_limit() -> None:
    with pytest.raises(BodyTooLargeError):
        unpack(gzip.compress(bytes(5_000_000)), "")


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("gzip", gzip.compress(TEXT)[:-20]), ("br", brotli.compress(TEXT)[:-5]), ("br", TEXT), ("zstd", TEXT)],
)
def test_what_cannot_be_unpacked_is_an_error(encoding: str, data: bytes) -> None:
    with pytest.raises(BadEncodingError):
        unpack(data, encoding)


def test_an_empty_body_is_empty() -> None:
    assert unpack(b"", "gzip") == b""
