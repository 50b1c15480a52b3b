"""Read the entries of recorded real feeds with fifty well-known companies watched; print every move that would be told.

usage: python -m tests.bench.ordinary_items [--items 10000] [--confidence 0.6]      (needs ../shared/corpus)

Most of these items tell of no move: what is printed is to be read, and counted as right or wrong.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from monitor.collect.feeds import parse_feed
from monitor.errors import MonitorError
from monitor.match.watchlist import Watchlist
from monitor.model import Entry, Page, Subject, SubjectKind, content_id
from monitor.moves.reader import default_reader
from monitor.moves.resolve import resolve
from monitor.names import is_common, slug
from monitor.pipeline import process_article

FEEDS = Path(__file__).resolve().parents[2].parent / "shared/corpus/feeds/real"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMPANIES = """Meta, Google, Google DeepMind, Microsoft, Apple, Amazon, OpenAI, Anthropic, Mistral AI, NVIDIA, Tesla, Netflix,
Intel, AMD, IBM, Oracle, Salesforce, Adobe, Cisco, Dell, HP, Samsung, Sony, Nintendo, Uber, Lyft, Airbnb, Spotify, Snap,
Pinterest, Reddit, Twitter, TikTok, ByteDance, Alibaba, Tencent, Huawei, Xiaomi, Qualcomm, ARM, TSMC, Stripe, PayPal, Block,
Coinbase, Shopify, Zoom, Slack, Dropbox, Palantir"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--confidence", type=float, default=0.6)
    args = parser.parse_args()
    if not FEEDS.exists():
        sys.exit(f"needs the recorded feeds in {FEEDS}")
    subjects = watched()
    watch, reader = Watchlist.build(subjects), default_reader(subjects)
    entries = list(load_entries())[: args.items]
    started, claims = time.process_time(), []
    for entry in entries:
        page = Page(
            url=entry.url or entry.guid,
            title=entry.title,
            summary=entry.summary,
            published_at=entry.published_at or NOW,
        )
        claims += process_article(page, watch, reader).claims
    seconds = time.process_time() - started
    moves = [m for key in sorted({c.claim.person for c in claims}) for m in told(claims, key, args.confidence)]
    for move in moves:
        print(
            f"{move.confidence:.2f} {move.kind} {move.status} | {move.person} | {move.from_org} -> {move.to_org} | {move.evidence[0].sentence[:200]}"
        )
    print(
        f"{len(entries)} items, {len(claims)} claims about watched companies, {len(moves)} moves told, {seconds * 1000 / len(entries):.2f} ms an item"
    )


def told(claims: list, person: str, confidence: float) -> list:
    mine = [c for c in claims if c.claim.person == person]
    moves = [after for _, after in resolve([], mine, parents={}, now=NOW).changes]
    return [m for m in moves if not m.background and not m.needs_review and m.confidence >= confidence]


def watched() -> tuple[Subject, ...]:
    names = [name.strip() for name in COMPANIES.replace("\n", " ").split(",")]
    return tuple(
        Subject(id=slug(n), kind=SubjectKind.COMPANY, name=n, exact=(n,) if is_common(n) else ()) for n in names
    )


def load_entries() -> Iterator[Entry]:
    """Yield the entries of all recorded feeds, each address once."""
    seen: set[str] = set()
    for path in sorted(FEEDS.iterdir()):
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        try:
            document = parse_feed(body, feed_id=content_id(path.name), url=f"https://feeds.example/{path.name}")
        except MonitorError:
            continue
        for entry in document.entries:
            if (entry.url or entry.guid) not in seen:
                seen.add(entry.url or entry.guid)
                yield entry


if __name__ == "__main__":
    main()
