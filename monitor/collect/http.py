"""URL -> Fetched | NotModified | Refused, or one POST and its answer.  EDGE: the only module that opens connections out.

Never raises for an answer, however hostile; never waits longer than its deadline, holds more than its caps, or connects to
an address that `guard` refuses: the address is checked when its socket is made, so nothing can change in between.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import aiohttp
import yarl

from monitor.clock import Clock, SystemClock
from monitor.collect import answers, guard
from monitor.collect.bodies import BadEncodingError, Body, BodyTooLargeError
from monitor.collect.faults import ForbiddenAddressError, refusal_of_error
from monitor.collect.politeness import PATIENCE, Politeness
from monitor.collect.results import Results
from monitor.collect.urls import origin_of, registrable_domain
from monitor.model import Elsewhere, Fetched, NotModified, Poll, Refused, Validators

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
_MOVED = frozenset([301, 308])
_REDIRECTS = _MOVED | {302, 303, 307}
_HOLD_WITHOUT_WORD = timedelta(minutes=5)  # after a 429 without Retry-After
_RESOLVER_THREADS = 16  # getaddrinfo blocks; a name server that does not answer may hold some of them


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Bounds of one client; sizes in bytes, times in seconds."""

    total: float = 30.0  # of one request, body and all, from its turn on; a redirect leads to another request
    connect: float = 10.0
    body: int = 5_000_000  # decoded
    wire: int = 5_000_000  # as sent
    headers: int = 128
    header: int = 8_190  # the longest header line
    redirects: int = 5
    concurrency: int = 50
    per_host: int = 2  # requests at once to one registrable domain
    gap: float = 1.0  # between the starts of requests to one registrable domain; none within `allow`
    waiting: int = 64_000_000  # bodies fetched and not yet taken by the caller


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Who we are and where we may go."""

    contact: str = ""  # URL or address that stands in the User-Agent
    proxy: str | None = None
    allow: Sequence[guard.Network] = ()  # inner networks that may be reached all the same
    limits: HttpLimits = HttpLimits()

    @property
    def user_agent(self) -> str:
        try:
            number = version("move-monitor")
        except PackageNotFoundError:
            number = "0"
        contact = "".join(character for character in self.contact if character.isprintable())
        return f"move-monitor/{number}" + (f" (+{contact})" if contact else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What the receiver of a POST answered; `body` may be only its beginning."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    retry_after: timedelta | None = None


class HttpFetcher:
    """An HTTP client for any number of threads: all requests run in one event loop in a thread of its own."""

    def __init__(self, options: HttpOptions | None = None, clock: Clock | None = None) -> None:
        self._options = options or HttpOptions()
        self._clock = clock or SystemClock()
        self._starting = threading.Lock()
        self._running: _Client | None = None

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        """Yield (index into `requests`, outcome) for every request as it completes; never raises for one of them.

        A body of more than `limit` bytes is refused; without it the client's own limit holds.
        """
        return cast("Iterator[tuple[int, Poll]]", self.fetch_within(requests, limit, None))

    def fetch_within(
        self,
        requests: Sequence[tuple[str, Validators]],
        limit: int | None,
        origins: Mapping[str, timedelta] | None,
    ) -> Iterator[tuple[int, Poll | Elsewhere]]:
        """Fetch from these origins, each with the pause between two pages that it asks for; None: follow redirects.

        Otherwise a redirect ends as Elsewhere, for the caller to judge; a page that would wait for long is Refused as "crawl delay".
        """
        client = self._client()
        largest = min(limit or self._options.limits.body, self._options.limits.body)
        results = Results(self._options.limits.waiting, largest, origins)
        future = client.submit(client.fetch_all(list(requests), results))
        future.add_done_callback(lambda _: results.end())
        try:
            for _ in requests:
                yield results.take()
        finally:
            future.cancel()

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, timeout: float, limit: int | None = None
    ) -> Posted | Refused:
        """Send one POST, not followed anywhere, behind the same guard; with `limit`, take a whole answer so long at most."""
        client = self._client()
        answer: Posted | Refused = client.submit(client.post(url, headers, body, timeout, limit)).result()
        return answer

    def close(self) -> None:
        """End all requests and the thread; the next use starts anew."""
        with self._starting:
            if self._running is not None:
                self._running.close()
            self._running = None

    def _client(self) -> _Client:
        with self._starting:
            if self._running is None:
                self._running = _Client(self._options, self._clock)
            return self._running


@dataclass(frozen=True, slots=True, kw_only=True)
class _Redirect:
    status: int
    location: str


class _Client:
    """The part that lives in the event loop."""

    def __init__(self, options: HttpOptions, clock: Clock) -> None:
        self._options = options
        self._limits = options.limits
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="http-resolver")
        self._loop.set_default_executor(self._threads)
        self._politeness = Politeness(self._limits.per_host, self._limits.gap, self._limits.concurrency)
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        self.submit(self._end()).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def fetch_all(self, requests: list[tuple[str, Validators]], results: Results) -> None:
        async with asyncio.TaskGroup() as group:
            for index, (url, validators) in enumerate(requests):
                group.create_task(self._fetch_into(results, index, url, validators))

    async def _fetch_into(self, results: Results, index: int, url: str, validators: Validators) -> None:
        try:
            poll = await self._fetch(url, validators, results)
        except Exception as error:  # noqa: BLE001 - top of a job: one odd answer must not end the others
            poll = refusal_of_error(error)
        results.put(index, poll)

    async def _fetch(self, url: str, validators: Validators, results: Results) -> Poll | Elsewhere:
        """Follow redirects by hand, so that every hop is checked and waits for its host's turn."""
        moved_to, leading = None, True
        for _ in range(self._limits.redirects + 1):
            step = await self._hop(url, validators, results)
            if not isinstance(step, _Redirect):
                return _with_move(step, moved_to)
            url = urljoin(url, step.location)
            if results.origins is not None and not await self._refusal(url):
                return Elsewhere(url=url)  # the caller knows what may be read there, on this origin too
            leading = leading and step.status in _MOVED
            moved_to = url if leading else moved_to
        return Refused(reason="too many redirects")

    async def _hop(self, url: str, validators: Validators, results: Results) -> Poll | _Redirect:
        refusal = await self._refusal(url)
        if refusal:
            return Refused(reason=refusal, permanent=True)
        domain, foreign = registrable_domain(url), self._is_foreign(url)
        delay = results.origins.get(origin_of(url)) if results.origins and foreign else None
        if delay and (wait := self._politeness.book(domain, delay)):
            if wait > PATIENCE:
                return Refused(reason="crawl delay", retry_after=wait)
            await asyncio.sleep(wait.total_seconds())
        async with self._politeness.turn(domain) if foreign else self._lane() as rest:
            if rest is not None:
                return Refused(reason="host asked to wait", status=429, retry_after=rest)
            if foreign and self._politeness.is_silent(domain):
                return Refused(reason="timeout")
            await results.room()
            step = await self._get(url, validators, results.largest)
            if foreign:
                self._politeness.heard(domain, answered=not (isinstance(step, Refused) and step.reason == "timeout"))
        if isinstance(step, Refused) and step.status == 429:
            self._politeness.hold(domain, step.retry_after or _HOLD_WITHOUT_WORD)
        return step

    @asynccontextmanager
    async def _lane(self) -> AsyncIterator[None]:
        async with self._politeness.lanes:
            yield

    async def _get(self, url: str, validators: Validators, largest: int) -> Poll | _Redirect:
        headers = _conditional_headers(validators)
        try:
            async with asyncio.timeout(self._limits.total), self._request("GET", url, headers) as response:
                if response.status == 304 and (validators.etag or validators.last_modified):
                    return NotModified(max_age=answers.max_age(response.headers, self._clock.now()))
                return await self._answer(url, response, largest)
        except (aiohttp.ClientError, OSError, ValueError, BodyTooLargeError, BadEncodingError) as error:
            return refusal_of_error(error)

    async def _answer(self, url: str, response: aiohttp.ClientResponse, largest: int) -> Poll | _Redirect:
        now, headers = self._clock.now(), response.headers
        if response.status in _REDIRECTS and headers.get("Location"):
            return _Redirect(status=response.status, location=headers["Location"])
        if not 200 <= response.status < 300:
            return answers.refusal(response.status, headers, now)
        return Fetched(
            url=url,
            status=response.status,
            body=await self._body(response, largest),
            content_type=headers.get("Content-Type", ""),
            validators=answers.validators(headers),
            max_age=answers.max_age(headers, now),
            link=answers.link(headers),
        )

    async def _body(self, response: aiohttp.ClientResponse, largest: int) -> bytes:
        wire = min(self._limits.wire, largest)
        if (response.content_length or 0) > wire:
            raise BodyTooLargeError
        body = Body(response.headers.get("Content-Encoding", ""), largest)
        received = 0
        async for chunk in response.content.iter_any():
            received += len(chunk)
            if received > wire:
                raise BodyTooLargeError
            body.feed(chunk)
        return body.finish()

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float,  # noqa: ASYNC109
        limit: int | None,
    ) -> Posted | Refused:
        refusal = await self._refusal(url)
        if refusal:
            return Refused(reason=refusal, permanent=True)
        try:
            async with asyncio.timeout(timeout), self._request("POST", url, headers, body) as response:
                return Posted(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=await (self._body(response, limit) if limit else response.content.read(2_000)),
                    retry_after=answers.retry_after(response.headers, self._clock.now()),
                )
        except (aiohttp.ClientError, OSError, ValueError, BodyTooLargeError, BadEncodingError) as error:
            return refusal_of_error(error)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Any:
        if self._session is None:
            self._session = self._new_session()
        address = yarl.URL(url, encoded=url.isascii())
        return self._session.request(
            method, address, headers=headers, data=body, allow_redirects=False, proxy=self._options.proxy
        )

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # the lanes limit
            ttl_dns_cache=60,
            resolver=aiohttp.ThreadedResolver(),
            socket_factory=None if self._options.proxy else self._checked_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": self._options.user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate, br"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_headers=self._limits.headers,
            max_line_size=self._limits.header,
            max_field_size=self._limits.header,
        )

    async def _refusal(self, url: str) -> str | None:
        """Judge the URL by its form; the address behind a name is judged when its socket is made.

        Behind a proxy, which makes that socket, the name is judged by its form and by what it leads to here, if to anything.
        """
        refusal = guard.refusal_of_url(url)
        if refusal:
            return refusal
        host, allow = urlsplit(url).hostname or "", self._options.allow
        literal = guard.literal_address(host)
        if literal:
            inner = guard.is_refused(str(literal), allow)
        else:
            inner = self._options.proxy is not None and (guard.is_inner_name(host) or await self._leads_within(host))
        return "blocked address" if inner else None

    async def _leads_within(self, host: str) -> bool:
        try:
            found = await asyncio.wait_for(self._loop.getaddrinfo(host, None), self._limits.connect)
        except (OSError, UnicodeError):  # many networks with a proxy have no other way to resolve names
            return False
        return any(guard.is_refused(str(address[0]), self._options.allow) for *_, address in found)

    def _is_foreign(self, url: str) -> bool:
        """False for an address within `allow`: it is ours, and needs no politeness."""
        ip = guard.literal_address(urlsplit(url).hostname or "")
        return ip is None or not guard.is_allowed(ip, self._options.allow)

    def _checked_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, destination = address
        if guard.is_refused(str(destination[0]), self._options.allow):
            raise ForbiddenAddressError
        return socket.socket(family, kind, protocol)


def _with_move(poll: Poll | Elsewhere, moved_to: str | None) -> Poll | Elsewhere:
    return replace(poll, moved_to=moved_to) if moved_to and isinstance(poll, Fetched | NotModified) else poll


def _conditional_headers(validators: Validators) -> dict[str, str]:
    headers = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in headers.items() if value}
