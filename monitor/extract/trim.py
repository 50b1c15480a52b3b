"""Extracted text -> the article's own lines, NFC, one paragraph a line.  Pure; never changes words within a line.

What is left out is listed in trim.toml: an advert's line, or a list of other articles' headlines, read as news would
be told again and again.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffc\x00-\x08\x0e-\x1f\x7f]"
)
_TABLE_EDGE = re.compile(r"^\|\s*|^\s*(?=---)")
_PROSE = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_LAST = 3  # lines in which an author's bio stands
_LONGEST = 120_000  # characters of an article; the longest of 888 real ones has 82,519
_HEADLINES = 160  # characters: a line of prose after a heading is longer or ends like a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    anywhere: re.Pattern[str]
    headings: re.Pattern[str]
    bios: re.Pattern[str]


def clean_line(text: str) -> str:
    """Return `text` as one line: NFC, invisible characters gone, every run of white space one blank."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def trim(text: str, title: str = "") -> str:
    """Return the article's own lines; `title` is left out where it only stands on top of the text again."""
    lines = [line for line in map(_table_row, map(clean_line, text[:_LONGEST].splitlines())) if line]
    while lines and title and lines[0].casefold() == title.casefold():
        lines = lines[1:]
    return "\n".join(_without_bios(_without_tail(list(_own(lines)))))


def _own(lines: list[str]) -> Iterator[str]:
    before = None
    for line in lines:
        if line != before and not _rules().anywhere.fullmatch(line):
            yield line
        before = line


def _without_tail(lines: list[str]) -> list[str]:
    """Cut at the first heading of other articles after which nothing reads like prose."""
    start = max((i + 1 for i, line in enumerate(lines) if _is_prose(line)), default=0)
    heading = next((i for i in range(start, len(lines)) if _rules().headings.fullmatch(lines[i].lstrip("- "))), None)
    return lines[:heading]


def _is_prose(line: str) -> bool:
    return line.endswith("|") or len(line) > _HEADLINES or (len(line) > _HEADLINES // 2 and bool(_PROSE.search(line)))


def _without_bios(lines: list[str]) -> list[str]:
    while len(lines) > _LAST and _rules().bios.fullmatch(lines[-1]):
        lines = lines[:-1]
    return lines


def _table_row(line: str) -> str:
    """Write a row as "Name | Role | Left |", a blank cell as nothing: the leading bar tells nobody anything."""
    return _TABLE_EDGE.sub("", line) if line.startswith("|") and line.endswith("|") else line


@cache
def _rules() -> Rules:
    data = tomllib.loads(resources.files(__package__).joinpath("trim.toml").read_text(encoding="utf-8"))
    return Rules(**{name: re.compile("|".join(f"(?:{each})" for each in data[name]), re.IGNORECASE) for name in data})
