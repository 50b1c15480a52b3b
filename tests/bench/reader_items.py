"""Labelled items: those of ../shared/eval, and those written for training; which of them every choice is made on."""

import hashlib
import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ARTICLES = Path(__file__).parents[1] / "cases" / "reader" / "articles"
PHENOMENA = ARTICLES.with_name("phenomena")
UNDATED = "2024-01-01"
HELD_OUT = 15  # per cent of the items, by hash of id: no reader is fitted to these


@dataclass(frozen=True)
class Item:
    id: str
    title: str
    text: str
    claims: list[dict]
    form: str = ""
    published: str = UNDATED

    @property
    def full(self) -> str:
        return f"{self.title}\n{self.text}"


def load_items(folder: Path, name: str) -> list[Item]:
    gold = {r["id"]: r for r in map(json.loads, (folder / f"{name}.gold.jsonl").open(encoding="utf-8"))}
    items = map(json.loads, (folder / f"{name}.items.jsonl").open(encoding="utf-8"))
    return [
        Item(i["id"], i["title"], i["text"], gold[i["id"]]["claims"], i.get("form", ""), i["published"]) for i in items
    ]


def load_real(evaluation: Path, corpus: Path | None) -> list[Item]:
    """The items that life wrote, to fit to: those of `train`, and with `corpus` those that we labelled in it."""
    items = load_items(evaluation, "train")
    if corpus:
        from tests.bench.reader_corpus import load_corpus  # which needs this module

        items += load_corpus(corpus)
    return items


def load_written(files: str = "*.jsonl", folder: Path = ARTICLES) -> list[Item]:
    """The items that were written for training, with their claims, of the files that the pattern names."""
    rows = (json.loads(line) for path in sorted(folder.glob(files)) for line in path.open(encoding="utf-8"))
    return [Item(r["id"], r["title"], r["text"], r["claims"], r["form"], r["published"]) for r in rows]


def load_phenomena() -> dict[str, list[Item]]:
    """The items that no reader is ever fitted to, by the phenomenon that they show: "platform", "bio", ..."""
    items = load_written(folder=PHENOMENA)
    return {name: [*group] for name, group in groupby(items, key=lambda i: i.id.rpartition("-")[0])}


def is_held_out(item: Item) -> bool:
    return int(hashlib.sha256(item.id.encode()).hexdigest(), 16) % 100 < HELD_OUT
