"""Fit monitor/moves/lexicon/agreement.toml: how far to believe what the frames and the network read, alone and together.

usage: python -m tests.bench.fit_agreement      (needs ../shared/eval; two minutes)

Fitted on the items of `train` that the network never saw (the 15 % whose hashed id says so): P(the claim is right) and
P(it is history).  Those items are short; `deep`, of long texts, and `known`, of watched people, are set by
hand and explained in (0013).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.moves import agreement
from monitor.moves.reader import JointReader
from tests.bench import score_reader as bench

OUT = Path(agreement.__file__).parent / "lexicon" / "agreement.toml"
HELD_OUT = 15  # per cent, as in train_reader.py
BY_HAND = {"right": {"deep": -0.7, "known": 1.2}, "background": {"deep": 1.2}}
RIGHT = ("bias", "both", "clash", "frames", "learned", "frames_alone", "vouched", "learned_alone", "learned_strength")
BACKGROUND = ("bias", "clash", "frames_background", "learned_background", "frames_alone", "learned_alone")
FLOORS = [n / 50 for n in range(10, 40)]
Row = tuple[str, dict[str, float], Any, dict[str, Any] | None]  # item, signs, claim, matched gold claim


def main() -> None:
    rows = list(gather())
    matched = [row for row in rows if row[3]]
    weights = {
        "right": fit([r[1] for r in rows], [float(bool(r[3])) for r in rows], RIGHT) | BY_HAND["right"],
        "background": fit(
            [r[1] for r in matched], [float(bool(r[3] and r[3]["background"])) for r in matched], BACKGROUND
        )
        | BY_HAND["background"],
        "floor": {"news": 0.4, "background": 0.4},
    }
    write(weights)
    agreement._weights.cache_clear()
    weights["floor"] = {"news": best_floor(rows, background=False), "background": best_floor(rows, background=True)}
    write(weights)
    print(OUT.read_text(), f"{len(rows)} claims, {len(matched)} right")


def gather() -> Iterator[Row]:
    """Read the held-out items with both readers, to their last doubtful claim."""
    reader, score = JointReader(), bench.score_module()
    gold = {g["id"]: g["claims"] for g in bench.load("gold", "train")}
    for item in bench.load("items", "train"):
        if not held_out(item["id"]):
            continue
        title, text = item["title"], item["text"]
        frames = reader._frames.read(title, text, bench.parse_published(item["published"])).claims
        pairs = list(reader._pairs(frames, title, text, bench.parse_published(item["published"])))
        records = [bench.as_record(agreement._merge(pair)) for pair in pairs]
        found = {id(p): g for _, p, g in score.pair(records, gold[item["id"]])}
        for pair, record in zip(pairs, records, strict=True):
            yield item["id"], agreement.signs_of(pair, f"{title}\n{text}", title), pair, found.get(id(record))


def held_out(id: str) -> bool:
    return int(hashlib.sha256(id.encode()).hexdigest(), 16) % 100 < HELD_OUT


def fit(signs: Sequence[Mapping[str, float]], labels: Sequence[float], names: Sequence[str]) -> dict[str, float]:
    """Logistic regression with an L2 penalty of 1, by gradient descent."""
    x, y, w = np.array([[s.get(n, 0.0) for n in names] for s in signs]), np.array(labels), np.zeros(len(names))
    for _ in range(20_000):
        p = 1 / (1 + np.exp(-x @ w))
        w -= 0.2 * (x.T @ (p - y) + w) / len(y)
    return dict(zip(names, np.round(w, 3).tolist(), strict=True))


def best_floor(rows: Sequence[Row], *, background: bool) -> float:
    """Return the confidence from which F1 of the claims told is highest on the fitted items."""
    weights = agreement._weights()
    gold = sum(
        bool(c["background"]) is background
        for g in bench.load("gold", "train")
        if held_out(g["id"])
        for c in g["claims"]
    )
    told = [
        (
            agreement._probability(signs, weights["right"]),
            bool(match) and bool(match and match["background"]) is background,
        )
        for _, signs, _, match in rows
        if (agreement._probability(signs, weights["background"]) > 0.5) is background
    ]

    def f1(floor: float) -> float:
        hits = [right for confidence, right in told if confidence >= floor]
        return 2 * sum(hits) / (len(hits) + gold) if hits else 0.0

    return max(FLOORS, key=f1)


def write(weights: Mapping[str, Mapping[str, float]]) -> None:
    tables = (
        f"[{name}]\n" + "".join(f"{sign} = {value}\n" for sign, value in table.items())
        for name, table in weights.items()
    )
    OUT.write_text(
        "# Written by tests/bench/fit_agreement.py; `deep` and `known` are set by hand (0013).\n\n" + "\n".join(tables)
    )


if __name__ == "__main__":
    main()
