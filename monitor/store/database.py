"""One SQLite file -> connections, transactions, a copy of it while it is in use.

Never knows a table: statements stand in the modules beside.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import sqlite_utils

from monitor.errors import PermanentError, TransientError
from monitor.store.migrations import migrations

# How long a writer waits for one of another process; threads of this one queue on a lock (0041).
_BUSY_TIMEOUT = timedelta(seconds=30)

# What passes by itself or by an operator's hand, while the work stays due; the rest is a bug and keeps its traceback.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

CREATED_AT = "INSERT INTO meta (key, value) VALUES ('created_at', :now) ON CONFLICT (key) DO NOTHING"


class Database:
    """A pool of connections: each transaction has its own for its time, so any thread may begin one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._writing = threading.Lock()
        self._closed = False

    def migrate(self, now: datetime) -> None:
        """Create or upgrade the schema, all migrations or none, one process at a time.

        A database of a newer version is a PermanentError: this version could not keep what that one wrote.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors(), self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            db = sqlite_utils.Database(connection, execute_plugins=False, recursive_triggers=False)
            self._refuse_newer(db)
            if not migrations.pending(db):
                return
            # A migration may rebuild a table that others refer to; all references are checked before the commit.
            connection.execute("PRAGMA foreign_keys = OFF")
            with _transaction(connection, "BEGIN IMMEDIATE"):
                migrations.apply(db)
                if connection.execute("PRAGMA foreign_key_check").fetchone():
                    raise PermanentError(f"{self.path}: a migration would leave rows that refer to nothing")
                connection.execute(CREATED_AT, {"now": now.isoformat()})
            connection.execute("PRAGMA foreign_keys = ON")

    def _refuse_newer(self, db: sqlite_utils.Database) -> None:
        with sqlite_utils.Database(memory=True) as empty:
            ours = {migration.name for migration in migrations.pending(empty)}
        unknown = {done.name for done in migrations.applied(db)} - ours
        if unknown:
            raise PermanentError(f"{self.path} was written by a newer version (it has {', '.join(sorted(unknown))})")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for several SELECTs; waits for nobody."""
        with self._errors(), self._connection() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One write transaction: commits at the end, rolls back on any exception.

        What is committed survives the death of the process; `durable` waits for the disk, so that it and all
        before it survive a power failure too.  Not to be nested: the inner one would wait for the outer.
        """
        with self._errors(), self._writing, self._connection() as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with _transaction(connection, "BEGIN IMMEDIATE"):
                yield connection

    def backup(self, path: Path) -> None:
        """Write a consistent copy to `path` while others read and write."""
        with self._errors(), self._connection() as connection:
            copy = sqlite3.connect(path)
            try:
                connection.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        """Close every connection as it becomes idle; the last one folds the log into the file."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._closed:
            raise PermanentError(f"{self.path} is closed")
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_TIMEOUT.total_seconds(),
            isolation_level=None,  # transactions begin where we say so
            check_same_thread=False,  # the pool hands it to one thread at a time
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise PermanentError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
            if code in _PASSING:
                raise TransientError(f"{self.path}: {error}") from error
            if code in _DAMAGED:
                raise PermanentError(f"{self.path}: {error}; restore a backup") from error
            raise


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # not after a commit, nor where a full disk has rolled it back already
            connection.execute("ROLLBACK")
