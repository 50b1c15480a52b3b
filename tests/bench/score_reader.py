"""Run a reader over a labelled set and print score.py's table, overall and by form.

usage: score_reader.py [--reader frames|learned|joint] [--set dev|train|seeds] [--part all|tune|held] [--errors N]
Never part of the tests: it needs ../shared/eval.  `held` is the fifth of the set whose id hashes to 0.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.commands.report import parse_published
from monitor.model import Claim

ROOT = Path(__file__).resolve().parents[2]
EVAL = ROOT.parent / "shared" / "eval"
READERS = {
    "frames": "monitor.moves.claims:FrameReader",
    "learned": "monitor.moves.learned:LearnedReader",
    "joint": "monitor.moves.reader:JointReader",
}


def load(kind: str, name: str) -> list[dict[str, Any]]:
    with (EVAL / f"{name}.{kind}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def held_out(id: str) -> bool:
    return hashlib.md5(id.encode(), usedforsecurity=False).digest()[0] % 5 == 0


def as_record(claim: Claim) -> dict[str, Any]:
    return {
        "person": claim.person, "kind": str(claim.kind), "from": claim.from_org, "to": claim.to_org, "role": claim.role,
        "from_role": claim.from_role, "date": claim.date, "status": str(claim.status), "background": claim.background,
        "evidence": claim.evidence, "rule": claim.rule, "confidence": claim.confidence,
    }  # fmt: skip


def score_module() -> ModuleType:
    sys.path.insert(0, str(EVAL))
    return importlib.import_module("score")


def print_table(score: ModuleType, name: str, gold: dict[str, list[Any]], predicted: dict[str, list[Any]]) -> None:
    for scope, pick in (("news", score.news), ("all", list)):
        rows = [score.count(pick(predicted[i]), pick(gold[i])) for i in gold]
        for level, which in (("found", 2), ("exact", 3)):
            r = score.report(rows, which, random.Random(0))
            counts = f"gold {sum(x[1] for x in rows)} predicted {sum(x[0] for x in rows)}"
            print(
                f"{name:9} {scope:4} {level:5} P {r['precision']:.3f} R {r['recall']:.3f} "
                f"F1 {r['f1']:.3f} [{r['f1_low']:.3f}, {r['f1_high']:.3f}]  {counts}"
            )
    matched = [m for i in gold for m in score.pair(predicted[i], gold[i])]
    if matched:
        print(f"{name:9} matched {len(matched)}", shares(score, matched))


def shares(score: ModuleType, matched: Iterable[Any]) -> dict[str, float]:
    ms = list(matched)
    of = {
        "status": [p["status"] == g["status"] for _, p, g in ms],
        "background": [p["background"] == bool(g["background"]) for _, p, g in ms],
        "role": [score.fold(p["role"]) == score.fold(g["role"]) or not g["role"] for _, p, g in ms],
        "date": [p["date"] == g["date"] for _, p, g in ms],
    }
    return {k: round(sum(v) / len(v), 3) for k, v in of.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", choices=READERS, default="frames")
    parser.add_argument("--set", default="dev")
    parser.add_argument("--part", default="all")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--threshold", type=float, default=0.0)
    parser.add_argument("--show", default="false,missed")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    module, name = READERS[args.reader].split(":")
    reader = getattr(importlib.import_module(module), name)()
    wanted = {"all": lambda _: True, "held": held_out, "tune": lambda i: not held_out(i)}[args.part]
    items = {i["id"]: i for i in load("items", args.set) if wanted(i["id"])}
    gold = {g["id"]: g["claims"] for g in load("gold", args.set) if g["id"] in items}
    predicted, started = {}, time.perf_counter()
    for id, item in items.items():
        published = parse_published(item["published"])
        claims = reader.read(item["title"], item["text"], published).claims
        predicted[id] = [as_record(c) for c in claims if c.confidence >= args.threshold]
    print(f"{(time.perf_counter() - started) / len(items) * 1000:.2f} ms an item")
    score = score_module()
    forms = sorted({i.get("form", "article") for i in items.values()})
    for form in [*forms, "overall"] if len(forms) > 1 else ["overall"]:
        ids = [i for i in gold if form in {"overall", items[i].get("form", "article")}]
        print_table(score, form, {i: gold[i] for i in ids}, {i: predicted[i] for i in ids})
    print_errors(score, args, items, gold, predicted)


def print_errors(score: ModuleType, args: argparse.Namespace, items: Any, gold: Any, predicted: Any) -> None:
    ids = list(gold)
    random.Random(args.seed).shuffle(ids)
    shown = 0
    for id in ids:
        if shown >= args.errors:
            return
        pairs = score.pair(predicted[id], gold[id])
        false = [c for c in predicted[id] if not any(c is p for _, p, _ in pairs)]
        missed = [c for c in gold[id] if not any(c is g for _, _, g in pairs)]
        wrong = [(p, g) for level, p, g in pairs if level == score.FOUND]
        status = [(p, g) for level, p, g in pairs if p["status"] != g["status"]]
        back = [(p, g) for level, p, g in pairs if bool(p["background"]) != bool(g["background"])]
        role = [(p, g) for level, p, g in pairs if g["role"] and score.fold(p["role"]) != score.fold(g["role"])]
        kinds = {"false": false, "missed": missed, "wrong": wrong, "status": status, "background": back, "role": role}
        if not any(kinds[k] for k in args.show.split(",")):
            continue
        shown += 1
        print("##", items[id]["published"], items[id]["title"], "||", items[id]["text"][:600].replace("\n", " / "))
        for kind in args.show.split(","):
            for c in kinds[kind]:
                print("    ", kind, *(brief(x) for x in (c if isinstance(c, tuple) else (c,))))


def brief(c: dict[str, Any]) -> str:
    text = f"{c['person']} | {c['kind']} | {c['from']} > {c['to']} | {c['role']} < {c['from_role']} | {c['status']}"
    return text + (" BG" if c["background"] else "") + (f" [{c['rule']}]" if "rule" in c else "")


if __name__ == "__main__":
    main()
