"""A state directory -> the right to be its one daemon.  Never needed by readers and never left behind by a killed process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from monitor.errors import PermanentError

_held: set[int] = set()


def _forget_in_child() -> None:
    # An flock belongs to the open file, which a forked worker shares: one that outlived the daemon would keep the lock.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


def _lock(descriptor: int) -> None:
    """Take the lock, patient for the moment in which somebody looks who has it."""
    for _ in range(3):
        with suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.05)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class StateLock:
    """Held from `acquire` to `release`, or to the end of the process, whatever ends it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise a PermanentError that names the process that has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(descriptor)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise PermanentError(
                f"{self.path.parent} is in use by another monitor (process {holder}); stop it or choose another --state"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        _held.add(descriptor)

    def release(self) -> None:
        """Give the lock back; the file stays, empty of meaning."""
        if self._descriptor in _held:  # a forked child holds nothing
            _held.discard(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def find_holder(path: Path) -> str | None:
    """Return the process that holds the lock at `path`, None if nobody does; a look, not a try to take it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return None
