"""The label database: SQLite in a file by default, Postgres by URL for a team; the same questions on both.

A question is a file of this folder with `:named` parameters. A writing transaction is the only one at a time in the
whole database, on either of them, because each event carries the hash of the one before it.
"""

import re
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import psycopg

FOLDER = Path(__file__).parent
PATIENCE = 5  # seconds that a write waits for another one before it reports that it could not be stored
WAL_SOUND = (3, 51, 3)  # first SQLite without the WAL-reset bug, which can lose pages (sqlite.org/wal.html#walresetbug)
IDLE = 8  # connections to Postgres that wait for the next question
LOCK = 7_206_177  # the number of the advisory lock on Postgres, any constant
NO_ADDRESS = (
    "PROBES_LABELS_URL is no address of a Postgres database: write postgresql://USER:PASSWORD@HOST:PORT/NAME, with "
    "@ / : # ? % in the password as %40 %2F %3A %23 %3F %25."
)
PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")

Row = dict[str, Any]


class LabelStoreError(Exception):
    """The database could not do it now: nothing was stored, and the same event may be sent again."""


class Cursor(Protocol):
    """What both drivers give."""

    @property
    def description(self) -> Sequence[Any] | None:
        """The columns of the answer."""

    def execute(self, query: Any, parameters: Any = ..., /) -> Any:
        """Run one statement."""

    def executemany(self, query: Any, parameters: Any, /) -> Any:
        """Run one statement for each of the parameters."""

    def fetchall(self) -> list[Any]:
        """Return the rows of the answer."""


