"""What a stage reports to a person: one sentence that says what is wrong, where, and what to do."""

import errno
import sqlite3

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk, quota or file size limit reached
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk failed, or is full",
    sqlite3.SQLITE_READONLY: "a database must not be written",
    sqlite3.SQLITE_CANTOPEN: "a database cannot be opened",
    sqlite3.SQLITE_NOTADB: "a database is damaged",
    sqlite3.SQLITE_CORRUPT: "a database is damaged",
}
"""What SQLite's primary result codes mean to a person (sqlite.org/rescode.html)."""


class StageError(Exception):
    """A stage cannot go on. Nothing that was there before is lost; the process ends with exit code 2."""


def of_storage(error: OSError | sqlite3.Error) -> str | None:
    """Return in one sentence how the disk refused something, or None where `error` is not about that."""
    if isinstance(error, OSError):
        what = "the disk is full" if error.errno in FULL else "no right to write" if error.errno in CLOSED else None
    else:
        what = SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)  # the rest is detail
    return what and f"{what} ({error}); what was there before is intact."
