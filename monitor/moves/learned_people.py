"""Spans that may name people -> people, each with the fullest form of the name and every place where it stands.

Never decides whether a span names a person at all; the network does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})
_EDGE = " \t\n.,;:'’‘\"“”()[]-–—|"


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is the fullest form found; `spans` are all its mentions, surname alone included, in text order."""

    name: str
    spans: tuple[tuple[int, int], ...]


def surname(name: str) -> str:
    words = [w for w in name.split() if w.strip(".,").lower() not in _SUFFIXES]
    return words[-1].strip(".,") if words else name


def find_people(names: Iterable[str], text: str) -> list[Person]:
    """One person for each distinct name; a surname alone joins the only fuller name that ends in it."""
    full = _fullest(names)
    return [
        Person(name, tuple(spans)) for name in full if (spans := find_name(name, text, [n for n in full if n != name]))
    ]


def find_name(name: str, text: str, others: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Where `name`, or its surname alone, stands in `text`; never inside the full name of one of `others`."""
    near = [o for o in others if " " in o and o != name and not _words(o).isdisjoint(_words(name))]
    taken = [span for other in near for span in _places(other, text)]
    spans = _places(name, text)
    last = surname(name)
    if last != name and len(last) > 2:
        spans += [s for s in _places(last, text) if not _overlaps(s, spans)]
    return sorted(s for s in spans if not _overlaps(s, taken))


def find_phrase(phrase: str, text: str) -> list[tuple[int, int]]:
    """Where `phrase` stands in `text` as whole words, in any case."""
    return _places(phrase, text, re.IGNORECASE)


def tidy(text: str, start: int, end: int) -> tuple[int, int]:
    """Shrink a span of a name: no quotes, no possessive, no stops around it."""
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE and not _initial(text, start, end):
        end -= 1
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    return start, end


def _initial(text: str, start: int, end: int) -> bool:
    """True where the span ends in 'Jr.', 'Inc.' or an initial, whose stop belongs to the name."""
    return (
        text[end - 1] == "." and re.search(r"(?:\b(?:Jr|Sr|Inc|Ltd|Corp|Co)|\.[A-Z])\.$", text[start:end]) is not None
    )


def _fullest(names: Iterable[str]) -> list[str]:
    unique = sorted(dict.fromkeys(names), key=lambda n: -len(n.split()))
    kept: list[str] = []
    for name in unique:
        fuller = [k for k in kept if _is_short_for(name, k)]
        if len(fuller) != 1:
            kept.append(name)
    return kept


def _is_short_for(short: str, full: str) -> bool:
    a, b = short.lower().split(), full.lower().split()
    if len(a) >= len(b):
        return short.lower() == full.lower()
    return surname(short).lower() == surname(full).lower() and (len(a) == 1 or a[0] == b[0])


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name))


def _places(phrase: str, text: str, flags: re.RegexFlag = re.NOFLAG) -> list[tuple[int, int]]:
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, phrase.split())) + r"(?!\w)"
    return [m.span() for m in re.finditer(pattern, text, flags)] if phrase.strip() else []


def _overlaps(span: tuple[int, int], spans: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in spans)
