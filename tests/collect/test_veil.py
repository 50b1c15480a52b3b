"""Feeds whose addresses are secret are asked for by their names, and answers tell nothing of the addresses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.model import Fetched, NotModified, Poll, Refused, Validators
from monitor.veil import Veil

SECRET = "https://me:pass@wire.example/secret-path/rss?token=1"
NAME = "https://wire.example/#WIRE"
PLAIN = "https://paper.example/rss?page=1"


@dataclass
class Answers:
    """A fetcher that gives these answers, in turn, and remembers what it was asked."""

    polls: Sequence[Poll]
    asked: list[str] = field(default_factory=list)

    def fetch(self, requests: Sequence[tuple[str, Validators]], limit: int | None = None) -> Iterator[tuple[int, Poll]]:
        self.asked = [url for url, _ in requests]
        yield from enumerate(self.polls)

    def fetch_within(self, requests: Any, limit: int | None, origins: Any) -> Iterator[tuple[int, Poll]]:
        return self.fetch(requests, limit)


def fetched(url: str) -> Fetched:
    return Fetched(url=url, status=200, body=b"<rss/>", moved_to=url, link=f"<{url}>; rel=self")


def ask(polls: Sequence[Poll], *urls: str) -> tuple[Answers, list[Poll]]:
    answers = Answers(polls)
    veil = Veil(inner=answers, addresses={NAME: SECRET})
    return answers, [poll for _, poll in veil.fetch([(url, Validators()) for url in urls])]


def test_the_secret_address_is_asked_and_the_answer_names_its_host_only() -> None:
    answers, (secret, plain) = ask([fetched(SECRET), fetched(PLAIN)], NAME, PLAIN)
    assert answers.asked == [SECRET, PLAIN]
    assert secret == Fetched(url="https://wire.example/", status=200, body=b"<rss/>")
    assert plain == fetched(PLAIN), "what is no secret passes as it is"


def test_where_it_has_moved_is_as_secret_and_a_refusal_says_no_address() -> None:
    refused = Refused(reason="http 403", status=403)
    _, polls = ask([NotModified(moved_to=SECRET), refused], NAME, NAME)
    assert polls == [NotModified(), refused]


def test_the_address_does_not_show_in_the_text_of_the_veil() -> None:
    assert "secret-path" not in repr(Veil(inner=Answers(()), addresses={NAME: SECRET}))
