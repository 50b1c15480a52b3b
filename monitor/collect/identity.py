"""entries of a poll + what is stored of the feed -> which are new, which are edited.  Pure (0090).

Never goes by the GUID alone: publishers change GUIDs, addresses and titles of what they have published, one at a time
or two, and an entry told as new twice is as bad as one that is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.model import Entry, FeedDocument, KnownEntry

# An entry under a known address with another title is the same if it is of the same days; later it is what a page that
# is used again ("Jobs", "Changelog") says now.
_SAME_DAYS = timedelta(days=7)


def decide_entries(
    document: FeedDocument, known: Sequence[KnownEntry], *, whole: bool = True
) -> tuple[list[Entry], list[Entry]]:
    """Return (new, edited) entries in the feed's order; `known` are those of the feed that might be the same.

    What a hub sends is not the `whole` feed: there no entry is alone at its address, and none has vanished for its absence.
    """
    stored = {each.key: each for each in known}
    listed = {entry.key for entry in document.entries}
    vanished = [each for each in known if each.key not in listed]
    addresses = Counter(entry.address for entry in document.entries)
    identified = [
        entry if entry.key in stored else _identify(entry, vanished, alone=whole and addresses[entry.address] == 1)
        for entry in document.entries
    ]
    entries = _without_repetitions(identified)
    new = [entry for entry in entries if entry.key not in stored]
    edited = [e for e in entries if e.key in stored and stored[e.key].content_hash != e.content_hash]
    return new, edited


def _identify(entry: Entry, vanished: Sequence[KnownEntry], *, alone: bool) -> Entry:
    """Give the entry the GUID that it is stored under, if exactly one that the feed no longer lists is the same.

    `alone`: no other entry of the poll has its address.
    """
    same = {each.guid for each in vanished if _has_same_words(entry, each) or (alone and _has_same_place(entry, each))}
    return replace(entry, guid=same.pop()) if len(same) == 1 else entry


def _without_repetitions(entries: Sequence[Entry]) -> list[Entry]:
    """Drop what stands in the poll twice: under one GUID, or under two with every word and the date alike."""
    told: set[object] = set()
    kept = []
    for entry in entries:
        words = (entry.content_hash, entry.published_at) if entry.summary and entry.published_at else entry.key
        if not told & {entry.key, words}:
            kept.append(entry)
        told |= {entry.key, words}
    return kept


def _has_same_words(entry: Entry, other: KnownEntry) -> bool:
    if not entry.title or not entry.published_at:
        return False
    return (entry.title, entry.published_at) == (other.title, other.published_at)


def _has_same_place(entry: Entry, other: KnownEntry) -> bool:
    if not entry.address or entry.address != other.address:
        return False
    if not entry.published_at or not other.published_at:
        return entry.title == other.title
    return entry.title == other.title or abs(entry.published_at - other.published_at) <= _SAME_DAYS
