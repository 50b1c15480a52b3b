"""addresses of pages -> which of them their hosts' robots.txt lets us read (RFC 9309); asked once a day for each host.

Never judges a rule: `collect/robots.py` does.  Keeps what hosts say in the store, so that a restart asks nobody again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.collect.robots import Robots, decide_without_robots, parse_robots
from monitor.collect.texts import decode_body
from monitor.collect.urls import origin_of, registrable_domain
from monitor.log import log
from monitor.model import Elsewhere, Fetched, Poll, Refused, RobotsFile, Validators
from monitor.ports import Fetcher, Store

AGENT = "move-monitor"
FRESH = timedelta(days=1)  # RFC 9309, section 2.4
UNREACHABLE = timedelta(hours=1)  # how soon a host that failed to answer is asked again
LARGEST = 500_000  # bytes (RFC 9309, section 2.5)
MOST_STEPS = 6  # the redirects that one page may lead through, and the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What hosts ask of us.  `obeys` is false where the operator has an understanding with the publishers."""

    store: Store
    fetcher: Fetcher
    clock: Clock
    obeys: bool = True

    def fetch(self, urls: Sequence[str], limit: int) -> Iterator[tuple[int, str, Poll]]:
        """Fetch pages; yield (index into `urls`, the address that it led to, outcome), as `Fetcher` does.

        Of every address on the way its origin is asked first whether robots may read it, and how slowly.
        """
        waiting = dict(enumerate(urls))
        paused: set[str] = set()  # domains whose pause a page has waited for: where it leads within, it waits no more
        for _ in range(MOST_STEPS):
            refused = self.find_refused(waiting.values())
            yield from ((index, url, refused[url]) for index, url in waiting.items() if url in refused)
            allowed = [(index, url) for index, url in waiting.items() if url not in refused]
            origins = self._delays((url for _, url in allowed), paused) if self.obeys else None
            waiting = {}
            for number, poll in self.fetcher.fetch_within([(url, Validators()) for _, url in allowed], limit, origins):
                index, url = allowed[number]
                if isinstance(poll, Elsewhere):
                    waiting[index] = poll.url
                    paused.add(registrable_domain(url))
                else:
                    yield index, poll.url if isinstance(poll, Fetched) else url, poll
            if not waiting:
                return
        yield from ((index, url, Refused(reason="too many redirects")) for index, url in waiting.items())

    def _delays(self, urls: Iterable[str], paused: Container[str]) -> Mapping[str, timedelta]:
        files = self._files({origin_of(url): None for url in urls}).items()
        none = timedelta(0)
        return {origin: none if registrable_domain(origin) in paused else file.delay or none for origin, file in files}

    def find_refused(self, urls: Iterable[str]) -> dict[str, Refused]:
        """Return those of `urls` that are not to be read, each with the reason."""
        if not self.obeys:
            return {}
        by_origin: dict[str, list[str]] = {}
        for url in urls:
            by_origin.setdefault(origin_of(url), []).append(url)
        files = self._files(by_origin)
        return {
            url: refusal(files[origin])
            for origin, group in by_origin.items()
            for url in find_barred(files[origin], group)
        }

    def _files(self, origins: Mapping[str, object]) -> dict[str, RobotsFile]:
        now = self.clock.now()
        known = {file.origin: file for file in self.store.find_robots(list(origins)) if file.expires_at > now}
        asked = [origin for origin in origins if origin not in known]
        requests = [(f"{origin}/robots.txt", Validators()) for origin in asked]
        for index, poll in self.fetcher.fetch(requests, LARGEST) if requests else ():
            file = known[asked[index]] = read_robots(asked[index], poll, now)
            self.store.save_robots(file)
            log.info("robots.read", origin=file.origin, rules=len(file.rules), silent=file.silent)
        return known


def find_barred(file: RobotsFile, urls: Iterable[str]) -> list[str]:
    robots = Robots(rules=file.rules)
    return [url for url in urls if not robots.allows(url)]


def refusal(file: RobotsFile) -> Refused:
    return Refused(reason="robots.txt did not answer") if file.silent else Refused(reason="robots.txt", permanent=True)


def read_robots(origin: str, poll: Poll, now: datetime) -> RobotsFile:
    """Return what a host's answer means; one that is too large allows all, as most of them do that are no robots.txt."""
    match poll:
        case Fetched():
            robots = parse_robots(decode_body(poll.body, poll.content_type or "text/plain; charset=utf-8"), AGENT)
            return RobotsFile(origin=origin, rules=robots.rules, delay=robots.delay, expires_at=now + FRESH)
        case Refused(reason="too large"):
            return RobotsFile(origin=origin, rules=(), expires_at=now + FRESH)
        case Refused():
            silent = poll.status is None or poll.status >= 500 or poll.status == 429
            rules = decide_without_robots(poll.status).rules
            fresh = UNREACHABLE if silent else FRESH
            return RobotsFile(origin=origin, rules=rules, silent=silent, expires_at=now + fresh)
        case _:
            return RobotsFile(origin=origin, rules=(), expires_at=now + FRESH)
