"""article -> fingerprint, two fingerprints -> are they one text?  Pure; never says that two texts tell the same event.

A fingerprint is the smallest hashes of the text's five-word runs (bottom-k sketch; A. Broder, "On the resemblance and
containment of documents", 1997).  Copies are judged by containment, not resemblance: a syndicated copy is often cut.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from heapq import nsmallest

from monitor.model import Article, Fingerprint

_RUN = 5  # words
_SIZE = 128  # hashes kept: containment is known to ±0.13 where one text is a quarter of the other
_COPY = 0.6  # measured: real copies from 0.69 up, one publisher's releases to 0.49, other pairs to 0.30 (0062)
_TOO_SHORT = 15  # runs: a shorter text is a headline, and headlines are alike

# A word, or one character of a script that writes no blanks.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def fingerprint(article: Article) -> Fingerprint:
    """Sketch an article's text; its title is left out, since every outlet writes its own."""
    words = _WORD.findall(article.text.casefold())
    hashes = {_hash(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)}
    return Fingerprint(runs=len(hashes), smallest=tuple(nsmallest(_SIZE, hashes)))


def is_copy(a: Fingerprint, b: Fingerprint) -> bool:
    """Tell whether one text is the other, edited, cut or framed."""
    return min(a.runs, b.runs) >= _TOO_SHORT and containment(a, b) >= _COPY


def containment(a: Fingerprint, b: Fingerprint) -> float:
    """Estimate which part of the shorter text stands in the longer one, from 0 to 1."""
    both = sorted({*a.smallest, *b.smallest})[:_SIZE]  # a bottom-k sketch of the union
    if not both:
        return 0.0
    resemblance = len(set(both).intersection(a.smallest, b.smallest)) / len(both)
    shared = resemblance * (a.runs + b.runs) / (1 + resemblance)
    return min(1.0, shared / min(a.runs, b.runs)) if min(a.runs, b.runs) else 0.0


def _hash(words: list[str]) -> int:
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=8).digest()) >> 1
