"""host -> when its next request may start.  Lives in one event loop; its time is the loop's monotonic clock.

Never sends anything and never refuses: it makes callers wait, or tells them how long a host asked to be left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

_LONGEST_HOLD = timedelta(hours=1)  # within one process; the feeds' rows remember longer waits
_MANY = 5_000  # hosts after which idle ones are forgotten


@dataclass(slots=True)
class _Host:
    lanes: asyncio.Semaphore
    next_at: float = 0.0
    held_until: float = 0.0
    users: int = field(default=0)


class Politeness:
    """At most `per_host` requests at once to one registrable domain, their starts at least `gap` seconds apart."""

    def __init__(self, per_host: int, gap: float) -> None:
        self._per_host = per_host
        self._gap = gap
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, domain: str) -> AsyncIterator[timedelta | None]:
        """Wait for the domain's turn; yield how much longer it asked to be left alone, if it did."""
        host = self._host(domain)
        host.users += 1
        try:
            async with host.lanes:
                loop = asyncio.get_running_loop()
                start = max(loop.time(), host.next_at)
                host.next_at = start + self._gap
                await asyncio.sleep(max(0.0, start - loop.time()))
                rest = host.held_until - loop.time()
                yield timedelta(seconds=rest) if rest > 0 else None
        finally:
            host.users -= 1

    def hold(self, domain: str, wait: timedelta) -> None:
        """Leave the whole domain alone for `wait`: it answered 429."""
        until = asyncio.get_running_loop().time() + min(wait, _LONGEST_HOLD).total_seconds()
        self._host(domain).held_until = max(self._host(domain).held_until, until)

    def _host(self, domain: str) -> _Host:
        if len(self._hosts) > _MANY:
            self._forget_idle()
        return self._hosts.setdefault(domain, _Host(lanes=asyncio.Semaphore(self._per_host)))

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        busy = {
            name: host for name, host in self._hosts.items() if host.users or max(host.next_at, host.held_until) > now
        }
        self._hosts = busy
