"""Score the shipped reader on the labelled sets; write docs/quality.md, docs/quality.json and docs/quality.svg.

usage: python tests/bench/quality.py        (make quality; needs ../shared/eval)
`tests/moves/test_quality.py` holds every later change to these figures.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import sys
import time
from typing import Any

import trafilatura

from monitor.moves.claims import may_tell
from monitor.moves.reader import JointReader, default_reader
from tests.bench import score_reader as bench
from tests.bench.reader_items import load_phenomena

DOCS = bench.ROOT / "docs"
CORPUS = bench.EVAL.parent / "corpus"
STEPS = [n / 20 for n in range(20)]
PAGES = 120  # recorded pages on which speed is measured


def main() -> None:
    if not bench.EVAL.exists():
        sys.exit(f"needs the labelled sets in {bench.EVAL}")
    dev, seeds = measure("dev"), measure("seeds")
    curve = precision_curve(dev)
    figures = {name: table(read) for name, read in forms_of(dev).items()} | {"seeds": table(seeds)}
    (DOCS / "quality.json").write_text(json.dumps(figures, indent=1) + "\n")
    (DOCS / "quality.svg").write_text(draw(curve))
    page = render(figures, curve, dev["milliseconds"]) + render_phenomena() + render_speed(measure_speed())
    (DOCS / "quality.md").write_text(page)
    print((DOCS / "quality.md").read_text())


def measure(name: str) -> dict[str, Any]:
    """Read a set: {"gold", "predicted", "form": by item id, "milliseconds": an item}."""
    reader, items = warm_reader(), bench.load("items", name)
    started, predicted = time.process_time(), {}
    for number, item in enumerate(items):
        reading = reader.read(item["title"], item["text"], bench.parse_published(item["published"]))
        predicted[item["id"]] = [bench.as_record(c) for c in reading.claims]
        if sys.stderr.isatty():
            print(f"\r{name} {number + 1}/{len(items)}", end="", file=sys.stderr)
    return {
        "gold": {g["id"]: g["claims"] for g in bench.load("gold", name)},
        "predicted": predicted,
        "form": {i["id"]: i.get("form", "article") for i in items},
        "milliseconds": (time.process_time() - started) / len(items) * 1000,
    }


def warm_reader() -> JointReader:
    reader = default_reader()
    reader.read("Warm-up: Jane Roe joins Acme", "", bench.parse_published("2025"))
    return reader


def forms_of(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    forms = {form: [i for i, f in read["form"].items() if f == form] for form in sorted(set(read["form"].values()))}
    return {name: only(read, ids) for name, ids in ({"dev": list(read["form"])} | forms).items()}


def only(read: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    return {"gold": {i: read["gold"][i] for i in ids}, "predicted": {i: read["predicted"][i] for i in ids}}


def table(read: dict[str, Any]) -> dict[str, Any]:
    """Return {"news found": {"precision", "recall", "f1", "f1_low", "f1_high", "gold", "predicted"}, …, "fields": …}."""
    score = bench.score_module()
    found: dict[str, Any] = {}
    for scope, pick in (("news", score.news), ("all", list)):
        rows = [score.count(pick(read["predicted"][i]), pick(read["gold"][i])) for i in read["gold"]]
        for level, which in (("found", 2), ("exact", 3)):
            counts = {"gold": sum(r[1] for r in rows), "predicted": sum(r[0] for r in rows)}
            found[f"{scope} {level}"] = score.report(rows, which, random.Random(0)) | counts
    matched = [m for i in read["gold"] for m in score.pair(read["predicted"][i], read["gold"][i])]
    return found | {"fields": bench.shares(score, matched) if matched else {}}


def precision_curve(read: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return (threshold, precision, recall) of news claims told with at least that confidence."""
    score = bench.score_module()
    points = []
    for step in STEPS:
        rows = [
            score.count([c for c in score.news(read["predicted"][i]) if c["confidence"] >= step], score.news(gold))
            for i, gold in read["gold"].items()
        ]
        precision, recall, _ = score.prf(rows, 2)
        points.append((step, precision, recall))
    return points


def render(figures: dict[str, Any], curve: list[tuple[float, float, float]], milliseconds: float) -> str:
    lines = [
        "# How well it reads",
        "",
        "Made by `make quality` from the labelled sets (real items; spec: claims). The brackets are 95 % bootstrap intervals.",
        f"One item takes {milliseconds:.1f} ms of CPU on average, most of them without a move.",
        "",
        "| items | measure | precision | recall | F1 | gold | predicted |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        for level, r in found.items():
            if level != "fields":
                interval = f"[{r['f1_low']:.3f}, {r['f1_high']:.3f}]"
                cells = f"{r['precision']:.3f} | {r['recall']:.3f} | {r['f1']:.3f} {interval} | {r['gold']} | {r['predicted']}"
                lines.append(f"| {name} | {level} | {cells} |")
    lines += [
        "",
        "Share of matched claims with the field right:",
        "",
        "| items | status | background | role | date |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        fields = found["fields"]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{fields[f]:.3f}" if f in fields else "–" for f in ("status", "background", "role", "date"))
            + " |"
        )
    lines += [
        "",
        "![precision and recall against confidence](quality.svg)",
        "",
        "| confidence at least | precision | recall |",
        "|---|---|---|",
    ]
    lines += [f"| {t:.2f} | {p:.3f} | {r:.3f} |" for t, p, r in curve]
    return "\n".join(lines) + "\n"


