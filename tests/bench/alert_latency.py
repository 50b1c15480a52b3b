"""How long from a feed's change to the accepted webhook, and how much of it is the wait for the poll.

usage: alert_latency.py [--stories 60] [--interval 5]    A real daemon, a newsroom on loopback, one story after another.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from monitor.demo.newsroom import Received, Story  # noqa: E402
from tests.crash import storm  # noqa: E402


class Stopwatches(storm.Ticker):
    """A newsroom that notes when each story is first seen in its feed, and when its alert is accepted."""

    def _render_feed(self, outlet: str, stories: list[Story]) -> str:
        for story in stories:
            SERVED.setdefault(story.title, time.monotonic())
        return super()._render_feed(outlet, stories)


SERVED: dict[str, float] = {}
ACCEPTED: dict[str, float] = {}


def accept(received: Received) -> int:
    if not received.verified:
        return 401
    person = received.payload["data"]["person"]["name"]
    ACCEPTED.setdefault(f"{person} is leaving Aster Labs", time.monotonic())
    return 204


def measure(folder: Path, stories: int, interval: int) -> dict[str, object]:
    chance = random.Random(1)
    published: dict[str, float] = {}
    with Stopwatches(secret=storm.SECRET) as newsroom:
        newsroom.answer = accept
        run = storm.Storm(folder=folder, newsroom=newsroom, chance=chance)
        run.write_config()
        settings = storm.SETTINGS.replace("interval: 1s", f"interval: {interval}s")
        (folder / "config/settings.yaml").write_text(settings)
        daemon = run.start()
        time.sleep(10 + interval)
        for number, surname in enumerate(chance.sample(storm.SURNAMES, stories)):
            story = run.story(number, surname)
            published[story.title] = time.monotonic()
            newsroom.publish(story)
            time.sleep(chance.uniform(0, 4))
        end = time.monotonic() + 60
        while len(ACCEPTED) < stories and time.monotonic() < end:
            time.sleep(0.2)
        daemon.terminate()
        daemon.wait(15)
    found = [title for title in published if title in ACCEPTED]
    return {
        "stories": stories,
        "accepted": len(found),
        "poll_interval_s": interval,
        "change_to_accepted_s": spread([ACCEPTED[title] - published[title] for title in found]),
        "beyond_the_poll_s": spread([ACCEPTED[title] - SERVED[title] for title in found]),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    centiles = statistics.quantiles(seconds, n=100)
    return {"p50": round(centiles[49], 2), "p95": round(centiles[94], 2), "max": round(max(seconds), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stories", type=int, default=60)
    parser.add_argument("--interval", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        print(json.dumps(measure(Path(folder), arguments.stories, arguments.interval), indent=1))


if __name__ == "__main__":
    main()
