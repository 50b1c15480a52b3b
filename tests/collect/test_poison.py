"""One feed's odd characters end no batch: the others in it are polled, and so is it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.app import build
from monitor.clock import FixedClock
from monitor.config import load_config
from tests.collect.test_lanes import FILES
from tests.collect.web import Answer, Request, response, serving

RSS = b"<rss version='2.0'><channel></channel></rss>"
HALF = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "post-\\ud83d", "title": "cut within an emoji"}]}'


@pytest.mark.parametrize("odd", [response(HALF), response(RSS).replace(b"\r\n\r\n", b'\r\nETag: "caf\xe9"\r\n\r\n')])
def test_no_feed_ends_the_batch_of_others(tmp_path: Path, odd: bytes) -> None:
    def answer(request: Request) -> Answer:
        return odd if request.path == "/odd" else response(RSS)

    with serving(answer) as web:
        feeds = f"feeds: [{web.url('/odd')}, {web.url('/a')}, {web.url('/b')}]\n"
        for name, text in (FILES | {"feeds": feeds}).items():
            (tmp_path / f"{name}.yaml").write_text(text)
        app = build(load_config(tmp_path, {}), tmp_path / "state", FixedClock(datetime(2025, 6, 2, tzinfo=UTC)))
        try:
            app.pipeline.poll_feeds()
            assert [feed.polls for feed in app.store.find_feeds()] == [1, 1, 1]
        finally:
            app.close()
