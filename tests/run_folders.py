"""Folders of runs in any state, written as a process would have left them."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUN = "20261120T101112000Z-run-0a1b2c"
AT = "2026-11-20T10:11:12.000+00:00"
LATER = "2026-11-20T10:11:22.000+00:00"

ORDER = {"words": ["run", "--build=tiny", "--round=1"], "given": AT, "by": "ada"}
ARGUMENTS = {"stage": "run", "build": "tiny", "round": 1, "level": -2, "docs": 8, "backend": "recorded", "cap": "0"}
BEGUN = {"began": AT, "arguments": ARGUMENTS}
PAYING = {"began": AT, "arguments": {**ARGUMENTS, "backend": "batches", "model": "claude-haiku-4-5", "cap": "12.5"}}
STATUS = {"stage": "judge", "state": "running", "started": AT, "updated": LATER, "done": 60, "total": 120}


def end(code: int, said: str = "") -> dict[str, Any]:
    """Return what end.json holds."""
    return {"ended": LATER, "code": code, "said": said}


def run_folder(data: Path, *, id: str = RUN, **files: Any) -> str:
    """Make the folder of a run whose process is gone, and return its id; `run_json` is the content of run.json."""
    home = data / "runs" / id
    home.mkdir(parents=True)
    (home / "lock").touch()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (home / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return id


@contextmanager
def living(data: Path, id: str = RUN) -> Iterator[None]:
    """Hold the lock of a run, as its process does while it lives."""
    with (data / "runs" / id / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
