"""text of watchlist.yaml, a reviewed rule -> the text with the rule in it; comments and order are kept.

Never writes a file, and never judges the rule: the text is checked as any edit of the file is.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq


def add_known_move(text: str, known: Mapping[str, str]) -> str:
    """Add an entry to `known_moves`: who, from, to, and whatever else its keys may be."""
    yaml, data = _load(text)
    entry = CommentedMap({key: value for key, value in known.items() if value})
    _section(data, "known_moves").append(entry)
    return _dump(yaml, data)


def add_words_against(text: str, name: str, words: Sequence[str]) -> str:
    """Add words that speak of a namesake to the company or person of that name; ValueError where there is none."""
    yaml, data = _load(text)
    subject = _find(data, name)
    if subject is None:
        raise ValueError(f"{name!r} stands under neither people nor companies")
    known = subject.get("not")
    if isinstance(known, CommentedSeq):
        known.extend(word for word in words if word not in known)
    else:
        _insert_second(subject, "not", [*([known] if known else []), *words])
    return _dump(yaml, data)


def render_diff(before: str, after: str, name: str) -> str:
    """Spell the change as a unified diff; "" where there is none."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name)
    return "".join(lines)


def _load(text: str) -> tuple[YAML, Any]:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # lines stay as long as they were written
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml, yaml.load(text) or CommentedMap()


def _dump(yaml: YAML, data: Any) -> str:
    buffer = io.StringIO()
    yaml.dump(data, buffer)
    return buffer.getvalue()


def _section(data: Any, key: str) -> Any:
    if not data.get(key):
        data[key] = CommentedSeq()
    return data[key]


def _insert_second(subject: Any, key: str, words: Sequence[str]) -> None:
    """Put `key: [words]` behind the first key: behind the last one it would stand after the comment that follows."""
    subject.pop(key, None)
    listed = CommentedSeq(words)
    listed.fa.set_flow_style()
    first = next(iter(subject))
    following = subject.ca.items.pop(first, None) if len(subject) == 1 else None
    subject.insert(1, key, listed)
    if following:
        subject.ca.items[key] = following


def _find(data: Any, name: str) -> Any:
    subjects = [*(data.get("people") or ()), *(data.get("companies") or ())]
    return next((each for each in subjects if name in (each["name"], each.get("id"))), None)
