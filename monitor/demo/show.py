"""The demo's story -> what a newcomer sees: what is published, what the daemon does, the alerts that arrive.

Never prints anything that did not happen: each line about an alert is a call or a mail that arrived.
"""

from __future__ import annotations

import base64
import os
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from monitor.app import App, build
from monitor.clock import SystemClock
from monitor.commands.report import print_moves
from monitor.config import load_config
from monitor.daemon.drive import run_for_ever
from monitor.daemon.reload import Running
from monitor.demo.mailbox import Mailbox
from monitor.demo.newsroom import Newsroom, Story
from monitor.log import configure_log

SECRET = "whsec_" + base64.b64encode(b"a demo secret, known to all the world").decode()
LAST_LOOK = 6.0  # seconds after the last story


def run_demo(*, speed: float = 1.0, keep: Path | None = None) -> None:
    """Tell the story on the terminal; takes about 40 s divided by `speed`, and at least the time that polling takes."""
    console = Console(highlight=False)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-demo-")))
        plot = load_plot()
        outlets = sorted({scene["outlet"] for scene in plot})
        newsrooms = {outlet: open_newsroom(stack, number) for number, outlet in enumerate(outlets, 1)}
        mailbox = stack.enter_context(Mailbox())
        write_config(folder / "config", newsrooms, mailbox)
        show = Show(console=console, newsrooms=newsrooms, mailbox=mailbox)
        show.open()
        first, *later = plot
        show.publish(first)
        app = stack.enter_context(daemon(folder))
        show.play(later, speed)
        show.close(app)


def open_newsroom(stack: ExitStack, number: int) -> Newsroom:
    """Open a newsroom at a loopback address of its own, where the system has more than one."""
    try:
        return stack.enter_context(Newsroom(secret=SECRET, host=f"127.0.0.{number}"))
    except OSError:  # macOS has 127.0.0.1 only; then all outlets are one to the monitor
        return stack.enter_context(Newsroom(secret=SECRET))


def load_plot() -> list[dict[str, Any]]:
    """Return the scenes of story.toml, first to last."""
    scenes: list[dict[str, Any]] = tomllib.loads(files("monitor.demo").joinpath("story.toml").read_text("utf-8"))[
        "story"
    ]
    return scenes


@contextmanager
def daemon(folder: Path) -> Iterator[App]:
    """Run the real daemon over the demo's configuration beside the caller."""
    configure_log("CRITICAL")
    environ = os.environ | {"DEMO_WEBHOOK_SECRET": SECRET}
    app = build(load_config(folder / "config", environ), folder / "state", SystemClock())
    stop = threading.Event()
    thread = threading.Thread(target=run_for_ever, args=(Running(app), stop), daemon=True)
    thread.start()
    try:
        yield app
    finally:
        stop.set()
        thread.join(10)
        app.close()


