"""Fit monitor/moves/lexicon/agreement.toml: how far to believe what the frames and the network read, alone and together.

usage: python -m tests.bench.fit_agreement [--corpus ../shared/corpus]     (needs ../shared/eval; two minutes, six with it)

Fitted on the items that the network never saw: 15 % of `train`, of the written articles and of our labels of the corpus,
by hashed id; a real item counts as much as REAL written ones, which are more and harder than life.  P(the claim is
right) and P(it is history).  `known`, of watched people, is set by hand and explained in (0013).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.moves import agreement
from monitor.moves.reader import JointReader
from tests.bench import score_reader as bench
from tests.bench.reader_items import Item, is_held_out, load_real, load_written

OUT = Path(agreement.__file__).parent / "lexicon" / "agreement.toml"
BY_HAND = {"right": {"known": 0.7}, "background": {"known": -0.7}}
RIGHT = (
    "bias", "both", "clash", "frames", "learned", "frames_alone", "learned_alone", "news", "history", "same_role", "role",
    "headline", "titled", "deep",
)  # fmt: skip
BACKGROUND = (
    "bias",
    "clash",
    "frames_background",
    "learned_background",
    "frames_alone",
    "learned_alone",
    "lean",
    "deep",
)
REAL = 3
FLOORS = [n / 50 for n in range(10, 40)]
Row = tuple[str, dict[str, float], Any, dict[str, Any] | None]  # item, signs, claim, matched gold claim


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="folder of the recorded corpus: fit to our labels of it too")
    weighed = [(item, REAL) for item in load_real(bench.EVAL, parser.parse_args().corpus)]
    weighed += [(item, 1) for item in load_written()]
    items = [item for item, _ in weighed if is_held_out(item)]
    counts = {item.id: count for item, count in weighed}
    rows = list(gather(items))
    matched = [row for row in rows if row[3]]
    weights = {
        "right": fit(rows, [float(bool(r[3])) for r in rows], RIGHT, counts) | BY_HAND["right"],
        "background": fit(matched, [float(bool(r[3] and r[3]["background"])) for r in matched], BACKGROUND, counts)
        | BY_HAND["background"],
        "floor": {"news": 0.4, "background": 0.4},
    }
    write(weights)
    agreement._weights.cache_clear()
    gold = [(counts[item.id], claim) for item in items for claim in item.claims]
    weights["floor"] = {
        "news": best_floor(rows, gold, counts, background=False),
        "background": best_floor(rows, gold, counts, background=True),
    }
    write(weights)
    print(OUT.read_text(), f"{len(items)} items, {len(rows)} claims, {len(matched)} right of {len(gold)}")


def gather(items: Sequence[Item]) -> Iterator[Row]:
    """Read the items with both readers, to their last doubtful claim."""
    reader, score = JointReader(), bench.score_module()
    for item in items:
        published = bench.parse_published(item.published)
        frames = reader._frames.read(item.title, item.text, published).claims
        pairs = list(reader._pairs(frames, item.title, item.text, published))
        claims = [agreement.merge_pair(pair) for pair in pairs]
        records = [bench.as_record(claim) for claim in claims]
        found = match(score.pair, records, item.claims)
        for pair, claim, record in zip(pairs, claims, records, strict=True):
            yield item.id, agreement.signs_of(pair, claim, item.full, item.title), pair, found.get(id(record))


def match(pair: Any, records: Sequence[dict[str, Any]], gold: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """id(record) -> the labelled claim that it tells: news with news and history with history, before one with the other."""
    found: dict[int, dict[str, Any]] = {}
    for halves in ((False,), (True,), (False, True)):
        taken = {id(claim) for claim in found.values()}
        told = [r for r in records if r["background"] in halves and id(r) not in found]
        found |= {
            id(p): g for _, p, g in pair(told, [g for g in gold if g["background"] in halves and id(g) not in taken])
        }
    return found


def fit(
    rows: Sequence[Row], labels: Sequence[float], names: Sequence[str], counts: Mapping[str, int]
) -> dict[str, float]:
    """Logistic regression with an L2 penalty of 1, by gradient descent."""
    x, y, w = np.array([[r[1].get(n, 0.0) for n in names] for r in rows]), np.array(labels), np.zeros(len(names))
    count = np.array([counts[r[0]] for r in rows])
    for _ in range(20_000):
        p = 1 / (1 + np.exp(-x @ w))
        w -= 0.2 * (x.T @ (count * (p - y)) + w) / count.sum()
    return dict(zip(names, np.round(w, 3).tolist(), strict=True))


def best_floor(
    rows: Sequence[Row], gold: Sequence[tuple[int, Mapping[str, Any]]], counts: Mapping[str, int], *, background: bool
) -> float:
    """Return the confidence from which F1 of the claims told is highest on the fitted items."""
    weights = agreement._weights()
    wanted = sum(count for count, claim in gold if bool(claim["background"]) is background)
    judged = [(agreement.judge(signs, weights), id, claim) for id, signs, _, claim in rows]
    told = [
        (confidence, counts[id] * bool(claim and bool(claim["background"]) is background), counts[id])
        for (confidence, past), id, claim in judged
        if past is background
    ]

    def f1(floor: float) -> float:
        hits = [(right, count) for confidence, right, count in told if confidence >= floor]
        return 2 * sum(right for right, _ in hits) / (sum(count for _, count in hits) + wanted)

    return max(FLOORS, key=f1)


def write(weights: Mapping[str, Mapping[str, float]]) -> None:
    tables = (
        f"[{name}]\n" + "".join(f"{sign} = {value}\n" for sign, value in table.items())
        for name, table in weights.items()
    )
    OUT.write_text("# Written by tests/bench/fit_agreement.py; `known` is set by hand (0013).\n\n" + "\n".join(tables))


if __name__ == "__main__":
    main()
