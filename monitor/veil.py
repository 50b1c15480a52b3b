"""requests that name feeds -> requests to their secret addresses; the answers tell nothing of these.

Never lets more than a host out: the path, too, may be the secret, and so may what a redirect adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.model import Elsewhere, Fetched, NotModified, Poll, Refused, Validators
from monitor.ports import Fetcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """A fetcher that knows the secret addresses by their names."""

    inner: Fetcher
    addresses: Mapping[str, str] = field(repr=False)

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        asked = [(self.addresses.get(url, url), validators) for url, validators in requests]
        for index, poll in self.inner.fetch(asked, limit):
            yield index, _veil(poll) if requests[index][0] in self.addresses else poll

    def fetch_within(
        self,
        requests: Sequence[tuple[str, Validators]],
        limit: int | None,
        origins: Mapping[str, timedelta] | None,
    ) -> Iterator[tuple[int, Poll | Elsewhere]]:
        """Fetch pages, none of which is a feed's secret address."""
        return self.inner.fetch_within(requests, limit, origins)


def _veil(poll: Poll) -> Poll:
    match poll:
        case Fetched():
            parts = urlsplit(poll.url)
            top = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"  # from where relative links in the feed lead
            return replace(poll, url=top, moved_to=None, link="")
        case NotModified():
            return replace(poll, moved_to=None)
        case Refused():
            return poll
