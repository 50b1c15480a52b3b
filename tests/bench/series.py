"""Replay every recorded series poll by poll through the real pipeline: entries, tellings lost, entries told as new twice.

usage: python -m tests.bench.series [NAME …] [--limit POLLS] [--show]

Items of all polls, as feedparser finds them, are one entry if they share GUID, address, or title and date.  A telling is an
entry under one title: each must have been handed on, as new or edited; no entry may be handed on as new twice.
The judge shares no code with what it judges.  Needs ../shared (the recorded corpus and its replay server).
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser

from monitor.app import App, build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.daemon.drive import run_once
from monitor.log import configure_log
from monitor.model import Entry

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
MONTH = timedelta(days=30)
FILES = {
    "settings": "pages: {read: false, max_age: 9999w}\npoll: {interval: 1m}\nhttp: {host_gap: 0s, allow_networks: [127.0.0.0/8]}\n",
    "watchlist": "companies:\n  - name: Nobody Watches This Company\n",
    "channels": "channels: {out: {type: log}}\nroutes: [{to: [out]}]\n",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item as feedparser reads it."""

    guid: str
    link: str
    title: str
    date: str
    shared: bool  # another item of the same poll has its GUID


@dataclass(kw_only=True)
class HandedOn:
    """What the pipeline handed on for reading, by poll."""

    poll: int = 0
    new: list[tuple[int, Entry]] = field(default_factory=list)
    edited: list[tuple[int, Entry]] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


