"""Hundreds of SIGKILLs of the real daemon under load; at the end every published move must have been told.

usage: storm.py [--kills 500] [--seed 1] [--folder DIR]

A newsroom publishes invented moves without pause on three feeds.  The daemon is killed at a random moment: while it
starts, polls, reads, records, delivers, reloads an edited configuration (which it saw by itself, or was told of by
SIGHUP), or is copied by `monitor backup`.  The receiver refuses some calls, so that retries are killed as well.  Exit
status 0 if nothing was lost.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from monitor.daemon.upkeep import verify
from monitor.demo.newsroom import Newsroom, Received, Story

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"a secret of the storm, 24 bytes or more").decode()
OUTLETS = ("wire", "post", "herald")
SHOWN = 300  # stories that a feed shows, as real ones do
PATIENCE = 15.0  # seconds that a daemon has for what it is to be killed at
QUIET = 300.0  # seconds that the last daemon has for what is left

SETTINGS = """\
alert_confidence: 0.3
poll: {interval: 1s, shortest: 1s}
http: {host_gap: 0s, allow_networks: [127.0.0.0/8]}
pages: {workers: 1}
"""
WATCHLIST = "companies:\n  - name: Aster Labs\n"
CHANNELS = 'channels:\n  hook: {{type: webhook, url: "{hook}", secret_env: HOOK_SECRET}}\nroutes:\n  - to: hook\n'

LEAVES = " is leaving Aster Labs"
FIRST = ("Mira", "Ines", "Jonas", "Lena", "Tomas", "Clara", "Pavel", "Nora", "Felix", "Greta", "Oskar", "Paula", "Vera")
SURNAMES = [
    "".join(parts).capitalize()
    for parts in itertools.product(*2 * ("bdfgklmnprstvz", "aeiou"), ("ldan", "ndor", "rski", "vano"))
]

# The kill comes by chance up to 0.7 s after the daemon has first logged this.
MOMENTS = (
    *("starting", "daemon.started", "feed.polled", "article.read", "article.read", "alert.raised", "alert.raised"),
    *("delivery.tried", "delivery.tried", "reloading", "copied"),
)
EVENTS = {"reloading": "feed.polled", "copied": "article.read"}

CHECKS = {
    "ROWS THAT REFER TO NOTHING": "SELECT COUNT(*) FROM pragma_foreign_key_check",
    "ALERTS WITHOUT A DELIVERY": "SELECT COUNT(*) FROM alerts WHERE id NOT IN (SELECT alert_id FROM deliveries)",
    "TOLD MOVES WITHOUT THEIR ALERTS": """
