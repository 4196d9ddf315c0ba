"""How far a stage is: a bar on stderr, and `status.json` in the run's folder for whoever watches from outside.

The folder is named by PROBES_RUN. The file is replaced in one step, at most four times a second and at the end.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.models.catalog import USD
from pipeline.money.submission import Purse, dollars
from pipeline.redact import redacted

RUN_FOLDER = "PROBES_RUN"
STATUS = "status.json"
PAUSE = 0.25  # seconds between two writes


class Progress:
    """What one stage says about itself; see `progress`."""

    def __init__(self, stage: str, *, total: int | None) -> None:
        folder = os.environ.get(RUN_FOLDER)
        self._path = Path(folder) / STATUS if folder else None
        self._bar = tqdm(desc=stage, total=total, file=sys.stderr, disable=None, leave=True)
        self._written = 0.0
        self._status: dict[str, Any] = {
            "stage": stage,
            "state": "running",
            "started": _now(),
            "done": 0,
            "done_before": None,  # what earlier runs had done: the rate is (done - done_before) / (updated - started)
            "total": total,
            "note": "",
        }
        self._log("begins")
        self._write()

    def update(
        self, *, done: int, total: int | None = None, note: str | None = None, purse: Purse | None = None
    ) -> None:
        """Say how much is done, of how much, what is going on, and where the money stands; what is left out stays."""
        new: dict[str, Any] = {"done": done, "total": total, "note": note}
        if purse:
            new |= {name: amount / USD for name, amount in purse._asdict().items()}
            self._bar.set_postfix_str(
                f"{dollars(purse.spent)} of {dollars(purse.cap)}" if purse.cap else "", refresh=False
            )
        if self._status["done_before"] is None:
            new["done_before"] = done
        if note and note != self._status["note"]:
            self._log(note)
            if not self._bar.disable:
                self._bar.write(f"{self._status['stage']}: {note}", file=sys.stderr)
        self._status |= {key: value for key, value in new.items() if value is not None}
        if total is not None:
            self._bar.total = total
        self._bar.update(done - self._bar.n)
        if time.monotonic() - self._written > PAUSE:
            self._write()

    def pause(self, reason: str) -> None:
        """Say that the stage stops here before it is done, and why."""
        self._status |= {"state": "paused", "note": reason}

    def end(self, error: BaseException | None) -> None:
        """Say that the stage is over: done, paused, stopped by Ctrl-C or failed with `error`."""
        if isinstance(error, KeyboardInterrupt):
            self._status["state"] = "stopped"
        elif error and self._status["state"] != "paused":  # a pause ends the stage with an error that says why
            self._status |= {"state": "failed", "error": redacted(f"{type(error).__name__}: {error}")}
        elif self._status["state"] == "running":
            self._status["state"] = "done"
        self._status["ended"] = _now()
        self._log(f"{self._status['state']}, {self._status['done']:,} of {self._status['total'] or 0:,}")
        self._write()
        self._bar.close()

    def _log(self, text: str) -> None:
        """Put a line into the log of a run that has one; a terminal has the bar."""
        if self._path and self._path.with_name("log.txt").exists():
            sys.stderr.write(f"{datetime.now():%H:%M:%S} {self._status['stage']}: {text}\n")  # noqa: DTZ005

    def _write(self) -> None:
        self._written = time.monotonic()
        if self._path is None:
            return
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps({**self._status, "updated": _now()}, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, self._path)


@contextmanager
def progress(stage: str, *, total: int | None = None) -> Iterator[Progress]:
    """Show and record the progress of what happens inside, and how it ended."""
    shown = Progress(stage, total=total)
    try:
        yield shown
    finally:
        shown.end(sys.exception())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
