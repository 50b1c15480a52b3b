"""kill -9 while an old database is upgraded: it stays as it was until all of the upgrade is done, and nothing is lost."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from monitor.daemon.upkeep import verify
from monitor.store.sqlite import SqliteStore
from tests.builders import NOW
from tests.ops.process import MONITOR, ROOT, Process, until

DUMP = ROOT / "tests/cases/state/v0004.sql"
MANY = 30_000  # of the rows whose tables an upgrade rebuilds or indexes: it takes a good part of a second
KILLS = 4  # in the middle of an upgrade
TRIES = 40
OLD = ["0001_feeds_entries_articles", "0002_moves_claims_alerts", "0003_indexes", "0004_leases"]

# These were accepted, and lately: a daemon that runs at last neither sends nor forgets them.
MORE = """
WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
INSERT INTO alerts SELECT id || i, move_id, i, event, reasons, origin, created_at, payload FROM alerts, n;
INSERT INTO deliveries SELECT 'msg_' || id, id, move_id, sequence, 'team', 'accepted', 1, created_at, created_at, NULL,
  unixepoch() * 1000000 FROM alerts WHERE sequence > 1;
WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
INSERT INTO entries SELECT key || i, feed_id, guid || i, url || i, title, summary, author, published_at, updated_at,
  content_hash, 'read', origin, first_seen_at, next_try_at, attempts, note, ended_at, article_id, leased FROM entries, n;
"""

# What a daemon that runs afterwards does not change of old rows.
KEPT = {
    "moves": "*",
    "evidence": "*",
    "articles": "*",
    "groups": "*",
    "alerts": "*",
    "deliveries": "id, alert_id, move_id, sequence, channel, created_at",
    "claims": "key, article_id, person, evidence, recorded_at",
    "entries": "key, feed_id, guid, url, title, article_id, first_seen_at",
}


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    """A database of an old version with many rows, as that version would have left it."""
    path = tmp_path_factory.mktemp("old") / "monitor.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(DUMP.read_text() + MORE.format(many=MANY))
    return path


def versions(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations ORDER BY name")]


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()


def lost(old: Path, path: Path) -> list[str]:
    """Return the tables of which a row is not as it was."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS old", (str(old),))
        columns = {
            table: ", ".join(row[1] for row in connection.execute(f"PRAGMA old.table_info({table})"))
            if wanted == "*"
            else wanted
            for table, wanted in KEPT.items()
        }
        missing = "SELECT COUNT(*) FROM (SELECT {0} FROM old.{1} EXCEPT SELECT {0} FROM main.{1})"
        return [t for t, c in columns.items() if connection.execute(missing.format(c, t)).fetchone()[0]]


def kill_in_migration(desk, chance: random.Random, took: float) -> bool:
    """Kill a daemon some time after it began to write; return whether it was in the middle of its upgrade."""
    database, log = desk.state / "monitor.db", desk.state / "monitor.db-wal"
    command = [*MONITOR, "--config", desk.config, "--state", desk.state, "run"]
    daemon = subprocess.Popen(command, env=os.environ | desk.environ, cwd=ROOT, stderr=subprocess.DEVNULL)
    until(lambda: log.exists() and log.stat().st_size)
    time.sleep(chance.uniform(0, took))
    daemon.kill()
    daemon.wait(30)
    return log.stat().st_size > 0 and versions(database) == OLD


@pytest.mark.slow
def test_an_upgrade_that_is_killed_again_and_again_is_done_in_the_end_and_loses_nothing(old, desk):
    database, chance = desk.state / "monitor.db", random.Random(11)
    upgraded = shutil.copytree(old.parent, desk.folder / "upgraded") / "monitor.db"
    began = time.monotonic()
    SqliteStore.open(upgraded, NOW).close()
    took = time.monotonic() - began
    killed_within = tries = 0
    while killed_within < KILLS and tries < TRIES:
        if not database.exists() or versions(database) != OLD:  # it was done before the kill came
            shutil.rmtree(desk.state, ignore_errors=True)
            shutil.copytree(old.parent, desk.state)
        within = kill_in_migration(desk, chance, took)
        killed_within, tries = killed_within + within, tries + 1
        took *= 1 if within else 0.7  # most likely it came too late: the first upgrade, read from the disk, is slower
        assert versions(database) in (OLD, versions(upgraded)), "a part of the upgrade is no version of ours"
        verify(database)
        assert lost(old, database) == []
    assert killed_within == KILLS, f"{tries} kills came too late, or too early, to prove anything"

    with Process(desk) as daemon:
        assert daemon.stop() < 10
    verify(database)
    assert (versions(database), schema(database)) == (versions(upgraded), schema(upgraded))
    assert lost(old, database) == []


@pytest.mark.slow
def test_a_reload_asked_for_in_the_middle_of_an_upgrade_is_done_after_it(old, desk):
    shutil.rmtree(desk.state, ignore_errors=True)
    shutil.copytree(old.parent, desk.state)
    daemon = Process(desk)
    until(lambda: (log := desk.state / "monitor.db-wal").exists() and log.stat().st_size)
    daemon.process.send_signal(signal.SIGHUP)
    with daemon:
        until(lambda: daemon.events("config.unchanged"))
        assert daemon.stop() < 10