SELECT COUNT(*) FROM moves WHERE sequence <> (SELECT COUNT(*) FROM alerts WHERE move_id = moves.id)""",
    "MOVES WITHOUT EVIDENCE": "SELECT COUNT(*) FROM moves WHERE id NOT IN (SELECT move_id FROM evidence)",
    "ENTRIES READ WITHOUT AN ARTICLE": "SELECT COUNT(*) FROM entries WHERE state = 'read' AND article_id IS NULL",
    "DELIVERIES OPEN OR DEAD": "SELECT COUNT(*) FROM deliveries WHERE state <> 'accepted'",
    "entries skipped": "SELECT COUNT(*) FROM entries WHERE state = 'skipped' AND note <> 'unchanged'",
}


class Ticker(Newsroom):
    """A newsroom whose feeds show their newest stories only."""

    def _render_feed(self, outlet: str, stories: list[Story]) -> str:
        return Newsroom._render_feed(self, outlet, stories[-SHOWN:])


@dataclass(slots=True, kw_only=True)
class Storm:
    """The newsroom, the daemon under fire, and what was published when."""

    folder: Path
    newsroom: Newsroom
    chance: random.Random
    pace: float = 1.0  # seconds between two stories
    published: dict[str, float] = field(default_factory=dict)  # person -> monotonic time
    kills: Counter[str] = field(default_factory=Counter)
    arrived: list[float] = field(default_factory=list)  # monotonic times, one for each call received
    edits: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def write_config(self) -> None:
        (self.folder / "config").mkdir(parents=True, exist_ok=True)
        feeds = "".join(f"  - {self.newsroom.feed_url(outlet)}\n" for outlet in OUTLETS)
        texts = {"settings": SETTINGS, "feeds": f"feeds:\n{feeds}", "watchlist": WATCHLIST}
        for name, text in (texts | {"channels": CHANNELS.format(hook=f"{self.newsroom.url}/hook")}).items():
            (self.folder / f"config/{name}.yaml").write_text(text)

    def publish(self) -> None:
        """Publish until the storm is over; nobody of the invented people shares a surname."""
        surnames = list(SURNAMES)
        self.chance.shuffle(surnames)
        for number, surname in enumerate(surnames):
            story = self.story(number, surname)
            self.published[story.title.removesuffix(LEAVES)] = time.monotonic()
            self.newsroom.publish(story)
            if self._stop.wait(self.pace):
                return

    def story(self, number: int, surname: str) -> Story:
        title = f"{FIRST[number % len(FIRST)]} {surname}{LEAVES}"
        return Story(
            outlet=OUTLETS[number % len(OUTLETS)],
            slug=surname.lower(),
            title=title,
            paragraphs=(f"{title}, the company said.",),
            published_at=datetime.now(UTC),
        )

    def command(self, *arguments: str) -> list[str]:
        folders = ["--config", str(self.folder / "config"), "--state", str(self.folder / "state")]
        return [sys.executable, "-m", "monitor", *folders, *arguments]

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command("run"), stderr=log, env=os.environ | {"HOOK_SECRET": SECRET}, cwd=ROOT)

    def strike(self) -> None:
        """Start the daemon and kill it soon after it first did something; what, is chosen by chance."""
        moment = self.chance.choice(MOMENTS)
        begins = self.log.stat().st_size
        daemon = self.start()
        seen = moment != "starting" and self.wait_for(EVENTS.get(moment, moment), begins)
        time.sleep(self.chance.uniform(0, 2.0 if moment == "starting" else 0.7))
        if moment == "reloading":
            self.edits += 1
            (self.folder / "config/watchlist.yaml").write_text(f"{WATCHLIST}  - name: Borealis {self.edits} AI\n")
            if self.edits % 2 and seen:  # asked to, or of its own accord
                daemon.send_signal(signal.SIGHUP)
            time.sleep(self.chance.uniform(0.0 if self.edits % 2 else 1.0, 4.0))
        if moment == "copied":
            self.copy_and_kill()
        assert daemon.poll() is None, f"the daemon ended by itself with {daemon.returncode}; see {self.log}"
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(30)
        self.kills[moment] += 1
        verify(self.folder / "state/monitor.db")

    def wait_for(self, event: str, begins: int) -> bool:
        """Wait until the daemon has logged `event`, or for as long as one of everything takes; return whether it has."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.log.open("rb") as log:
                log.seek(begins)
                if f'"event": "{event}"'.encode() in log.read():
                    return True
            time.sleep(0.02)
        return False

    def copy_and_kill(self) -> None:
        """Kill a backup under way; what it leaves under its name must be whole."""
        copy = self.folder / f"copy-{self.kills['copied']}.db"
        backup = subprocess.Popen(self.command("backup", str(copy)), cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(self.chance.uniform(0.2, 1.2))
        backup.kill()
        backup.wait(30)
        if copy.exists():
            verify(copy)
            copy.unlink()

    def settle(self) -> float:
        """Let one daemon finish in peace; return how many seconds it took until all was told."""
        self._stop.set()
        started = time.monotonic()
        daemon = self.start()
        while (self.missing() or self.open()) and time.monotonic() < started + QUIET:
            time.sleep(0.5)
        took = time.monotonic() - started
        daemon.terminate()
        assert daemon.wait(15) == 0
        return took

    def told(self) -> Counter[tuple[str, str]]:
        """Return (person, webhook-id) -> how often it was accepted."""
        calls = list(self.newsroom.received)
        return Counter((call.payload["data"]["person"]["name"], call.headers["webhook-id"]) for call in calls)

    def missing(self) -> set[str]:
        return set(self.published) - {person for person, _ in self.told()}

    def open(self) -> int:
        """Return how many deliveries are not accepted."""
        return count(self.folder / "state/monitor.db", "SELECT COUNT(*) FROM deliveries WHERE state <> 'accepted'")

    def answer(self, received: Received) -> int:
        """Take most calls, refuse some, as receivers do."""
        if not received.verified:
            return 401
        if self.chance.random() < 0.03:
            return 503
        self.arrived.append(time.monotonic())
        return 204


def count(database: Path, query: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(query).fetchone()[0])


def inspect(database: Path) -> dict[str, int]:
    """Look at the ledger that the storm left."""
    verify(database)
    return {name: count(database, query) for name, query in CHECKS.items()}


def rage(folder: Path, kills: int, seed: int, pace: float = 1.0) -> dict[str, object]:
    """Do it all; return what was found, in the order to be shown."""
    with ExitStack() as stack:
        newsroom = stack.enter_context(Ticker(secret=SECRET))
        storm = Storm(folder=folder, newsroom=newsroom, chance=random.Random(seed), pace=pace)
        newsroom.answer = storm.answer
        newsroom._server.handle_error = lambda *_: None  # the killed hang up in the middle of a request
        storm.write_config()
        first = storm.start()  # what stands in a feed at its first poll is recorded only
        while len({path for _, path, _ in newsroom.requests}) < len(OUTLETS):
            time.sleep(0.1)
        time.sleep(3)
        first.terminate()
        first.wait(15)
        publisher = threading.Thread(target=storm.publish, daemon=True)
        publisher.start()
        started = time.monotonic()
        for number in range(kills):
            storm.strike()
            if (number + 1) % 25 == 0:
                print(
                    f"{number + 1} kills, {len(storm.published)} published, {len(storm.missing())} under way",
                    flush=True,
                )
        stormed = time.monotonic() - started
        took = storm.settle()
        told = storm.told()
        ids = Counter(person for person, _ in told)
        latencies = sorted(
            arrived - storm.published[call.payload["data"]["person"]["name"]]
            for call, arrived in zip(newsroom.received, storm.arrived, strict=False)
            if call.payload["data"]["person"]["name"] in storm.published
        )
        return {
            "kills": sum(storm.kills.values()),
            **{f"  at {moment}": number for moment, number in sorted(storm.kills.items())},
            "seconds": round(stormed),
            "moves published": len(storm.published),
            "calls accepted": sum(told.values()),
            "LOST (published, never accepted)": len(storm.missing()),
            "told again under the same id": sum(number - 1 for number in told.values()),
            "TOLD AGAIN UNDER ANOTHER ID": sum(number - 1 for number in ids.values()),
            "told of nobody published": len({person for person, _ in told} - set(storm.published)),
            "seconds until all was told after the last kill": round(took, 1),
            "publication to acceptance, median seconds": round(statistics.median(latencies), 1) if latencies else None,
            **inspect(folder / "state/monitor.db"),
        }


def is_sound(found: dict[str, object]) -> bool:
    """Nothing lost, nothing doubled under another name, nothing inconsistent: those are the lines in capitals."""
    return all(not number for name, number in found.items() if name.isupper() or name.startswith(("LOST", "TOLD")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything here")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="storm-"))
    found = rage(folder, arguments.kills, arguments.seed)
    for name, number in found.items():
        print(f"{name:50} {number}")
    sound = is_sound(found)
    print("sound" if sound else f"NOT SOUND: see {folder}")
    if sound and not arguments.folder:
        shutil.rmtree(folder)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
