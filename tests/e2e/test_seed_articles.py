"""The four seed articles as feed and pages: the known moves are silent, the three news are told exactly once."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.daemon.drive import run_once

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared/eval/seeds.items.jsonl"


def as_paragraphs(text: str) -> list[str]:
    """Lay out text as a page would: rows of "a | b |" become a table."""
    paragraphs, rows = [], []
    for line in [*text.split("\n"), ""]:
        if line.endswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if rows:
            cells = ["".join(f"<td>{c}</td>" for c in row) for row in rows if not set("".join(row)) <= {"-"}]
            paragraphs.append("<table>" + "".join(f"<tr>{c}</tr>" for c in cells) + "</table>")
            rows = []
        paragraphs.append(line)
    return [p for p in paragraphs if p]


@pytest.mark.skipif(not SEEDS.exists(), reason="needs the seed articles in ../shared")
def test_the_seed_articles_raise_three_alerts(desk):
    shutil.copy(ROOT / "config/watchlist.yaml", desk.config / "watchlist.yaml")
    seeds = [json.loads(line) for line in SEEDS.open(encoding="utf-8")]
    desk.clock.at = datetime(2025, 5, 1, tzinfo=UTC)
    with desk.app() as app:
        run_once(app.pipeline)
        for seed in sorted(seeds, key=lambda s: s["published"]):
            desk.clock.at = datetime.fromisoformat(seed["published"]).replace(tzinfo=UTC) + timedelta(hours=12)
            desk.publish(seed["id"], seed["title"], *as_paragraphs(seed["text"]))
            run_once(app.pipeline)
        told = [r.payload["data"] for r in desk.newsroom.received]
        known = [m for m in app.store.find_moves() if m.origin == "known"]
    sides = {t["person"]["name"]: [t[s] and t[s]["name"] for s in ("from", "to")] for t in told}
    assert sorted(sides) == ["Alexandr Wang", "Joelle Pineau", "Robert Fergus"]
    assert len(told) == 3
    assert all(r.verified for r in desk.newsroom.received)
    assert len(desk.mailbox.messages) == 3
    assert sides["Alexandr Wang"] == ["Scale AI", "Meta"]
    assert sides["Joelle Pineau"][0] in ("Meta", "FAIR")
    assert sides["Robert Fergus"][0] == "Google DeepMind"
    assert len(known) == 7
    assert sum(bool(m.evidence) for m in known) == 7, "the articles are evidence of the known moves"
