"""Fit monitor/moves/lexicon/weights.toml: P(claim found right) and P(background | right).

On ../shared/eval/train and on the written items of tests/cases/reader/articles, but for those held out of both readers.
usage: python -m tests.bench.fit_confidence [--penalty N]     prints cross-validated precision and recall by threshold
Never part of the tests.  Logistic regression by gradient descent with an L2 penalty; a minute on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.model import Claim
from monitor.moves import telling
from monitor.moves.claims import FrameReader
from tests.bench import score_reader as bench
from tests.bench.reader_items import Item, is_held_out, load_items, load_written

OUT = Path(telling.__file__).parent / "lexicon" / "weights.toml"
Row = tuple[str, frozenset[str], bool]
WHERE = (
    "at:",
    "titled:",
    "orgtitled:",
    "trigger:",
    "status:",
    "kind:",
    "when:",
    "cue:",
    "year:",
    "title:",
)  # true of short texts only: articles tell as surely further down
RARE = 4  # signs seen less often carry no weight
FOLDS = 5
ELSEWHERE = {"register:sport", "register:politics"}
OTHER_WORLDS = 0.4  # weight of a row from another register than the product's


def fitted_items() -> list[Item]:
    return [item for item in load_items(bench.EVAL, "train") + load_written() if not is_held_out(item)]


def gather() -> tuple[list[Row], list[Row], list[tuple[str, float]]]:
    """Return rows (item, signs, label) for both models, and one entry a gold news claim."""
    seen: dict[int, frozenset[str]] = {}
    made = telling._claim

    def remember(draft: Any, *context: Any) -> Claim:
        claim = made(draft, *context)
        seen[id(claim)] = frozenset(draft.signs)
        kept.append(claim)
        return claim

    kept: list[Claim] = []
    telling._claim = remember
    reader, score = FrameReader(floor=0.0), bench.score_module()
    right: list[Row] = []
    past: list[Row] = []
    gold_news: list[tuple[str, float]] = []
    for item in fitted_items():
        claims = reader.read(item.title, item.text, bench.parse_published(item.published)).claims
        records = [bench.as_record(c) for c in claims]
        pairs = {id(p): g for _, p, g in score.pair(records, item.claims)}
        gold_news += [(item.id, 0.0) for _ in item.claims]
        for claim, record in zip(claims, records, strict=True):
            matched = pairs.get(id(record))
            right.append(
                (item.id, frozenset(s for s in seen[id(claim)] if not s.startswith(WHERE)), matched is not None)
            )
            if matched is not None:
                past.append((item.id, seen[id(claim)], bool(matched["background"])))
    return right, past, gold_news


def fit(rows: Sequence[Row], penalty: float = 1.0, rounds: int = 300, rate: float = 0.5) -> dict[str, float]:
    """Return weights of a logistic regression with an L2 penalty (full-batch, AdaGrad)."""
    common = {s for s, n in Counter(s for _, signs, _ in rows for s in signs).items() if n >= RARE}
    data = [
        ([s for s in signs if s in common], label, OTHER_WORLDS if signs & ELSEWHERE else 1.0)
        for _, signs, label in rows
    ]
    weights = dict.fromkeys(common, 0.0) | {"bias": 0.0}
    squares = dict.fromkeys(weights, 1e-6)
    for _ in range(rounds):
        slope = {s: penalty * w for s, w in weights.items() if s != "bias"} | {"bias": 0.0}
        for signs, label, weight in data:
            error = weight * (predict(weights, signs) - label)
            slope["bias"] += error
            for s in signs:
                slope[s] += error
        for s, g in slope.items():
            squares[s] += g * g
            weights[s] -= rate * g / math.sqrt(squares[s])
    return weights


def predict(weights: Mapping[str, float], signs: Sequence[str] | frozenset[str]) -> float:
    total = weights["bias"] + sum(weights.get(s, 0.0) for s in signs)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def cross_validated(rows: Sequence[Row], penalty: float) -> Iterator[tuple[float, bool]]:
    fold = {i: hashlib.md5(f"cv{i}".encode(), usedforsecurity=False).digest()[0] % FOLDS for i in {r[0] for r in rows}}
    for number in range(FOLDS):
        weights = fit([r for r in rows if fold[r[0]] != number], penalty)
        yield from ((predict(weights, signs), label) for i, signs, label in rows if fold[i] == number)


def table(name: str, weights: Mapping[str, float]) -> str:
    lines = [f'"{s}" = {w:.3f}' for s, w in sorted(weights.items()) if abs(w) >= 0.01]
    return "\n".join([f"[{name}]", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--penalty", type=float, default=3.0)
    args = parser.parse_args()
    right, past, gold = gather()
    for penalty in (args.penalty,):
        scored = sorted(cross_validated(right, penalty), reverse=True)
        loss = -sum(math.log(max(p if y else 1 - p, 1e-9)) for p, y in scored) / len(scored)
        print(f"penalty {penalty}: log loss {loss:.3f}, {len(scored)} claims, {len(gold)} gold")
        for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            kept = [y for p, y in scored if p >= threshold]
            if kept:
                print(f"  >= {threshold}: P {sum(kept) / len(kept):.3f} R {sum(kept) / len(gold):.3f} n {len(kept)}")
    scored = list(cross_validated(past, args.penalty))
    print(f"background right {sum((p > 0.5) == y for p, y in scored) / len(scored):.3f} of {len(scored)}")
    head = "# Fitted by tests/bench/fit_confidence.py; do not edit.\n"
    OUT.write_text(
        head + table("right", fit(right, args.penalty)) + "\n\n" + table("past", fit(past, args.penalty)) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
