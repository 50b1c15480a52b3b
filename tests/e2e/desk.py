"""A newsroom with a webhook receiver, a mailbox, and a configuration that leads from one to the other."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.app import App, build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.demo.mailbox import Mailbox
from monitor.demo.newsroom import Newsroom, Story

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 24 bytes or more").decode()
START = datetime(2025, 6, 15, 9, tzinfo=UTC)

SETTINGS = "http: {host_gap: 0s, allow_networks: [127.0.0.0/8]}\n"
WATCHLIST = "companies:\n  - name: Aster Labs\n  - name: Borealis AI\npeople:\n  - name: Mira Solano\n"
CHANNELS = """\
channels:
  hook: {{type: webhook, url: "{hook}", secret_env: HOOK_SECRET}}
  mail: {{type: email, host: 127.0.0.1, port: {port}, security: none, from: monitor@monitor.example, to: you@reader.example}}
routes:
  - to: [hook, mail]
"""


class Desk:
    """What a story needs: publish, move the clock, run the monitor, look at what arrived."""

    def __init__(self, folder: Path, newsroom: Newsroom, mailbox: Mailbox, clock: FixedClock) -> None:
        self.folder, self.newsroom, self.mailbox, self.clock = folder, newsroom, mailbox, clock
        self.config, self.state = folder / "config", folder / "state"
        self.environ = {"HOOK_SECRET": SECRET}
        self.config.mkdir()
        self.write("settings", SETTINGS)
        self.write("feeds", f"feeds:\n  - url: {newsroom.feed_url('wire')}\n")
        self.write("watchlist", WATCHLIST)
        self.write("channels", CHANNELS.format(hook=f"{newsroom.url}/hook", port=mailbox.port))

    def write(self, name: str, text: str) -> None:
        (self.config / f"{name}.yaml").write_text(text, encoding="utf-8")

    def publish(self, slug: str, title: str, *paragraphs: str, outlet: str = "wire") -> None:
        self.newsroom.publish(
            Story(outlet=outlet, slug=slug, title=title, paragraphs=paragraphs, published_at=self.clock.now())
        )

    @contextmanager
    def app(self) -> Iterator[App]:
        app = build(load_config(self.config, self.environ), self.state, self.clock)
        try:
            yield app
        finally:
            app.close()

    def events(self) -> list[tuple[str, str, str]]:
        """Return (event, person, status) of every webhook call that arrived, in order; all verified."""
        assert all(r.verified for r in self.newsroom.received)
        payloads = [r.payload for r in self.newsroom.received]
        return [(p["type"], p["data"]["person"]["name"], p["data"]["status"]) for p in payloads]


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    clock = FixedClock(START)
    with Newsroom(secret=SECRET, clock=clock) as newsroom, Mailbox() as mailbox:
        yield Desk(tmp_path, newsroom, mailbox, clock)
