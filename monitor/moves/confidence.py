"""A draft's signs -> how probably it is right, and how probably it is history.

Never learns by itself: `weights.toml` is fitted by tests/bench/fit_confidence.py on labelled items.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.moves.lexicon import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Two logistic models over the same signs."""

    right: dict[str, float]
    past: dict[str, float]


@functools.cache
def load_weights() -> Weights:
    """Load the fitted weights, once per process."""
    table = load_table("weights")
    return Weights(right=table["right"], past=table["past"])


def score(weights: Mapping[str, float], signs: Iterable[str]) -> float:
    """Return the probability that a model gives to `signs`; one that it does not know counts nothing."""
    total = weights.get("bias", 0.0) + sum(weights.get(sign, 0.0) for sign in signs)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
