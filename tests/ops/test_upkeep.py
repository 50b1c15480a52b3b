"""Copies are whole, what is old is forgotten, and a wrong clock is mended."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from monitor.clock import FixedClock
from monitor.config.settings import Keep, Settings
from monitor.daemon.upkeep import Upkeep, backup, collect_garbage, restore
from monitor.errors import PermanentError
from monitor.model import DeliveryState, Origin
from monitor.store.lock import StateLock
from monitor.store.sqlite import SqliteStore
from tests.builders import (
    NOW,
    a_claim,
    a_consolidation,
    a_delivery,
    a_feed,
    a_move,
    a_result,
    an_alert,
    an_article,
    an_entry,
    an_entry_to_read,
)

DAY = timedelta(days=1)
LEASE = timedelta(minutes=5)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def store(state):
    with closing(SqliteStore.open(state / "monitor.db", NOW)) as store:
        store.sync_feeds([a_feed()], NOW)
        yield store


def tell(store, channel: str = "hook", **changes):
    """Record an article, its move and a delivery."""
    entry = an_entry()
    store.save_poll(a_feed(last_poll_at=NOW), [entry], [], Origin.LIVE, NOW)
    (leased,) = store.lease_entries(NOW, LEASE, 1)
    store.save_article(leased, a_result(an_article(), (a_claim(),)), NOW)
    (key,) = store.pending_people(1)
    alert = an_alert()
    delivery = a_delivery(alert, channel=channel, **changes)

    def decide(moves, claims):
        outcome = a_consolidation(a_move(), alerts=(alert,), deliveries=(delivery,))
        return replace(outcome, support={claim.key: outcome.moves[0].id for claim in claims})

    store.consolidate(key, decide)
    return delivery


def text_of(state, article_id: str) -> str:
    with closing(sqlite3.connect(state / "monitor.db")) as connection:
        return connection.execute("SELECT text FROM articles WHERE id = ?", (article_id,)).fetchone()[0]


# --- copies ---


def test_a_backup_is_restored_as_it_was_and_the_state_before_is_kept(store, state, tmp_path):
    told = tell(store)
    backup(store, tmp_path / "copy.db")
    store.save_delivery(replace(told, state=DeliveryState.DEAD, error="later than the copy"))
    store.close()
    before = restore(tmp_path / "copy.db", state, NOW)
    with closing(SqliteStore.open(state / "monitor.db", NOW)) as restored:
        assert [each.state for each in restored.find_deliveries()] == [told.state]
    with closing(SqliteStore.open(before, NOW)) as kept:
        assert [each.error for each in kept.find_deliveries()] == ["later than the copy"]


def test_what_is_still_in_the_log_file_is_kept_with_the_state_before(store, state, tmp_path):
    backup(store, tmp_path / "copy.db")
    tell(store)
    killed = tmp_path / "killed"
    shutil.copytree(state, killed)  # as a kill leaves it: the log is not folded into the file
    assert (killed / "monitor.db-wal").stat().st_size > 0
    before = restore(tmp_path / "copy.db", killed, NOW)
    with closing(SqliteStore.open(before, NOW)) as kept:
        assert len(kept.find_deliveries()) == 1
    with closing(SqliteStore.open(killed / "monitor.db", NOW)) as restored:
        assert restored.find_deliveries() == []


def test_a_restore_into_nothing_needs_nothing_before(store, tmp_path):
    tell(store)
    backup(store, tmp_path / "copy.db")
    assert restore(tmp_path / "copy.db", tmp_path / "elsewhere", NOW) is None
    with closing(SqliteStore.open(tmp_path / "elsewhere/monitor.db", NOW)) as restored:
        assert len(restored.find_deliveries()) == 1


def test_what_a_killed_backup_left_is_no_hindrance(store, tmp_path):
    (tmp_path / "copy.db.part").write_text("half a copy")
    backup(store, tmp_path / "copy.db")
    assert {path.name for path in tmp_path.iterdir()} == {"state", "copy.db"}


def test_the_log_of_a_damaged_database_is_not_taken_for_the_copys(store, state, tmp_path):
    backup(store, tmp_path / "copy.db")
    tell(store)
    killed = tmp_path / "killed"
    shutil.copytree(state, killed)
    (killed / "monitor.db").write_bytes(b"no database any more")
    before = restore(tmp_path / "copy.db", killed, NOW)
    assert before.exists()
    with closing(SqliteStore.open(killed / "monitor.db", NOW)) as restored:
        assert restored.find_deliveries() == [], "the log of the damaged one is not taken for the copy's"


def test_a_backup_overwrites_nothing(store, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(PermanentError, match="exists"):
        backup(store, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_restore_is_refused_while_a_daemon_runs(store, state, tmp_path):
    backup(store, tmp_path / "copy.db")
    with StateLock(state / "monitor.lock"), pytest.raises(PermanentError, match="in use by another monitor"):
        restore(tmp_path / "copy.db", state, NOW)


def damaged(path):
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    path.write_bytes(content)


def truncated(path):
    path.write_bytes(path.read_bytes()[:10_000])


def of_another_program(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.commit()


def no_database(path):
    path.write_text("hello")


def of_a_newer_version(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', '9999_later', '')"
        )
        connection.commit()


@pytest.mark.parametrize("spoil", [damaged, truncated, of_another_program, no_database, of_a_newer_version])
def test_a_copy_that_will_not_do_is_refused_and_changes_nothing(store, state, tmp_path, spoil):
    tell(store)
    backup(store, tmp_path / "copy.db")
    store.close()
    spoil(tmp_path / "copy.db")
    with pytest.raises(PermanentError):
        restore(tmp_path / "copy.db", state, NOW)
    assert {path.name for path in state.iterdir()} <= {"monitor.db", "monitor.lock"}
    with closing(SqliteStore.open(state / "monitor.db", NOW)) as untouched:
        assert len(untouched.find_deliveries()) == 1


# --- what is forgotten ---


def test_the_text_of_an_article_is_forgotten_unless_it_supports_a_move(store, state):
    tell(store)
    other = an_article(2)
    entry = an_entry(2)
    store.save_poll(a_feed(), [entry], [], Origin.LIVE, NOW)
    store.save_article(an_entry_to_read(entry), a_result(other, ()), NOW)
    keep = Keep(articles=timedelta(days=30), deliveries=timedelta(days=30))
    assert collect_garbage(store, keep, NOW + 29 * DAY) == {"texts": 0, "deliveries": 0}
    assert collect_garbage(store, keep, NOW + 31 * DAY)["texts"] == 1
    assert text_of(state, other.id) == ""
    assert text_of(state, an_article().id) != ""


def test_a_claim_that_waits_keeps_its_text(store, state):
    store.save_poll(a_feed(), [an_entry()], [], Origin.LIVE, NOW)
    store.save_article(an_entry_to_read(an_entry()), a_result(an_article(), (a_claim(),)), NOW)
    assert collect_garbage(store, Keep(), NOW + 1000 * DAY)["texts"] == 0


@pytest.mark.parametrize(
    "status, left",
    [("accepted", 0), ("superseded", 0), ("silenced", 0), ("pending", 1), ("leased", 1), ("dead", 1)],
)
def test_deliveries_that_ended_are_forgotten_but_none_that_can_still_be_sent(store, status, left):
    accepted_at = NOW if status == "accepted" else None
    tell(store, state=DeliveryState(status), accepted_at=accepted_at)
    collect_garbage(store, Keep(), NOW + 89 * DAY)
    assert len(store.find_deliveries()) == 1
    collect_garbage(store, Keep(), NOW + 91 * DAY)
    assert len(store.find_deliveries()) == left
    assert len(store.find_moves()) == 1, "the ledger is kept for ever"


def test_what_was_held_long_and_then_superseded_is_kept_from_then_on(store):
    tell(store, state=DeliveryState.SUPERSEDED, next_try_at=NOW + 7 * DAY)
    collect_garbage(store, Keep(), NOW + 95 * DAY)
    assert len(store.find_deliveries()) == 1
    collect_garbage(store, Keep(), NOW + 98 * DAY)
    assert store.find_deliveries() == []


# --- the clock ---


@pytest.fixture
def jumps(store, monkeypatch):
    """Let the wall clock and the time that passed go apart; return what the daemon's upkeep logs."""
    clock, passed = FixedClock(NOW), [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    upkeep = Upkeep(store, Settings, clock)

    def look(wall: timedelta, real: float) -> list[dict]:
        clock.at += wall
        passed[0] += real
        with capture_logs() as logs:
            upkeep(None)
        return logs

    look(timedelta(0), 0)
    return look


def test_a_clock_that_goes_back_leaves_nothing_waiting_for_it(store, jumps):
    tomorrow = NOW + DAY
    assert jumps(DAY, 15.0)[0]["event"] == "clock.jumped"
    store.lease_feeds(tomorrow, LEASE, 10)
    store.save_poll(a_feed(last_poll_at=tomorrow, next_poll_at=tomorrow + LEASE), [], [], Origin.LIVE, tomorrow)
    assert store.lease_feeds(NOW, LEASE, 10) == []
    logs = jumps(-DAY + timedelta(seconds=15), 15.0)
    assert [line["event"] for line in logs] == ["clock.jumped", "clock.mended"]
    assert len(store.lease_feeds(NOW + timedelta(seconds=15), LEASE, 10)) == 1


def test_a_daemon_started_after_the_clock_was_set_back_mends_what_it_finds(store):
    later = NOW + 400 * DAY
    store.save_poll(a_feed(last_poll_at=later, next_poll_at=later + LEASE), [], [], Origin.LIVE, later)
    Upkeep(store, Settings, FixedClock(NOW))(None)
    assert len(store.lease_feeds(NOW, LEASE, 10)) == 1


def test_a_clock_that_goes_its_way_mends_nothing(store, jumps):
    planned = NOW + 7 * DAY
    store.save_poll(a_feed(last_poll_at=NOW, next_poll_at=planned), [], [], Origin.LIVE, NOW)
    for _ in pairwise(range(5)):
        assert jumps(timedelta(seconds=15), 15.0) == []
    assert store.lease_feeds(NOW + 6 * DAY, LEASE, 10) == []


def test_a_retry_keeps_its_time_while_the_clock_catches_up(store):
    """Else every look would burn one of a delivery's attempts."""
    later = NOW + timedelta(hours=2)
    delivery = tell(store, created_at=later, next_try_at=later)
    upkeep = Upkeep(store, Settings, FixedClock(NOW))
    upkeep(None)
    (leased,) = store.lease_deliveries(NOW, LEASE, 10)
    store.save_delivery(replace(leased, state=DeliveryState.PENDING, next_try_at=NOW + 2 * DAY, attempts=1))
    upkeep._looked_at = -100.0
    upkeep(None)
    assert store.lease_deliveries(NOW + DAY, LEASE, 10) == []
    assert delivery.id == leased.id
