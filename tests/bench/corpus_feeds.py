"""Parse every recorded feed in the sandbox and compare its entries with feedparser's own; fetch every hostile behaviour.

usage: python -m tests.bench.corpus_feeds [--shared ../shared] [--json FILE]
"""

from __future__ import annotations

import argparse
import gzip
import io
import ipaddress
import json
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser

from monitor.collect.feeds import FeedBody, parse_feed_body
from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions
from monitor.errors import MonitorError
from monitor.model import Entry, FeedDocument, Fetched, Validators
from monitor.sandbox import ProcessSandbox, SandboxOptions

GROUPS = ("real", "spec", "hostile", "hostile-generated")
BEHAVIOURS = (
    "slow never cut chunkcut headers badlength infinite loop moved 410 404 403 401 500 429 503 gzipbomb gzip_header_plain_body.xml"
    " gzip_without_header.bin gzip_truncated.bin gzip_bomb_50MB.bin"
)
BODY_CAP = HttpLimits().body
URL = "https://feed.example/x/feed.xml"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """What one parse gave and cost, in the worker."""

    result: FeedDocument | MonitorError
    theirs: list[dict[str, Any]] | None
    cpu: float


def parse_timed(source: FeedBody) -> Timed:
    started = time.process_time()
    result: FeedDocument | MonitorError
    try:
        result = parse_feed_body(source)
    except MonitorError as error:
        result = error
    return Timed(result=result, theirs=None, cpu=time.process_time() - started)


def read_with_feedparser(source: FeedBody) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(io.BytesIO(source.body), sanitize_html=False, resolve_relative_uris=False)
        return [
            {
                "id": item.get("id"),
                "link": item.get("link"),
                "title": item.get("title"),
                "summary": item.get("summary"),
                "date": date_of(item),
            }
            for item in parsed.entries
        ]


def date_of(item: Any) -> tuple[int, ...] | None:
    parsed = item.get("published_parsed") or item.get("created_parsed") or item.get("updated_parsed")
    return tuple(parsed[:6]) if parsed else None


def documents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.iterdir()):
        if path.name != "index.jsonl":
            body = path.read_bytes()
            yield path.name, (gzip.decompress(body) if path.suffix == ".gz" else body)[:BODY_CAP]


def explain(name: str, ours: FeedDocument | MonitorError, theirs: list[dict[str, Any]] | MonitorError) -> list[str]:
    """Say how our entries of one document differ from feedparser's; nothing to say means that they agree."""
    if isinstance(theirs, MonitorError):
        return [f"feedparser: {theirs}"]
    if isinstance(ours, MonitorError):
        return [f"{ours} (feedparser: {len(theirs)} entries)"] if theirs else []
    distinct = {
        (item["id"], item["link"], None if item["id"] or item["link"] else (item["title"], item["date"]))
        for item in theirs
    }
    told = (
        [f"{len(ours.entries)} entries, feedparser {len(theirs)}, distinct {len(distinct)}, note {ours.note}"]
        if len(ours.entries) != len(theirs)
        else []
    )
    if len(ours.entries) == len(theirs):
        told += [difference for pair in zip(ours.entries, theirs, strict=True) for difference in differences(*pair)]
    return told


def differences(ours: Entry, theirs: dict[str, Any]) -> Iterator[str]:
    date = tuple(ours.published_at.utctimetuple()[:6]) if ours.published_at else None
    if date != theirs["date"]:
        yield f"date {date} for feedparser's {theirs['date']}"
    if bool(ours.title) != bool((theirs["title"] or "").strip()):
        yield f"title {ours.title!r} for {theirs['title']!r}"
    if bool(ours.url) != bool(theirs["link"]):
        yield f"link {ours.url!r} for {theirs['link']!r}"


def run_documents(shared: Path, sandbox: ProcessSandbox) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for group in GROUPS:
        named = list(documents(shared / "corpus" / "feeds" / group))
        sources = [FeedBody(feed_id="feed", url=URL, body=body) for _, body in named]
        started = time.monotonic()
        timed = dict(sandbox.map(parse_timed, sources))
        wall = time.monotonic() - started
        theirs = dict(sandbox.map(read_with_feedparser, sources)) if group == "real" else {}
        outcomes = {index: value.result if isinstance(value, Timed) else value for index, value in timed.items()}
        report[group] = {
            "documents": len(named),
            "parsed": sum(isinstance(outcome, FeedDocument) for outcome in outcomes.values()),
            "entries": sum(len(outcome.entries) for outcome in outcomes.values() if isinstance(outcome, FeedDocument)),
            "errors": Counter(str(outcome) for outcome in outcomes.values() if not isinstance(outcome, FeedDocument)),
            "cpu_max": round(max(value.cpu for value in timed.values() if isinstance(value, Timed)), 2),
            "cpu_sum": round(sum(value.cpu for value in timed.values() if isinstance(value, Timed)), 1),
            "wall": round(wall, 1),
            "killed": [named[index][0] for index, value in timed.items() if not isinstance(value, Timed)],
            "feedparser_entries": sum(len(items) for items in theirs.values() if isinstance(items, list)),
            "differences": {
                named[index][0]: told
                for index, items in sorted(theirs.items())
                if (told := explain(named[index][0], outcomes[index], items))
            },
        }
    return report


def run_behaviours(shared: Path) -> dict[str, str]:
    server = subprocess.Popen(
        [sys.executable, str(shared / "replay" / "replay.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    base = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}/hostile/"
    fetcher = HttpFetcher(HttpOptions(allow=[ipaddress.ip_network("127.0.0.0/8")], limits=HttpLimits(total=5.0)))
    names = BEHAVIOURS.split()
    try:
        started = time.monotonic()
        told = {}
        for index, poll in fetcher.fetch([(base + name, Validators()) for name in names]):
            what = (
                f"fetched {len(poll.body)} bytes"
                if isinstance(poll, Fetched)
                else str(getattr(poll, "reason", "not modified"))
            )
            told[names[index]] = f"{what} after {time.monotonic() - started:.1f} s"
        return {name: told[name] for name in names}
    finally:
        fetcher.close()
        server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sandbox = ProcessSandbox(SandboxOptions(preload=["feedparser"], deadline=20.0))
    report = run_documents(arguments.shared, sandbox)
    sandbox.close()
    behaviours = run_behaviours(arguments.shared)
    for group, row in report.items():
        print(
            f"{group:18} {row['documents']:4} documents {row['parsed']:4} parsed {row['entries']:6} entries (feedparser {row['feedparser_entries']})"
            f"  CPU sum {row['cpu_sum']} s, max {row['cpu_max']} s, wall {row['wall']} s, killed {row['killed'] or 'none'}"
        )
        for error, count in sorted(row["errors"].items()):
            print(f"    {count:3} × {error}")
        for name, told in row["differences"].items():
            print(f"    {name}: {told[0]}{f' and {len(told) - 1} more' if len(told) > 1 else ''}")
    for name, outcome in behaviours.items():
        print(f"/hostile/{name:28} {outcome}")
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"documents": report, "behaviours": behaviours}, indent=2, ensure_ascii=False)
        )


if __name__ == "__main__":
    from tests.bench import corpus_feeds  # workers import functions by name, and not from a main script

    corpus_feeds.main()
