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
PATIENCE = timedelta(seconds=15)  # that a page waits for the pause its host wants; other pages may wait for it
_UNANSWERED = 3  # requests in a row after which a domain is taken for silent
_SILENCE = 60.0  # seconds until it is asked again; what waited for its turn does not wait for it to run out of time
_MANY = 5_000  # hosts after which idle ones are forgotten


@dataclass(slots=True)
class _Host:
    lanes: asyncio.Semaphore
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)  # one at a time waits to start, so that the gap is kept
    next_at: float = 0.0
    page_at: float = 0.0  # of a host that wants pauses between pages
    told_until: float = 0.0  # places up to here were named to those who would have to wait for long
    held_until: float = 0.0
    unanswered: int = 0  # requests in a row
    silent_until: float = 0.0
    users: int = field(default=0)


class Politeness:
    """At most `per_host` requests at once to one registrable domain, their starts at least `gap` seconds apart.

    At most `concurrency` at once to all.
    """

    def __init__(self, per_host: int, gap: float, concurrency: int) -> None:
        self._per_host = per_host
        self._gap = gap
        self._hosts: dict[str, _Host] = {}
        self.lanes = asyncio.Semaphore(concurrency)

    @asynccontextmanager
    async def turn(self, domain: str) -> AsyncIterator[timedelta | None]:
        """Wait for the domain's turn; yield how much longer it asked to be left alone, if it did."""
        host = self._host(domain)
        host.users += 1
        try:
            async with host.lanes:
                await self._start(host)
                try:
                    rest = host.held_until - asyncio.get_running_loop().time()
                    yield timedelta(seconds=rest) if rest > 0 else None
                finally:
                    self.lanes.release()
        finally:
            host.users -= 1

    async def _start(self, host: _Host) -> None:
        """Take a lane when the gap is over; the next one's gap begins when this one has it."""
        async with host.gate:
            loop = asyncio.get_running_loop()
            if host.next_at > loop.time():
                await asyncio.sleep(host.next_at - loop.time())
            await self.lanes.acquire()
            host.next_at = loop.time() + self._gap

    def book(self, domain: str, delay: timedelta) -> timedelta:
        """Return how long to wait so that pages of the domain are `delay` apart.

        Up to PATIENCE the place is booked; later ones are only told, each its own, so that who asks again then finds it free.
        """
        host, now = self._host(domain), asyncio.get_running_loop().time()
        start, seconds = max(now, host.page_at), delay.total_seconds()
        if start - now <= PATIENCE.total_seconds():
            host.page_at = start + seconds
        else:
            start = max(start, host.told_until)
            host.told_until = start + seconds
        return timedelta(seconds=start - now)

    def hold(self, domain: str, wait: timedelta) -> None:
        """Leave the whole domain alone for `wait`: it answered 429."""
        until = asyncio.get_running_loop().time() + min(wait, _LONGEST_HOLD).total_seconds()
        self._host(domain).held_until = max(self._host(domain).held_until, until)

    def heard(self, domain: str, *, answered: bool) -> None:
        """Note whether the domain answered at all: feeds by the hundred may stand behind one that does not."""
        host = self._host(domain)
        host.unanswered = 0 if answered else host.unanswered + 1
        silent = host.unanswered >= _UNANSWERED
        host.silent_until = asyncio.get_running_loop().time() + _SILENCE if silent else 0.0

    def is_silent(self, domain: str) -> bool:
        return self._host(domain).silent_until > asyncio.get_running_loop().time()

    def _host(self, domain: str) -> _Host:
        if len(self._hosts) > _MANY:
            self._forget_idle()
        return self._hosts.setdefault(domain, _Host(lanes=asyncio.Semaphore(self._per_host)))

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        busy = {
            name: host
            for name, host in self._hosts.items()
            if host.users or max(host.next_at, host.held_until, host.silent_until, host.page_at, host.told_until) > now
        }
        self._hosts = busy
