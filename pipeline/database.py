"""SQLite as a durable record: what was committed survives a crash, and several processes can write in turn."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipeline.errors import StageError

PATIENCE = 60.0  # seconds to wait for another process's transaction; the longest, 100,000 results, takes two
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
WAL_SOUND = (3, 51, 3)  # SQLite before this can corrupt a write-ahead log (sqlite.org/wal.html#walresetbug)


@contextmanager
def database_at(path: Path, *, tables: Path) -> Iterator[sqlite3.Connection]:
    """Open the database at `path`, made where there is none, with the tables of the SQL file `tables`; close it then.

    Each commit is on disk when it returns. SQLite before 3.51.3 keeps a rollback journal, later ones a write-ahead log.
    Raises StageError where the file is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _undamaged(path), closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        sound = sqlite3.sqlite_version_info >= WAL_SOUND
        database.execute(f"pragma journal_mode = {'wal' if sound else 'truncate'}")
        database.execute("pragma synchronous = full")
        database.execute("pragma foreign_keys = on")
        database.executescript(tables.read_text(encoding="utf-8"))
        yield database


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            raise
        raise StageError(
            f"{path} is damaged ({error}); put back a copy of it. Without one, what is under way would be paid again."
        ) from error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Make what happens inside one transaction, undone where it raises; inside another one it is part of that."""
    if database.in_transaction:
        yield
        return
    database.execute("begin immediate")  # a deferred one that then writes fails at once where another has written
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")
