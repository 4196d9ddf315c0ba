"""Where data lives, and what a build may be called."""

import os
import re
from pathlib import Path

from pipeline.errors import StageError

BUILD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def data_root() -> Path:
    """Return the folder that holds all data: PROBES_DATA, or `data` in the current folder."""
    return Path(os.environ.get("PROBES_DATA") or "data")


def build_names() -> list[str]:
    """Return the builds that have an index, by name; a folder whose name no build may have is none."""
    found = (path.parents[1].name for path in (data_root() / "builds").glob("*/index/index.json"))
    return sorted(name for name in found if BUILD_NAME.fullmatch(name))


def build_folder(name: str, *, root: Path | None = None) -> Path:
    """Return the folder of the build called `name` under `root` (default: the data root), whether it exists or not.

    Raises StageError for a name that could leave the builds folder or that some file system refuses.
    """
    if not BUILD_NAME.fullmatch(name):
        raise StageError(
            f"{name!r} is no name for a build: use 1-64 letters, digits, '.', '_' or '-', "
            "and begin with a letter or digit."
        )
    return (root or data_root()) / "builds" / name
