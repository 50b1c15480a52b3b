"""A database of any age becomes one of today; none of tomorrow is touched."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from monitor.errors import PermanentError, TransientError
from monitor.model import DeliveryState
from monitor.store import migrations as module
from monitor.store.migrations import migrations
from monitor.store.sqlite import SqliteStore
from tests.builders import LEASE, NOW

ROOT = Path(__file__).parents[2]
DUMPS = sorted((ROOT / "tests/cases/state").glob("v*.sql"))


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"))


def from_dump(dump: Path, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())
    return path


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    path = tmp_path / "fresh.db"
    SqliteStore.open(path, NOW).close()
    return path


def test_released_migrations_are_frozen() -> None:
    """The digest changes when a migration is edited: add a new one instead, with its line here."""
    released = (
        *(module.META_1, module.FEEDS_1, module.ARTICLES_1, module.ENTRIES_1, module.HOSTS_1),
        *(module.MOVES_1, module.EVIDENCE_1, module.CLAIMS_1, module.GROUPS_1, module.ALERTS_1),
        *(module.DELIVERIES_1, *module.INDEXES_1, *module.LEASES_4),
        *(module.ALERTS_5, module.DELIVERIES_5, module.MOVE_5, module.ENDPOINTS_5, module.SILENCES_5),
        *(module.CORRECTIONS_5, module.RETRACTED_5, *module.INDEXES_5),
        *(*module.ADDRESSES_6, *module.FEEDS_7, *module.COPIES_8, *module.WEBSUB_9, module.ENTRIES_10),
    )
    assert hashlib.sha256("\n".join(released).encode()).hexdigest()[:16] == "43eeedcec6e760aa"


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_an_older_database_is_upgraded_to_todays_schema(dump: Path, fresh: Path, tmp_path: Path) -> None:
    path = from_dump(dump, tmp_path / "old.db")
    SqliteStore.open(path, NOW).close()
    assert schema(path) == schema(fresh)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_an_older_database_keeps_its_rows_and_works_on(dump: Path, tmp_path: Path) -> None:
    path = from_dump(dump, tmp_path / "old.db")
    with closing(SqliteStore.open(path, NOW)) as store:
        (move,) = store.find_moves(person="lovelace")
        assert [evidence.sentence for evidence in move.evidence] == [
            "Ada Lovelace has joined Cohere from Meta, as chief scientist."
        ]
        assert [each.alert.payload["person"] for each in store.find_deliveries(state=DeliveryState.PENDING)] == [
            "Ada Lovelace – “Countess”"
        ]
        assert len(store.lease_feeds(NOW, LEASE, 10)) == 1
        assert store.pending_people(10) == ["turing"]


def test_a_database_stopped_half_way_through_the_migrations_is_completed(fresh: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(sqlite_utils.Database(connection), stop_before="0002_moves_claims_alerts")
    SqliteStore.open(path, NOW).close()
    assert schema(path) == schema(fresh)


def test_opening_again_changes_nothing(fresh: Path) -> None:
    with closing(sqlite3.connect(fresh)) as connection:
        before = connection.execute("PRAGMA data_version").fetchone(), schema(fresh)
        SqliteStore.open(fresh, NOW).close()
        assert (connection.execute("PRAGMA data_version").fetchone(), schema(fresh)) == before


def test_a_database_of_a_newer_version_is_refused_untouched(fresh: Path) -> None:
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', '9999_later', '')"
        )
    with pytest.raises(PermanentError, match=r"newer version.*9999_later"):
        SqliteStore.open(fresh, NOW)


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "taken.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE deliveries (mine TEXT)")
    before = schema(path)
    with pytest.raises(sqlite3.OperationalError, match="deliveries already exists"):
        SqliteStore.open(path, NOW)
    assert schema(path) == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.write_bytes(b"not a database, but long enough to be looked at " * 100)
    with pytest.raises(PermanentError, match=r"monitor\.db: file is not a database; restore a backup"):
        SqliteStore.open(path, NOW)


def test_a_full_disk_is_a_passing_trouble_and_nothing_is_half_written(fresh: Path) -> None:
    with closing(SqliteStore.open(fresh, NOW)) as store:
        connection = store._database._connect()
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
        store._database._idle[:] = [connection]
        from tests.builders import a_feed

        many = [a_feed(f"f{number}") for number in range(2000)]
        with pytest.raises(TransientError, match="full"):
            store.sync_feeds(many, NOW)
        assert store.counts()["feeds.active"] == 0
        connection.execute("PRAGMA max_page_count = 1000000")
        store.sync_feeds(many, NOW)
        assert store.counts()["feeds.active"] == 2000
