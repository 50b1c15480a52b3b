"""How long the store's transactions take.  Prints one line and at the end one JSON object; `--quick` for a tenth.

Never judges: the figures are read beside docs/decisions/0040-0044.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

from monitor.model import Consolidation, Decision, DeliveryState, Origin, Reason
from monitor.store.sqlite import SqliteStore
from tests.builders import (
    LEASE,
    NOW,
    a_claim,
    a_consolidation,
    a_delivery,
    a_feed,
    a_move,
    a_result,
    a_sourced_claim,
    an_alert,
    an_article,
    an_entry,
    an_entry_to_read,
    some_evidence,
)

QUICK = "--quick" in sys.argv
ROUNDS = 20 if QUICK else 200
FIGURES: dict[str, dict[str, float]] = {}


def measure(name: str, work: Callable[[int], object], rounds: int = ROUNDS) -> None:
    times = []
    for number in range(rounds):
        begin = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - begin) * 1000)
    show(name, median_ms=median(times), p99_ms=quantiles(times, n=100, method="inclusive")[98])


def show(name: str, **figures: float) -> None:
    FIGURES[name] = {key: round(value, 3) for key, value in figures.items()}
    print(f"{name:58}", *(f"{key} {value:10.3f}" for key, value in figures.items()), flush=True)


def leasing_feeds(store: SqliteStore, feeds: int) -> None:
    begin = time.perf_counter()
    store.sync_feeds([a_feed(f"f{number}") for number in range(feeds)], NOW)
    show(f"sync {feeds} new feeds", ms=(time.perf_counter() - begin) * 1000)
    batches = min(ROUNDS, feeds // 200)
    measure(f"lease 200 of {feeds} due feeds", lambda _: store.lease_feeds(NOW, LEASE, 200), batches)
    measure("lease of nothing due", lambda _: store.lease_feeds(NOW - LEASE, LEASE, 200))
    measure("next_due", lambda _: store.next_due())


def polling_and_reading(store: SqliteStore) -> None:
    store.sync_feeds([a_feed()], NOW)
    measure("save_poll, nothing new", lambda n: store.save_poll(a_feed(polls=n), [], [], Origin.LIVE, NOW))

    def twenty(number: int) -> None:
        entries = [an_entry(20 * number + each) for each in range(20)]
        store.save_poll(a_feed(), entries, [], Origin.LIVE, NOW)

    measure("save_poll, 20 new entries", twenty)
    entries = [an_entry(each) for each in range(50)]
    measure("known_entries, 50 of them", lambda _: store.known_entries(a_feed().id, entries))
    measure("lease 20 entries", lambda _: store.lease_entries(NOW, LEASE, 20))
    text = "Ada Lovelace has joined Cohere from Meta, as chief scientist. " * 80
    claims = tuple(a_claim(person=person) for person in ("Ada Lovelace", "Alan Turing", "Grace Hopper"))
    results = [a_result(an_article(number, text=text), claims) for number in range(ROUNDS)]
    measure(
        "save_article, 5 kB, 3 claims",
        lambda n: store.save_article(an_entry_to_read(an_entry(n)), results[n], NOW),
    )


def consolidating(store: SqliteStore) -> None:
    def first(number: int) -> None:
        outcome = a_consolidation(a_move(f"First{number}", sequence=1), channels=("log", "mail", "team"))
        store.consolidate(f"first{number}", lambda moves, claims: outcome)

    measure("consolidate, a new move told to 3 channels", first)
    evidence = tuple(some_evidence(a_sourced_claim(an_article(each))) for each in range(20))
    busy = [
        a_move(
            "Ada Lovelace", id=f"busy{n}", evidence=tuple(replace(e, claim_key=f"{n}.{e.claim_key}") for e in evidence)
        )
        for n in range(20)
    ]
    store.add_known_moves(busy)

    def one_more(number: int) -> None:
        def decide(moves: tuple, claims: tuple) -> Consolidation:
            more = some_evidence(a_sourced_claim(an_article(1000 + number)))
            grown = replace(moves[0], evidence=(*moves[0].evidence, more))
            return Consolidation(moves=(grown,), decisions={grown.id: Decision(reasons=(Reason.UNCHANGED,))})

        store.consolidate("lovelace", decide)

    measure("consolidate, 20 moves with 20 pieces of evidence, 1 more", one_more)
    measure("find_moves, all", lambda _: store.find_moves(), 20)


def delivering(store: SqliteStore, alerts: int, channels: int) -> None:
    names = tuple(f"c{number}" for number in range(channels))
    move = a_move("Outbox")
    all_alerts = [an_alert(replace(move, id=f"m{number}")) for number in range(alerts)]
    outcome = Consolidation(
        moves=tuple(replace(move, id=f"m{number}", evidence=()) for number in range(alerts)),
        alerts=tuple(all_alerts),
        deliveries=tuple(a_delivery(alert, name) for alert in all_alerts for name in names),
    )
    store.consolidate("outbox", lambda moves, claims: outcome)
    leased: list = []
    title = f"of {alerts * channels} pending deliveries"
    measure(f"lease 50 {title}", lambda _: leased.extend(store.lease_deliveries(NOW, LEASE, 50)), 40)
    accepted = [replace(each, state=DeliveryState.ACCEPTED, accepted_at=NOW) for each in leased[:ROUNDS]]
    measure("save_delivery", lambda number: store.save_delivery(accepted[number]), len(accepted))


@contextlib.contextmanager
def always(store: SqliteStore, *, durable: bool):
    """Write everything, or nothing, to the disk at once."""
    write = store._database.write
    store._database.write = lambda **_: write(durable=durable)
    yield
    del store._database.write


def durability(store: SqliteStore) -> None:
    for durable in (False, True):
        word = "FULL" if durable else "NORMAL"
        with always(store, durable=durable):
            store.sync_feeds([a_feed()], NOW)
            measure(
                f"save_poll, nothing new, synchronous {word}",
                lambda n: store.save_poll(a_feed(polls=n), [], [], Origin.LIVE, NOW),
            )

            def first(number: int, word: str = word) -> None:
                outcome = a_consolidation(a_move(f"{word}{number}", sequence=1), channels=("log", "mail", "team"))
                store.consolidate(f"{word}{number}", lambda moves, claims: outcome)

            measure(f"consolidate, synchronous {word}", first)


def raw_fsync(folder: Path) -> None:
    with (folder / "raw").open("wb", buffering=0) as file:

        def write(_: int) -> None:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())

        measure("write 4 kB and fdatasync", write)


def threads(store: SqliteStore, *, queue: bool) -> None:
    """Eight threads write without pause; with our lock in front of SQLite's, or with SQLite's busy handler alone."""
    store.sync_feeds([a_feed(f"t{number}") for number in range(8)], NOW)
    if not queue:
        store._database._writing = contextlib.nullcontext()
    waits: list[float] = []

    def work(thread: int) -> None:
        for number in range(ROUNDS):
            begin = time.perf_counter()
            store.save_poll(a_feed(f"t{thread}", polls=number), [], [], Origin.LIVE, NOW)
            waits.append((time.perf_counter() - begin) * 1000)

    begin = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    rate = 8 * ROUNDS / (time.perf_counter() - begin)
    name = "queue on a lock" if queue else "SQLite's busy handler alone"
    show(
        f"8 threads, save_poll, {name}",
        per_second=rate,
        p99_ms=quantiles(waits, n=100, method="inclusive")[98],
        max_ms=max(waits),
    )


def fresh(folder: Path, name: str) -> contextlib.closing:
    return closing(SqliteStore.open(folder / f"{name}.db", NOW))


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        for feeds in (10_000, 100_000):
            with fresh(folder, f"feeds{feeds}") as store:
                leasing_feeds(store, feeds)
        with fresh(folder, "articles") as store:
            polling_and_reading(store)
            consolidating(store)
        with fresh(folder, "outbox") as store:
            delivering(store, 200 if QUICK else 2000, 50)
        raw_fsync(folder)
        with fresh(folder, "durability") as store:
            durability(store)
        for queue in (True, False):
            with fresh(folder, f"threads{queue}") as store:
                threads(store, queue=queue)
    print(json.dumps(FIGURES))


main()
