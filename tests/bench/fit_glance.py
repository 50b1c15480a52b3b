"""Fit monitor/moves/model/glance.npy: which sentences the network need read.

usage: python -m tests.bench.fit_glance [--corpus ../shared/corpus]     (needs ../shared/eval and scikit-learn; five minutes)

A sentence may tell where the evidence of a labelled claim stands in it.  Fitted on the items that the network is trained
on; prints, for the others, the share of telling sentences that are read and of all characters that are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from monitor.moves.glance import BUCKETS, LEAST, grams
from monitor.moves.learned import MODEL
from monitor.moves.learned_names import find_names
from monitor.moves.learned_tokens import WordPieces, sentences, spread
from tests.bench import score_reader as bench
from tests.bench.reader_items import Item, is_held_out, load_real, load_written

OUT = MODEL / "glance.npy"
STEPS = sorted({-5.0, -4.5, -4.0, -3.5, LEAST, -3.0, -2.5})


@dataclass
class Line:
    grams: np.ndarray
    length: int
    news: bool
    history: bool
    real: bool
    held: bool


def lines_of(item: Item, pieces: WordPieces, *, real: bool) -> Iterator[Line]:
    """The title and the sentences of an item, labelled."""
    types = spread(find_names(item.title, item.text), len(item.full))
    places = [(item.full.find(c["evidence"]), len(c["evidence"]), bool(c["background"])) for c in item.claims]
    for start, end in [(0, len(item.title)), *sentences(item.full, len(item.title) + 1)]:
        cut = pieces.cut(item.full, start, end)
        told = [old for at, size, old in places if at >= 0 and start < at + size and at < end]
        found = grams(cut, [types[s] for s in cut.start])
        yield Line(found, end - start, False in told, True in told, real, is_held_out(item))


def matrix(lines: Sequence[Line]) -> csr_matrix:
    ends = np.cumsum([0, *(len(line.grams) for line in lines)])
    columns = np.concatenate([line.grams for line in lines]).astype(np.int32)
    return csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(lines), BUCKETS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="folder of the recorded corpus: fit to our labels of it too")
    corpus = parser.parse_args().corpus
    pieces = WordPieces(MODEL / "vocabulary.txt")
    lines = [line for item in load_real(bench.EVAL, corpus) for line in lines_of(item, pieces, real=True)]
    lines += [line for item in load_written() for line in lines_of(item, pieces, real=False)]
    fit = [line for line in lines if not line.held]
    labels = [line.news or line.history for line in fit]
    model = LogisticRegression(C=0.02, max_iter=300).fit(matrix(fit), labels, [1 + line.real for line in fit])
    np.save(OUT, np.append(model.coef_[0], model.intercept_).astype(np.float16))
    for name, of in (("real", True), ("written", False)):
        report(name, model, [line for line in lines if line.held and line.real is of])


def report(name: str, model: LogisticRegression, lines: Sequence[Line]) -> None:
    odds = model.decision_function(matrix(lines))
    news, history = (np.array([getattr(line, field) for line in lines]) for field in ("news", "history"))
    length = np.array([line.length for line in lines])
    for least in STEPS:
        read = odds >= least
        print(
            f"{name:8} from {least}: {read[news].mean():.4f} of {news.sum()} with news, "
            f"{read[history].mean():.4f} of {history.sum()} with history, {length[read].sum() / length.sum():.2f} of the text"
        )


if __name__ == "__main__":
    main()
