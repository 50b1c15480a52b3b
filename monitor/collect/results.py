"""Outcomes of requests on their way from the event loop to the thread that asked.  Never holds more than its limit of bytes."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Mapping
from datetime import timedelta

from monitor.model import Elsewhere, Fetched, Poll


class Results:
    """Outcomes on their way from the event loop to the caller; makes the loop wait when too many bytes are under way."""

    def __init__(self, limit: int, largest: int, origins: Mapping[str, timedelta] | None) -> None:
        self._limit = limit
        self.largest = largest  # body that is taken
        self.origins = origins  # with the pauses that they ask for; None: redirects are followed
        self._queue: queue.SimpleQueue[tuple[int, Poll | Elsewhere] | None] = queue.SimpleQueue()
        self._put = self._taken = 0  # bytes; each counter has one writing thread

    async def room(self) -> None:
        """Wait until the caller has taken enough of what was fetched."""
        while self._put - self._taken > self._limit:  # noqa: ASYNC110 - the caller's thread knows no event of this loop
            await asyncio.sleep(0.02)

    def put(self, index: int, poll: Poll | Elsewhere) -> None:
        self._put += _size(poll)
        self._queue.put((index, poll))

    def take(self) -> tuple[int, Poll | Elsewhere]:
        result = self._queue.get()
        if result is None:
            raise RuntimeError("the HTTP client was closed")
        self._taken += _size(result[1])
        return result

    def end(self) -> None:
        self._queue.put(None)


def _size(poll: Poll | Elsewhere) -> int:
    return len(poll.body) if isinstance(poll, Fetched) else 0
