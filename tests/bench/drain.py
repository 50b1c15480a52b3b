"""100,000 pending deliveries to 50 endpoints on loopback: how many drain in a second, at what memory, in what order.

Never part of the tests.  usage: python -m tests.bench.drain [DELIVERIES] [ENDPOINTS]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from monitor.clock import SystemClock
from monitor.collect.http import HttpFetcher, HttpLimits, HttpOptions
from monitor.courier import Courier
from monitor.log import configure_log
from monitor.model import Consolidation, DeliveryState
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.webhook import Webhook
from monitor.store.sqlite import SqliteStore
from tests.builders import a_move

RULES = AlertRules(max_age=timedelta(days=9999))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

# A receiver of its own process: it answers 204 and writes "path id" for every request, in the order of arrival.
RECEIVER = """
import asyncio, sys
out = open(sys.argv[1], "w", buffering=1 << 20)

async def serve(reader, writer):
    try:
        while line := await reader.readline():
            path, headers = line.split()[1].decode(), {}
            while (header := await reader.readline()) not in (b"\\r\\n", b""):
                name, _, value = header.decode().partition(":")
                headers[name.lower()] = value.strip()
            await reader.readexactly(int(headers["content-length"]))
            out.write(f"{path} {headers['webhook-id']}\\n")
            writer.write(b"HTTP/1.1 204 No Content\\r\\ncontent-length: 0\\r\\n\\r\\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        out.flush()
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    out.close()

asyncio.run(main())
"""


def fill(store: SqliteStore, alerts: int, channels: tuple[str, ...]) -> dict[str, list[str]]:
    """Record `alerts` moves, each to be told on every channel; return channel -> delivery ids in their order."""
    now, route = SystemClock().now(), Route(channels=channels)
    expected: dict[str, list[str]] = defaultdict(list)
    for start in range(0, alerts, 100):
        concluded = [
            conclude(None, replace(a_move(f"Person Number{n}"), first_seen_at=now), rules=RULES, now=now)
            for n in range(start, min(alerts, start + 100))
        ]
        told = [each.alert for each in concluded if each.alert]
        deliveries = tuple(d for alert in told for d in plan_deliveries(alert, [route], now))
        outcome = Consolidation(moves=tuple(c.move for c in concluded), alerts=tuple(told), deliveries=deliveries)
        store.consolidate("bench", lambda moves, claims, outcome=outcome: outcome)  # type: ignore[misc]
        for each in deliveries:
            expected[each.channel].append(each.id)
    return expected


def count_inversions(wanted: list[str], got: list[str]) -> int:
    """Count neighbours that came in another order than they were recorded in."""
    place = {id: number for number, id in enumerate(wanted)}
    return sum(place[a] > place[b] for a, b in pairwise(got))


def main(deliveries: int, endpoints: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "received"
        command = [sys.executable, "-c", RECEIVER, str(log)]
        receiver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert receiver.stdin
        assert receiver.stdout
        url = f"http://127.0.0.1:{receiver.stdout.readline().strip()}"
        names = tuple(f"endpoint-{number:02}" for number in range(endpoints))
        store = SqliteStore.open(Path(folder) / "monitor.db", SystemClock().now())
        expected = fill(store, deliveries // endpoints, names)
        print(json.dumps(drain(store, url, names, expected, log, receiver)))


def drain(
    store: SqliteStore, url: str, names: tuple[str, ...], expected: Any, log: Path, receiver: Any
) -> dict[str, Any]:
    from ipaddress import ip_network

    options = HttpOptions(contact="", allow=[ip_network("127.0.0.0/8")], limits=HttpLimits(gap=0.0))
    fetcher = HttpFetcher(options, SystemClock())
    channels = {n: Webhook(name=n, url=f"{url}/{n}", secrets=(SECRET,), poster=fetcher) for n in names}
    courier = Courier(store=store, channels=channels, clock=SystemClock())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    while courier.deliver():
        pass
    seconds = time.perf_counter() - started
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    fetcher.close()
    receiver.stdin.close()
    receiver.wait(20)
    got: dict[str, list[str]] = defaultdict(list)
    for line in log.read_text().splitlines():
        path, id = line.split()
        got[path.strip("/")].append(id)
    total = sum(map(len, expected.values()))
    accepted = len(store.find_deliveries(state=DeliveryState.ACCEPTED, limit=total + 1))
    return {
        "deliveries": total,
        "endpoints": len(names),
        "accepted": accepted,
        "received": sum(map(len, got.values())),
        "received_once": sum(len(set(ids)) for ids in got.values()),
        "out_of_order": sum(count_inversions(expected[name], got[name]) for name in names),
        "seconds": round(seconds, 1),
        "per_second": round(total / seconds),
        "cpu_seconds": round(cpu.ru_utime + cpu.ru_stime, 1),
        "memory_mb_before": round(before / 1024),
        "memory_mb": round(cpu.ru_maxrss / 1024),
    }


if __name__ == "__main__":
    configure_log("ERROR")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 50)
