"""Feeds are polled in lanes: those that hang hold up their own batches alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.app import build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.daemon.drive import run_once
from monitor.pipeline import Batches
from tests.collect.web import Answer, Request, response, serving

FILES = {
    "settings": "pages: {read: false}\nhttp: {timeout: 1s, allow_networks: [127.0.0.0/8]}\npoll: {concurrency: 60}\n",
    "watchlist": "companies: [{name: Aster Labs}]\n",
    "channels": "channels: {out: {type: log}}\nroutes: [{to: out, match: {events: [source]}}]\n",
}


def answer(request: Request) -> Answer:
    return [9.0] if int(request.path[1:]) % 5 == 0 else response(b"<rss version='2.0'><channel/></rss>")


def test_feeds_that_hang_hold_up_their_own_batches_alone_and_each_is_told_of_once(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2025, 6, 2, tzinfo=UTC))
    with serving(answer) as web:
        urls = "".join(f"  - {web.url(f'/{number}')}\n" for number in range(60))
        for name, text in (FILES | {"feeds": "feeds:\n" + urls}).items():
            (tmp_path / f"{name}.yaml").write_text(text)
        app = build(load_config(tmp_path, {}), tmp_path / "state", clock)
        try:
            took = []
            for _ in range(5):  # a feed that failed so often is told of
                started = time.monotonic()
                run_once(replace(app.pipeline, batches=Batches(feeds=4)))
                took.append(time.monotonic() - started)
                clock.at += timedelta(days=2)
            assert took[0] < 5  # one after the other, nine batches or so would each take a second
            assert sum(feed.polls for feed in app.store.find_feeds()) == 5 * 60
            assert len(app.store.find_deliveries(limit=100)) == 12
        finally:
            app.close()
