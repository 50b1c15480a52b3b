"""One daemon per state directory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import PermanentError
from monitor.store.lock import StateLock

ROOT = Path(__file__).parents[2]

HOLDER = """
import sys, time
from pathlib import Path
from monitor.store.lock import StateLock
with StateLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

# A worker forked by the daemon, as process pools do, lives on when the daemon is killed.
HOLDER_WITH_WORKER = """
import os, sys, time
from pathlib import Path
from monitor.store.lock import StateLock
with StateLock(Path(sys.argv[1])):
    worker = os.fork()
    if worker:
        print(worker, flush=True)
    time.sleep(60)
"""


def started(script: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_second_daemon_is_told_which_process_has_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "state" / "monitor.lock"
    with started(HOLDER, path) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(PermanentError, match=rf"in use by another monitor \(process {holder.pid}\)"):
            StateLock(path).acquire()
        holder.kill()


def test_a_killed_daemon_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "monitor.lock"
    with started(HOLDER, path) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
    with StateLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_worker_that_outlives_its_daemon_does_not_hold_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "monitor.lock"
    with started(HOLDER_WITH_WORKER, path) as holder:
        assert holder.stdout
        worker = int(holder.stdout.readline())
        holder.kill()
        holder.wait(10)
        try:
            os.kill(worker, 0)
            with StateLock(path):
                pass
        finally:
            os.kill(worker, signal.SIGKILL)


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with StateLock(tmp_path / "monitor.lock") as lock, pytest.raises(PermanentError):
            StateLock(lock.path).acquire()
