"""kill -9 of a writer: after it the database is whole, and each transaction happened or did not."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from monitor.model import Consolidation
from monitor.store.sqlite import SqliteStore
from tests.builders import LEASE, NOW

ROOT = Path(__file__).parents[2]

# Without pause: record an article, then raise its alert on two channels.  Prints the number of each committed alert.
WRITER = """
import sys
from pathlib import Path
from monitor.model import Origin
from monitor.store.sqlite import SqliteStore
from tests.builders import *
store = SqliteStore.open(Path(sys.argv[1]), NOW)
store.sync_feeds([a_feed()], NOW)
for number in range(store.counts()["articles"], 100_000):
    person = f"Person{number}"
    store.save_poll(a_feed(polls=number), [an_entry(number)], [], Origin.LIVE, NOW)
    claims = (a_claim(person=person), a_claim(person=person, to_org="Mistral"))
    store.save_article(an_entry_to_read(an_entry(number)), a_result(an_article(number), claims), NOW)
    outcome = a_consolidation(a_move(person, sequence=1), channels=("mail", "team"))
    store.consolidate(f"person{number}", lambda moves, claims: outcome)
    print(number, flush=True)
"""

# Dies inside the transaction, when everything but the COMMIT has been done.
HALF = """
import os, signal, sys
from pathlib import Path
from monitor.store import ledger
from monitor.store.sqlite import SqliteStore
from tests.builders import *
save = ledger.save_outcome
def save_and_die(*arguments):
    save(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
ledger.save_outcome = save_and_die
store = SqliteStore.open(Path(sys.argv[1]), NOW)
store.consolidate("lovelace", lambda moves, claims: a_consolidation())
"""


def check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        lonely = "SELECT COUNT(*) FROM alerts WHERE 2 <> (SELECT COUNT(*) FROM deliveries WHERE alert_id = alerts.id)"
        assert connection.execute(lonely).fetchone() == (0,)
        untold = "SELECT COUNT(*) FROM moves WHERE 1 <> (SELECT COUNT(*) FROM alerts WHERE move_id = moves.id)"
        assert connection.execute(untold).fetchone() == (0,)
        halves = "SELECT COUNT(*) FROM articles WHERE 2 <> (SELECT COUNT(*) FROM claims WHERE article_id = articles.id)"
        assert connection.execute(halves).fetchone() == (0,)


def test_a_writer_killed_at_any_time_loses_nothing_it_had_committed(tmp_path: Path) -> None:
    path, chance = tmp_path / "monitor.db", random.Random(7)
    told: list[str] = []
    for _ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout
        told += [writer.stdout.readline() for _ in range(3)]
        time.sleep(chance.uniform(0, 0.1))
        writer.kill()
        told += writer.communicate(timeout=30)[0].splitlines()
        check(path)
    with closing(SqliteStore.open(path, NOW)) as store:
        committed = {delivery.alert.id for delivery in store.find_deliveries(limit=100_000)}
    assert len(told) >= 18
    assert len(told) <= len(committed) <= len(told) + 6  # killed between commit and print


def test_a_transaction_killed_before_its_commit_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    SqliteStore.open(path, NOW).close()
    killed = subprocess.run([sys.executable, "-c", HALF, path], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    with closing(SqliteStore.open(path, NOW)) as store:
        assert store.find_moves() == []
        assert store.lease_deliveries(NOW, LEASE, 10) == []
        store.consolidate("lovelace", lambda moves, claims: Consolidation())  # the dead writer holds no lock
    check(path)


def test_a_backup_taken_while_others_write_is_whole(tmp_path: Path) -> None:
    path, copy = tmp_path / "monitor.db", tmp_path / "copy.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout
        committed = [writer.stdout.readline() for _ in range(20)]
        with closing(SqliteStore.open(path, NOW)) as store:
            store.backup(copy)
    finally:
        writer.kill()
        writer.communicate(timeout=30)
    check(copy)
    with closing(SqliteStore.open(copy, NOW)) as store:
        assert store.counts()["alerts"] >= len(committed)