def main() -> None:
    configure_log("ERROR")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--limit", type=int, default=10**9)
    parser.add_argument("--show", action="store_true", help="tell every miss and duplicate")
    args = parser.parse_args()
    folder = SHARED / "corpus" / "series"
    if not folder.exists():
        sys.exit(f"needs the recorded series in {folder}")
    print(
        "| series | polls | refused | items seen | tellings | entries | edits | misses | told as new twice | issued again | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in args.names or sorted(path.name for path in folder.iterdir() if path.is_dir()):
        tell(name, folder / name, args.limit, show=args.show)


def tell(name: str, folder: Path, limit: int, *, show: bool) -> None:
    polls = list(recorded(folder))[:limit]
    started = time.process_time()
    handed = replay(name, [at for at, _ in polls])
    cpu = time.process_time() - started
    seen = [list(items(body)) for _, body in polls]
    one = find_entries(seen)
    tellings = {(one.root(telling(item)), words(item.title)) for each in seen for item in each}
    told = {(one.root(telling_of(entry)), words(entry.title)) for _, entry in [*handed.new, *handed.edited]}
    again = find_doubled(one, handed)
    doubled = [group for group in again if not is_reissued(group)]
    failed = ", ".join(f"{n} {reason}" for reason, n in handed.failures.most_common()) or "0"
    total = sum(map(len, seen))
    print(f"| {name} | {len(polls)} | {failed} | {total} | {len(tellings)} | {len({e.key for _, e in handed.new})} "
          f"| {len(handed.edited)} | {len(tellings - told)} | {len(doubled)} | {len(again) - len(doubled)} | {cpu:.0f} |", flush=True)  # fmt: skip
    if show:
        for miss in sorted(tellings - told):
            print("   missed", miss)
        for group in doubled:
            print(
                "   twice",
                *(f"\n      poll {n}: {e.guid} | {e.url} | {e.title} | {e.published_at}" for n, e in group[:5]),
            )


# --- what was recorded, as another parser reads it ------------------------------------------------------------------


def recorded(folder: Path) -> Iterator[tuple[datetime, bytes]]:
    rows = [json.loads(line) for line in (folder / "index.jsonl").open()]
    with tarfile.open(folder / "all.tar.xz") as tar:
        bodies = {member.name: tar.extractfile(member).read() for member in tar}
    for row in rows:
        yield datetime.fromisoformat(row["at"]).astimezone(UTC), bodies[row["file"]]


def items(body: bytes) -> Iterator[Item]:
    """Read one poll; half an item at the end of a cut body is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(io.BytesIO(body))
    entries = [each for each in parsed.entries if each.get("title") or each.get("link")]
    if body and not re.search(rb"</(rss|feed|rdf:rdf)\s*>\s*(<!--.*-->\s*)?$", body[-2000:], re.I | re.S):
        entries = entries[:-1]
    uses = Counter(each.get("id") for each in entries)
    for each in entries:
        guid = each.get("id") or ""
        date = each.get("published") or each.get("updated") or ""
        yield Item(
            guid=guid, link=each.get("link") or "", title=each.get("title") or "", date=date, shared=uses[guid] > 1
        )


def place(address: str) -> str:
    parts = urlsplit(address.strip())
    if not parts.netloc:
        return address.strip()
    query = "&".join(
        pair for pair in parts.query.split("&") if pair and not pair.startswith(("utm_", "at_", "ref=", "ampref="))
    )
    return parts.netloc.lower().removeprefix("www.") + parts.path.rstrip("/") + (f"?{query}" if query else "")


def words(title: str) -> str:
    return " ".join(re.findall(r"\w+", unescape(re.sub(r"<[^>]*>", "", title)).casefold()))


# --- which of them are one entry ------------------------------------------------------------------------------------


def find_entries(seen: Sequence[Sequence[Item]]) -> Same:
    one = Same()
    for each in seen:
        linked = Counter(place(item.link) for item in each)
        for item in each:
            names = [telling(item)]
            names += [("guid", item.guid)] if item.guid and not item.shared else []
            names += [("link", place(item.link))] if linked[place(item.link)] == 1 and is_page(item.link) else []
            names += [("words", words(item.title), item.date)] if item.title and item.date else []
            one.join(*names)
    return one


def find_doubled(one: Same, handed: HandedOn) -> list[list[tuple[int, Entry]]]:
    """Group what was handed on as new by the entry that it is; return the groups of more than one."""
    groups = defaultdict(list)
    for number, entry in handed.new:
        groups[one.root(telling_of(entry))].append((number, entry))
    return [group for group in groups.values() if len(group) > 1]


def is_reissued(group: Sequence[tuple[int, Entry]]) -> bool:
    """Tell whether a page was published again, months later, under another GUID, title and date: that is news."""
    pairs = [(a, b) for n, (_, a) in enumerate(group) for _, b in group[:n]]
    dated = all(entry.published_at for _, entry in group)
    return dated and all(
        (a.title != b.title and abs(a.published_at - b.published_at) > MONTH) or a.url != b.url for a, b in pairs
    )


def telling(item: Item) -> tuple[str, ...]:
    return ("telling", place(item.link or item.guid), words(item.title))


def telling_of(entry: Entry) -> tuple[str, ...]:
    return ("telling", place(entry.url or entry.guid), words(entry.title))


def is_page(link: str) -> bool:
    """False for a site's home page, which many entries may share."""
    return bool(urlsplit(link).path.strip("/"))


class Same:
    """Names that mean the same (union-find)."""

    def __init__(self) -> None:
        self._above: dict[Any, Any] = {}

    def root(self, name: Any) -> Any:
        while (above := self._above.get(name, name)) != name:
            self._above[name] = self._above.get(above, above)
            name = above
        return name

    def join(self, *names: Any) -> None:
        for name in names[1:]:
            self._above[self.root(name)] = self.root(names[0])


# --- the pipeline ---------------------------------------------------------------------------------------------------


def replay(name: str, times: Sequence[datetime]) -> HandedOn:
    """Step through the polls as `monitor once --now` would, one clock for server and monitor."""
    command = [sys.executable, str(SHARED / "replay" / "replay.py")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
    with tempfile.TemporaryDirectory() as folder:
        feeds = {"feeds": f"feeds:\n  - url: {url}/series/{name}\n"}
        for file, text in (FILES | feeds).items():
            (Path(folder) / f"{file}.yaml").write_text(text)
        clock = FixedClock(times[0])
        app = build(load_config(Path(folder), {}), Path(folder) / "state", clock)
        try:
            return step_through(app, clock, url, times)
        finally:
            app.close()
            server.terminate()


def step_through(app: App, clock: FixedClock, url: str, times: Sequence[datetime]) -> HandedOn:
    handed = HandedOn()
    save_poll = app.store.save_poll

    def watched(feed, new, edited, *rest):
        handed.new += [(handed.poll, entry) for entry in new]
        handed.edited += [(handed.poll, entry) for entry in edited]
        handed.failures.update([feed.error] if feed.error else [])
        save_poll(feed, new, edited, *rest)

    app.store.save_poll = watched
    for poll, at in enumerate(times):
        handed.poll, clock.at = poll, at
        body = json.dumps({"at": clock.at.isoformat(), "speed": 0}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{url}/clock", body, method="POST"))
        app.store.rein_in(clock.at, timedelta(0))  # every recorded poll is made, whatever its feed asks for
        run_once(app.pipeline)
    return handed


if __name__ == "__main__":
    main()
