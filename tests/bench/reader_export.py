"""A trained network -> the shipped folder: int8 vectors of words, two int8 ONNX files, the vocabulary, and a card with calibration and scores."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from reader_net import Net

from monitor.model import Claim
from monitor.moves.learned import LearnedReader
from monitor.moves.learned_decode import Draft
from monitor.moves.learned_merge import merge
from tests.bench.reader_items import Item, load_items

FEATURES = ("logit_exists", "log_sides", "log_kind")
PUBLISHED = datetime(2024, 1, 1, tzinfo=UTC)
_EVEN = {"bias": 0.0, "logit_exists": 1.0, "log_sides": 1.0, "log_kind": 1.0}
UNCALIBRATED = {
    "threshold": {"news": 0.05, "background": 0.05},
    "merge": {"complete_from": 0.5},
    "confidence": {"news": _EVEN, "background": _EVEN},
}


def export(net: Net, folder: Path, *, quantised: bool = True) -> None:
    """Write words.npy and scales.npy, lower.onnx and upper.onnx."""
    net = net.float().eval()
    write_words(net.words.weight.detach().numpy(), folder)
    ids = torch.ones(1, 9, dtype=torch.long)
    states = torch.zeros(1, 9, net.size.hidden)
    _write(
        net.lower,
        (states, ids, ids, ids, ids),
        (["words", "shapes", "parts", "names", "mask"], ["states", "tags"]),
        folder / "lower.onnx",
        quantised,
    )
    _write(
        net.upper,
        (states, ids, ids),
        (["states", "marks", "mask"], ["exists", "kind", "status", "pointers"]),
        folder / "upper.onnx",
        quantised,
    )


def write_words(vectors: np.ndarray, folder: Path) -> None:
    """Write the vectors of the vocabulary as 8-bit numbers, with a scale for each."""
    scales = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float32) / 127
    np.save(folder / "scales.npy", scales)
    np.save(folder / "words.npy", np.round(vectors / np.maximum(scales, 1e-12)).astype(np.int8))


def _write(
    half: torch.nn.Module, inputs: tuple, names: tuple[list[str], list[str]], path: Path, quantised: bool
) -> None:
    axes = {n: {0: "batch", 1: "length"} for n in [*names[0], "tags"]} | {
        "exists": {0: "batch"},
        "kind": {0: "batch"},
        "status": {0: "batch"},
        "pointers": {0: "batch", 4: "length"},
    }
    axes = {k: v for k, v in axes.items() if k in [*names[0], *names[1]]} | ({"states": {0: "batch", 1: "length"}})
    with tempfile.TemporaryDirectory() as scratch:
        plain = path if not quantised else Path(scratch) / path.name
        torch.onnx.export(
            half,
            inputs,
            plain,
            input_names=names[0],
            output_names=names[1],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        if quantised:
            quantize_dynamic(plain, path, weight_type=QuantType.QInt8, per_channel=True)


# --- confidence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    draft: Draft
    right: bool


def judge(reader: LearnedReader, items: list[Item], evaluation: Path) -> list[Judged]:
    """Every draft of every item with whether a labelled claim of the same slot matches it."""
    score = _scorer(evaluation)
    out = []
    for item in items:
        found = merge(reader.weigh(item.title, item.text), item.full, UNCALIBRATED["merge"])
        for slot in (False, True):
            mine = [d for d in found if d.background is slot]
            told = [as_record(reader.as_claim(d, item.full, len(item.title))) for d in mine]
            gold = [c for c in item.claims if bool(c["background"]) is slot]
            matched = [id(p) for _, p, _ in score["pair"](told, gold)]
            out += [Judged(d, id(t) in matched) for d, t in zip(mine, told, strict=True)]
    return out


def calibrate(judged: list[Judged], ridge: float = 1.0) -> dict[str, float]:
    """Logistic regression of "right" on the draft's numbers, drawn towards their plain sum (Platt 1999)."""
    x = np.array([[1.0, *(getattr(j.draft, f) for f in FEATURES)] for j in judged])
    y = np.array([float(j.right) for j in judged])
    prior = np.array([0.0, 0.7, 0.7, 0.3])
    w = prior.copy()
    for _ in range(200):
        p = 1 / (1 + np.exp(-x @ w))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + ridge * np.eye(len(w)), x.T @ (p - y) + ridge * (w - prior))
        w -= step / max(1.0, float(np.abs(step).max()))  # no coefficient moves by more than 1 at a time
    return dict(zip(("bias", *FEATURES), (round(float(v), 4) for v in w), strict=True))


