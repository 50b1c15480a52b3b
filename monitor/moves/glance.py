"""Word pieces of one sentence -> whether the network need read it: most sentences tell of no move, whatever words they use.

Never decides what is told: it is a linear model, set so low that with the sentences beside those it takes, one claim in two hundred
is lost (0015).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .learned_tokens import Name, Pieces, Shape

BUCKETS = 1 << 15
LEAST = -3.3  # log odds
_NAMES = frozenset({Name.PERSON, Name.ORGANISATION, Name.PLACE, Name.ONE_WORD, Name.MANY_WORDS})
_END, _NUMBER, _NAME = 0, 1, 2  # numbers of pieces that no vocabulary gives to a word; names of type n get _NAME + n


class Glance:
    """The weights of `path`: one for each bucket of n-grams, and the bias."""

    def __init__(self, path: Path) -> None:
        self._weights = np.load(path).astype(np.float32)

    def __call__(self, pieces: Pieces, names: Iterable[int]) -> bool:
        """Whether a sentence may tell of a move; `names` are the types of its pieces."""
        return self.odds(pieces, names) >= LEAST

    def odds(self, pieces: Pieces, names: Iterable[int]) -> float:
        return float(self._weights[grams(pieces, names)].sum() + self._weights[-1])


def grams(pieces: Pieces, names: Iterable[int]) -> NDArray[np.uint64]:
    """The buckets of a sentence's runs of one, two and three pieces, names and numbers put for their types."""
    row = np.array(list(_plain(pieces, names)), dtype=np.uint64)
    one, two = row[:-1], row[1:]
    runs = [_bucket(row), _bucket(one, two), _bucket(row[:-2], one[1:], two[1:]), _bucket(row[:-2], two[1:], two[1:])]
    return np.unique(np.concatenate(runs))


def _plain(pieces: Pieces, names: Iterable[int]) -> Iterator[int]:
    yield _END
    last = 0
    for piece, shape, name in zip(pieces.ids, pieces.shapes, names, strict=True):
        if name not in _NAMES:
            yield _NUMBER if shape == Shape.DIGIT else piece
        elif name != last:  # a name of many pieces counts once
            yield _NAME + name
        last = name if name in _NAMES else 0
    yield _END


def _bucket(*columns: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each row (Fowler, Noll & Vo's multiplication, 64 bits), folded to the number of buckets."""
    mixed = np.full(len(columns[0]), len(columns), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column) * np.uint64(0x100000001B3)
    return np.asarray((mixed ^ (mixed >> np.uint64(29)) ^ (mixed >> np.uint64(15))) % np.uint64(BUCKETS))
