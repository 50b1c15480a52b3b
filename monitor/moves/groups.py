"""Lines of a text -> claims about counted, unnamed people ("eleven of the fourteen authors have left Meta").

Never names a person, and never raises a person's move.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from monitor.model import GroupClaim, Kind, Status
from monitor.moves.grammar import Line, expand_slots
from monitor.moves.lexicon import load_table

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
)
_NUMBERS = {word: number for number, word in enumerate(_WORDS.split())}
_ANY = _WORDS.replace(" ", "|")
_MOVING = "left|quit|depart|leav|exit|join|remain|los[te]|recruit|hire|poach|still|went|moved"
_PARTS = {"part", "part_for"}  # patterns that count some of the group told of before
_COMING_OR_GOING = re.compile(
    rf" (?:\d{{1,3}}|{_ANY}|dozen) .*(?:{_MOVING})|(?:los(?:es|t)|recruit\w*|hire[ds]?|lured|poache[ds]) (?:\d|{_ANY}|dozen|half a|a dozen)"
)


def find_groups(lines: Iterable[Line]) -> Iterator[GroupClaim]:
    """Yield the group claims of a text, each once."""
    seen: set[tuple[int | None, str | None, str | None]] = set()
    whole: GroupClaim | None = None  # the last group told of, of which a "part" is counted
    for line in lines:
        if not _COMING_OR_GOING.search(line.text):
            continue
        taken: list[tuple[int, int]] = []
        for name, pattern in _patterns():
            for match in pattern.finditer(line.text):
                count = match.span("count")
                if any(start <= count[0] < end for start, end in taken):  # the fourteen of "eleven of the fourteen"
                    continue
                part_of = whole if name in _PARTS else None
                if name in _PARTS and not _is_part(match, part_of):
                    continue
                claim = _claim(name, match, line, part_of)
                taken.append(match.span())
                whole = part_of or claim
                key = (claim.count, claim.from_org, claim.to_org)
                if key not in seen:
                    seen.add(key)
                    yield claim


def _is_part(match: re.Match[str], whole: GroupClaim | None) -> bool:
    """Tell whether a bare count can be of the group told of before: "two joined Acme" alone may count companies."""
    return whole is not None and 0 < (_number(match["count"]) or 0) <= (whole.count or 0)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    table = load_table("groups")
    return [(name, re.compile(expand_slots(pattern, table["macros"]))) for name, pattern in table["patterns"].items()]


def _claim(name: str, match: re.Match[str], line: Line, part_of: GroupClaim | None) -> GroupClaim:
    """The claim of one match; `part_of` is the group told of before, of which a "part" is counted."""
    slots = match.groupdict()
    count, of = _number(slots.get("count")), _number(slots.get("of"))
    if part_of:
        slots["from"], of = None, part_of.count
    if name in {"remain", "remaining"} and count is not None and of is not None:
        count = of - count
    from_org, to_org = (line.phrase(slots[s]).text if slots.get(s) else None for s in ("from", "to"))
    joins = slots.get("verb") in {"joined", "join", "joining", "recruiting", "hires", "hired"}
    if joins and from_org and not to_org:
        from_org, to_org = None, from_org
    kind = Kind.MOVE if from_org and to_org else Kind.JOIN if to_org else Kind.LEAVE
    reported = re.search(r"\b(?:reportedly|according to)\b", line.text)
    return GroupClaim(
        group=part_of.group if part_of else _group(slots, line),
        count=count,
        of=of,
        kind=kind,
        from_org=from_org,
        to_org=to_org,
        status=Status.REPORTED if reported else Status.CONFIRMED,
        evidence=line.sentence.text,
    )


def _number(word: str | None) -> int | None:
    if not word:
        return None
    if word.endswith("dozen"):
        times = word.removesuffix("dozen").strip()
        return 6 if times == "half a" else 12 * (_number(times) or 1)
    return int(word) if word.isdigit() else _NUMBERS.get(word)


def _group(slots: dict[str, str | None], line: Line) -> str:
    words = " ".join(_words(slots.get("group") or "people", line))
    return words.replace(" 's", "'s").removeprefix("of ")


def _words(text: str, line: Line) -> Iterator[str]:
    for word in text.split():
        yield line.phrase(word).text if re.fullmatch(r"[A-Z]\d+", word) else word
