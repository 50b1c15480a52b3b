"""Replay a recorded feed poll by poll at its own times: recall of known moves, duplicates, and every alert to be read.

usage: python tests/bench/replay_series.py [--series techcrunch] [--alerts FILE.jsonl] [--limit POLLS]

Needs ../shared (the recorded corpus and its replay server); all companies of its moves.jsonl are watched.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml import YAML

from monitor.app import build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.daemon.drive import run_once
from monitor.log import configure_log
from monitor.names import is_common, same_organisation, same_person
from monitor.store.sqlite import SqliteStore

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


def main() -> None:
    configure_log("WARNING")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="techcrunch")
    parser.add_argument("--alerts", type=Path, help="write every alert, for reading")
    parser.add_argument("--limit", type=int, default=10**9, help="stop after so many polls")
    parser.add_argument("--state", type=Path, help="keep the state in this folder")
    parser.add_argument("--confidence", type=float, default=0.6, help="threshold of alerts")
    args = parser.parse_args()
    if not SHARED.exists():
        sys.exit(f"needs the recorded corpus in {SHARED}")
    moves = [
        m for m in map(json.loads, (SHARED / "corpus/moves.jsonl").open()) if m["source"] == f"series/{args.series}"
    ]
    index = SHARED / "corpus/series" / args.series / "index.jsonl"
    times = [datetime.fromisoformat(json.loads(line)["at"]).astimezone(UTC) for line in index.open()][: args.limit]
    with tempfile.TemporaryDirectory() as folder:
        server, port = start_replay()
        try:
            write_config(Path(folder), port, args.series, args.confidence)
            state = args.state or Path(folder) / "state"
            seconds = replay(Path(folder), state, port, times)
            received = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/sink/hook"))
            store = SqliteStore.open(state / "monitor.db", times[-1])
        finally:
            server.terminate()
    report(moves, [json.loads(r["body"]) for r in received], store, len(times), seconds)
    if args.alerts:
        args.alerts.write_text("".join(r["body"] + "\n" for r in received))


def start_replay() -> tuple[subprocess.Popen, int]:
    command = [sys.executable, str(SHARED / "replay/replay.py"), "--rewrite"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return server, json.loads(server.stdout.readline())["port"]


def write_config(folder: Path, port: int, series: str, confidence: float) -> None:
    """Watch every company of moves.jsonl on either side; one feed, one webhook."""
    rows = list(map(json.loads, (SHARED / "corpus/moves.jsonl").open()))
    names = sorted({row[side] for row in rows for side in ("from_org", "to_org") if row[side]})
    names = [n for n in names if not n.startswith(("own ", "Mira Murati startup"))]
    companies = [{"name": n, "exact": [n]} if is_common(n) else {"name": n} for n in names]
    channels = {"hook": {"type": "webhook", "url": f"http://127.0.0.1:{port}/sink/hook", "secret_env": "HOOK"}}
    files = {
        "settings": {
            "alert_confidence": confidence,
            "alert_backlog": True,  # two of the known moves stand in the first poll
            "poll": {"interval": "1m"},
            "http": {"host_gap": "0s", "allow_networks": ["127.0.0.0/8"]},
        },
        "feeds": {"feeds": [{"url": f"http://127.0.0.1:{port}/series/{series}"}]},
        "watchlist": {"companies": companies, "people": []},
        "channels": {"channels": channels, "routes": [{"to": ["hook"]}]},
    }
    for name, content in files.items():
        with (folder / f"{name}.yaml").open("w") as file:
            YAML().dump(content, file)


def replay(folder: Path, state: Path, port: int, times: list[datetime]) -> float:
    """Step through the polls as `monitor once --now` would, one clock for server and monitor."""
    clock = FixedClock(times[0])
    app = build(load_config(folder, os.environ | {"HOOK": SECRET}), state, clock)
    started = time.process_time()
    try:
        for number, at in enumerate(times, 1):
            clock.at = at
            body = json.dumps({"at": at.isoformat(), "speed": 0}).encode()
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/clock", body, method="POST"))
            run_once(app.pipeline)
            if number % 50 == 0:
                print(
                    f"{number}/{len(times)} polls, {app.store.counts()['alerts']} alerts", file=sys.stderr, flush=True
                )
    finally:
        app.close()
    return time.process_time() - started


def report(known: list[dict], alerts: list[dict], store: SqliteStore, polls: int, seconds: float) -> None:
    new = [a["data"] for a in alerts if a["type"] == "move.new"]
    named = [m for m in known if m["person"]]
    missed = [m for m in named if not any(tells(a, m) for a in new)]
    counts = store.counts()
    print(f"polls {polls}, entries {counts['entries.read'] + counts['entries.skipped']}, CPU {seconds:.0f} s")
    print(f"alerts: {len(new)} new, {len(alerts) - len(new)} updates")
    print(f"recall of named moves: {len(named) - len(missed)}/{len(named)} = {1 - len(missed) / len(named):.3f}")
    moves_told = Counter(a["move_id"] for a in new)
    print("moves told twice as new:", sum(n > 1 for n in moves_told.values()))
    pairs = [(a, b) for i, a in enumerate(new) for b in new[:i] if same_telling(a, b)]
    print("new alerts about the same person and a same side:", len(pairs))
    for a, b in pairs:
        print("   twin?", headline(a), "|", headline(b))
    for m in missed:
        told = "in ledger" if store.find_moves(person=m["person"]) else "unread"
        print("   missed", m["id"], m["person"], "|", m["from_org"], "->", m["to_org"], "|", m["headline"], "|", told)


def tells(alert: dict, move: dict) -> bool:
    """The person is the same, and a side that both state agrees."""
    if not same_person(alert["person"]["name"], move["person"]):
        return False
    sides = (("from", "from_org"), ("to", "to_org"))
    return any(alert[s] and move[o] and same_organisation(alert[s]["name"], move[o]) for s, o in sides)


def same_telling(a: dict, b: dict) -> bool:
    if not same_person(a["person"]["name"], b["person"]["name"]):
        return False
    return any(a[s] and b[s] and same_organisation(a[s]["name"], b[s]["name"]) for s in ("from", "to"))


def headline(alert: dict) -> str:
    sides = [alert[s]["name"] if alert[s] else "?" for s in ("from", "to")]
    return f"{alert['person']['name']}: {sides[0]} -> {sides[1]} ({alert['status']}, {alert['kind']})"


if __name__ == "__main__":
    main()