@dataclass(slots=True, kw_only=True)
class Show:
    """The screen: what is published, and what arrives."""

    console: Console
    newsrooms: Mapping[str, Newsroom]  # by outlet; the first one's receiver gets the webhooks
    mailbox: Mailbox
    started: float = field(default_factory=time.monotonic)
    calls: int = 0  # webhook calls shown so far
    mails: int = 0

    def open(self) -> None:
        self.console.print("[bold]A newsroom, a mail server and a webhook receiver now run on this machine,[/]")
        self.console.print(
            "[bold]and beside them the real daemon.  It watches Mira Solano, Aster Labs and Borealis AI.[/]\n"
        )

    def play(self, scenes: list[dict[str, Any]], speed: float) -> None:
        """Publish each scene when its time has come; show what arrives meanwhile."""
        for scene in scenes:
            self.watch(until=scene["after"] / speed)
            self.publish(scene)
        self.watch(until=scenes[-1]["after"] / speed + LAST_LOOK)

    def publish(self, scene: Mapping[str, Any]) -> None:
        self.newsrooms[scene["outlet"]].publish(
            Story(
                outlet=scene["outlet"],
                slug=scene["title"].lower().replace(" ", "-").replace(":", ""),
                title=scene["title"],
                paragraphs=tuple(scene["paragraphs"]),
                published_at=SystemClock().now() - timedelta(seconds=1),
            )
        )
        self._say(f"[cyan]{scene['outlet']}[/] publishes [italic]“{escape(scene['title'])}”[/]")
        self._note(f"[dim]{escape(scene['expect'])}[/]")

    def watch(self, *, until: float) -> None:
        """Show what arrives until `until` seconds after the start."""
        while time.monotonic() - self.started < until:
            self._show_arrivals()
            time.sleep(0.1)
        self._show_arrivals()

    def close(self, app: App) -> None:
        counts = app.store.counts()
        self.console.print("\n[bold]The ledger[/] (monitor moves):")
        print_moves(app.store.find_moves())
        self.console.print(
            f"\n{counts['articles']} articles read, {counts['claims']} claims, "
            f"[bold]{self.calls} alerts[/], each with the sentence that proves it, by webhook and by mail.\n"
            "Next: [bold]monitor check[/], then [bold]monitor run[/]; who is watched stands in config/watchlist.yaml."
        )

    def _show_arrivals(self) -> None:
        for received in receiver(self.newsrooms).received[self.calls :]:
            self._show_call(received.payload, verified=received.verified)
            self.calls += 1
        for mail in self.mailbox.messages[self.mails :]:
            thread = " (in the same thread)" if mail["In-Reply-To"] else ""
            self._note(f"[green]✉ mail[/]     {escape(str(mail['Subject']))}{thread}")
            self.mails += 1

    def _show_call(self, payload: Mapping[str, Any], *, verified: bool) -> None:
        data = payload["data"]
        signed = "signature verified" if verified else "[red]bad signature[/]"
        self._note(
            f"[green]⚑ webhook[/]  [bold]{payload['type']}[/] {data['status']}, sequence {data['sequence']}, {signed}"
        )
        self._note(f"             “{escape(data['evidence'][0]['sentence'])}”")

    def _say(self, text: str) -> None:
        self.console.print(f"{time.monotonic() - self.started:5.1f} s  {text}")

    def _note(self, text: str) -> None:
        self.console.print(f"         {text}")


def receiver(newsrooms: Mapping[str, Newsroom]) -> Newsroom:
    return next(iter(newsrooms.values()))


def write_config(folder: Path, newsrooms: Mapping[str, Newsroom], mailbox: Mailbox) -> None:
    """Write the configuration of the demo, such as a user would."""
    folder.mkdir(parents=True, exist_ok=True)
    feeds = "".join(
        f"  - url: {newsroom.feed_url(outlet)}\n    title: {outlet}\n    interval: 1s\n"
        for outlet, newsroom in newsrooms.items()
    )
    texts = {
        "settings.yaml": SETTINGS,
        "feeds.yaml": f"feeds:\n{feeds}",
        "watchlist.yaml": WATCHLIST,
        "channels.yaml": CHANNELS.format(hook=f"{receiver(newsrooms).url}/hook", port=mailbox.port),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


SETTINGS = """\
poll: {interval: 1s, shortest: 1s}
http: {host_gap: 0s, allow_networks: [127.0.0.0/8]}
"""

WATCHLIST = """\
companies:
  - name: Aster Labs
  - name: Borealis AI
    aliases: [Borealis]
people:
  - name: Mira Solano
"""

CHANNELS = """\
channels:
  hook:
    type: webhook
    url: {hook}
    secret_env: DEMO_WEBHOOK_SECRET
  mail:
    type: email
    host: 127.0.0.1
    port: {port}
    security: none
    from: Move Monitor <monitor@monitor.example>
    to: you@reader.example
routes:
  - to: [hook, mail]
"""
