"""robots.txt -> may this agent read that URL, and how fast (RFC 9309).  Pure.

Never fetches and never keeps: the caller asks once a day for each host and says what no answer means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.collect.urls import escaped

_MAX = 500_000  # characters that are read (RFC 9309, section 2.5)
_MAX_RULES = 5_000
_SLOWEST = timedelta(seconds=60)  # a longer crawl delay would let one host hold everything up


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What one host asks of one agent: (allowed, pattern) rules, and a delay."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay: timedelta | None = None

    def allows(self, url: str) -> bool:
        """Return what the longest matching rule says; allow wins a tie, and where no rule matches."""
        parts = urlsplit(url)
        path = escaped((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        matching = [(len(pattern), allowed) for allowed, pattern in self.rules if _matches(pattern, path)]
        return max(matching, default=(0, True))[1]


def parse_robots(text: str, agent: str) -> Robots:
    """Return the rules of the group that names `agent`, else of the group for all."""
    named: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    for agents, lines in _groups(text[:_MAX]):
        if any(name and name in agent.lower() for name in agents if name != "*"):
            named += lines
        elif "*" in agents:
            common += lines
    return _rules(named or common)


def decide_without_robots(status: int | None) -> Robots:
    """Return what holds without a file: a host that has none allows all, one that fails (5xx, unreachable) nothing."""
    if status is not None and 400 <= status < 500 and status != 429:
        return Robots()
    return Robots(rules=((False, "/"),))


def _groups(text: str) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """Yield (names of agents, their lines) of every group."""
    agents: list[str] = []
    lines: list[tuple[str, str]] = []
    for field, value in _fields(text):
        if field == "user-agent":
            if lines:
                yield agents, lines
                agents, lines = [], []
            agents.append(value.lower().partition("/")[0])
        elif agents and field in ("allow", "disallow", "crawl-delay"):
            lines.append((field, value))
    yield agents, lines


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.lstrip("\ufeff").splitlines():
        field, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield field.strip().lower(), value.strip()


def _rules(lines: list[tuple[str, str]]) -> Robots:
    rules = [(field == "allow", escaped(value)) for field, value in lines if field != "crawl-delay" and value]
    delays = [
        float(value) for field, value in lines if field == "crawl-delay" and re.fullmatch(r"\d{1,6}(?:\.\d+)?", value)
    ]
    delay = min(timedelta(seconds=max(delays)), _SLOWEST) if delays else None
    return Robots(rules=tuple(rules[:_MAX_RULES]), delay=delay)


def _matches(pattern: str, path: str) -> bool:
    """Match from the start, `*` for anything, `$` for the end; piece by piece, since a regex could be made to hang."""
    anchored = pattern.endswith("$")
    first, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for number, piece in enumerate(pieces, 1):
        last = anchored and number == len(pieces)
        found = path.rfind(piece) if last and path.endswith(piece) else path.find(piece, position)
        if found < position:
            return False
        position = found + len(piece)
    return position == len(path) if anchored else True
