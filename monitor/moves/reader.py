"""names that are known -> the reader that the product uses.

Never reads itself: the frames read by rule; what else there is votes on what they find.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from monitor.model import Reading, Subject, SubjectKind
from monitor.moves.claims import FrameReader


class Reads(Protocol):
    def read(self, title: str, text: str, published_at: datetime) -> Reading: ...


def default_reader(subjects: Iterable[Subject] = ()) -> Reads:
    """Build the reader; the names of `subjects` help it to tell people from organisations."""
    subjects = tuple(subjects)
    reader: Reads = FrameReader(
        people=[n for s in subjects if s.kind is SubjectKind.PERSON for n in (s.name, *s.aliases)],
        organisations=[n for s in subjects if s.kind is SubjectKind.COMPANY for n in (s.name, *s.aliases)],
    )
    return reader