def render_phenomena() -> str:
    """Make a table of the items of tests/cases/reader/phenomena, which nothing is fitted to; the worst read first."""
    reader, tables = warm_reader(), {}
    for name, items in load_phenomena().items():
        read = {i.id: reader.read(i.title, i.text, bench.parse_published(i.published)).claims for i in items}
        predicted = {id: [bench.as_record(c) for c in claims] for id, claims in read.items()}
        tables[name] = table({"gold": {i.id: i.claims for i in items}, "predicted": predicted})
    lines = [
        "",
        "One phenomenon at a time, written items that nothing is fitted to (tests/cases/reader/phenomena); the worst read first:",
        "",
        "| phenomenon | news found precision | recall | F1 | gold | all found F1 | status | role |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(tables.items(), key=lambda t: t[1]["news found"]["f1"]):
        news, fields = found["news found"], found["fields"]
        cells = [news["precision"], news["recall"], news["f1"], news["gold"], found["all found"]["f1"]]
        cells += [fields.get("status", 0), fields.get("role", 0)]
        lines.append(f"| {name} | " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |")
    return "\n".join(lines) + "\n"


def measure_speed() -> dict[str, list[tuple[float, float]]]:
    """Return (milliseconds of reading, of trafilatura's extraction) of recorded pages, by what the text has."""
    found: dict[str, list[tuple[float, float]]] = {"no word that can tell of a move": [], "such a word": []}
    if not CORPUS.exists():
        return found
    pages = map(json.loads, (CORPUS / "manifest.jsonl").open(encoding="utf-8"))
    english = [p["path"] for p in pages if p["kind"] == "page" and str(p.get("lang") or "en").startswith("en")]
    reader = warm_reader()
    for path in random.Random(0).sample(english, PAGES):
        markup = gzip.decompress((CORPUS / path).read_bytes())
        started = time.process_time()
        text = trafilatura.extract(markup) or ""
        extracted = time.process_time()
        reader.read("", text, bench.parse_published("2025"))
        took = (time.process_time() - extracted) * 1000, (extracted - started) * 1000
        found["such a word" if may_tell(text) else "no word that can tell of a move"].append(took)
    return found


def render_speed(measured: dict[str, list[tuple[float, float]]]) -> str:
    lines = [
        "",
        f"CPU time of reading {PAGES} recorded pages, and its ratio to trafilatura's time for extracting the same pages:",
        "",
        "| text with | pages | median ms | 95th percentile ms | ratio to trafilatura |",
        "|---|---|---|---|---|",
    ]
    for name, times in measured.items():
        if times:
            read, extracted = zip(*times, strict=True)
            last = sorted(read)[int(len(read) * 0.95)]
            ratio = sum(read) / sum(extracted)
            lines.append(f"| {name} | {len(times)} | {statistics.median(read):.1f} | {last:.1f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def draw(curve: list[tuple[float, float, float]]) -> str:
    """Draw precision and recall against the confidence threshold, 480 × 300."""

    def path(column: int) -> str:
        return " ".join(f"{50 + 400 * point[0]:.1f},{260 - 220 * point[column]:.1f}" for point in curve)

    grid = "".join(
        f'<line x1="50" x2="450" y1="{260 - 22 * n}" y2="{260 - 22 * n}" stroke="#ddd"/>'
        f'<text x="44" y="{264 - 22 * n}" text-anchor="end">{n / 10:.1f}</text>'
        f'<text x="{50 + 40 * n}" y="276" text-anchor="middle">{n / 10:.1f}</text>'
        for n in range(11)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="300" font-family="sans-serif" font-size="10">'
        f'<rect width="480" height="300" fill="#fff"/>{grid}'
        f'<polyline points="{path(1)}" fill="none" stroke="#0a6" stroke-width="2"/><text x="380" y="30" fill="#0a6">precision</text>'
        f'<polyline points="{path(2)}" fill="none" stroke="#06c" stroke-width="2"/><text x="320" y="30" fill="#06c">recall</text>'
        '<text x="250" y="294" text-anchor="middle">confidence at least</text></svg>\n'
    )


if __name__ == "__main__":
    main()
