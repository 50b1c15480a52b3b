"""The lines of a text -> the organisation that each says it is about.

Never guesses: a line has a topic where it, its heading or its paragraph names one before anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.moves.grammar import Line

_ORG = r"(?P<org>[OMN]\d+)(?: \( [^()]* \))?"
_HEADING = re.compile(rf"^ {_ORG} (?:: )?$")
_NAMED = re.compile(rf"^ {_ORG} (?:: |- (?=(?:the )?[PMRN]\d))")
_AT = re.compile(
    r"^ (?:(?:and|but|meanwhile|elsewhere|over|back|down|also|,|as|for|news|now) ){0,3}at (?:[a-z-]+ ){0,3}"
    rf"{_ORG}(?: 's [a-z-]+| itself)? (?:, |(?=[PMRN]\d))"
)


def add_topics(lines: Iterable[Line], text: str) -> None:
    """Give every line its topic; one named in a heading holds to the next, one in a sentence to the end of its paragraph."""
    heading = topic = None
    last = -1
    for line in lines:
        begins = "\n" in text[max(last, 0) : line.sentence.start]
        last = line.sentence.end
        if line.sentence.is_title:
            continue
        found = _HEADING.match(line.text) if begins else None
        if found:
            heading = _name(line, found)
        topic = heading if begins else topic
        if said := _AT.match(line.text) or _NAMED.match(line.text):
            topic = _name(line, said) or topic
        line.topic = topic


def _name(line: Line, match: re.Match[str]) -> str | None:
    phrase = line.phrase(match["org"])
    return None if phrase.source or phrase.role else phrase.text
