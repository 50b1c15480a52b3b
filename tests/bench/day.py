"""A day with the clock sped up: do intervals adapt as designed, how late are entries seen, how often is a host asked?

usage: python -m tests.bench.day [--hours 24] [--gap 0.02]

Feeds of eleven rhythms, three hosts' worth of names on loopback, one step of the clock a minute; requests are real.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean

from monitor.app import build
from monitor.clock import FixedClock
from monitor.collect.schedule import decide_interval
from monitor.config import load_config
from monitor.log import configure_log
from tests.collect.web import Request, response, serving

START = datetime(2025, 6, 2, tzinfo=UTC)
RHYTHMS = {f"{m}m": timedelta(minutes=m) for m in (5, 10, 20, 40, 80, 160)} | {
    f"{h}h": timedelta(hours=h) for h in (6, 12, 24, 72, 720)
}
FILES = {
    "watchlist": "companies:\n  - name: Nobody Watches This Company\n",
    "channels": "channels: {out: {type: log}}\nroutes: [{to: [out]}]\n",
}


def main() -> None:
    configure_log("ERROR")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--gap", type=float, default=0.02, help="seconds of real time between two requests to one host")
    parser.add_argument("--copies", type=int, default=3, help="feeds of each rhythm")
    args = parser.parse_args()
    clock = FixedClock(START)
    with serving(lambda request: answer(request, clock.at)) as web, tempfile.TemporaryDirectory() as folder:
        names = [f"{rhythm}-{n}" for rhythm in RHYTHMS for n in range(args.copies)]
        feeds = "".join(f"  - url: {web.url('/' + name, host='localhost')}\n" for name in names)
        settings = (
            f"pages: {{read: false}}\nhttp: {{host_gap: {args.gap:.2f}s, allow_networks: [127.0.0.0/8, '::1/128']}}\n"
        )
        for name, text in (FILES | {"feeds": "feeds:\n" + feeds, "settings": settings}).items():
            (Path(folder) / f"{name}.yaml").write_text(text)
        app = build(load_config(Path(folder), {}), Path(folder) / "state", clock)
        polls, delays = defaultdict(list), defaultdict(list)
        save_poll = app.store.save_poll

        def watched(feed, new, edited, origin, now):
            polls[feed.url].append(now)
            if len(polls[feed.url]) > 1:
                delays[feed.url] += [now - entry.published_at for entry in new]
            save_poll(feed, new, edited, origin, now)

        app.store.save_poll = watched
        while clock.at < START + timedelta(hours=args.hours):
            while app.pipeline.poll_feeds():
                pass
            clock.at += timedelta(minutes=1)
        report(app, clock, polls, delays)
        starts = sorted(request.at for request in web.seen)
        app.close()
    busiest = max(sum(at <= other < at + 1 for other in starts[n : n + 1000]) for n, at in enumerate(starts))
    print(f"{len(starts)} requests to one host, in the busiest second {busiest}; asked for at most {1 / args.gap:.0f}")


def report(app, clock, polls, delays) -> None:
    print("| an entry every | interval by design | mean gap between polls | polls | an entry is seen after | |")
    print("|---|---|---|---|---|---|")
    stored = {feed.url: feed for feed in app.store.find_feeds()}
    for rhythm in RHYTHMS:
        urls = [url for url in polls if f"/{rhythm}-" in url]
        times = [sorted(polls[url]) for url in urls]
        gaps = [b - a for each in times for a, b in pairwise(each)]
        late = [delay.total_seconds() / 60 for url in urls for delay in delays[url]]
        designed = decide_interval(stored[urls[0]], app.pipeline.pace(stored[urls[0]].id), clock.at)
        gap = mean(each.total_seconds() for each in gaps) / 60
        seen = f"{mean(late):.0f} min" if late else "–"
        print(
            f"| {rhythm} | {designed.total_seconds() / 60:.0f} min | {gap:.0f} min | {len(times[0])} | {seen} | {'#' * round(gap / 2)} |"
        )


def answer(request: Request, now: datetime) -> bytes:
    """Return the feed as it is now: its twenty newest entries, each on its time."""
    name = request.path.strip("/")
    every = RHYTHMS[name.split("-")[0]]
    last = int((now - datetime(2025, 1, 1, tzinfo=UTC)) / every)
    items = "".join(
        f"<item><guid isPermaLink='false'>{number}</guid><title>{name} {number}</title>"
        f"<pubDate>{datetime(2025, 1, 1, tzinfo=UTC) + number * every:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for number in range(last, max(last - 20, 0), -1)
    )
    return response(f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode())


if __name__ == "__main__":
    main()
