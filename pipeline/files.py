"""Files that are either wholly there or not there at all.

Neither pyarrow nor DuckDB does this by itself: both open the final name, and a killed process leaves half a file there.
"""

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import StageError

DRAFT = ".tmp"  # the ending of a file that is still being written


def put(path: Path, write: Callable[[Path], object]) -> str:
    """Let `write` fill a draft beside `path`, move it into place, and return its sha256 in hexadecimal.

    After a crash at any point `path` holds its old content or the new one, and both survive a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{DRAFT}")
    try:
        write(draft)
        _sync(draft)
        digest = sha256(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)
    return digest


def put_text(path: Path, text: str) -> str:
    """Write `text` as UTF-8 in one step and return its sha256."""
    return put(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def put_json(path: Path, value: Any) -> str:
    """Write `value` as indented JSON in one step and return its sha256."""
    return put_text(path, json.dumps(value, indent=2, default=str) + "\n")


def put_copy(path: Path, *, of: Path) -> str:
    """Copy the file `of` in one step and return its sha256."""
    return put(path, lambda draft: shutil.copyfile(of, draft))


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sweep(folder: Path, *, keep: set[str]) -> None:
    """Delete the files of `folder` whose names are not in `keep`."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and path.name not in keep:
            path.unlink()


def sweep_drafts(folder: Path) -> None:
    """Delete what a killed writer left under `folder`; only for who holds the right to write there."""
    for path in folder.rglob(f"*{DRAFT}"):
        if path.is_file():
            path.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the right to change the index of a build; the system lets go of it when the process ends, however it ends.

    Raises StageError where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageError(f"Another process is writing the build {folder.name}; wait until it has ended.") from None
        yield


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