@cache
def text(name: str) -> str:
    """Return the text of the question called `name`, `queries/labels/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@cache
def text_for_psycopg(name: str) -> str:
    """Return the question called `name` with its parameters as psycopg spells them."""
    return PARAMETER.sub(r"%(\1)s", text(name))


class Session:
    """One transaction: it asks questions by name."""

    def __init__(self, cursor: Cursor, *, dialect: str) -> None:
        self._cursor = cursor
        self._dialect = dialect

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """Return the rows that answer the question `name`, as dicts by column."""
        names, found = self.table(name, **parameters)
        return [dict(zip(names, row, strict=True)) for row in found]

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row that answers the question `name`, None where there is none."""
        found = self.rows(name, **parameters)
        return found[0] if found else None

    def table(self, name: str, /, **parameters: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and the rows that answer the question `name`, for answers of many rows."""
        self.run(name, **parameters)
        return [column[0] for column in self._cursor.description or ()], self._cursor.fetchall()

    def run(self, name: str, /, **parameters: Any) -> None:
        """Carry out the statement `name`."""
        self._cursor.execute(self._text(name), parameters)

    def run_many(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Carry out the statement `name` for each of `parameters`."""
        self._cursor.executemany(self._text(name), parameters)

    def now(self) -> str:
        """Return the database's clock: UTC, to the millisecond, as text that sorts in time's order."""
        return str(self.rows(f"clock_{self._dialect}")[0]["now"])

    def _text(self, name: str) -> str:
        return text(name) if self._dialect == "sqlite" else text_for_psycopg(name)


class Database(Protocol):
    """A label database that is open. Both transactions raise LabelStoreError where the database fails."""

    def reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads."""

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that no other one writes beside; what it did is on disk when it ends without an error."""

    def close(self) -> None:
        """Let go of what the database holds open."""


def open_database(*, url: str | None, path: Path) -> Database:
    """Return the Postgres database at `url`, or the SQLite database at `path` where there is no URL, ready for use.

    Raises LabelStoreError where it cannot be opened.
    """
    if not url:
        return SQLite(path)
    if not url.startswith(("postgresql://", "postgres://")):
        raise LabelStoreError("PROBES_LABELS_URL must begin with postgresql:// ; without it labels go to a file.")
    return Postgres(url)


def journal(version: tuple[int, ...]) -> tuple[str, str]:
    """Return the journal mode and the synchronous setting under which SQLite `version` loses no committed event."""
    return ("wal", "full") if version >= WAL_SOUND else ("delete", "extra")


class SQLite:
    """Labels in a file. Every transaction has its own connection (0.1 ms), so threads share nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as con:
                mode, _ = journal(sqlite3.sqlite_version_info)
                con.execute(f"pragma journal_mode = {mode}")
                if not con.execute(text("laid_out_sqlite")).fetchone()[0]:
                    con.executescript(text("sqlite"))
        except (sqlite3.Error, OSError) as error:
            raise LabelStoreError(f"The label database {path} cannot be opened: {error}.") from error

    def _connect(self) -> sqlite3.Connection:
        con = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        _, synchronous = journal(sqlite3.sqlite_version_info)
        con.execute(f"pragma synchronous = {synchronous}")
        con.execute("pragma foreign_keys = on")
        return con

    @contextmanager
    def _transaction(self, begin: str, failed: str) -> Iterator[Session]:
        try:
            with closing(self._connect()) as con:
                con.execute(begin)
                try:
                    yield Session(con.cursor(), dialect="sqlite")
                    con.execute("commit")
                finally:  # closing alone keeps the lock for as long as a cursor of the connection lives
                    con.rollback()
        except sqlite3.Error as error:
            raise LabelStoreError(f"{failed}: {error}.") from error

    def reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads."""
        return self._transaction("begin", f"The label database {self.path} cannot be read")

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that writes, alone; a deferred one would fail at once when it first writes."""
        return self._transaction("begin immediate", f"Nothing was saved, the label database {self.path} refused")

    def close(self) -> None:
        """Do nothing: no connection outlives its transaction."""


class Postgres:
    """Labels of a team. Idle connections are kept and asked before use whether they still work.

    A pool that reconnects in the background (psycopg_pool) waits ever longer between its attempts while a server is
    away, and refuses labels for as long after it is back; here the next label opens the next connection.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: deque[psycopg.Connection[Any]] = deque()
        if find_spec("psycopg") is None:
            raise LabelStoreError("Labels in Postgres need its driver; run: pip install -e '.[team]'")
        _check_address(url)
        with self._writing("The label database of PROBES_LABELS_URL cannot be opened") as session:
            if not session.rows("laid_out_postgres")[0]["there"]:
                session.run("postgres")

    def _connect(self) -> "psycopg.Connection[Any]":
        import psycopg

        # a server that is gone without a word is noticed after PATIENCE, not after the system's 15 minutes
        con = psycopg.connect(self._url, autocommit=True, connect_timeout=PATIENCE, tcp_user_timeout=PATIENCE * 1000)
        con.execute("set synchronous_commit to on")
        con.execute(f"set lock_timeout to '{PATIENCE}s'")
        return con

    def _take(self) -> "psycopg.Connection[Any]":
        """Return an idle connection that works, or a new one."""
        import psycopg

        while self._idle:
            con = self._idle.pop()
            try:
                con.execute("")
            except psycopg.OperationalError:
                con.close()
            else:
                return con
        return self._connect()

    @contextmanager
    def _transaction(self, failed: str, begin: str, parameters: tuple[int, ...] = ()) -> Iterator[Session]:
        import psycopg

        con = None
        try:
            con = self._take()
            with con.transaction(), con.cursor() as cursor:
                cursor.execute(begin, parameters)
                yield Session(cursor, dialect="postgres")
        except psycopg.Error as error:
            raise LabelStoreError(f"{failed}: {_said(error)}.") from error
        finally:
            if con is not None:
                self._put_back(con)

    def _put_back(self, con: "psycopg.Connection[Any]") -> None:
        if con.closed or len(self._idle) >= IDLE:
            con.close()
        else:
            self._idle.append(con)

    def reading(self) -> AbstractContextManager[Session]:
        """Open a transaction that only reads, all of it as of one moment."""
        return self._transaction(
            "The label database cannot be read", "set transaction isolation level repeatable read read only"
        )

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that writes, alone, as in SQLite."""
        return self._writing("Nothing was saved, the label database refused")

    def _writing(self, failed: str) -> AbstractContextManager[Session]:
        return self._transaction(failed, "select pg_advisory_xact_lock(%s)", (LOCK,))

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


def _check_address(url: str) -> None:
    """Raise LabelStoreError where `url` cannot be taken apart; what the driver says of it may quote the password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        known = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise LabelStoreError(NO_ADDRESS) from None
    host, port = str(known.get("host", "")), str(known.get("port", "1"))
    if "@" in host or not port.replace(",", "").isdigit():
        raise LabelStoreError(NO_ADDRESS)


def _said(error: Exception) -> str:
    """Return what the driver says on one line, without the advice that it indents and without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
    return " ".join(lines).rstrip(".")
