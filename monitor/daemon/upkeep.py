"""The daemon's own state, kept in order: old rows forgotten, due times of a wrong clock mended, copies made and taken back.

Never touches a move, its evidence or an open delivery.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.clock import Clock
from monitor.config.settings import Keep, Settings
from monitor.errors import PermanentError
from monitor.log import log
from monitor.pipeline import Pipeline
from monitor.store.lock import StateLock
from monitor.store.sqlite import SqliteStore

BATCH = 500  # rows a transaction: the daemon waits for none of them noticeably
EVERY = 3600.0  # seconds between two rounds of forgetting
LOOK = 10.0  # seconds between two looks at the clock
JUMP = 60.0  # seconds by which the wall clock and the monotonic one may differ between two looks
# No plan of ours is later than this: a weekly digest that falls into quiet hours waits longest.
HORIZON = timedelta(days=10)


def collect_garbage(store: SqliteStore, keep: Keep, now: datetime) -> dict[str, int]:
    """Forget what settings.keep lets go, in batches; return how many of what."""
    return {
        "texts": _in_batches(lambda: store.forget_texts(now - keep.articles, BATCH)),
        "deliveries": _in_batches(lambda: store.forget_settled(now - keep.deliveries, BATCH)),
    }


def _in_batches(forget: Callable[[], int]) -> int:
    total = 0
    while rows := forget():
        total += rows
    return total


@dataclass(slots=True)
class Upkeep:
    """The daemon's job beside the arrows: looks at the clock, and forgets once an hour."""

    store: SqliteStore
    settings: Callable[[], Settings]
    clock: Clock
    _looked_at: float = 0.0  # monotonic
    _forget_at: float = 0.0
    _ahead: float | None = None  # the wall clock less the monotonic one

    def __call__(self, _: Pipeline) -> int:
        at = time.monotonic()
        if self._looked_at and at < self._looked_at + LOOK:
            return 0
        self._look_at_clock(at)
        self._looked_at = at
        if at >= self._forget_at:
            self._forget()
            self._forget_at = at + EVERY
        return 0

    def _look_at_clock(self, at: float) -> None:
        """Make due what a clock that was ahead has planned, or it would wait until the clock is there again."""
        now = self.clock.now()
        jump = self._jump(now, at)
        if abs(jump) > JUMP:
            log.warning("clock.jumped", seconds=round(jump))
        mended = self.store.rein_in(now, timedelta(0) if jump < -JUMP else HORIZON)
        if mended:
            log.warning("clock.mended", **mended, why="due times of a clock that was ahead; these rows are due now")
        self._ahead = now.timestamp() - at

    def _jump(self, now: datetime, at: float) -> float:
        """Return the seconds by which the wall clock moved beyond the time that passed; at the start, since the last write."""
        if self._ahead is not None:
            return now.timestamp() - at - self._ahead
        last_write = self.store.figures()["last_write"]
        return min((now - last_write).total_seconds(), 0.0) if last_write else 0.0

    def _forget(self) -> None:
        forgotten = collect_garbage(self.store, self.settings().keep, self.clock.now())
        if any(forgotten.values()):
            log.info("upkeep.forgotten", **forgotten)


# --- copies ---------------------------------------------------------------------------------------------------------


def backup(store: SqliteStore, path: Path) -> int:
    """Write a verified copy of the database to `path`, whole or not at all; return its size in bytes."""
    if path.exists():
        raise PermanentError(f"{path} exists; choose another name")
    part = path.with_name(path.name + ".part")
    _remove(part)  # of a backup that was killed
    try:
        store.backup(part)
        verify(part)
        _to_disk(part)
        part.rename(path)
    finally:
        _remove(part)
    return path.stat().st_size


def restore(path: Path, state: Path, now: datetime) -> Path | None:
    """Put a verified copy in place of the database of `state`; return where the one before now lies.

    Raises PermanentError where a daemon runs, or the copy is damaged or of a newer version; then nothing has changed.
    """
    if not path.is_file():
        raise PermanentError(f"there is no file {path}")
    state.mkdir(parents=True, exist_ok=True)
    database, part = state / "monitor.db", state / "restored.part"
    with StateLock(state / "monitor.lock"):
        _remove(part)
        try:
            shutil.copyfile(path, part)
            verify(part)
            SqliteStore.open(part, now).close()  # of this version or upgraded to it
            give(part, database if database.exists() else state)
            _to_disk(part)
            return _exchange(part, database, now)
        finally:
            _remove(part)


def verify(path: Path) -> None:
    """Raise PermanentError where `path` is no whole database of this program."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone():
                verdict = "rows refer to rows that are not there"
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise PermanentError(f"{path} is damaged: {error}") from error
    if verdict != "ok":
        raise PermanentError(f"{path} is damaged: {' '.join(verdict.split())}")
    if not {"feeds", "moves", "deliveries"} <= tables:
        raise PermanentError(f"{path} is no database of the monitor")


def _exchange(part: Path, database: Path, now: datetime) -> Path | None:
    """Keep the database under another name and put the copy into its place; whenever it is cut off, one of both is there."""
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    had_one = database.exists()
    if had_one:
        _fold(database)
        _link(database, aside)
    for suffix in ("-wal", "-shm"):  # of a damaged one; beside the copy its log would be taken for the copy's
        with suppress(FileNotFoundError):
            Path(f"{database}{suffix}").rename(f"{aside}{suffix}")
    part.replace(database)
    _to_disk(database.parent)
    return aside if had_one else None


def give(part: Path, like: Path) -> None:
    """Let it belong to whose file, or folder, it takes the place of: root restores what a daemon without rights must write."""
    status = like.stat()
    part.chmod(status.st_mode & 0o666)
    if os.geteuid() == 0:
        os.chown(part, status.st_uid, status.st_gid)


def _fold(database: Path) -> None:
    """Fold a database's log into its file, where it can be read at all."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _link(path: Path, name: Path) -> None:
    try:
        name.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copyfile(path, name)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(part: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal", ""):
        Path(f"{part}{suffix}").unlink(missing_ok=True)