def best_threshold(judged: list[Judged], gold: int) -> float:
    """The confidence from which on F1 is best."""
    ranked = sorted(judged, key=lambda j: -j.draft.confidence)
    best, right = (0.0, 0.5), 0
    for n, j in enumerate(ranked, 1):
        right += j.right
        best = max(best, (2 * right / (n + gold), j.draft.confidence))
    return round(best[1] - 0.005, 3)


def precision_by_confidence(judged: list[Judged]) -> list[dict]:
    rows = []
    for low in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95):
        above = [j.right for j in judged if j.draft.confidence >= low]
        rows.append(
            {"from": low, "claims": len(above), "precision": round(sum(above) / len(above), 3) if above else None}
        )
    return rows


# --- scores ----------------------------------------------------------------------------------------------------------


def as_record(claim: Claim) -> dict:
    return {
        "person": claim.person, "kind": claim.kind.value, "from": claim.from_org, "to": claim.to_org, "role": claim.role,
        "from_role": claim.from_role, "date": claim.date, "status": claim.status.value, "background": claim.background,
        "evidence": claim.evidence, "confidence": claim.confidence,
    }  # fmt: skip


def predict(reader: LearnedReader, items: list[Item]) -> list[dict]:
    return [
        {"id": i.id, "claims": [as_record(c) for c in reader.read(i.title, i.text, PUBLISHED).claims]} for i in items
    ]


def scores(items: list[Item], predicted: list[dict], evaluation: Path) -> dict:
    """What score.py says of the predictions."""
    with tempfile.TemporaryDirectory() as scratch:
        gold, told = Path(scratch) / "gold", Path(scratch) / "told"
        gold.write_text("\n".join(json.dumps({"id": i.id, "claims": i.claims}) for i in items), encoding="utf-8")
        told.write_text("\n".join(map(json.dumps, predicted)), encoding="utf-8")
        command = [sys.executable, evaluation / "score.py", gold, told, "--json"]
        return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def table(name: str, score: dict) -> str:
    def three(part: dict) -> str:
        return f"{part['precision']:.3f} {part['recall']:.3f} {part['f1']:.3f}"

    news, every, rest = score["news"], score["all"], score["matched"]
    return (
        f"{name:9} news found {three(news['found'])} exact {news['exact']['f1']:.3f} "
        f"| all found {three(every['found'])} exact {every['exact']['f1']:.3f} | n {rest['n']} "
        f"status {rest['status']} background {rest['background']} role {rest['role']}"
    )


def _scorer(evaluation: Path) -> dict:
    source = (evaluation / "score.py").read_text(encoding="utf-8")
    space: dict = {"__name__": "score"}
    exec(compile(source, "score.py", "exec"), space)
    return space


# --- all of it -------------------------------------------------------------------------------------------------------


def finish(net: Net, folder: Path, held_out: list[Item], evaluation: Path, *, test: bool) -> None:
    """Export, calibrate on the held-out items, score, and write the card."""
    export(net, folder)
    write_card(folder, UNCALIBRATED)
    judged = judge(LearnedReader(folder), held_out, evaluation)
    halves = {
        "news": [j for j in judged if not j.draft.background],
        "background": [j for j in judged if j.draft.background],
    }
    card = UNCALIBRATED | {"confidence": {name: calibrate(half) for name, half in halves.items()}}
    write_card(folder, card)
    reader = LearnedReader(folder)
    for j in judged:
        j.draft.confidence = reader.confidence(j.draft)
    gold = [c for i in held_out for c in i.claims]
    told = {"news": sum(not c["background"] for c in gold), "background": sum(bool(c["background"]) for c in gold)}
    card |= {
        "threshold": {name: best_threshold(half, told[name]) for name, half in halves.items()},
        "news precision by confidence, held out": precision_by_confidence(halves["news"]),
    }
    write_card(folder, card)
    write_card(folder, card | {"scores": score_sets(LearnedReader(folder), held_out, evaluation, test=test)})


def write_card(folder: Path, card: dict) -> None:
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def score_sets(reader: LearnedReader, held_out: list[Item], evaluation: Path, *, test: bool) -> dict:
    sets = {"held out": held_out}
    if test:
        dev = load_items(evaluation, "dev")
        sets |= {form: [i for i in dev if i.form == form] for form in ("headline", "summary", "article")} | {"dev": dev}
        sets["seeds"] = load_items(evaluation, "seeds")
    out = {}
    for name, items in sets.items():
        begin = time.process_time()
        predicted = predict(reader, items)
        out[name] = scores(items, predicted, evaluation)
        spent = (time.process_time() - begin) / len(items) * 1000
        print(f"{table(name, out[name])} | {spent:.0f} ms an item", flush=True)
    return out
