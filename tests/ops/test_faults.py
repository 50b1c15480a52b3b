"""Disk full, read-only or damaged: told in a line, retried, recovered from; nothing is lost."""

import os
import sqlite3
import subprocess
from contextlib import closing, contextmanager

import pytest

from monitor.daemon.upkeep import verify
from tests.ops.process import Process, monitor, until

COMMANDS = [("once",), ("moves",), ("status",), ("deliveries",), ("backup", "copy.db")]


@contextmanager
def small_disk(folder, options="size=1500k"):
    """Mount a disk of its own at `folder`; only root may."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Write until nothing more fits; return the file that takes the room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (100_000, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def publish(desk, slug: str, person: str):
    desk.publish(slug, f"{person} leaves Aster Labs", f"{person} is leaving Aster Labs, the company said.")


def test_a_full_disk_is_waited_out_and_everything_is_told_once(desk):
    with small_disk(desk.state), Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        ballast = fill(desk.state)
        for number, person in enumerate(("Mira Solano", "Ines Valdano", "Ana Cruz")):
            publish(desk, str(number), person)
        failed = until(lambda: daemon.events("job.failed"))
        assert "full" in failed[0]["error"]
        assert daemon.events("job.crashed") == [], "a full disk is no bug: no traceback"
        assert until(lambda: daemon.get("/readyz")[0] == 503)
        assert daemon.get("/healthz")[0] == 200
        assert "disk is full" in monitor(desk, "status").stdout
        ballast.unlink()
        until(lambda: len(desk.newsroom.received) >= 3)
        assert until(lambda: daemon.events("job.recovered"))
        assert until(lambda: daemon.get("/readyz")[0] == 200)
        assert daemon.stop() < 10
        ids = {call.headers["webhook-id"] for call in desk.newsroom.received}
        assert len(ids) == 3
        verify(desk.state / "monitor.db")


def test_a_command_on_a_full_disk_says_so_in_one_line(desk):
    with small_disk(desk.state, "size=100k"):
        fill(desk.state)
        refused = monitor(desk, "once")
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert refused.stderr.startswith("Error: ")


def test_a_read_only_state_directory_is_told_in_one_line(desk):
    with small_disk(desk.state, "size=1500k,ro"):
        for command in ("run", "once"):
            refused = monitor(desk, command)
            assert refused.returncode == 1
            assert "Read-only file system" in refused.stderr
            assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_damaged_database_is_told_in_one_line(desk, command):
    desk.state.mkdir()
    (desk.state / "monitor.db").write_bytes(b"this is no database" * 1000)
    refused = monitor(desk, *command)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("file is not a database; restore a backup")
    assert len(refused.stderr.splitlines()) == 1


def test_a_database_damaged_under_the_daemon_is_told_and_a_backup_brings_everything_back(desk, tmp_path):
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        assert monitor(desk, "backup", str(tmp_path / "copy.db")).returncode == 0
        publish(desk, "one", "Mira Solano")
        until(lambda: desk.newsroom.received)
        daemon.stop()
    content = bytearray((desk.state / "monitor.db").read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    (desk.state / "monitor.db").write_bytes(content)
    with Process(desk) as daemon:
        until(lambda: daemon.process.poll() is not None or daemon.events("job.failed"))
        assert "restore a backup" in daemon.log_path.read_text()
        assert "Traceback" not in daemon.log_path.read_text()
    restored = monitor(desk, "restore", str(tmp_path / "copy.db"))
    assert restored.returncode == 0, restored.stderr
    with Process(desk):
        until(lambda: len(desk.newsroom.received) == 2)
    first, again = (call.headers["webhook-id"] for call in desk.newsroom.received)
    assert again == first, "told again after the restore, and every receiver can see that it is a repetition"


def test_a_newer_database_is_left_alone(desk):
    assert monitor(desk, "once").returncode == 0
    with closing(sqlite3.connect(desk.state / "monitor.db")) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', '9999_later', '')"
        )
        connection.commit()
    refused = monitor(desk, "run")
    assert refused.returncode == 1
    assert "was written by a newer version" in refused.stderr
