"""Recorded pages -> how well and how fast each way of extraction reads them.  Not collected by pytest: `make bench NAME=pages`.

Writes one line of JSON for each setting.  The reference is what the publisher itself declares as the text of its article
(JSON-LD `articleBody`), or the recorded ground truth where it lies beside the pages.  F1 is over four-word runs, each
counted as often as it stands there, averaged over the pages: the measure of the article-extraction-benchmark.
"""

import gzip
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import trafilatura
from lxml import html as lxml_html

from monitor.extract.text import extract_article
from monitor.model import Page

CORPUS = Path(__file__).parents[3] / "shared/corpus"
SEEN = datetime(2026, 1, 1, tzinfo=UTC)
JSON_LD = re.compile(rb"<script[^>]*application/ld\+json.*?</script>", re.DOTALL | re.IGNORECASE)
SHORTEST = 600  # characters: a shorter declared body is a summary, or one cut at 500

Extractor = Callable[[bytes], str]


def plain(**settings: object) -> Extractor:
    return lambda raw: trafilatura.extract(raw, include_comments=False, include_tables=True, **settings) or ""


def ours(raw: bytes) -> str:
    page = Page(url="https://news.example/", title="", summary="", published_at=SEEN, html=raw)
    return extract_article(page).text


SETTINGS: dict[str, Extractor] = {
    "extract_article": ours,
    "fast": plain(fast=True),
    "default": plain(),
    "favor_precision": plain(favor_precision=True),
    "favor_precision, fast": plain(favor_precision=True, fast=True),
    "favor_recall": plain(favor_recall=True),
    "baseline": lambda raw: trafilatura.baseline(raw)[1] or "",
}


def pages() -> Iterator[tuple[dict[str, str], bytes]]:
    for line in (CORPUS / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["kind"] == "page":
            yield row, gzip.decompress((CORPUS / row["path"]).read_bytes())


def recorded_truth() -> dict[str, str]:
    path = CORPUS / "ground-truth.json"
    if not path.exists():
        return {}
    return {each["url"]: each["articleBody"] for each in json.loads(path.read_text()).values()}


def declared_body(raw: bytes) -> str:
    """Return the longest `articleBody` of the page's JSON-LD, tags taken off."""
    scripts = lxml_html.fromstring(raw).xpath("//script[@type='application/ld+json']/text()")
    bodies = [body for script in scripts for body in bodies_in(script)]
    return max(bodies, key=len, default="")


def bodies_in(script: str) -> Iterator[str]:
    for match in re.finditer(r'"articleBody"\s*:\s*("(?:[^"\\]|\\.)*")', script):
        try:
            yield re.sub(r"<[^>]+>", " ", json.loads(match.group(1), strict=False))
        except ValueError:
            continue


def runs(text: str, length: int = 4) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)))


def score(found: str, wanted: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of one page."""
    ours_, truth = runs(found), runs(wanted)
    shared = (ours_ & truth).total()
    precision, recall = shared / max(1, ours_.total()), shared / max(1, truth.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0


def measure(name: str, extract: Extractor, references: dict[str, str]) -> dict[str, object]:
    times, scores, failures = [], [], []
    for row, raw in pages():
        undeclared = JSON_LD.sub(b"", raw)  # some ways read the declared body itself
        start = time.process_time()
        text = extract(undeclared)
        times.append(1000 * (time.process_time() - start))
        if not text:
            failures.append(row["path"])
        if row["path"] in references:
            scores.append(score(text, references[row["path"]]))
    precision, recall, f1 = (round(statistics.mean(column), 4) for column in zip(*scores, strict=True))
    cuts = statistics.quantiles(times, n=20)
    return {
        "setting": name, "pages": len(times), "empty": failures, "scored": len(scores),
        "precision": precision, "recall": recall, "f1": f1,
        "ms": {"mean": round(statistics.mean(times), 1), "p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "max": round(max(times), 1)},
    }  # fmt: skip


def main() -> None:
    if not CORPUS.exists():
        sys.exit(f"no recorded pages at {CORPUS}")
    truth = recorded_truth()
    known = {row["path"]: truth.get(row["url"]) or declared_body(raw) for row, raw in pages()}
    references = {path: body for path, body in known.items() if len(body) >= SHORTEST}
    for name in sys.argv[1:] or SETTINGS:
        print(json.dumps(measure(name, SETTINGS[name], references)), flush=True)


if __name__ == "__main__":
    main()
