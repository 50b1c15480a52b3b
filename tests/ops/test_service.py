"""What the service manager is told, and what it is given."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from monitor.daemon.drive import pet_watchdog
from monitor.daemon.heartbeat import STALE, Heartbeat
from monitor.daemon.service import notify
from tests.ops.process import Process, until

DEPLOY = Path(__file__).parents[2] / "docs/deploy"


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A service manager's ear."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield ear


def test_a_daemon_says_when_it_is_ready_that_it_lives_and_when_it_stops(manager, desk):
    with Process(desk) as daemon:
        assert manager.recv(500).decode().startswith("READY=1\n")
        assert manager.recv(500) == b"WATCHDOG=1"
        daemon.process.terminate()
        until(lambda: manager.recv(500) == b"STOPPING=1")


def test_the_watchdog_hears_nothing_while_a_job_hangs(manager):
    heartbeat = Heartbeat(("poll", "deliver"), 0.0)
    hangs = STALE.total_seconds() + 1
    heartbeat.beat("deliver", hangs)
    pet_watchdog(heartbeat, hangs)
    heartbeat.beat("poll", hangs)
    notify("STATUS=the mark")
    assert manager.recv(500) == b"STATUS=the mark"
    pet_watchdog(heartbeat, hangs)
    assert manager.recv(500) == b"WATCHDOG=1"


def test_an_abstract_socket_is_reached_too(monkeypatch):
    name = f"monitor-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name)
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        notify("READY=1")
        assert ear.recv(100) == b"READY=1"


def test_nobody_who_listens_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_unit_is_hardened():
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(DEPLOY / "monitor.service")]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-500:]


def test_the_container_copies_what_there_is():
    text = (DEPLOY / "Containerfile").read_text()
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert [name for names in copied for name in names if not (DEPLOY.parents[1] / name).exists()] == []
    assert re.search(r"^USER \d+$", text, re.MULTILINE), "not root"
    assert re.search(r'^CMD \["run"\]$', text, re.MULTILINE)
