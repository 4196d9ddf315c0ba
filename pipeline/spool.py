"""A temporary table on disk: JSON values by key, for what comes in one order, is needed in another, and is large."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

Key = str | int


class Spool:
    """Values by key; a key that is put again keeps its last value."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("create table spool (key primary key, value text not null) without rowid")

    def put(self, items: Iterable[tuple[Key, Any]]) -> None:
        """Store JSON values under their keys."""
        rows = ((key, json.dumps(value, separators=(",", ":"))) for key, value in items)
        self._connection.executemany("insert or replace into spool values (?, ?)", rows)

    def get(self, key: Key) -> Any:
        """Return the value of a key, or None."""
        row = self._connection.execute("select value from spool where key = ?", [key]).fetchone()
        return None if row is None else json.loads(row[0])

    def values(self) -> Iterator[Any]:
        """Yield all values in the order of their keys."""
        for (value,) in self._connection.execute("select value from spool order by key"):
            yield json.loads(value)


@contextmanager
def spool() -> Iterator[Spool]:
    """Lend an empty spool in the system's temporary folder, which is gone when the block or the process ends."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        yield Spool(connection)
