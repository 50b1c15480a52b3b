"""Many threads and processes on one database: every row is worked on once, and nobody is turned away."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import PermanentError
from monitor.model import Consolidation, DeliveryState, Move, Origin
from monitor.store.sqlite import SqliteStore
from tests.builders import (
    LEASE,
    NOW,
    a_claim,
    a_consolidation,
    a_feed,
    a_move,
    a_result,
    an_article,
    an_entry,
    an_entry_to_read,
    some_evidence,
)

ROOT = Path(__file__).parents[2]
THREADS = 8


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(tmp_path / "monitor.db", NOW)) as sqlite:
        yield sqlite


def together(work: Callable[[int], list[str]]) -> list[str]:
    """Run `work` in all threads, begun at the same moment; the first error is raised here."""
    start = threading.Barrier(THREADS)

    def begin(number: int) -> list[str]:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return [id for ids in pool.map(begin, range(THREADS)) for id in ids]


def until_empty(lease: Callable[[], list[str]]) -> list[str]:
    ids: list[str] = []
    while batch := lease():
        ids += batch
    return ids


def test_no_feed_is_leased_by_two_threads(store: SqliteStore) -> None:
    store.sync_feeds([a_feed(f"f{number}") for number in range(400)], NOW)
    leased = together(lambda _: until_empty(lambda: [feed.id for feed in store.lease_feeds(NOW, LEASE, 7)]))
    assert Counter(leased) == Counter(a_feed(f"f{number}").id for number in range(400))


def test_no_entry_is_leased_by_two_threads(store: SqliteStore) -> None:
    store.sync_feeds([a_feed()], NOW)
    store.save_poll(a_feed(), [an_entry(number) for number in range(400)], [], Origin.LIVE, NOW)
    leased = together(lambda _: until_empty(lambda: [e.entry.key for e in store.lease_entries(NOW, LEASE, 7)]))
    assert Counter(leased) == Counter(an_entry(number).key for number in range(400))


def test_no_delivery_is_leased_by_two_threads_and_each_line_stays_in_order(store: SqliteStore) -> None:
    for person in range(20):
        for sequence in (1, 2, 3):
            outcome = a_consolidation(a_move(f"P{person}", sequence=sequence), sequence=sequence)
            store.consolidate(f"p{person}", lambda moves, claims, outcome=outcome: outcome)
    told: list[tuple[str, int]] = []

    def deliver(_: int) -> list[str]:
        done = []
        while store.counts()["deliveries.accepted"] < 60:
            for delivery in store.lease_deliveries(NOW, LEASE, 3):
                told.append((delivery.alert.move_id, delivery.alert.sequence))
                store.save_delivery(replace(delivery, state=DeliveryState.ACCEPTED))
                done.append(delivery.id)
        return done

    assert set(Counter(together(deliver)).values()) == {1}
    for person in range(20):
        assert [sequence for move, sequence in told if move == a_move(f"P{person}").id] == [1, 2, 3]


def grow(moves: tuple[Move, ...], claims: tuple) -> Consolidation:
    """Add the claims to the one move of the person, as read: a lost update would lose evidence."""
    move = moves[0] if moves else a_move(evidence=())
    evidence = (*move.evidence, *(some_evidence(claim) for claim in claims))
    return Consolidation(moves=(replace(move, evidence=evidence),))


def test_claims_recorded_and_consolidated_by_all_threads_at_once_are_all_kept(store: SqliteStore) -> None:
    store.sync_feeds([a_feed()], NOW)
    store.save_poll(a_feed(), [an_entry(number) for number in range(80)], [], Origin.LIVE, NOW)

    def record_and_consolidate(thread: int) -> list[str]:
        for number in range(thread, 80, THREADS):
            result = a_result(an_article(number), (a_claim(),))
            store.save_article(an_entry_to_read(an_entry(number)), result, NOW)
            store.consolidate("lovelace", grow)
        return []

    together(record_and_consolidate)
    (move,) = store.find_moves()
    assert {evidence.url for evidence in move.evidence} == {an_article(number).url for number in range(80)}


def test_a_slow_decision_delays_writers_and_no_reader(store: SqliteStore) -> None:
    deciding, finish = threading.Event(), threading.Event()

    def decide(moves: tuple[Move, ...], claims: tuple) -> Consolidation:
        deciding.set()
        assert finish.wait(10)
        return a_consolidation()

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(store.consolidate, "lovelace", decide)
        assert deciding.wait(10)
        writer = pool.submit(store.sync_feeds, [a_feed()], NOW)
        assert store.find_moves() == []
        assert not writer.done()
        finish.set()
        assert slow.result(10)
        writer.result(10)
    assert store.counts()["feeds.active"] == store.counts()["alerts"] == 1


LEASE_ALL = """
import sys
from pathlib import Path
from monitor.store.sqlite import SqliteStore
from tests.builders import LEASE, NOW
store = SqliteStore.open(Path(sys.argv[1]), NOW)
while feeds := store.lease_feeds(NOW, LEASE, 5):
    print(*(feed.id for feed in feeds), sep="\\n")
"""


def test_no_feed_is_leased_by_two_processes(store: SqliteStore, tmp_path: Path) -> None:
    store.sync_feeds([a_feed(f"f{number}") for number in range(300)], NOW)
    command = [sys.executable, "-c", LEASE_ALL, str(tmp_path / "monitor.db")]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    leased = [id for process in processes for id in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert Counter(leased) == Counter(a_feed(f"f{number}").id for number in range(300))


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    with pytest.raises(PermanentError, match="closed"):
        store.counts()
